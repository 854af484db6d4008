"""The dashboard of the journal: are predictions recorded, and do they reach history and MLflow?"""

from __future__ import annotations

from typing import Any

from boards import style
from boards.frame import board
from boards.panels import graph, number, states, up_or_down

_WINDOW = "[$__rate_interval]"


def dashboard() -> dict[str, Any]:
    return board(
        "journal",
        "journal and MLflow",
        "Are predictions recorded before they are answered, and do they reach history and MLflow?",
        rows=[
            ("Is everything recorded?", _recorded()),
            ("Does it reach the history and MLflow?", _handed_on()),
        ],
    )


def _recorded() -> list[Any]:
    return [
        number(
            "Recorded",
            "Predictions made durable per second, before their answers leave.",
            "ops",
            f"sum(rate(journal_appends_total{_WINDOW}))",
        ),
        number(
            "Journal lag",
            "Age of the oldest prediction that is not in the history. Seconds are normal. Runbook: "
            "docs/runbooks/JournalLag.md.",
            "s",
            "max(journal_lag_seconds)",
            limits=style.JOURNAL_LAG_SECONDS,
        ),
        number(
            "In the journal",
            "Predictions that are not in the history yet. They wait in Redis, on its disk.",
            "short",
            "max(journal_stream_length)",
        ),
        number(
            "In the spool",
            "Bytes on the API's and workers' own disks, because Redis is away. They move to Redis "
            "when it returns. Runbook: docs/runbooks/SpoolInUse.md.",
            "bytes",
            "sum(journal_spool_bytes)",
            limits=(1, 1 << 20),
        ),
        up_or_down(
            number(
                "Redis",
                "As the API sees it. Runbook: docs/runbooks/RedisDown.md.",
                "none",
                "min(redis_up)",
                least=(1, 1),
                empty="unknown",
            )
        ),
        up_or_down(
            number(
                "MLflow",
                "As the last health check found it. Down costs serving nothing and loses nothing. "
                "Runbook: docs/runbooks/MlflowUnreachable.md.",
                "none",
                'max(service_up{service="mlflow"})',
                least=(1, 1),
                empty="unknown",
            )
        ),
        graph(
            "Predictions recorded by place",
            "redis is normal; spool: Redis is away; lost: neither would take it, and the caller "
            "got an error. lost is never normal: look at the disk.",
            "ops",
            (f"sum by (place) (rate(journal_appends_total{_WINDOW}))", "{{place}}"),
            stacked=True,
        ),
        graph(
            "Time to record",
            "It is in every answer. A tenth of a millisecond is normal; more: Redis is busy, or "
            "its disk is.",
            "s",
            *(
                (
                    f"histogram_quantile({share}, sum by (le) "
                    f"(rate(journal_append_duration_seconds_bucket{_WINDOW})))",
                    name,
                )
                for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ),
        ),
    ]


def _handed_on() -> list[Any]:
    # Of the history Redis knows it too: a drain that stands still says what it last said.
    later = '{sink!="history"}'
    return [
        graph(
            "Handed on",
            "Predictions by where they went. *history* follows the predictions within a second, "
            "*mlflow* in batches. rejected: not readable, kept aside.",
            "ops",
            (f"sum by (sink) (rate(drain_predictions_total{_WINDOW}))", "{{sink}}"),
            width=8,
        ),
        graph(
            "Lag",
            "Age of the oldest prediction not yet handed on. Runbooks: "
            "docs/runbooks/JournalLag.md, MlflowBehind.md.",
            "s",
            ("max(journal_lag_seconds)", "history"),
            (f"max by (sink) (drain_lag_seconds{later})", "{{sink}}"),
            width=8,
        ),
        graph(
            "Backlog",
            "Predictions not yet handed on. Falls by itself once the sink is back; if it grows "
            "with every sink up, the sink is too slow.",
            "short",
            ("max(journal_stream_length)", "history"),
            (f"max by (sink) (drain_backlog_predictions{later})", "{{sink}}"),
            width=8,
        ),
        graph(
            "Failed attempts",
            "Each is tried again, later and later. None is normal; the drain's log has the reason.",
            "ops",
            (f"sum by (sink) (rate(drain_errors_total{_WINDOW}))", "{{sink}}"),
            width=12,
            empty="none",
        ),
        states(
            "Services as the health checks find them",
            "Green: up. The check runs in a worker every ten seconds; half a minute after the last "
            "worker or beat has ended, the bars end too.",
            ("max by (service) (service_up)", "{{service}}"),
            style.UP_OR_DOWN,
        ),
    ]
