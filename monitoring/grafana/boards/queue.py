"""The dashboard of the queue: how long it is, how long images wait, who works, who schedules."""

from __future__ import annotations

from typing import Any

from boards import style
from boards.frame import board, variable
from boards.panels import graph, listing, number

_TASK = 'task=~"$task"'
_WINDOW = "[$__rate_interval]"
# Every API process reports the same numbers of Redis.
_LANES = 'max by (queue) (celery_queue_length{queue=~"images.*"})'
_SILENCE_SECONDS = (10.0, 60.0)


def dashboard() -> dict[str, Any]:
    return board(
        "queue",
        "queue and workers",
        "How long the queue is, how long images wait in it, and whether anybody works on it.",
        rows=[
            ("Is anybody working?", _alive()),
            ("How long does it take?", _waiting()),
            ("How do tasks end?", _ends()),
        ],
        variables=[variable("task", "Task", "tasks_total")],
    )


def _alive() -> list[Any]:
    return [
        number(
            "Images waiting",
            "In all lanes. Below 100 is normal. Growing while workers are there: start more, "
            "or find out who sends. Runbooks: docs/runbooks/QueueGrowing.md, QueueLong.md.",
            "short",
            f"sum({_LANES})",
            limits=style.IMAGES_WAITING,
        ),
        number(
            "Workers alive",
            "Worker processes with a sign of life. None: queued images wait, nothing is lost. "
            "Runbook: docs/runbooks/WorkerGone.md.",
            "none",
            "max(celery_workers)",
            least=(1, 1),
            empty="unknown",
        ),
        number(
            "Wait in the queue, p95",
            "Of the images that were taken up. TASK_DEADLINE_SECONDS begins only then: waiting "
            "makes no task fail. Runbook: docs/runbooks/TaskWaitLong.md.",
            "s",
            f"histogram_quantile(0.95, sum by (le) (rate(task_wait_seconds_bucket{_WINDOW}))) >= 0",
            limits=(10, 60),
            empty="no tasks",
        ),
        number(
            "Last sign of a worker",
            "Each gives one every two seconds while Redis is there.",
            "s",
            "min(worker_heartbeat_age_seconds)",
            limits=_SILENCE_SECONDS,
            empty="never",
        ),
        number(
            "Last sign of beat",
            "Without it nothing is cleaned up, checked or rescued. Runbook: "
            "docs/runbooks/BeatSilent.md.",
            "s",
            "min(beat_heartbeat_age_seconds)",
            limits=_SILENCE_SECONDS,
            empty="never",
        ),
        number(
            "Last sign of the drain",
            "Without it the journal grows and the history stands still; nothing is lost. Runbook: "
            "docs/runbooks/DrainSilent.md.",
            "s",
            "min(drain_heartbeat_age_seconds)",
            limits=_SILENCE_SECONDS,
            empty="never",
        ),
        graph(
            "Images waiting by lane",
            "The tasks of an API key share a lane, and workers take from the lanes in turn: one "
            "long lane is one busy key, which holds up nobody else.",
            "short",
            (_LANES, "{{queue}}"),
            stacked=True,
        ),
        graph(
            "Workers",
            "From signs of life in Redis, and from Celery's events by Flower. They differ for a "
            "moment when a worker comes or goes.",
            "none",
            ("max(celery_workers)", "signs of life"),
            ("sum(flower_worker_online)", "online in Flower"),
        ),
    ]


def _waiting() -> list[Any]:
    def shares(metric: str) -> list[tuple[str, str]]:
        return [
            (
                f"histogram_quantile({share}, sum by (le) "
                f"(rate({metric}_bucket{{{_TASK}}}{_WINDOW})))",
                name,
            )
            for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
        ]

    return [
        graph(
            "Wait in the queue",
            "From submission until a worker takes it up. Grows with the queue: more workers help.",
            "s",
            *shares("task_wait_seconds"),
            empty="no tasks",
        ),
        graph(
            "Run time",
            "From being taken up to the end. Grows without the queue: the machine or the model, "
            "see *Time of each stage* on the model dashboard.",
            "s",
            *shares("task_duration_seconds"),
            empty="no tasks",
        ),
    ]


def _ends() -> list[Any]:
    ends = f"tasks_total{{{_TASK}}}"
    failed = f'tasks_total{{{_TASK},status="failed"}}'
    return [
        graph(
            "Tasks by end",
            "completed is normal. failed: the image was bad, or see the worker's log; postponed: "
            "something was away, it is tried again. Runbook: docs/runbooks/TasksFailing.md.",
            "ops",
            (f"sum by (status) (rate({ends}{_WINDOW}))", "{{status}}"),
            stacked=True,
            empty="no tasks",
        ),
        graph(
            "Celery tasks by name",
            "Cleanup, health checks and rescues run by the clock: a line that ends is a schedule "
            "that stands still.",
            "ops",
            (
                f'sum by (task) (rate(flower_events_total{{type="task-succeeded"}}{_WINDOW}))',
                "{{task}}",
            ),
            empty="no events",
        ),
        listing(
            "Tasks over the time shown",
            "Counts by task, and the share that failed.",
            (f"round(sum by (task) (increase({ends}[$__range])))", "ended"),
            (
                f"(sum by (task) (increase({failed}[$__range]))"
                f" or 0 * sum by (task) (increase({ends}[$__range])))"
                f" / sum by (task) (increase({ends}[$__range]))",
                "failed",
            ),
            columns={"task": "Task", "ended": "Ended", "failed": "Failed"},
            units={"Failed": "percentunit"},
            width=8,
            empty="no tasks",
        ),
        graph(
            "Celery events",
            "As Flower hears them, maintenance included. task-failed here is a task that raised, "
            "which ours do not: read the worker's log. Empty while Flower is away.",
            "ops",
            (f'sum by (type) (rate(flower_events_total{{type=~"task-.*"}}{_WINDOW}))', "{{type}}"),
            width=8,
            empty="no events",
        ),
        graph(
            "Removed by cleanup in an hour",
            "Expired uploads and results, old history and pictures, in the hour before each "
            "moment. Nothing for days while images are sent: is beat alive?",
            "none",
            ("round(sum by (kind) (increase(cleanup_removed_total[1h])))", "{{kind}}"),
            width=8,
            empty="nothing has expired",
        ),
    ]
