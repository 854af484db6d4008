"""Every hostile body straight against intake, and random damage found by hypothesis."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from functools import partial

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightglass.errors import Kind, SightglassError
from sightglass.intake import IntakeLimits, decode, parse_base64_json, parse_multipart, quality
from tests.hostile import pictures
from tests.hostile.corpus import JSON, RAW, HostileCase, cases
from tests.hostile.damage import mutated

LIMITS = IntakeLimits()
REFUSALS = {Kind.BAD_INPUT, Kind.INVALID, Kind.TOO_LARGE, Kind.UNSUPPORTED}
VALID = {name: make() for name, make in pictures.VALID.items()}


def refusal(work: Callable[[], object]) -> SightglassError | None:
    """The error that some work ends in, None when it succeeds. Others pass through."""
    try:
        work()
    except SightglassError as error:
        return error
    return None


def take_in(case: HostileCase) -> None:
    """What the API does with a body, without HTTP."""
    if case.content_type == RAW:
        data = case.body
    elif case.content_type == JSON:
        data = parse_base64_json(case.body, LIMITS).data
    else:
        data = parse_multipart(case.body, case.content_type, LIMITS).data
    quality(decode(data, LIMITS, target=640).pixels)


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    names = [case.name for case in cases()]
    assert len(names) >= 600
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_only_honest_refusals_leave_intake(case: HostileCase) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = refusal(lambda: take_in(case))
    if error is None:
        assert case.family != "4xx"
    else:
        assert error.kind in REFUSALS
        assert error.message


@pytest.mark.serial
def test_memory_does_not_grow() -> None:
    def round_trip() -> None:
        for case in cases():
            refusal(partial(take_in, case))

    process = psutil.Process()
    round_trip()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(3):
        round_trip()
    gc.collect()
    assert process.memory_info().rss - before < 64 * 2**20


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(VALID)),
    seed=st.integers(0, 2**32 - 1),
    target=st.sampled_from([None, 8, 32]),
)
def test_mutated_pictures(name: str, seed: int, target: int | None) -> None:
    data = mutated(VALID[name], seed)
    error = refusal(lambda: decode(data, LIMITS, target=target))
    assert error is None or error.kind in REFUSALS


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBPVP8X"])
    | st.sampled_from([b"BM", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]),
    rest=st.binary(max_size=400),
)
def test_noise_behind_a_magic_number(start: bytes, rest: bytes) -> None:
    with pytest.raises(SightglassError) as error:
        decode(start + rest, LIMITS)
    assert error.value.kind in REFUSALS


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=300), content_type=st.text(max_size=80))
def test_noise_as_a_body(body: bytes, content_type: str) -> None:
    bodies: list[Callable[[], object]] = [
        lambda: parse_multipart(body, content_type, LIMITS),
        lambda: parse_multipart(body, "multipart/form-data; boundary=" + content_type, LIMITS),
        lambda: parse_base64_json(body, LIMITS),
    ]
    for parse in bodies:
        error = refusal(parse)
        assert error is not None
        assert error.kind in REFUSALS
