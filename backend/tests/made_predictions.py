"""Predictions as the service would record them, made up for tests of what comes after it."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

from sightglass.engine.types import Box, Detection, DetectOptions
from sightglass.predictions.record import (
    ImageFacts,
    ModelRef,
    Outcome,
    Prediction,
    Source,
    new_prediction_id,
)

CLASSES = ("bus", "car", "motorbike", "person", "truck")


def make_prediction(seed: int = 0, **changes: Any) -> Prediction:
    """A succeeded prediction; `changes` replace its fields."""
    rng = random.Random(seed)
    stages = {
        "receive": rng.uniform(0.5, 2),
        "queue": rng.uniform(0, 5),
        "decode": rng.uniform(2, 6),
        "preprocess": 0.5,
        "inference": rng.uniform(15, 25),
        "postprocess": 0.6,
    }
    prediction = Prediction(
        id=new_prediction_id(),
        created_at=time.time(),
        source=Source.SYNC,
        model=ModelRef("street", "1.0"),
        image=ImageFacts(
            name=f"photo-{seed}.jpg",
            width=810,
            height=1080,
            format="jpeg",
            size_bytes=120_000 + seed,
            sha256=f"{seed:064x}",
            brightness=110.5,
            sharpness=540.25,
        ),
        options=DetectOptions(confidence=0.25),
        outcome=Outcome.SUCCEEDED,
        request_id=f"request-{seed}",
        detections=tuple(_detection(rng) for _ in range(rng.randint(1, 6))),
        milliseconds=stages,
        total_milliseconds=sum(stages.values()),
    )
    return replace(prediction, **changes)


def make_failure(seed: int = 0, **changes: Any) -> Prediction:
    """A prediction whose model failed."""
    fields: dict[str, Any] = {
        "outcome": Outcome.FAILED,
        "error_code": "inference_failed",
        "error_message": "The model failed on this image.",
        "detections": (),
    }
    return make_prediction(seed, **{**fields, **changes})


def _detection(rng: random.Random) -> Detection:
    class_id = rng.randrange(len(CLASSES))
    x, y = rng.uniform(0, 400), rng.uniform(0, 500)
    box = Box(x, y, x + rng.uniform(10, 400), y + rng.uniform(10, 500))
    return Detection(box, class_id, CLASSES[class_id], rng.uniform(0.25, 0.99))
