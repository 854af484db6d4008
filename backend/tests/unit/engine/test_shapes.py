"""Which input shapes are compiled, and when one gives way to another."""

from __future__ import annotations

import random
import threading

import pytest

from sightglass.engine.letterbox import Shape
from sightglass.engine.shapes import ShapeCache

SQUARE = (640, 640)


class Compiler:
    """Counts what was compiled; time is what a test says."""

    def __init__(self) -> None:
        self.compiled: list[Shape] = []
        self.now = 0.0

    def __call__(self, shape: Shape) -> str:
        self.compiled.append(shape)
        return f"{shape[0]}x{shape[1]}"

    def cache(self, limit: int) -> ShapeCache[str]:
        return ShapeCache(self, SQUARE, limit, clock=lambda: self.now)


def test_square_is_there_from_the_start() -> None:
    compiler = Compiler()
    assert compiler.cache(1).shapes == (SQUARE,)
    assert compiler.compiled == [SQUARE]


def test_new_shape_is_compiled_once_while_there_is_room() -> None:
    compiler = Compiler()
    cache = compiler.cache(3)
    for _ in range(3):
        assert cache.get((480, 640)) == ((480, 640), "480x640")
    assert compiler.compiled == [SQUARE, (480, 640)]


def test_full_falls_back_to_the_smallest_that_contains() -> None:
    cache = Compiler().cache(3)
    cache.get((480, 640))
    cache.get((384, 640))
    assert cache.get((320, 640))[0] == (384, 640)
    assert cache.get((416, 640))[0] == (480, 640)
    assert cache.get((640, 320))[0] == SQUARE


def test_hostile_mix_does_not_thrash() -> None:
    compiler = Compiler()
    cache = compiler.cache(4)
    rng = random.Random(1)
    sides = range(32, 641, 32)
    for _ in range(5000):
        compiler.now += 0.01  # 50 seconds in all
        side = rng.choice(sides)
        cache.get(rng.choice(((side, 640), (640, side))))
    assert len(cache.shapes) <= 4
    assert len(compiler.compiled) <= 4 + 5


def test_shape_asked_for_often_replaces_the_least_used() -> None:
    compiler = Compiler()
    cache = compiler.cache(3)
    cache.get((32, 640))
    for _ in range(20):
        cache.get((480, 640))
    for _ in range(40):
        compiler.now += 1
        cache.get((384, 640))
    assert cache.shapes == ((384, 640), (480, 640), SQUARE)
    assert cache.get((32, 640))[0] == (384, 640)


def test_square_is_never_replaced() -> None:
    compiler = Compiler()
    cache = compiler.cache(1)
    for _ in range(200):
        compiler.now += 1
        assert cache.get((384, 640))[0] == SQUARE


def test_compiling_one_shape_does_not_hold_up_the_others() -> None:
    entered, release = threading.Event(), threading.Event()

    def compile_slowly(shape: Shape) -> str:
        if shape != SQUARE:
            entered.set()
            assert release.wait(5)
        return str(shape)

    cache = ShapeCache(compile_slowly, SQUARE, 4)
    first = threading.Thread(target=cache.get, args=((480, 640),))
    first.start()
    assert entered.wait(5)
    assert cache.get(SQUARE)[0] == SQUARE
    assert list(cache.shapes) == [SQUARE]
    release.set()
    first.join(5)
    assert list(cache.shapes) == [(480, 640), SQUARE]


def test_failed_compile_is_told_and_tried_again() -> None:
    attempts: list[Shape] = []

    def fail_once(shape: Shape) -> str:
        attempts.append(shape)
        if attempts.count((480, 640)) == 1 and shape != SQUARE:
            raise MemoryError
        return str(shape)

    cache = ShapeCache(fail_once, SQUARE, 4)
    with pytest.raises(MemoryError):
        cache.get((480, 640))
    assert cache.get((480, 640))[0] == (480, 640)
