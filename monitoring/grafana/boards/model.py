"""The dashboard of the model: what it sees, how sure and how fast it is, what people say."""

from __future__ import annotations

from typing import Any

from boards.frame import board, variable
from boards.panels import graph, heat, listing, number

_MODEL = 'model_name=~"$model"'
_VERSION = f'{_MODEL},model_version=~"$version"'
_WINDOW = "[$__rate_interval]"


def dashboard() -> dict[str, Any]:
    return board(
        "model",
        "model",
        "What the model sees, how sure and how fast it is, and what people say about it.",
        rows=[
            ("Is it predicting?", _predicting()),
            ("What does it see?", _seen()),
            ("Is it as usual?", _usual()),
            ("How fast is it?", _speed()),
            ("What do people say?", _verdicts()),
        ],
        variables=[
            variable("model", "Model", "model_info", source="model_name"),
            variable("version", "Version", f"model_info{{{_MODEL}}}"),
        ],
    )


def _predicting() -> list[Any]:
    made = f"sum(rate(model_predictions_total{{{_MODEL}}}{_WINDOW}))"
    succeeded = f'sum(rate(model_predictions_total{{{_MODEL},status="succeeded"}}{_WINDOW}))'
    bad = f'sum(rate(model_predictions_total{{{_MODEL},status!="succeeded"}}{_WINDOW}))'
    objects = f"sum(rate(detections_total{{{_VERSION}}}{_WINDOW}))"
    return [
        number(
            "Predictions",
            "Images per second, by the API and the workers.",
            "ops",
            made,
            width=6,
        ),
        number(
            "Failed or timed out",
            "Share of predictions without a result. Zero is normal. Timed out: see *Is it "
            "overloaded?* on the service dashboard; failed: the log has the reason.",
            "percentunit",
            f"({bad} or vector(0)) / ({made} > 0)",
            width=6,
            limits=(0.001, 0.01),
            empty="no predictions",
        ),
        number(
            "Objects per image",
            "What is usual depends on your pictures; a jump means that they or the model changed.",
            "none",
            f"{objects} / ({succeeded} > 0)",
            width=6,
            empty="no predictions",
        ),
        number(
            "Mean confidence",
            "Of the objects found. A fall means that the pictures differ from those that the model "
            "was trained on. Runbook: docs/runbooks/ConfidenceShifted.md.",
            "none",
            f"sum(rate(detection_confidence_sum{{{_VERSION}}}{_WINDOW}))"
            f" / (sum(rate(detection_confidence_count{{{_VERSION}}}{_WINDOW})) > 0)",
            width=6,
            empty="no objects",
        ),
        graph(
            "Predictions by outcome",
            "A timeout or a failure is never an empty list of objects: each has an outcome.",
            "ops",
            (
                f"sum by (status) (rate(model_predictions_total{{{_MODEL}}}{_WINDOW}))",
                "{{status}}",
            ),
            stacked=True,
        ),
        listing(
            "What is served",
            "One row per model that is loaded, and how many scrape targets have it. Two versions: "
            "a change is under way, or a process was left behind.",
            (
                "count by (model_name, version, task, engine, precision, sha256) "
                f'(model_info{{{_MODEL},version=~"$version"}})',
                "targets",
            ),
            columns={
                "model_name": "Model",
                "version": "Version",
                "task": "Task",
                "engine": "Engine",
                "precision": "Precision",
                "sha256": "SHA-256",
                "targets": "Targets",
            },
            narrow={"Version": 80, "Task": 80, "Engine": 100, "Precision": 90, "Targets": 80},
        ),
    ]


def _seen() -> list[Any]:
    by_class = f"sum by (class_name) (rate(detections_total{{{_VERSION}}}{_WINDOW}))"
    return [
        graph(
            "Objects by class",
            "The ten classes that were seen most.",
            "ops",
            (f"topk(10, {by_class})", "{{class_name}}"),
        ),
        graph(
            "Mix of classes",
            "Shares of the ten classes that were seen most. It moves with the time of day; a "
            "lasting change is drift, or another camera. Runbook: "
            "docs/runbooks/ClassMixShifted.md.",
            "percentunit",
            (
                f"topk(10, {by_class}) / on () group_left () (sum({by_class}) > 0)",
                "{{class_name}}",
            ),
            stacked=True,
            highest=1,
        ),
        heat(
            "Confidence of the objects",
            "Bright at the top: sure. A band that moves down, or grows just above the threshold: "
            "look at the pictures in the history, least confident first.",
            "none",
            f"sum by (le) (rate(detection_confidence_bucket{{{_VERSION}}}{_WINDOW}))",
        ),
        graph(
            "Versions side by side: confidence",
            "Mean confidence of each version. A new version may be more or less sure and still be "
            "right: judge by the verdicts.",
            "none",
            (
                "sum by (model_name, model_version) "
                f"(rate(detection_confidence_sum{{{_VERSION}}}{_WINDOW}))"
                " / sum by (model_name, model_version) "
                f"(rate(detection_confidence_count{{{_VERSION}}}{_WINDOW}))",
                "{{model_name}} {{model_version}}",
            ),
            highest=1,
        ),
    ]


