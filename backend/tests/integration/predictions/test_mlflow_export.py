"""From the history to a real MLflow server: everything arrives, once, whatever fails between."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pyarrow.parquet as pq
import pytest
from prometheus_client import REGISTRY

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.history import History
from sightglass.predictions.ledger import ExportLedger
from sightglass.predictions.mlflow_client import MlflowReader
from sightglass.predictions.record import ModelRef, Outcome
from sightglass.predictions.sinks.mlflow_export import MlflowExport
from sightglass.predictions.sinks.mlflow_runs import MlflowRuns
from sightglass.predictions.sinks.mlflow_traces import TraceSender
from tests.integration.servers import MlflowServer
from tests.made_predictions import make_failure, make_prediction
from tests.nginx.raw_server import RawServer

# An hour long ago: its windows end at once.
LONG_AGO = 1_700_000_000.0
LAG = ("drain_lag_seconds", {"sink": "mlflow"})


class Tracking:
    """What a user finds in MLflow, in the experiment of one test."""

    def __init__(self, server: MlflowServer, experiment: str) -> None:
        self.url = server.url
        self.experiment = experiment
        self.client = mlflow.MlflowClient(server.url)
        self.reader = MlflowReader(server.url, experiment)

    @property
    def experiment_id(self) -> str:
        experiment = self.client.get_experiment_by_name(self.experiment)
        assert experiment is not None
        return str(experiment.experiment_id)

    def rows(self, folder: Path) -> list[dict[str, Any]]:
        """The rows of all tables of all runs."""
        rows: list[dict[str, Any]] = []
        for run in self.reader.list_runs():
            for part in self.client.list_artifacts(run["run_id"], "predictions"):
                path = self.client.download_artifacts(run["run_id"], part.path, str(folder))
                rows += pq.read_table(path).to_pylist()
        return rows

    def traces(self, **wanted: Any) -> list[Any]:
        found: list[Any] = []
        token = None
        while True:
            page = self.client.search_traces(
                locations=[self.experiment_id], max_results=500, page_token=token, **wanted
            )
            found += page
            token = page.token
            if not token:
                return found


@pytest.fixture
def tracking(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> Iterator[Tracking]:
    tracking = Tracking(mlflow_server, request.node.name)
    yield tracking
    tracking.reader.close()


@pytest.fixture
def make_export(history: History, tracking: Tracking) -> Iterator[Callable[..., MlflowExport]]:
    with ExitStack() as stack:

        def make(**options: Any) -> MlflowExport:
            options = {"traces_per_second": 1000, **options}
            ledger = ExportLedger(history.engine)
            made = MlflowExport(ledger, tracking.url, tracking.experiment, **options)
            stack.callback(made.close)
            return made

        yield make


def test_window_traces_and_history_agree(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport], tmp_path: Path
) -> None:
    made = [make_prediction(seed) for seed in range(40)]
    made += [make_failure(40), make_failure(41, outcome=Outcome.TIMED_OUT)]
    history.add(made)
    assert make_export().run_once() == 42

    [run] = tracking.reader.list_runs()
    assert (run["model"], run["version"], run["status"]) == ("street", "1.0", "RUNNING")
    assert run["name"].startswith("street 1.0 · 20")
    metrics = run["metrics"]
    assert (metrics["predictions"], metrics["errors"], metrics["timeouts"]) == (42, 1, 1)
    assert metrics["detections"] == sum(len(p.detections) for p in made)
    assert metrics["latency_p99_ms"] == pytest.approx(max(p.total_milliseconds for p in made))
    seen = [d.name for p in made for d in p.detections]
    assert metrics["class_person"] == seen.count("person")

    rows = tracking.rows(tmp_path)
    assert {row["id"] for row in rows} == {p.id for p in made}
    traces = tracking.traces(run_id=run["run_id"])
    assert {trace.info.trace_id for trace in traces} == {f"tr-{p.id}" for p in made}
    place = history.get_prediction(made[0].id)["mlflow"]
    assert place == {"run_id": run["run_id"], "trace_id": f"tr-{made[0].id}"}


def test_trace_shows_stages_and_outcome(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport]
) -> None:
    good, bad = make_prediction(1), make_failure(2)
    history.add([good, bad])
    make_export().run_once()
    trace = tracking.client.get_trace(f"tr-{good.id}")
    root = trace.data.spans[0]
    assert [span.name for span in trace.data.spans] == [
        "predict",
        *("receive", "queue", "decode", "preprocess", "inference", "postprocess"),
    ]
    assert root.inputs["image"]["name"] == "photo-1.jpg"
    assert root.outputs["num_detections"] == len(good.detections)
    assert trace.info.request_preview.startswith('{"image":{"name":"photo-1.jpg"')
    took_ms = (root.end_time_ns - root.start_time_ns) / 1e6
    assert took_ms == pytest.approx(good.total_milliseconds, abs=0.01)
    assert trace.info.tags["mlflow.traceName"] == "predict"
    [failed] = tracking.traces(filter_string="trace.status = 'ERROR'")
    assert failed.info.trace_id == f"tr-{bad.id}"
    assert failed.data.spans[0].outputs["error_code"] == "inference_failed"


@pytest.mark.parametrize(
    "step",
    [
        (MlflowRuns, "upload_part"),
        (TraceSender, "send"),
        (ExportLedger, "close"),
        (MlflowRuns, "log_metrics"),
        (ExportLedger, "set_run_id"),
    ],
    ids=lambda step: step[1],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_death_at_a_step(
    history: History,
    tracking: Tracking,
    make_export: Callable[..., MlflowExport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[type, str],
    when: str,
) -> None:
    history.add([make_prediction(seed, created_at=LONG_AGO + seed) for seed in range(5)])
    original = getattr(*step)

    def die(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            original(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*step, die)
        with pytest.raises(KeyboardInterrupt):
            make_export().run_once()
    make_export().run_once()
    [run] = tracking.reader.list_runs()
    assert run["status"] == "FINISHED"
    assert run["metrics"]["predictions"] == 5
    assert len(tracking.rows(tmp_path)) == 5
    assert len(tracking.traces()) == 5


def test_mlflow_stopped_and_back(history: History, tmp_path: Path) -> None:
    server = MlflowServer(tmp_path / "mlflow")
    ledger = ExportLedger(history.engine)
    export = MlflowExport(ledger, server.url, "outage", traces_per_second=1000)
    with server:
        history.add([make_prediction(seed) for seed in range(3)])
        export.run_once()
        server.kill()
        history.add([make_prediction(seed) for seed in range(3, 6)])
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(MlflowUnavailableError):
                export.run_once()
            assert time.monotonic() - began < 5
        assert ledger.backlog().predictions == 3
        server.start()
        assert export.run_once() == 3
        tracking = Tracking(server, "outage")
        assert len(tracking.rows(tmp_path)) == len(tracking.traces()) == 6
        tracking.reader.close()
    export.close()


def test_answer_that_never_ends_shows_in_the_lag(history: History) -> None:
    """Each byte comes in time, so that no timeout ends it."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.1):
            connection.sendall(b" ")

    stop = threading.Event()
    with RawServer(answer) as server:
        ledger = ExportLedger(history.engine)
        url = f"http://127.0.0.1:{server.port}"
        export = MlflowExport(ledger, url, "endless", flush_seconds=0.1)
        thread = threading.Thread(target=export.run_forever, args=(stop,), daemon=True)
        thread.start()
        try:
            time.sleep(1)
            history.add([make_prediction(created_at=time.time() - 900)])
            until = time.monotonic() + 10
            while (REGISTRY.get_sample_value(*LAG) or 0) < 900:
                assert time.monotonic() < until, "the lag does not show"
                time.sleep(0.1)
        finally:
            stop.set()
            thread.join(30)
    assert not thread.is_alive()


