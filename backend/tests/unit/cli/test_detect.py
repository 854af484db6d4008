"""`sightglass detect` as a person runs it: another process, real files."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile import pictures


def sightglass(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sightglass.cli", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(pictures.jpeg(pictures.photo(320, 240)))
    (photos / "two.png").write_bytes(pictures.png())
    (photos / "notes.txt").write_text("not a picture")
    return photos


@pytest.fixture
def website(folder: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_folder_as_json_and_annotated_pictures(folder: Path, tmp_path: Path) -> None:
    done = sightglass("detect", "photos", "--json", "--save", "out", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [Path(row["source"]).name for row in rows] == ["one.jpg", "two.png"]
    assert rows[0]["image"] == {"width": 320, "height": 240}
    saved = [Path(tmp_path / row["saved"]).read_bytes() for row in rows]
    assert all(data.startswith(b"\xff\xd8\xff") for data in saved)
    assert not (tmp_path / ".sightglass").exists()


def test_address_is_fetched(website: str, tmp_path: Path) -> None:
    done = sightglass("detect", f"{website}/one.jpg", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["image_size"] == {"width": 320, "height": 240}


def test_one_bad_file_does_not_stop_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff rubbish")
    done = sightglass("detect", "photos", "missing.jpg", "--json", cwd=tmp_path)
    rows = {Path(row["source"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert "code" in rows["bad.jpg"]["error"]
    assert rows["missing.jpg"]["error"]["code"] == "unreadable"
    assert rows["one.jpg"]["success"] is True


def test_wrong_model_is_one_clear_line(folder: Path, tmp_path: Path) -> None:
    done = sightglass("detect", "photos", "--model", "nowhere.onnx", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.onnx" in done.stderr
    assert "Traceback" not in done.stderr


def test_table_is_shown_to_people(folder: Path, tmp_path: Path) -> None:
    done = sightglass("detect", "photos/one.jpg", cwd=tmp_path)
    assert done.returncode == 0
    assert "milliseconds" in done.stdout
