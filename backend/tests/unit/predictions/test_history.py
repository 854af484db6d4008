"""The history on SQLite; other databases are tested with their servers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sightglass.engine.types import Classification
from sightglass.errors import (
    HistoryUnavailableError,
    InvalidParameterError,
    UnknownPredictionError,
)
from sightglass.predictions.history import History
from sightglass.predictions.history_filter import HistoryFilter
from sightglass.predictions.record import ModelRef, Outcome, Source
from sightglass.predictions.verdict import VerdictFilter, VerdictValue
from sightglass.predictions.verdicts import Verdicts
from sightglass.storage.database import create_engine, migrate
from tests.made_predictions import make_failure, make_prediction


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    migrate(url)
    engine = create_engine(url)
    yield History(engine)
    engine.dispose()


def ids(history: History, **wanted: object) -> set[str]:
    return {item["id"] for item in history.list_predictions(HistoryFilter(**wanted)).items}  # type: ignore[arg-type]


def test_unknown(history: History) -> None:
    with pytest.raises(UnknownPredictionError):
        history.get_prediction("0" * 32)


def test_not_migrated(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(HistoryUnavailableError):
        History(engine).count()
    engine.dispose()


def test_empty_batch(history: History) -> None:
    assert history.add([]) == 0


def test_filters(history: History) -> None:
    good = make_prediction(1, created_at=100.0)
    other = make_prediction(2, created_at=200.0, model=ModelRef("birds", "3"), source=Source.ASYNC)
    bad = make_failure(3, created_at=300.0)
    history.add([good, other, bad])
    assert ids(history) == {good.id, other.id, bad.id}
    assert ids(history, model="birds") == {other.id}
    assert ids(history, version="1.0") == {good.id, bad.id}
    assert ids(history, outcome=Outcome.FAILED) == {bad.id}
    assert ids(history, source=Source.ASYNC) == {other.id}
    assert ids(history, since=200.0) == {other.id, bad.id}
    assert ids(history, until=200.0) == {good.id}
    lowest = min(d.confidence for d in good.detections)
    assert good.id in ids(history, lowest_confidence_below=lowest + 0.001)
    assert good.id not in ids(history, lowest_confidence_below=lowest)
    assert bad.id not in ids(history, lowest_confidence_below=1.0)
    highest = max(d.confidence for d in good.detections)
    assert good.id in ids(history, min_confidence=highest)
    assert good.id not in ids(history, min_confidence=highest + 0.001)
    assert bad.id not in ids(history, min_confidence=0.0)


def test_classifier_counts_its_best_class(history: History) -> None:
    classes = (Classification(1, "grass", 0.8), Classification(0, "dandelion", 0.2))
    prediction = make_prediction(detections=(), classifications=classes)
    history.add([prediction])
    [item] = history.list_predictions(HistoryFilter(class_name="grass")).items
    assert (item["classes"], item["min_confidence"]) == ({"grass": 1}, 0.8)
    assert ids(history, class_name="dandelion") == set()


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_limit_out_of_range(history: History, limit: int) -> None:
    with pytest.raises(InvalidParameterError):
        history.list_predictions(limit=limit)


@pytest.mark.parametrize("cursor", ["", "x", "é", "MTIz", "A" * 5000, "=", "\x00"])
def test_cursor_that_is_none(history: History, cursor: str) -> None:
    with pytest.raises(InvalidParameterError):
        history.list_predictions(cursor=cursor)


def test_pages_do_not_shift_when_more_arrive(history: History) -> None:
    history.add([make_prediction(seed, created_at=100.0 + seed) for seed in range(4)])
    first = history.list_predictions(limit=2)
    history.add([make_prediction(9, created_at=500.0)])
    second = history.list_predictions(limit=2, cursor=first.next_cursor)
    assert [item["created_at"] for item in first.items + second.items] == [103, 102, 101, 100]
    assert second.next_cursor is None


def test_retention_of_what_is_not_exported(history: History) -> None:
    history.add([make_prediction(created_at=100.0), make_prediction()])
    assert history.remove_older_than(1) == 0
    assert history.remove_older_than(1, exported_only=False) == 1
    assert history.count() == 1


def test_filter_by_verdict(history: History) -> None:
    right, wrong, none = made = [make_prediction(seed) for seed in range(3)]
    history.add(made)
    verdicts = Verdicts(history.engine)
    verdicts.put(right.id, VerdictValue.RIGHT)
    verdicts.put(wrong.id, VerdictValue.WRONG)
    assert ids(history, verdict=VerdictFilter.RIGHT) == {right.id}
    assert ids(history, verdict=VerdictFilter.WRONG) == {wrong.id}
    assert ids(history, verdict=VerdictFilter.NONE) == {none.id}
    verdicts.put(right.id, VerdictValue.WRONG)
    assert ids(history, verdict=VerdictFilter.WRONG) == {right.id, wrong.id}


def test_what_a_person_judged_outlives_its_retention(history: History) -> None:
    judged, other = (make_prediction(seed, created_at=100.0) for seed in range(2))
    history.add([judged, other])
    verdicts = Verdicts(history.engine)
    verdicts.put(judged.id, VerdictValue.WRONG, (), "Nothing is there.")
    assert history.remove_older_than(1, exported_only=False) == 1
    assert ids(history) == {judged.id}
    verdicts.remove(judged.id)
    assert history.remove_older_than(1, exported_only=False) == 1
    assert history.count() == 0


def test_verdict_on_nothing(history: History) -> None:
    verdicts = Verdicts(history.engine)
    with pytest.raises(UnknownPredictionError):
        verdicts.put("0" * 32, VerdictValue.RIGHT)
    with pytest.raises(UnknownPredictionError):
        verdicts.remove("0" * 32)
    assert verdicts.find("0" * 32) is None


def test_verdict_while_the_drain_writes(history: History) -> None:
    """SQLite has one writer at a time: the others wait for it and do not fail."""
    prediction = make_prediction()
    history.add([prediction])
    verdicts = Verdicts(history.engine)
    with ThreadPoolExecutor(2) as pool:
        adding = [
            pool.submit(history.add, [make_prediction(seed) for seed in range(100)])
            for _ in range(20)
        ]
        for _ in range(50):
            verdicts.put(prediction.id, VerdictValue.RIGHT)
        assert sum(each.result() for each in adding) == 2000
