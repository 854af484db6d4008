"""Where a browser opens a prediction in MLflow; and no waiting when MLflow is away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.mlflow_client import MlflowReader
from tests.integration.servers import MlflowServer
from tests.nginx.raw_server import RawServer

PUBLIC = "https://mlflow.example/tracking"


@pytest.fixture
def experiment_id(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> str:
    return str(mlflow.MlflowClient(mlflow_server.url).create_experiment(request.node.name))


@pytest.fixture
def reader(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> Iterator[MlflowReader]:
    reader = MlflowReader(mlflow_server.url, request.node.name, PUBLIC)
    yield reader
    reader.close()


def test_links_are_for_the_browser(reader: MlflowReader, experiment_id: str) -> None:
    pages = f"{PUBLIC}/#/experiments/{experiment_id}"
    assert reader.find_links("r1", "tr-1") == (f"{pages}/runs/r1", f"{pages}/traces/tr-1")
    assert reader.find_links("r1", None) == (f"{pages}/runs/r1", None)
    assert reader.find_links(None, "tr-1") == (None, f"{pages}/traces/tr-1")
    assert reader.find_links(None, None) == (None, None)


def test_runs_link_to_the_same_place(
    reader: MlflowReader, experiment_id: str, mlflow_server: MlflowServer
) -> None:
    run = mlflow.MlflowClient(mlflow_server.url).create_run(experiment_id)
    [listed] = reader.list_runs()
    assert listed["url"] == reader.find_links(run.info.run_id, None)[0]


def test_installed_mlflow_has_these_pages() -> None:
    """Its UI still has the routes; that they show the run and the trace was seen by hand."""
    assert mlflow.__file__
    scripts = Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js"
    text = "".join(path.read_text(errors="ignore") for path in scripts.glob("*.js"))
    for route in ("traces/:traceId", "runs/:runUuid"):
        assert f"/experiments/:experimentId/{route}" in text


def test_experiment_that_comes_later_is_found(
    mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = MlflowReader(mlflow_server.url, "comes later", PUBLIC)
    assert reader.find_links("r1", "tr-1") == (None, None)
    mlflow.MlflowClient(mlflow_server.url).create_experiment("comes later")
    assert reader.find_links("r1", "tr-1") == (None, None)  # not asked again at once
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    assert reader.find_links("r1", "tr-1")[0] is not None
    reader.close()


def test_nobody_waits_for_an_mlflow_that_hangs(tmp_path: Path) -> None:
    with MlflowServer(tmp_path) as server:
        mlflow.MlflowClient(server.url).create_experiment("hangs")
        reader = MlflowReader(server.url, "hangs", PUBLIC)
        server.pause()
        try:
            began = time.monotonic()
            assert reader.find_links("r1", "tr-1") == (None, None)
            assert 0.3 < time.monotonic() - began < 2
            began = time.monotonic()
            for _ in range(50):
                assert reader.find_links("r1", "tr-1") == (None, None)
            assert time.monotonic() - began < 0.3
        finally:
            server.resume()
            reader.close()


def test_no_public_address_no_links(
    mlflow_server: MlflowServer, experiment_id: str, request: pytest.FixtureRequest
) -> None:
    assert experiment_id
    reader = MlflowReader(mlflow_server.url, request.node.name)
    assert reader.find_links("r1", "tr-1") == (None, None)
    reader.close()


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"{}", b"[]"])
def test_something_else_in_the_place_of_mlflow(body: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    with RawServer(answer) as server:
        reader = MlflowReader(f"http://127.0.0.1:{server.port}", "any", PUBLIC)
        assert reader.find_links("r1", "tr-1") == (None, None)
        with pytest.raises(MlflowUnavailableError):
            reader.list_runs()
        reader.close()
