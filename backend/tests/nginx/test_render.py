"""The configuration: rendered twice the same way, accepted by nginx, mistakes named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.nginx.nginx_server import RENDER, REPOSITORY, NginxServer, nginx_binary

# What the entry point of the official nginx image does, in its order.
_ENTRY_POINT = """
set -e
. ./variables.envsh
defined=$(printf '${%s} ' $(awk 'END { for (name in ENVIRON) print name }' </dev/null))
cd templates
find . -name '*.template' | while read -r template; do
  mkdir -p "$OUT/$(dirname "$template")"
  envsubst "$defined" <"$template" >"$OUT/${template%.template}"
done
"""


def render(mode: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    command = [str(RENDER), mode, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("mode", ["dev", "prod"])
def test_nginx_accepts_it_without_a_warning(mode: str, tmp_path: Path) -> None:
    server = NginxServer(tmp_path, mode, 8000, tmp_path, api_servers="127.0.0.1:8000,127.0.0.1:1")
    configuration = server.render()
    done = subprocess.run(
        [nginx_binary(), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(configuration)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "[" not in done.stderr, "a warning or worse"


@pytest.mark.parametrize("mode", ["dev", "prod"])
def test_the_entry_point_of_a_container_renders_the_same(mode: str, tmp_path: Path) -> None:
    variables = {"API_SERVERS": "api:8000", "UI_DIR": "/ui", "NG_SERVE": "ui:4200"}
    variables |= {"TLS_CERTIFICATE": "/a.pem", "TLS_CERTIFICATE_KEY": "/b.pem", "ACME_DIR": "/acme"}
    variables |= {"NGINX_ACCESS_LOG": "/dev/stdout", "OPERATORS_FILE": "/operators.htpasswd"}
    assert render(mode, tmp_path / "shell", **variables).returncode == 0
    subprocess.run(
        ["sh", "-c", _ENTRY_POINT],
        cwd=REPOSITORY / "nginx",
        env={**os.environ, **variables, "NGINX_MODE": mode, "OUT": str(tmp_path / "container")},
        check=True,
    )
    assert _texts(tmp_path / "container") == _texts(tmp_path / "shell" / "conf.d")


def _texts(folder: Path) -> dict[str, str]:
    texts = {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.conf")}
    assert "servers/prod.conf" in texts
    return texts


def test_it_runs_where_a_path_has_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my front door"
    with NginxServer(folder, "dev", 8000, tmp_path) as server, server.client() as client:
        assert client.get("/ui").status_code == 308


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_FILE_SIZE", "10MB"),
        ("UPLOAD_TIMEOUT_SECONDS", "soon"),
        ("MAX_DEADLINE_SECONDS", "0"),
        ("RATE_LIMIT_PER_SECOND", "-1"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, tmp_path: Path) -> None:
    done = render("dev", tmp_path, **{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert value in done.stderr


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "nginx"
    subprocess.run(["cp", "-r", str(REPOSITORY / "nginx"), str(copy)], check=True)
    (copy / "templates" / "new.conf.template").write_text("# $host ${host}\n# ${NO_SUCH_THING}\n")
    command = [str(copy / "render"), "dev", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "new.conf.template:2: NO_SUCH_THING is not set" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["dev"], ["staging", "out"]])
def test_a_wrong_call_shows_the_usage(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run([str(RENDER), *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: nginx/render dev|prod OUTDIR" in done.stderr


@pytest.mark.parametrize(
    ("longest_deadline", "read_timeout"), [("60", "70s"), ("5", "40s"), ("90.5", "101s")]
)
def test_the_api_may_take_its_longest_deadline_and_a_long_poll(
    longest_deadline: str, read_timeout: str, tmp_path: Path
) -> None:
    assert render("dev", tmp_path, MAX_DEADLINE_SECONDS=longest_deadline).returncode == 0
    text = (tmp_path / "conf.d" / "snippets" / "common.conf").read_text()
    assert f"proxy_read_timeout {read_timeout};" in text
