"""Which predictions get a trace when there are more than MLflow should be asked to take.

The choice depends on the predictions alone, so that a batch sent again chooses the same ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from sightglass.predictions.history_rows import confidences_of
from sightglass.predictions.record import Outcome, Prediction


def choose_traced(batch: Sequence[Prediction], per_second: float) -> list[Prediction]:
    """Those that get a trace, in their order.

    Each second of prediction time may have `per_second` traces (a rate below one counts longer
    spans of time). Above it go first all failures and timeouts, then as many of the slowest, of
    the least confident and of a sample by id as still fit. 0 means no traces at all.
    """
    if per_second <= 0:
        return []
    span_seconds = max(1.0, 1.0 / per_second)
    quota = math.floor(per_second * span_seconds + 1e-9)
    spans: defaultdict[int, list[Prediction]] = defaultdict(list)
    for prediction in batch:
        spans[int(prediction.created_at / span_seconds)].append(prediction)
    kept = {p.id for members in spans.values() for p in _choose(members, quota)}
    return [prediction for prediction in batch if prediction.id in kept]


def _choose(members: Sequence[Prediction], quota: int) -> list[Prediction]:
    if len(members) <= quota:
        return list(members)
    chosen = [p for p in members if p.outcome is not Outcome.SUCCEEDED]
    left = max(0, quota - len(chosen))
    share = math.ceil(left / 3)
    for order, places in ((_slowest, share), (_least_confident, share), (_by_id, left)):
        taken = {p.id for p in chosen}
        free = max(0, min(places, quota - len(chosen)))
        rest = sorted((p for p in members if p.id not in taken), key=order)
        chosen += rest[:free]
    return chosen


_Order = Callable[[Prediction], tuple[float, str]]


def _slowest(prediction: Prediction) -> tuple[float, str]:
    return -prediction.total_milliseconds, prediction.id


def _least_confident(prediction: Prediction) -> tuple[float, str]:
    return min(confidences_of(prediction), default=1.0), prediction.id


def _by_id(prediction: Prediction) -> tuple[float, str]:
    # The last digits of an id are random, the first are its time.
    return 0.0, prediction.id[::-1]
