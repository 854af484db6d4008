"""The examples in the document are answers that the API could give."""

from __future__ import annotations

from typing import Any

import pytest

from sightglass.api import examples, schemas


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        (schemas.PredictionAnswer, examples.PREDICTION),
        (schemas.TaskAccepted, examples.TASK_ACCEPTED),
        (schemas.TaskAnswer, examples.TASK),
        (schemas.TaskAnswer, examples.TASK_CANCELLED),
        (schemas.TaskList, examples.TASKS),
        (schemas.PredictionRecord, examples.RECORD),
        (schemas.PredictionPage, examples.PREDICTIONS),
        (schemas.HealthAnswer, examples.HEALTH),
        (schemas.HealthAnswer, examples.UNHEALTHY),
        (schemas.ModelInfoAnswer, examples.MODEL_INFO),
        (schemas.RootAnswer, examples.ROOT),
        (schemas.RunList, examples.RUNS),
    ],
)
def test_example(schema: type[schemas.Schema], example: dict[str, Any]) -> None:
    schema.model_validate(example)
