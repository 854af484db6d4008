"""The health check of a container: the API asked over HTTP, the others by their file."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sightglass.observability.alive_file import AliveFile
from sightglass.probe import OLDEST_SECONDS, main


@contextmanager
def api(status: int) -> Iterator[int]:
    """Something that answers /health/ready with the status; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "alive"
    monkeypatch.setenv("ALIVE_FILE", str(path))
    monkeypatch.setenv("HOST", "0.0.0.0")
    return path


@pytest.mark.parametrize(("status", "wanted"), [(200, 0), (503, 1), (404, 1)])
def test_the_api_is_asked(
    status: int, wanted: int, alive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with api(status) as port:
        monkeypatch.setenv("PORT", str(port))
        assert main(["api"]) == wanted
        assert main([]) == wanted, "without a file it is the API that is asked"


def test_no_api_is_unhealthy(alive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with api(200) as port:
        pass
    monkeypatch.setenv("PORT", str(port))
    assert main([]) == 1
    monkeypatch.setenv("PORT", "eight thousand")
    assert main([]) == 1


def test_the_file_is_judged_by_its_age(alive: Path) -> None:
    assert main(["worker"]) == 1, "there is none"
    alive.touch()
    assert main(["worker"]) == 0
    assert main([]) == 0
    old = time.time() - OLDEST_SECONDS - 5
    os.utime(alive, (old, old))
    assert main(["worker"]) == 1
    assert main([]) == 1


def test_a_question_without_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALIVE_FILE", raising=False)
    assert main(["postgres"]) == 2
    assert main(["api", "worker"]) == 2
    assert main(["worker"]) == 2


def test_the_file_goes_with_an_orderly_end(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    sign = AliveFile(path)
    sign.start()
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()
    sign.close()
    assert not path.exists()


def test_no_path_no_file_and_no_thread() -> None:
    before = threading.active_count()
    sign = AliveFile(None)
    sign.start()
    assert threading.active_count() == before
    sign.close()


def test_it_imports_the_standard_library_alone() -> None:
    program = (
        "import sys; before = set(sys.modules); import sightglass.probe;"
        "names = {name.split('.')[0] for name in set(sys.modules) - before} - {'sightglass'};"
        "print(sorted(names - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
