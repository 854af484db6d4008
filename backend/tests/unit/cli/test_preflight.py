"""`preflight` as the compose file runs it: good secrets pass, others are named and never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.stack_servers import SECRETS, production

GOOD = production().environment("preflight")
PASSWORDS = [name for name in SECRETS if name != "S3_ACCESS_KEY"]


def preflight(folder: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **GOOD, **changed}
    command = [sys.executable, "-m", "sightglass.cli", *production().command("preflight")[1:]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_good_secrets_pass(tmp_path: Path) -> None:
    done = preflight(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    weak = ["changeme", "password", "short", "", "postgres-postgres", "aaaaaaaaaaaaaaaaaaaaaaaa"]
    wrong = dict(zip(PASSWORDS, [*weak, "CHANGE_ME_PLEASE_NOW", "0123456789abcdef"], strict=True))
    done = preflight(tmp_path, **wrong)
    assert done.returncode == 1
    assert [name for name in PASSWORDS if f"{name} " not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert not any(value in done.stderr for value in wrong.values() if len(value) > 16)
    assert "S3_ACCESS_KEY" not in done.stderr


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"OPERATOR_PASSWORD": SECRETS["REDIS_PASSWORD"]}, "are the same"),
        ({"MLFLOW_DB_PASSWORD": "s9#Ks/2@pQ!xW7&bNn3$"}, "MLFLOW_DB_PASSWORD becomes part of"),
        ({"PUBLIC_URL": "http://site.example"}, "PUBLIC_URL must be the site's https address"),
        ({"PUBLIC_URL": "https://site.example/"}, "PUBLIC_URL must be the site's https address"),
        ({"REDIS_URL": "redis://redis:6379/0"}, "REDIS_URL has no password"),
        (
            {"DATABASE_URL": "postgresql+psycopg://sightglass:sightglass@postgres/sightglass"},
            "DATABASE_URL has a password that is shorter than 16 characters",
        ),
        ({"ENVIRONMENT": "development"}, "ENVIRONMENT must be production"),
        ({"S3_ACCESS_KEY": ""}, "S3_ACCESS_KEY is not set"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, str], complaint: str, tmp_path: Path) -> None:
    done = preflight(tmp_path, **changed)
    assert done.returncode == 1
    assert complaint in done.stderr