def _usual() -> list[Any]:
    return [
        graph(
            "Confidence: this hour and the week before",
            "The mean of the last hour beside that of the week before it. The alert fires when it "
            "is off by more than four standard deviations. Empty until 500 objects were seen "
            "within an hour. Runbook: docs/runbooks/ConfidenceShifted.md.",
            "none",
            (
                f"model:detection_confidence:mean1h{{{_VERSION}}}",
                "{{model_name}} {{model_version}}, last hour",
            ),
            (
                f"model:detection_confidence:mean1w{{{_VERSION}}}",
                "{{model_name}} {{model_version}}, week before",
            ),
            highest=1,
            empty="fewer than 500 objects an hour, or no week to compare with",
        ),
        graph(
            "Mix of classes: distance from the week before",
            "0: the same mix; 1: nothing in common. The dashed line is where the alert fires. "
            "Empty until there is a day to compare with. "
            "Runbook: docs/runbooks/ClassMixShifted.md.",
            "percentunit",
            (
                f"model:class_distance:from1w{{{_VERSION}}}",
                "{{model_name}} {{model_version}}",
            ),
            limits=(0.25, 0.25),
            highest=1,
            empty="fewer than 500 objects an hour, or no week to compare with",
        ),
    ]


def _speed() -> list[Any]:
    stages = f"prediction_stage_duration_seconds_bucket{{{_MODEL}}}"
    return [
        graph(
            "Time of a prediction",
            "From the bytes to the record, without the network. Images of tasks are in it with the "
            "time that they waited in the queue.",
            "s",
            *(
                (
                    f"histogram_quantile({share}, sum by (le) "
                    f"(rate(model_prediction_duration_seconds_bucket{{{_MODEL}}}{_WINDOW})))",
                    name,
                )
                for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ),
        ),
        graph(
            "Time of each stage",
            "The mean of each stage. *queue* grows: overload. *decode* grows: larger pictures. "
            "*inference* grows: the machine is busy, see the system dashboard.",
            "s",
            (
                "sum by (stage) "
                f"(rate(prediction_stage_duration_seconds_sum{{{_MODEL}}}{_WINDOW}))"
                " / sum by (stage) "
                f"(rate(prediction_stage_duration_seconds_count{{{_MODEL}}}{_WINDOW}))",
                "{{stage}}",
            ),
            stacked=True,
        ),
        graph(
            "p95 of each stage",
            "A stage whose p95 is far above its mean is waiting for something now and then.",
            "s",
            (
                f"histogram_quantile(0.95, sum by (stage, le) (rate({stages}{_WINDOW})))",
                "{{stage}}",
            ),
        ),
        graph(
            "Memory that the model added",
            "Resident memory by scrape target, measured when the model was loaded. Each input "
            "shape that is compiled later adds some 50 MB to a process.",
            "bytes",
            (
                f"sum by (job, instance) (model_memory_usage_bytes{{{_MODEL}}})",
                "{{job}} {{instance}}",
            ),
        ),
    ]


def _verdicts() -> list[Any]:
    given = f"prediction_verdicts_total{{{_VERSION}}}"
    wrong = f'prediction_verdicts_total{{{_VERSION},verdict="wrong"}}'
    return [
        graph(
            "Verdicts of an hour",
            "Given by people in the history, in the hour before each moment. Nobody judging is no "
            "sign of quality.",
            "none",
            (f"round(sum by (verdict) (increase({given}[1h])))", "{{verdict}}"),
            width=8,
            stacked=True,
            empty="no verdicts",
        ),
        listing(
            "Versions side by side: verdicts",
            "Share of verdicts that say *wrong*, of each version. Of a handful it says nothing; "
            "people look at what seems odd, so it is no error rate of all pictures.",
            (f"round(sum by (model_name, model_version) (increase({given}[$__range])))", "given"),
            (
                f"(sum by (model_name, model_version) (increase({wrong}[$__range]))"
                f" or 0 * sum by (model_name, model_version) (increase({given}[$__range])))"
                f" / sum by (model_name, model_version) (increase({given}[$__range]))",
                "wrong",
            ),
            columns={
                "model_name": "Model",
                "model_version": "Version",
                "given": "Verdicts",
                "wrong": "Wrong",
            },
            units={"Wrong": "percentunit"},
            width=8,
            empty="no verdicts",
        ),
        graph(
            "Pictures kept",
            "sampled: over KEEP_IMAGES_PER_SECOND, as meant; dropped: the disk cannot follow or is "
            "nearly full; failed: see the API's log. Empty where KEEP_IMAGES is off.",
            "ops",
            (f"sum by (result) (rate(kept_images_total{_WINDOW}))", "{{result}}"),
            width=8,
            stacked=True,
            empty="none kept",
        ),
    ]
