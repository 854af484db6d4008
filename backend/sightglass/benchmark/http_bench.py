"""Sync detection over HTTP: concurrency, what the journal costs, and large photos."""

from __future__ import annotations

import asyncio
from typing import Any

from sightglass.benchmark.client import Connection, multipart_request
from sightglass.benchmark.engine_bench import Pipeline
from sightglass.benchmark.images import PhotoSet
from sightglass.benchmark.load import Flow, LoadResult, closed_loop, percentile, sending, timed
from sightglass.benchmark.plan import Plan, Say, median, ratios, rotated, too_slow
from sightglass.benchmark.report import Row, Section, at_least, at_most
from sightglass.benchmark.system import Server
from sightglass.errors import SetupError

ROUTE = "/process-image"


def load(server: Server, flow: Flow, concurrency: int, seconds: float) -> LoadResult:
    """One closed-loop round. Raises `SetupError` when nothing was answered well."""
    result = asyncio.run(
        closed_loop(server.host, server.port, flow, concurrency=concurrency, seconds=seconds)
    )
    if result.rate() == 0:
        statuses = sorted({sample.status for sample in result.samples})
        raise SetupError(f"{too_slow(seconds)} Statuses seen: {statuses}.")
    return result


def warm_up(server: Server, flow: Flow, count: int = 6) -> None:
    """A few requests one after the other: code paths, connections, input shapes."""
    alternate(server, {"first": flow}, count)


def alternate(server: Server, flows: dict[str, Flow], count: int) -> dict[str, list[float]]:
    """Seconds of single requests on an idle system, the flows taking turns."""

    async def run() -> dict[str, list[float]]:
        connections = {name: Connection(server.host, server.port) for name in flows}
        seen: dict[str, list[float]] = {name: [] for name in flows}
        for index in range(-2, count):  # the first two warm up
            for name in rotated(list(flows), index):
                await asyncio.sleep(0.02)
                sample = await timed(flows[name], connections[name], 0.0)
                if not 200 <= sample.status < 300:
                    raise SetupError(f"A single {name} request was answered {sample.status}")
                if index >= 0:
                    seen[name].append(sample.seconds)
        for connection in connections.values():
            connection.close()
        return seen

    return asyncio.run(run())


def measure_concurrency(
    server: Server, photos: PhotoSet, plan: Plan, say: Say
) -> tuple[int, Section]:
    """The number of connections with the highest throughput, and what each number gave."""
    flow = sending(multipart_request(ROUTE, photos.photo.data))
    warm_up(server, flow)
    rows, rounds = [], {}
    for concurrency in plan.concurrencies:
        label = f"{concurrency} connection{'s' * (concurrency > 1)}"
        say(f"HTTP with {label}")
        result = load(server, flow, concurrency, plan.seconds)
        server.settle(plan.settle_seconds)
        rounds[concurrency] = result.rate()
        p95 = percentile(result.latencies(), 95) or 0.0
        rows.append(
            Row(
                label,
                result.rate(),
                "images/s",
                f"median {median(result.latencies()) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms",
            )
        )
    best = max(rounds, key=lambda concurrency: rounds[concurrency])
    raw = {"rates": {str(concurrency): rate for concurrency, rate in rounds.items()}}
    return best, Section("HTTP sync, everything on, by connections", rows, [], raw)


def measure_pipeline_and_journal(
    pipeline: Pipeline,
    recording: Server,
    bare: Server,
    photos: PhotoSet,
    concurrency: int,
    plan: Plan,
    say: Say,
) -> Section:
    """In-process against HTTP with and without the journal, taking turns round by round.

    After a recording round the drain catches up before the next contender starts, so its work
    hides in nobody else's figure; how much work that was is a row of its own.
    """
    flow = sending(multipart_request(ROUTE, photos.photo.data))
    rates: dict[str, list[float]] = {"in_process": [], "http": [], "http_without_journal": []}
    later: list[dict[str, float]] = []
    generator: list[float] = []
    warm_up(bare, flow)
    for index in range(plan.journal_rounds):
        say(f"in process, HTTP, HTTP without journal: round {index + 1} of {plan.journal_rounds}")
        for name in rotated(list(rates), index):
            if name == "in_process":
                rates[name].append(pipeline.rate(photos.photo.data, plan.seconds))
                continue
            server = recording if name == "http" else bare
            result = load(server, flow, concurrency, plan.seconds)
            rates[name].append(result.rate())
            generator.append(result.generator_cpu_seconds / len(result.samples))
            if name == "http":
                later.append(_settled(server, len(result.samples), plan))
    return _pipeline_section(rates, later, generator, concurrency, pipeline.streams)


