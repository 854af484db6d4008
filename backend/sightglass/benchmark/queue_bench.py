"""Async detection: through blob, broker, worker and back, against sync on the same system."""

from __future__ import annotations

import asyncio

import orjson

from sightglass.benchmark.client import Connection, Reply, get_request, multipart_request
from sightglass.benchmark.http_bench import ROUTE, alternate, load, warm_up
from sightglass.benchmark.images import PhotoSet
from sightglass.benchmark.load import Flow, sending
from sightglass.benchmark.plan import Plan, Say, median, ratios, rotated
from sightglass.benchmark.report import Row, Section, at_least, at_most
from sightglass.benchmark.system import Server

_UNFINISHED = ("queued", "processing")


def submit_and_wait(image: bytes) -> Flow:
    """The flow of an async client: submit, then wait for the result on the same connection.

    The reply is that of the finished task; a failed or cancelled one has status 500.
    """
    submission = multipart_request(f"{ROUTE}/async", image)

    async def flow(connection: Connection) -> Reply:
        accepted = await connection.request(submission)
        if accepted.status != 202:
            return accepted
        task_id = orjson.loads(accepted.body)["task_id"]
        question = get_request(f"/task/{task_id}?wait=30")
        while True:
            reply = await connection.request(question)
            if reply.status != 200:
                return reply
            status = orjson.loads(reply.body)["status"]
            if status in _UNFINISHED:
                await asyncio.sleep(0.005)  # only a server that does not wait answers so
                continue
            return reply if status == "completed" else Reply(500, reply.head, reply.body)

    return flow


def measure_queue(
    server: Server, photos: PhotoSet, concurrency: int, plan: Plan, say: Say
) -> Section:
    """Throughput with tasks always outstanding, and what the queue adds to one request."""
    flows = {
        "sync": sending(multipart_request(ROUTE, photos.photo.data)),
        "async": submit_and_wait(photos.photo.data),
    }
    connections = {"sync": concurrency, "async": plan.queue_concurrency}
    warm_up(server, flows["async"])
    rates: dict[str, list[float]] = {name: [] for name in flows}
    failures = 0
    for index in range(plan.rounds):
        say(f"sync and async, round {index + 1} of {plan.rounds}")
        for name in rotated(list(flows), index):
            result = load(server, flows[name], connections[name], plan.seconds)
            rates[name].append(result.rate())
            failures += result.failures()
            server.settle(plan.settle_seconds)
    single = alternate(server, flows, plan.latency_pairs)
    share = ratios(rates["async"], rates["sync"])
    added = (median(single["async"]) - median(single["sync"])) * 1000
    return Section(
        "Async through the queue",
        [
            Row("HTTP sync", median(rates["sync"]), "images/s", f"{concurrency} connections"),
            Row("async, submitted and fetched", median(rates["async"]), "images/s",
                f"{plan.queue_concurrency} tasks outstanding, {failures} failures"),
            Row("one sync request alone", median(single["sync"]) * 1000, "ms"),
            Row("one async request alone", median(single["async"]) * 1000, "ms",
                "from the submission to the result"),
        ],
        [
            at_least("async / sync throughput", median(share), 0.80),
            at_most("async later than sync on an idle system", added, 20.0, "ms"),
        ],
        {"rounds": rates, "ratios": share, "single_seconds": single, "failures": failures},
    )  # fmt: skip
