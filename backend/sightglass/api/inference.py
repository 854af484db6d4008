"""Brings one upload through admission and the engine while the client waits: gives up at its
deadline, and frees its place when the client leaves.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from sightglass.access.caller import Caller
from sightglass.api.services import Services
from sightglass.errors import DeadlineExceededError, SightglassError
from sightglass.predictions.service import Answer, PredictionRequest, Predictor
from sightglass.settings import Settings


def deadline_of(request: Request, settings: Settings, wait_seconds: float | None) -> float:
    """The `time.monotonic()` moment until which this client waits: as long as it says, at most
    MAX_DEADLINE_SECONDS; DEADLINE_SECONDS when it does not say.
    """
    seconds = settings.deadline_seconds if wait_seconds is None else wait_seconds
    received_at: float = request.state.received_at
    return received_at + min(seconds, settings.max_deadline_seconds)


def owner_of(request: Request) -> str:
    """Who shares the engine and the queue fairly with others: a key; one for all without a key."""
    caller: Caller = request.state.caller
    return caller.key_id or ""


async def run_inference(
    request: Request, services: Services, data: bytes, asked: PredictionRequest
) -> Answer:
    """The recorded prediction. Raises what `Predictor.predict` raises, `OverloadedError`,
    `DeadlineExceededError`, and `ClientDisconnect` when nobody waits any more.
    """
    predictor = services.get_predictor()
    run = _Run(predictor, data, asked)
    deadline = asked.deadline
    assert deadline is not None
    future = services.admission.submit(run, deadline, owner_of(request))
    try:
        return await _wait(request, future, deadline)
    except DeadlineExceededError as error:
        never_started = future.cancel() or (future.done() and not run.started)
        if never_started:  # else the predictor records it
            with suppress(SightglassError):
                await run_in_threadpool(predictor.record_unstarted, asked, error)
        raise
    finally:
        future.cancel()


class _Run:
    """The work for the engine's thread, which knows whether it was begun."""

    def __init__(self, predictor: Predictor, data: bytes, asked: PredictionRequest) -> None:
        self.started = False
        self._predict = partial(predictor.predict, data, asked)

    def __call__(self) -> Answer:
        self.started = True
        return self._predict()


async def _wait(request: Request, future: Future[Answer], deadline: float) -> Answer:
    """The future's result, unless the deadline or the client's leaving comes first."""
    answer = asyncio.wrap_future(future)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        seconds = max(0.0, deadline - time.monotonic())
        await asyncio.wait((answer, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise ClientDisconnect if gone.done() else DeadlineExceededError
    finally:
        answer.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