def test_refusal_for_the_sake_of_its_database_loses_no_trace(
    history: History,
    tracking: Tracking,
    make_export: Callable[..., MlflowExport],
    mlflow_server: MlflowServer,
) -> None:
    """MLflow answers 400 to most that goes wrong in its database, as to a broken trace."""
    export = make_export()
    history.add([make_prediction(seed) for seed in range(3)])
    export.run_once()
    history.add([make_prediction(seed) for seed in range(3, 6)])
    with broken_spans(mlflow_server), pytest.raises(MlflowUnavailableError):
        export.run_once()
    assert export.run_once() == 3
    assert len(tracking.traces()) == 6


def test_refusal_before_any_trace_was_taken(
    history: History,
    tracking: Tracking,
    make_export: Callable[..., MlflowExport],
    mlflow_server: MlflowServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export = make_export()
    history.add([make_prediction()])
    with broken_spans(mlflow_server):
        with pytest.raises(MlflowUnavailableError):
            export.run_once()
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 3700)
        assert export.run_once() == 1  # it does not stand still for ever
    assert tracking.traces() == []


@contextmanager
def broken_spans(server: MlflowServer) -> Iterator[None]:
    """Writes of spans fail in the database of the server."""
    database = sqlite3.connect(server.folder / "mlflow.db", timeout=30)
    with closing(database), database:
        for change in ("INSERT", "UPDATE"):
            database.execute(
                f"CREATE TRIGGER broken_{change} BEFORE {change} ON spans "
                "BEGIN SELECT RAISE(ABORT, 'broken'); END"
            )
        database.commit()
        try:
            yield
        finally:
            database.execute("DROP TRIGGER broken_INSERT")
            database.execute("DROP TRIGGER broken_UPDATE")