def _settled(server: Server, requests: int, plan: Plan) -> dict[str, float]:
    seconds, cpu = server.settle(plan.settle_seconds)
    return {"seconds": seconds, "cpu_seconds": cpu, "requests": requests}


def _pipeline_section(
    rates: dict[str, list[float]],
    later: list[dict[str, float]],
    generator: list[float],
    concurrency: int,
    streams: int,
) -> Section:
    over_http = ratios(rates["http"], rates["in_process"])
    kept = ratios(rates["http"], rates["http_without_journal"])
    cost = [100 * (1 - ratio) for ratio in kept]
    deferred = sum(x["cpu_seconds"] for x in later) / sum(x["requests"] for x in later) * 1000
    waited = median([x["seconds"] for x in later])
    raw: dict[str, Any] = {
        "rounds": rates,
        "http_over_in_process": over_http,
        "journal_cost_percent": cost,
        "after_recording_rounds": later,
        "generator_cpu_seconds_per_request": generator,
        "connections": concurrency,
    }
    connections = f"{concurrency} connections"
    rows = [
        Row("in process, bytes to detections", median(rates["in_process"]), "images/s",
            f"{streams} threads, nothing recorded"),
        Row("HTTP sync, everything on", median(rates["http"]), "images/s", connections),
        Row("HTTP sync, journal off", median(rates["http_without_journal"]), "images/s",
            connections),
        Row("left for later by a recorded image", deferred, "ms CPU",
            f"drain, history, MLflow; done {waited:.1f} s after a round"),
        Row("load generator", median(generator) * 1000, "ms CPU", "a request, on the same cores"),
    ]  # fmt: skip
    return Section(
        "Pipeline, HTTP and journal",
        rows,
        [
            at_least("HTTP sync / in process", median(over_http), 0.90),
            at_most("journal and drain cost of throughput", median(cost), 3.0, "%"),
        ],
        raw,
    )


def measure_sizes(
    server: Server, photos: PhotoSet, concurrency: int, plan: Plan, say: Say
) -> Section:
    """12 megapixels against 0.9, from the first byte sent to the last received."""
    flows = {
        "photo": sending(multipart_request(ROUTE, photos.photo.data)),
        "large": sending(multipart_request(ROUTE, photos.large.data)),
    }
    rates: dict[str, list[float]] = {name: [] for name in flows}
    for index in range(plan.rounds):
        say(f"0.9 and 12 megapixels, round {index + 1} of {plan.rounds}")
        for name in rotated(list(flows), index):
            rates[name].append(load(server, flows[name], concurrency, plan.seconds).rate())
            server.settle(plan.settle_seconds)
    single = alternate(server, flows, plan.latency_pairs)
    throughput = ratios(rates["photo"], rates["large"])
    latency = median(single["large"]) / median(single["photo"])
    rows = []
    for name, photo in (("photo", photos.photo), ("large", photos.large)):
        size = f"{photo.megapixels:.1f} megapixels" if name == "photo" else "12 megapixels"
        note = f"{len(photo.data) / 1000:.0f} kB JPEG, {photo.origin}"
        rows.append(Row(f"{size}, throughput", median(rates[name]), "images/s", note))
        rows.append(Row(f"{size}, one request alone", median(single[name]) * 1000, "ms"))
    return Section(
        "Photo size, end to end over HTTP",
        rows,
        [
            at_most("12 / 0.9 megapixels, time at full load", median(throughput), 2.5),
            at_most("12 / 0.9 megapixels, latency alone", latency, 2.5),
        ],
        {"rounds": rates, "ratios": throughput, "single_seconds": single},
    )
