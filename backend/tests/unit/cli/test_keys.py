"""`sightglass keys` and `sightglass audit` as a person or a script runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sightglass.access.key_text import is_secret, parse_key
from sightglass.access.keys import Keys
from sightglass.storage.database import create_engine

Done = subprocess.CompletedProcess[str]


def sightglass(cwd: Path, *arguments: str, **environment: str) -> Done:
    inherited = {name: value for name, value in os.environ.items() if name != "STATE_DIR"}
    return subprocess.run(
        [sys.executable, "-m", "sightglass.cli", *arguments],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def json_lines(done: Done) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_from_the_first_key_to_its_end(tmp_path: Path) -> None:
    """On a machine where nothing has run yet."""
    limits = ("--rate", "20/second", "--quota", "10000/day", "--expires", "90d")
    made = sightglass(
        tmp_path, "keys", "create", "gate", "--scope", "read", "--scope", "detect", *limits
    )
    assert made.returncode == 0, made.stderr
    text = parse_key(made.stdout.removesuffix("\n"))
    assert text is not None, "stdout has something beside the key"
    assert "gate" in made.stderr
    assert text.secret not in made.stderr
    engine = create_engine(f"sqlite:///{tmp_path / '.sightglass' / 'sightglass.db'}")
    kept = Keys(engine).list_keys()[0]
    engine.dispose()
    assert is_secret(text.secret, kept.digest)

    (row,) = json_lines(sightglass(tmp_path, "keys", "list", "--json"))
    assert (row["name"], row["id"], row["state"]) == ("gate", text.id, "usable")
    assert (row["scopes"], row["rate"]) == (["detect", "read"], "20/second")
    table = sightglass(tmp_path, "keys", "list", COLUMNS="80").stdout
    for whole in ("gate", text.id, "usable", "20/second", "10000/day"):
        assert whole in table.split()
    assert kept.digest not in table

    for told in ("is revoked", "before"):
        ended = sightglass(tmp_path, "keys", "revoke", text.id)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert told in ended.stderr
    assert json_lines(sightglass(tmp_path, "keys", "list", "--json"))[0]["state"] == "revoked"

    entries = json_lines(sightglass(tmp_path, "audit", "--json"))
    assert [entry["action"] for entry in entries] == ["key_revoked", "key_created"]
    assert all(entry["actor"].startswith("cli") for entry in entries)
    shown = sightglass(tmp_path, "audit", "--limit", "1", COLUMNS="200").stdout
    assert "key_revoked" in shown
    assert "key_created" not in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("x", "--scope", "admin"), "read, detect, manage"),
        (("x", "--scope", "read", "--rate", "5/fortnight"), "no limit"),
        (("x", "--scope", "read", "--expires", "soon"), "no duration"),
        (("two words", "--scope", "read"), "A name has"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = sightglass(tmp_path, "keys", "create", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scope_must_be_given(tmp_path: Path) -> None:
    done = sightglass(tmp_path, "keys", "create", "x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--scope" in done.stderr


def test_database_away(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:9/none"
    done = sightglass(tmp_path, "keys", "create", "x", "--scope", "read", DATABASE_URL=away)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_sees_that_nobody_may_use_it(tmp_path: Path) -> None:
    def access(**environment: str) -> str:
        # Loading a model would only take time.
        done = sightglass(tmp_path, "doctor", COLUMNS="300", MODEL_PATH="missing", **environment)
        return next(line for line in done.stdout.splitlines() if "api keys" in line)

    nobody = access(ENVIRONMENT="production")  # there are no tables yet
    assert "wrong" in nobody
    assert "sightglass keys create" in nobody
    sightglass(tmp_path, "keys", "create", "first", "--scope", "read")
    assert "1 usable, 0 ended" in access(ENVIRONMENT="production")
    assert "note" in access(ENVIRONMENT="production", REQUIRE_API_KEYS="false")
