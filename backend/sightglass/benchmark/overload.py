"""Three times more than can be served: what is served still, and how the rest is refused."""

from __future__ import annotations

import asyncio
from typing import Any

from sightglass.benchmark.client import multipart_request
from sightglass.benchmark.http_bench import ROUTE, load
from sightglass.benchmark.images import PhotoSet
from sightglass.benchmark.load import LoadResult, open_loop, percentile, sending
from sightglass.benchmark.plan import Plan, Say, median
from sightglass.benchmark.report import Row, Section, Target, at_least, at_most
from sightglass.benchmark.system import Server

DEADLINE_SECONDS = 2.0  # of each request: what a person still waits for
_REFUSED = (429, 503)


def measure_overload(
    server: Server, photos: PhotoSet, concurrency: int, plan: Plan, say: Say
) -> Section:
    """Open-loop arrivals at three times the peak, which is measured before and after each."""
    steady = sending(multipart_request(ROUTE, photos.photo.data))
    headers = {"X-Request-Timeout": f"{DEADLINE_SECONDS:g}"}
    hurried = sending(multipart_request(ROUTE, photos.photo.data, headers))
    peaks = [load(server, steady, concurrency, plan.seconds).rate()]
    floods = []
    for index in range(plan.overload_rounds):
        say(f"overload, round {index + 1} of {plan.overload_rounds}")
        flood = asyncio.run(
            open_loop(
                server.host,
                server.port,
                hurried,
                rate=plan.overload_factor * peaks[-1],
                seconds=2 * plan.seconds,
            )
        )
        server.settle(plan.settle_seconds)
        peaks.append(load(server, steady, concurrency, plan.seconds).rate())
        server.settle(plan.settle_seconds)
        floods.append(summarise(flood, (peaks[-2] + peaks[-1]) / 2, DEADLINE_SECONDS))
    return _section(floods, peaks, plan)


def summarise(flood: LoadResult, peak: float, deadline: float) -> dict[str, Any]:
    """One flood in figures. Accepted is what was not refused: answered, or given up at its
    deadline (504). Goodput counts the answers that came inside their deadline.
    """
    inside = [s for s in flood.counted() if s.status == 200 and s.seconds <= deadline]
    accepted = [s for s in flood.samples if s.status in (200, 504)]
    kept = sum(1 for s in accepted if s.status == 200 and s.seconds <= deadline)
    refused = [s for s in flood.samples if s.status in _REFUSED]
    waits = [s.retry_after for s in refused if s.retry_after is not None]
    times = [s.seconds for s in refused]
    answered = [s.seconds for s in accepted]
    return {
        "offered_per_second": (len(flood.counted()) + flood.unsent) / flood.seconds,
        "peak": peak,
        "goodput": len(inside) / flood.seconds,
        "goodput_of_peak": len(inside) / flood.seconds / peak,
        "accepted": len(accepted),
        "accepted_inside_deadline": kept / len(accepted) if accepted else None,
        "accepted_seconds": {f"p{p}": percentile(answered, p) for p in (50, 95, 99)},
        "refused": len(refused),
        "refusal_seconds": {f"p{p}": percentile(times, p) for p in (50, 95, 99)},
        "retry_after_seen": len(waits),
        "retry_after_seconds": [min(waits), max(waits)] if waits else None,
        "other_statuses": _other_statuses(flood),
        "unsent": flood.unsent,
        "generator_lateness_p95": percentile(flood.lateness, 95),
        "generator_cpu_seconds_per_request": flood.generator_cpu_seconds / len(flood.samples),
    }


def _other_statuses(flood: LoadResult) -> dict[str, int]:
    """Neither answered, given up nor refused: 0 is a broken connection."""
    seen: dict[str, int] = {}
    for sample in flood.samples:
        if sample.status not in (200, 504, *_REFUSED):
            seen[str(sample.status)] = seen.get(str(sample.status), 0) + 1
    return seen


def _section(floods: list[dict[str, Any]], peaks: list[float], plan: Plan) -> Section:
    goodput = median([f["goodput_of_peak"] for f in floods])
    inside = _middle([f["accepted_inside_deadline"] for f in floods], min)
    times = {
        p: _middle([f["refusal_seconds"][p] for f in floods], lambda values: median(list(values)))
        for p in ("p50", "p95", "p99")
    }
    refused = sum(f["refused"] for f in floods)
    total = refused + sum(f["accepted"] for f in floods)
    spans = [f["retry_after_seconds"] for f in floods if f["retry_after_seconds"]]
    hint = f"{min(s[0] for s in spans):g} to {max(s[1] for s in spans):g} s" if spans else "none"
    told = sum(f["retry_after_seen"] for f in floods)
    broken = sum(sum(f["other_statuses"].values()) for f in floods)
    tails = f"p50 {_ms(times['p50'])}, p99 {_ms(times['p99'])}"
    late = _middle([f["accepted_seconds"]["p99"] for f in floods], max)
    rows = [
        Row("peak, closed loop", median(peaks), "images/s"),
        Row("offered", median([f["offered_per_second"] for f in floods]), "requests/s",
            f"{plan.overload_factor:g} times the peak, Poisson arrivals"),
        Row("served inside the deadline", median([f["goodput"] for f in floods]), "images/s",
            f"deadline {DEADLINE_SECONDS:g} s, slowest p99 {_ms(late)}"),
        Row("refused with 503", 100 * refused / max(1, total), "%",
            f"{told} of {refused} with Retry-After: {hint}; {broken} other errors"),
        Row("time to a refusal, p95", _scaled(times["p95"]), "ms",
            f"{tails}, as the client sees it"),
    ]  # fmt: skip
    targets: list[Target] = [
        at_least("overload: goodput / peak", goodput, 0.90),
        at_least("overload: accepted inside their deadline", _scaled(inside, 100), 100, "%"),
        at_most("overload: time to a refusal, p95", _scaled(times["p95"]), 20.0, "ms"),
    ]
    return Section(
        "Three times the sustainable load", rows, targets, {"rounds": floods, "peaks": peaks}
    )


def _middle(values: list[float | None], choose: Any) -> float | None:
    known = [value for value in values if value is not None]
    return float(choose(known)) if known else None


def _scaled(value: float | None, factor: float = 1000) -> float | None:
    return None if value is None else value * factor


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"
