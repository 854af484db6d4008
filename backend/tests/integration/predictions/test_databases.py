"""The history and its books on the databases that are one setting away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from sightglass.engine.types import Box
from sightglass.errors import HistoryUnavailableError, UnknownPredictionError
from sightglass.predictions.history import History
from sightglass.predictions.history_filter import HistoryFilter
from sightglass.predictions.ledger import ExportLedger, Totals
from sightglass.predictions.old_books import remove_old_books
from sightglass.predictions.record import ImageFacts, ModelRef
from sightglass.predictions.verdict import VerdictFilter, VerdictObject, VerdictValue
from sightglass.predictions.verdicts import Verdicts
from sightglass.storage.database import create_engine, migrate, reading
from sightglass.storage.tables import metadata, predictions
from tests.integration.sql_servers import MariadbServer, PostgresServer, SqlServer
from tests.made_predictions import make_failure, make_prediction

KINDS: dict[str, type[SqlServer]] = {"postgresql": PostgresServer, "mariadb": MariadbServer}


@pytest.fixture(scope="module", params=list(KINDS))
def sql_server(request: pytest.FixtureRequest) -> Iterator[SqlServer]:
    with (
        TemporaryDirectory(prefix=f"sightglass-{request.param}-") as folder,
        KINDS[request.param](Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def history(sql_server: SqlServer) -> Iterator[History]:
    migrate(sql_server.url)
    engine = create_engine(sql_server.url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield History(engine)
    engine.dispose()


def test_several_processes_migrate_at_once(sql_server: SqlServer) -> None:
    with get_context("spawn").Pool(3) as pool:
        pool.map(migrate, [sql_server.url] * 3)
        pool.close()
        pool.join()
    engine = create_engine(sql_server.url)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_added_twice_kept_once(history: History) -> None:
    made = [make_prediction(seed) for seed in range(20)]
    assert history.add(made) == 20
    assert history.add([*made, make_failure(99)]) == 1
    assert history.count() == 21


def test_hostile_names(history: History) -> None:
    name = "x\x00" + "é🚌'\";--" * 200
    prediction = make_prediction(image=ImageFacts(name=name), request_id="r" * 1000)
    history.add([prediction])
    assert history.get_prediction(prediction.id)["image"]["name"] == name
    assert history.list_predictions().items[0]["image"]["name"].startswith("x\ufffdé🚌")


def test_pages_and_filters(history: History) -> None:
    made = [make_prediction(seed, created_at=1_000_000.0 + seed // 3) for seed in range(31)]
    history.add(made)
    found: list[str] = []
    cursor = None
    while True:
        page = history.list_predictions(limit=7, cursor=cursor)
        found += [item["id"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    ordered = sorted(made, key=lambda p: (p.created_at, p.id), reverse=True)
    assert found == [prediction.id for prediction in ordered]
    wanted = HistoryFilter(class_name="bus", since=1_000_003.0, lowest_confidence_below=0.5)
    expected = {
        p.id
        for p in made
        if p.created_at >= 1_000_003
        and any(d.name == "bus" for d in p.detections)
        and min(d.confidence for d in p.detections) < 0.5
    }
    assert {item["id"] for item in history.list_predictions(wanted).items} == expected
    assert history.list_predictions(HistoryFilter(class_name="BUS")).items == []


def test_export_books(history: History) -> None:
    made = [make_prediction(seed) for seed in range(10)]
    history.add(made)
    ledger = ExportLedger(history.engine)
    last = ledger.last_seq()
    batch = ledger.claim(6, up_to_seq=last)
    assert batch is not None
    assert ledger.unfinished() == [batch]
    rows = ledger.predictions_of(batch)
    assert rows == made[:6]
    for _ in range(2):
        ledger.close(batch, Totals.of(rows), [rows[0].id])
    [state] = ledger.open_windows()
    assert (state.totals.predictions, state.dirty) == (6, True)
    assert ledger.backlog().predictions == 4
    middle = sorted(p.total_milliseconds for p in made)[4]
    assert ledger.latency_percentiles(batch.window, [50]) == {50: pytest.approx(middle)}
    assert history.get_prediction(rows[0].id)["mlflow"]["trace_id"] == f"tr-{rows[0].id}"
    with ledger.alone() as first, ExportLedger(history.engine).alone() as second:
        assert (first, second) == (True, False)


def test_old_ones_go_after_their_export(history: History) -> None:
    history.add([make_prediction(seed, created_at=1_000_000.0) for seed in range(3)])
    history.add([make_prediction(9)])
    assert history.remove_older_than(30) == 0
    ledger = ExportLedger(history.engine)
    batch = ledger.claim(100, up_to_seq=ledger.last_seq())
    assert batch is not None
    ledger.close(batch, Totals.of(ledger.predictions_of(batch)), [])
    assert history.remove_older_than(30) == 3
    assert history.count() == 1


def test_books_go_with_their_predictions(history: History) -> None:
    """But for those that say where MLflow shows a prediction that stays."""
    judged, other = (
        make_prediction(seed, created_at=1_000_000.0, model=ModelRef(f"m{seed}", "1"))
        for seed in range(2)
    )
    history.add([judged, other])
    history.reject(b"x", "not JSON")
    Verdicts(history.engine).put(judged.id, VerdictValue.RIGHT)
    ledger = ExportLedger(history.engine)
    while batch := ledger.claim(100, up_to_seq=ledger.last_seq()):
        rows = ledger.predictions_of(batch)
        ledger.set_run_id(batch.window, f"run of {batch.window.model_name}")
        ledger.close(batch, Totals.of(rows), [])
        ledger.refreshed(batch.window, finished=True)
    assert remove_old_books(history.engine, 30) == 0  # exported and rejected just now
    time.sleep(0.01)
    history.remove_older_than(0)
    assert remove_old_books(history.engine, 0) == 3  # a batch, its window, the rejected one
    assert history.get_prediction(judged.id)["mlflow"]["run_id"] == "run of m0"
    assert remove_old_books(history.engine, 0) == 0


def test_verdicts(history: History) -> None:
    right, wrong, none = made = [make_prediction(seed) for seed in range(3)]
    history.add(made)
    verdicts = Verdicts(history.engine)
    objects = (VerdictObject(Box(1.5, 2, 3, 4), 1, "car é🚌"),)
    first = verdicts.put(wrong.id, VerdictValue.RIGHT, note="x\x00" + "🚌" * 2000)
    again = verdicts.put(wrong.id, VerdictValue.WRONG, objects)
    verdicts.put(right.id, VerdictValue.RIGHT)
    assert first.note == "x\ufffd" + "🚌" * 2000
    assert verdicts.find(wrong.id) == again
    assert (again.objects, again.note, again.created_at) == (objects, None, first.created_at)
    for wanted, expected in (("right", right), ("wrong", wrong), ("none", none)):
        page = history.list_predictions(HistoryFilter(verdict=VerdictFilter(wanted)))
        assert [item["id"] for item in page.items] == [expected.id]
    shown = {item["id"]: item["verdict"] for item in history.list_predictions().items}
    assert shown == {right.id: "right", wrong.id: "wrong", none.id: None}
    verdicts.remove(wrong.id)
    assert verdicts.find(wrong.id) is None
    with pytest.raises(UnknownPredictionError):
        verdicts.put("f" * 32, VerdictValue.RIGHT)
    with pytest.raises(UnknownPredictionError):
        verdicts.remove("f" * 32)


def test_many_verdicts_at_once_on_one_prediction(history: History) -> None:
    prediction = make_prediction()
    history.add([prediction])
    verdicts = Verdicts(history.engine)
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: verdicts.put(prediction.id, VerdictValue.WRONG), range(20)))
    assert len({each.created_at for each in given}) == 1
    assert verdicts.find(prediction.id) in given


def test_verdict_in_the_middle_of_a_cleanup(history: History, sql_server: SqlServer) -> None:
    """It is given after the cleanup has looked, and before it removes."""
    judged, other = (make_prediction(seed, created_at=1_000_000.0) for seed in range(2))
    history.add([judged, other])
    second = create_engine(sql_server.url)

    def judge(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE") and Verdicts(second).find(judged.id) is None:
            Verdicts(second).put(judged.id, VerdictValue.RIGHT)

    event.listen(history.engine, "before_cursor_execute", judge)
    assert history.remove_older_than(30, exported_only=False) == 1
    assert [item["id"] for item in history.list_predictions().items] == [judged.id]
    assert Verdicts(second).find(judged.id) is not None
    second.dispose()


def test_old_ones_stay_while_they_have_a_verdict(history: History) -> None:
    judged, other = (make_prediction(seed, created_at=1_000_000.0) for seed in range(2))
    history.add([judged, other])
    verdicts = Verdicts(history.engine)
    verdicts.put(judged.id, VerdictValue.RIGHT)
    assert history.remove_older_than(30, exported_only=False) == 1
    assert [item["id"] for item in history.list_predictions().items] == [judged.id]
    verdicts.remove(judged.id)
    assert history.remove_older_than(30, exported_only=False) == 1


def test_prediction_with_a_verdict_cannot_be_deleted(history: History) -> None:
    prediction = make_prediction()
    history.add([prediction])
    Verdicts(history.engine).put(prediction.id, VerdictValue.RIGHT)
    with pytest.raises(IntegrityError), history.engine.begin() as connection:
        connection.execute(predictions.delete())
    assert history.count() == 1


def test_server_away_and_back(sql_server: SqlServer, history: History) -> None:
    prediction = make_prediction()
    sql_server.kill()
    with pytest.raises(HistoryUnavailableError):
        history.add([prediction])
    sql_server.start()
    assert history.add([prediction]) == 1


def test_migrations_ship_inside_the_package() -> None:
    import sightglass.storage

    folder = Path(sightglass.storage.__file__).parent / "migrations"
    assert list((folder / "versions").glob("0*.py"))
