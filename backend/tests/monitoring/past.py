"""Eight days of a model's life, written into Prometheus' data before it starts.

What is compared with the week before cannot be made by traffic within a minute.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.monitoring.prometheus_server import binary

_DAYS = 8
_STEP_SECONDS = 600
_OBJECTS_PER_STEP = {"car": 200, "person": 100}
_CONFIDENCE = 0.8


def write_past(data: Path, model: str, version: str) -> None:
    """An API of that model that saw cars and people evenly until a moment ago."""
    text = data.with_suffix(".openmetrics")
    text.parent.mkdir(parents=True, exist_ok=True)
    with text.open("w") as lines:
        lines.writelines(f"{line}\n" for line in _lines(model, version))
    subprocess.run(
        [
            *(binary("promtool", "prometheus"), "tsdb", "create-blocks-from", "openmetrics"),
            *("--max-block-duration=768h", "--quiet", str(text), str(data)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _lines(model: str, version: str) -> Iterator[str]:
    labels = f'job="api",instance="gone:8000",model_name="{model}",model_version="{version}"'
    names = f'model_name="{model}",model_version="{version}"'
    now = int(time.time())
    times = range(now - _DAYS * 86_400, now, _STEP_SECONDS)
    objects = sum(_OBJECTS_PER_STEP.values())

    yield "# TYPE detections counter"
    for name, each in _OBJECTS_PER_STEP.items():
        for step, at in enumerate(times):
            yield f'detections_total{{{labels},class_name="{name}"}} {step * each} {at}'
    yield "# TYPE detection_confidence summary"
    for step, at in enumerate(times):
        yield f"detection_confidence_sum{{{labels}}} {step * objects * _CONFIDENCE} {at}"
    for step, at in enumerate(times):
        yield f"detection_confidence_count{{{labels}}} {step * objects} {at}"
    # What the rules of that time would have recorded.
    hourly = objects * 3600 // _STEP_SECONDS
    for metric, value in (
        ("model:detections:increase1h", float(hourly)),
        ("model:detection_confidence:mean1h", _CONFIDENCE),
    ):
        yield f"# TYPE {metric} gauge"
        for at in times:
            yield f"{metric}{{{names}}} {value} {at}"
    yield "# EOF"
