"""The one way to a prediction, with the bundled model and a journal that keeps or refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from sightglass.engine.detector import Detector
from sightglass.engine.types import DetectOptions, EngineResult
from sightglass.errors import (
    DeadlineExceededError,
    InferenceError,
    JournalUnavailableError,
    TruncatedImageError,
)
from sightglass.intake import IntakeLimits
from sightglass.predictions import record
from sightglass.predictions.record import Outcome, Prediction, Source
from sightglass.predictions.service import PredictionRequest, Predictor
from sightglass.registry.resolve import resolve_model
from sightglass.settings import BUNDLED_MODEL, load_settings
from tests.hostile import pictures


class Notebook:
    """Keeps what is appended; says that it cannot when told so."""

    def __init__(self) -> None:
        self.kept: list[Prediction] = []
        self.full = False

    def append(self, prediction: Prediction) -> None:
        if self.full:
            raise JournalUnavailableError
        self.kept.append(prediction)


class Album:
    """Has the pictures that are handed over."""

    def __init__(self) -> None:
        self.pictures: list[tuple[str, bytes]] = []

    def keep(self, prediction_id: str, data: bytes) -> None:
        self.pictures.append((prediction_id, data))


class BrokenEngine(Detector):
    """The bundled model whose inference fails."""

    def detect(self, *_: object, **__: object) -> EngineResult:
        raise RuntimeError("secret of the inside")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    detector = Detector.load(resolve_model(BUNDLED_MODEL, tmp_path_factory.mktemp("cache")))
    yield detector
    detector.close()


@pytest.fixture
def journal() -> Notebook:
    return Notebook()


@pytest.fixture
def predictor(detector: Detector, journal: Notebook) -> Predictor:
    return Predictor(detector, IntakeLimits.from_settings(load_settings()), journal)


def test_answer_is_recorded_as_it_was_asked(predictor: Predictor, journal: Notebook) -> None:
    options = DetectOptions(confidence=0.01)
    request = PredictionRequest(
        Source.SYNC, options=options, image_name="photo.jpg", request_id="r1"
    )
    answer = predictor.predict(pictures.jpeg(pictures.photo(320, 240)), request)
    assert journal.kept == [answer.prediction]
    kept = answer.prediction
    assert (kept.id, kept.request_id, kept.options) == (request.prediction_id, "r1", options)
    assert kept.outcome is Outcome.SUCCEEDED
    assert (kept.image.width, kept.image.height, kept.image.format) == (320, 240, "jpeg")
    assert set(kept.milliseconds) >= {"queue", "decode", "preprocess", "inference", "postprocess"}
    assert 0 < kept.total_milliseconds < 60_000
    assert abs(kept.created_at - time.time()) < 60


def test_record_survives_its_journey_as_json(predictor: Predictor) -> None:
    answer = predictor.predict(pictures.png(), PredictionRequest(Source.CLI))
    assert record.decode(record.encode(answer.prediction)) == answer.prediction


def test_bad_image_is_an_error_and_no_prediction(predictor: Predictor, journal: Notebook) -> None:
    data = pictures.jpeg(pictures.photo())
    with pytest.raises(TruncatedImageError):
        predictor.predict(data[: len(data) // 2], PredictionRequest(Source.SYNC))
    assert journal.kept == []


def test_past_deadline_is_recorded_as_such(predictor: Predictor, journal: Notebook) -> None:
    request = PredictionRequest(Source.SYNC, deadline=time.monotonic() - 1)
    with pytest.raises(DeadlineExceededError):
        predictor.predict(pictures.jpeg(), request)
    assert [p.outcome for p in journal.kept] == [Outcome.TIMED_OUT]
    assert journal.kept[0].error_code == "deadline_exceeded"


def test_failing_engine_is_recorded_without_its_secrets(
    detector: Detector, journal: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(detector, IntakeLimits.from_settings(load_settings()), journal)
    monkeypatch.setattr(Detector, "detect", BrokenEngine.detect)
    with pytest.raises(InferenceError) as caught:
        predictor.predict(pictures.jpeg(), PredictionRequest(Source.SYNC))
    assert [p.outcome for p in journal.kept] == [Outcome.FAILED]
    assert "secret" not in caught.value.message
    assert b"secret" not in record.encode(journal.kept[0])


def test_no_answer_without_a_record(predictor: Predictor, journal: Notebook) -> None:
    journal.full = True
    with pytest.raises(JournalUnavailableError):
        predictor.predict(pictures.jpeg(), PredictionRequest(Source.SYNC))


def test_answer_without_a_record_when_that_is_wanted(detector: Detector) -> None:
    journal = Notebook()
    journal.full = True
    limits = IntakeLimits.from_settings(load_settings())
    predictor = Predictor(detector, limits, journal, journal_required=False)
    answer = predictor.predict(pictures.jpeg(), PredictionRequest(Source.SYNC))
    assert answer.prediction.outcome is Outcome.SUCCEEDED


def test_picture_is_handed_over_once_it_is_recorded(detector: Detector, journal: Notebook) -> None:
    album = Album()
    limits = IntakeLimits.from_settings(load_settings())
    predictor = Predictor(detector, limits, journal, images=album)
    data = pictures.jpeg()
    request = PredictionRequest(Source.SYNC)
    predictor.predict(data, request)
    assert album.pictures == [(request.prediction_id, data)]
    assert album.pictures[0][1] is data  # not a copy
    with pytest.raises(TruncatedImageError):
        predictor.predict(data[: len(data) // 2], PredictionRequest(Source.SYNC))
    with pytest.raises(DeadlineExceededError):
        predictor.predict(data, PredictionRequest(Source.SYNC, deadline=time.monotonic() - 1))
    journal.full = True
    with pytest.raises(JournalUnavailableError):
        predictor.predict(data, PredictionRequest(Source.SYNC))
    assert len(album.pictures) == 1


def test_annotated_picture_is_a_jpeg(predictor: Predictor) -> None:
    answer = predictor.predict(pictures.png(), PredictionRequest(Source.SYNC, annotate=True))
    assert answer.annotated is not None
    assert answer.annotated.startswith(b"\xff\xd8\xff")


def test_annotated_picture_has_its_own_size(predictor: Predictor) -> None:
    big = pictures.jpeg(pictures.photo(1600, 1200))  # decoded smaller for the model
    answer = predictor.predict(big, PredictionRequest(Source.SYNC, annotate=True))
    assert answer.annotated is not None
    drawn = cv2.imdecode(np.frombuffer(answer.annotated, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert drawn.shape == (1200, 1600, 3)


def test_ids_order_by_time_and_are_uuid_version_7() -> None:
    import uuid

    ids = []
    for _ in range(5):
        ids.append(record.new_prediction_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert {uuid.UUID(i).version for i in ids} == {7}
    assert np.unique(ids).size == 5
