"""scripts/make-env: what it writes is all that the compose file and `preflight` want."""

from __future__ import annotations

import ssl
import stat
import subprocess
from pathlib import Path

from tests.deployment.compose_file import PRODUCTION, REPOSITORY, load
from tests.deployment.stack_servers import SECRETS
from tests.unit.cli.test_preflight import preflight


def make_env(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(REPOSITORY / "scripts" / "make-env"), *options]
    output = ["--output", str(folder / "env"), "--tls-dir", str(folder / "tls")]
    # Of an ordinary PATH: a host has no environment of ours.
    surroundings = {"PATH": "/usr/bin:/bin"}
    return subprocess.run([*command, *output], capture_output=True, text=True, env=surroundings)


def values_of(folder: Path) -> dict[str, str]:
    lines = (folder / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_compose_file_and_preflight_take_it(tmp_path: Path) -> None:
    done = make_env(tmp_path, "site.example.org", "--https-port", "8443")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    values = values_of(tmp_path)
    assert values["PUBLIC_URL"] == "https://site.example.org:8443"
    stack = load(PRODUCTION, values)
    assert stack.services["nginx"]["ports"] == ["80:8080", "8443:8443"]
    assert stack.environment("nginx")["PUBLIC_HTTPS_PORT"] == "8443"
    ready = preflight(tmp_path, **stack.environment("preflight"))
    assert ready.returncode == 0, ready.stderr


def test_every_secret_is_another_one_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert make_env(tmp_path / name, "site").returncode == 0
    made = [values_of(tmp_path / name)[secret] for name in ("one", "two") for secret in SECRETS]
    assert len(set(made)) == 2 * len(SECRETS)


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("mine\n")
    assert make_env(tmp_path, "site").returncode == 1
    assert (tmp_path / "env").read_text() == "mine\n"


def test_it_makes_a_certificate_when_told_to(tmp_path: Path) -> None:
    assert make_env(tmp_path, "localhost", "--self-signed").returncode == 0
    certificate, key = tmp_path / "tls" / "fullchain.pem", tmp_path / "tls" / "privkey.pem"
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_wrong_name_is_refused(tmp_path: Path) -> None:
    done = make_env(tmp_path, "https://site.example.org/")
    assert done.returncode == 2
    assert "not a host name" in done.stderr
