"""Colours and limits: one meaning, one colour, on every dashboard.

The colours are those of Okabe and Ito, which people with any colour vision tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping

GOOD = "#009E73"  # bluish green
RAISED = "#E69F00"  # orange
BAD = "#D55E00"  # vermillion
CALM = "#56B4E9"  # sky blue: a value that nobody judges
DEEP = "#0072B2"  # blue
ODD = "#CC79A7"  # reddish purple
PALE = "#F0E442"  # yellow
GREY = "#8C8C8C"

Words = Mapping[str, tuple[str, str]]  # value -> (word, colour)

UP_OR_DOWN: Words = {"1": ("up", GOOD), "0": ("down", BAD)}
SEVERITIES: Words = {"1": ("critical", BAD), "2": ("warning", RAISED), "3": ("info", CALM)}

# Of lines with names of their own, in their order.
UNJUDGED = (CALM, ODD, PALE, DEEP)

# Series that are the same everywhere, by a pattern of their whole name.
SERIES: Mapping[str, str] = {
    r"(2\d\d|3\d\d|ok|succeeded|completed|accepted|kept|right|redis|history)": GOOD,
    r"(4\d\d|cancelled|postponed|sampled|rate_limited|quota|denied|timed_out)": RAISED,
    r"(spool|queue|iowait)": RAISED,
    r"(5\d\d|failed|wrong|dropped|lost|rejected|steal)": BAD,
    r"(p50|mlflow|inference|user|jpeg|deadline|POST /process-image)": CALM,
    r"(p95|preprocess|system|queue_full)": DEEP,
    r"(p99|decode|softirq|png|too_late|POST /process-image/async)": ODD,
    r"(postprocess|irq|unfair_share)": PALE,
    r"(limit|total|receive|nice|shutting_down)": GREY,
}

# Raised from the first, bad from the second: the limits of the tiles on the UI's Monitor page.
LATENCY_SECONDS = (0.5, 2.0)
FAILED_SHARE = (0.01, 0.05)
IMAGES_WAITING = (100.0, 1000.0)
JOURNAL_LAG_SECONDS = (10.0, 60.0)
BACKUP_AGE_SECONDS = (172_800.0, 172_800.0)  # of the alert BackupOld
