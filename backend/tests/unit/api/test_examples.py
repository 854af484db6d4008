"""The examples in the document are answers that the API could give."""

from __future__ import annotations

from typing import Any

import pytest

from sightglass.api import examples
from sightglass.api.schemas import (
    activity,
    base,
    client_config,
    platform,
    predictions,
    records,
    tasks,
    verdicts,
)


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        (predictions.PredictionAnswer, examples.PREDICTION),
        (tasks.TaskAccepted, examples.TASK_ACCEPTED),
        (tasks.TaskAnswer, examples.TASK),
        (tasks.TaskAnswer, examples.TASK_CANCELLED),
        (tasks.TaskList, examples.TASKS),
        (records.PredictionRecord, examples.RECORD),
        (records.PredictionPage, examples.PREDICTIONS),
        (platform.HealthAnswer, examples.HEALTH),
        (platform.HealthAnswer, examples.UNHEALTHY),
        (platform.ModelInfoAnswer, examples.MODEL_INFO),
        (platform.RootAnswer, examples.ROOT),
        (platform.RunList, examples.RUNS),
        (verdicts.VerdictRequest, examples.VERDICT_REQUEST),
        (verdicts.VerdictAnswer, examples.VERDICT),
        (activity.ActivityAnswer, examples.ACTIVITY),
        (client_config.ClientConfig, examples.CLIENT_CONFIG),
    ],
)
def test_example(schema: type[base.Schema], example: dict[str, Any]) -> None:
    schema.model_validate(example)
