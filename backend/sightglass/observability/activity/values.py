"""What the processes have counted so far, as one flat table: the increases make the charts.

Names are `series|label`. Buckets of histograms are cumulative, as Prometheus has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import REGISTRY, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.samples import Sample

Values = dict[str, float]

# Probes are asked all day, an event stream lasts for minutes, and the UI comes as many files.
_LEFT_OUT = ("/health", "/metrics", "/tasks/events", "/ui")
_REFUSED = ("429", "503")


def read_values(folder: Path | None) -> Values:
    """The sums over all processes that share this folder; without one, those of this process."""
    values: Values = {}
    for metric in _merged(folder) if folder else REGISTRY.collect():
        for sample in metric.samples:
            name = _name_of(sample)
            if name:
                values[name] = values.get(name, 0.0) + sample.value
    return values


def increases(before: Values, after: Values) -> Values:
    """What was added in between. What shrank was counted anew from zero."""
    grown = {}
    for name, value in after.items():
        known = before.get(name, 0.0)
        added = value - known if value >= known else value
        if added > 0:
            grown[name] = added
    return grown


def _merged(folder: Path) -> Iterable[Metric]:
    # Gauges are left out, so that their files, most of all, need not be read.
    files = [str(path) for kind in ("counter", "histogram") for path in folder.glob(f"{kind}_*.db")]
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return merged


def _name_of(sample: Sample) -> str | None:
    labels = sample.labels
    match sample.name:
        case "http_requests_total":
            kind = _kind_of(labels["endpoint"], labels["status"])
            return f"requests|{kind}" if kind else None
        case "model_predictions_total":
            return f"predictions|{labels['status']}"
        case "model_prediction_duration_seconds_bucket":
            return f"latency|{labels['le']}"
        case "prediction_stage_duration_seconds_sum":
            return f"stage_seconds|{labels['stage']}"
        case "prediction_stage_duration_seconds_count":
            return f"stage_count|{labels['stage']}"
        case "detections_total":
            return f"classes|{labels['class_name']}"
        case "detection_confidence_bucket":
            return f"confidence|{labels['le']}"
        case "detection_confidence_sum":
            return "confidence_sum|"
        case "detection_confidence_count":
            return "confidence_count|"
    return None


def _kind_of(endpoint: str, status: str) -> str | None:
    if endpoint.startswith(_LEFT_OUT):
        return None
    if status in _REFUSED:
        return "refused"
    return {"4": "client_error", "5": "server_error"}.get(status[0], "ok")