def test_two_versions_two_windows(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport]
) -> None:
    other = ModelRef("street", "2.0")
    history.add(
        [make_prediction(seed, created_at=LONG_AGO) for seed in range(3)]
        + [make_prediction(seed, created_at=LONG_AGO, model=other) for seed in range(2)]
        + [make_prediction(9, created_at=LONG_AGO + 3600)]
    )
    make_export().run_once()
    runs = tracking.reader.list_runs()
    assert (runs[0]["version"], runs[0]["metrics"]["predictions"]) == ("1.0", 1)
    assert {run["version"]: run["metrics"]["predictions"] for run in runs[1:]} == {
        "1.0": 3,
        "2.0": 2,
    }
    assert len(tracking.reader.list_runs(limit=1)) == 1
    assert tracking.reader.list_runs(model="street") == runs
    assert tracking.reader.list_runs(model="it's") == []


def test_late_prediction_joins_its_finished_window(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport]
) -> None:
    export = make_export()
    for seed in range(2):
        history.add([make_prediction(seed, created_at=LONG_AGO)])
        export.run_once()
    [run] = tracking.reader.list_runs()
    assert (run["status"], run["metrics"]["predictions"]) == ("FINISHED", 2)


def test_rate_limits_traces_but_not_the_table(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport], tmp_path: Path
) -> None:
    made = [make_prediction(seed, created_at=LONG_AGO) for seed in range(30)]
    failure = make_failure(31, created_at=LONG_AGO)
    history.add([*made, failure])
    make_export(traces_per_second=5).run_once()
    [run] = tracking.reader.list_runs()
    assert run["metrics"]["traces_left_out"] == 26
    traced = {trace.info.trace_id for trace in tracking.traces()}
    slowest = max(made, key=lambda p: p.total_milliseconds)
    assert {f"tr-{failure.id}", f"tr-{slowest.id}"} <= traced
    assert len(traced) == 5
    assert len(tracking.rows(tmp_path)) == 31
    left_out = next(p for p in made if f"tr-{p.id}" not in traced)
    assert history.get_prediction(left_out.id)["mlflow"]["trace_id"] is None


def test_run_per_prediction_is_made_once(
    history: History,
    tracking: Tracking,
    make_export: Callable[..., MlflowExport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.add([make_prediction(seed) for seed in range(4)])
    with monkeypatch.context() as patch:
        patch.setattr(ExportLedger, "close", _die)
        with pytest.raises(KeyboardInterrupt):
            make_export(run_per_prediction=True).run_once()
    make_export(run_per_prediction=True).run_once()
    runs = tracking.reader.list_runs()
    assert len(runs) == 5
    assert sum("total_ms" in run["metrics"] for run in runs) == 4


def test_deleted_experiment_says_what_to_do(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport]
) -> None:
    tracking.client.create_experiment(tracking.experiment)
    experiment_id = tracking.experiment_id
    tracking.client.delete_experiment(experiment_id)
    history.add([make_prediction()])
    export = make_export()
    with pytest.raises(MlflowUnavailableError, match="was deleted"):
        export.run_once()
    tracking.client.restore_experiment(experiment_id)
    assert export.run_once() == 1


def test_deleted_run_is_made_anew(
    history: History, tracking: Tracking, make_export: Callable[..., MlflowExport]
) -> None:
    history.add([make_prediction()])
    make_export().run_once()
    [run] = tracking.reader.list_runs()
    tracking.client.delete_run(run["run_id"])
    history.add([make_prediction()])
    make_export().run_once()
    [again] = tracking.reader.list_runs()
    assert again["run_id"] != run["run_id"]


def test_reader_without_server_or_experiment(mlflow_server: MlflowServer) -> None:
    reader = MlflowReader(mlflow_server.url, "no such experiment")
    reader.ping()
    assert reader.list_runs() == []
    reader.close()
    away = MlflowReader("http://127.0.0.1:1", "sightglass")
    for ask in (away.ping, away.list_runs):
        with pytest.raises(MlflowUnavailableError):
            ask()
    away.close()


def test_two_exporters_do_not_work_at_once(
    history: History, make_export: Callable[..., MlflowExport]
) -> None:
    history.add([make_prediction()])
    with ExportLedger(history.engine).alone() as alone:
        assert alone
        assert make_export().run_once() == 0
    assert make_export().run_once() == 1


def _die(*_args: object) -> None:
    raise KeyboardInterrupt
