"""The four sample pictures: who stands where, under which sky."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sample_drawing.buildings import House, Lamp, Signal, Slab
from sample_drawing.cars import HATCHBACK, SEDAN, VAN, Car
from sample_drawing.grounds import (
    YELLOW,
    asphalt,
    grass,
    kerb,
    lane_lines,
    mark,
    pave,
    wear_tracks,
    zebra,
)
from sample_drawing.heavy_vehicles import Bus, Truck
from sample_drawing.light import DAY, DUSK, NOON
from sample_drawing.people import Rider, Walker
from sample_drawing.solids import Array
from sample_drawing.staging import Scene
from sample_drawing.surfaces import Coat, between
from sample_drawing.trees import Tree

WHITE = (0.62, 0.62, 0.61)
SILVER = (0.36, 0.37, 0.39)
BLACK = (0.02, 0.021, 0.024)
RED = (0.42, 0.025, 0.02)
BLUE = (0.03, 0.1, 0.33)
GREEN = (0.03, 0.22, 0.1)
ORANGE = (0.62, 0.22, 0.02)
SAND = (0.5, 0.42, 0.3)
TEAL = (0.02, 0.24, 0.3)
BRICK = (0.3, 0.13, 0.08)
TARPAULIN = (0.05, 0.07, 0.06)
DENIM = (0.04, 0.07, 0.16)

TOWARDS_US = 180.0


def highway() -> Scene:
    def ground(x: Array, y: Array) -> Coat:
        coat = asphalt(x, y, 11)
        wear_tracks(coat, x, (-8.2, -4.6, 0.3, 3.9))
        grass(coat, x, y, (x < -11.6) | (x > 7.2))
        lane_lines(coat, x, y, (-6.4, 2.1), dashed=True)
        lane_lines(coat, x, y, (-10.1, -2.9, -1.4, 5.7), dashed=False)
        return coat

    things = [
        Slab((0.28, 70, 0.42), 0.0, (0.45, 0.44, 0.42)).thing().placed(-2.15, 79.5),
        Car(SEDAN, WHITE, seed=4).thing().placed(-8.2, 23, 177),
        Truck(YELLOW, TARPAULIN, seed=9).thing().placed(-4.9, 18, 177),
        Car(VAN, SILVER, seed=5).thing().placed(3.7, 12, 1),
        Car(HATCHBACK, RED, seed=7).thing().placed(0.3, 20, 0),
        Bus(BLUE, WHITE, seed=2).thing().placed(-4.8, 37, 178),
        Truck(BLUE, (0.1, 0.22, 0.3), seed=3).thing().placed(4.1, 22, 1),
        Car(SEDAN, BLACK, seed=8).thing().placed(-8.3, 48, TOWARDS_US),
        *(Lamp(1.8).thing().placed(-2.15, y) for y in (30, 58, 86)),
        *(Lamp(-1.8).thing().placed(-2.15, y) for y in (30, 58, 86)),
    ]
    trees = [
        *(Tree(-15.5 - i % 2 * 2, 26 + i * 9, 7 + i % 3, 40 + i) for i in range(8)),
        *(Tree(10.5 + i % 2 * 2, 21 + i * 8, 6.5 + i % 3, 60 + i) for i in range(9)),
    ]
    return Scene(
        (1280, 800), DAY, focal=1.0, horizon=0.4, above_ground=2.6, ground=ground,
        things=things, trees=trees, hills=(0.09, 320), seed=21,
    )  # fmt: skip


def crossing() -> Scene:
    def ground(x: Array, y: Array) -> Coat:
        coat = asphalt(x, y, 3)
        wear_tracks(coat, x, (-1.9, 1.9))
        lane_lines(coat, x, y, (0.0,), dashed=True)
        zebra(coat, x, y, 8.2, 11.6, (-5.5, 5.5))
        mark(coat, x, y, between(y, 12.6, 13.0) & between(x, -3.9, -0.1))
        pave(coat, x, y, np.abs(x) > 5.6)
        kerb(coat, x, y, -5.6)
        kerb(coat, x, y, 5.6)
        return coat

    things = [
        Car(HATCHBACK, BLUE, seed=12).thing().placed(-2.75, 15.4, 170),
        Car(SEDAN, WHITE, seed=13).thing().placed(2.75, 15.5, -4),
        Truck(GREEN, WHITE, seed=15).thing().placed(2.3, 33, 0),
        Walker(RED, DENIM, stride=0.6).thing().placed(-3.75, 9.4, -80),
        Walker(SAND, BLACK, stride=0.5, backpack=TEAL).thing().placed(0.6, 10.2, 80),
        Walker(TEAL, (0.3, 0.27, 0.22), stride=0.45, tall=0.95).thing().placed(3.5, 9.4, 140),
        Rider(RED, BLACK, WHITE, seed=16).thing().placed(-0.75, 13.2, 160),
        Walker(BLACK, SAND, stride=0.45).thing().placed(-6.5, 16.5, 170),
        Walker(BLUE, BLACK, stride=0.4, tall=0.97).thing().placed(6.7, 15.5, 190),
        Signal(0).thing().placed(-6.0, 15),
        Signal(0).thing().placed(6.0, 14),
        House((10, 16, 13), BRICK, 1, awning=(0.3, 0.03, 0.03)).thing().placed(-14.2, 25),
        House((10, 18, 16), SAND, 2, awning=(0.03, 0.16, 0.1)).thing().placed(-14.4, 43),
        House((10, 20, 12), (0.36, 0.34, 0.3), 3, awning=TEAL).thing().placed(14.2, 24),
        House((10, 22, 18), (0.4, 0.25, 0.17), 4, awning=(0.35, 0.2, 0.03))
        .thing()
        .placed(14.4, 46),
        House((34, 12, 15), (0.4, 0.36, 0.32), 5).thing().placed(4, 120),
    ]
    trees = [
        Tree(-7.4, 19, 6.2, 5), Tree(7.6, 17.5, 6.8, 6), Tree(-7.5, 31, 7, 7),
        Tree(7.7, 30, 7, 8), Tree(-7.5, 44, 7, 9), Tree(7.6, 43, 7.5, 10),
        *(Tree(-9 + 5 * i, 106, 8 + i % 2, 11 + i) for i in range(6)),
    ]  # fmt: skip
    return Scene(
        (1280, 800), NOON, focal=1.05, horizon=0.43, above_ground=2.1, ground=ground,
        things=things, trees=trees, seed=22,
    )  # fmt: skip


def bus_stop() -> Scene:
    def ground(x: Array, y: Array) -> Coat:
        coat = asphalt(x, y, 5)
        wear_tracks(coat, x, (-1.0,))
        lane_lines(coat, x, y, (-3.2,), dashed=True)
        mark(coat, x, y, (np.abs(x - 1.35) < 0.07) & (np.mod(y, 1.4) < 0.9), YELLOW)
        bay = between(x, -2.6, 1.1) & between(y, 4.9, 9.2)
        frame = bay & ~(between(x, -2.45, 0.95) & between(y, 5.1, 9.0))
        hatch = bay & ((np.mod(x + y * 0.8, 1.3) < 0.13) | (np.mod(x - y * 0.8, 1.3) < 0.13))
        mark(coat, x, y, frame | hatch, YELLOW)
        pave(coat, x, y, (x > 1.7) | (x < -6.9))
        kerb(coat, x, y, 1.7, painted=True)
        kerb(coat, x, y, -6.9)
        return coat

    shelter = [
        Slab((0.9, 2.2, 0.06), 2.5, (0.08, 0.1, 0.11), 0.6).thing().placed(4.0, 14.0),
        Slab((0.04, 2.1, 1.0), 0.45, (0.3, 0.36, 0.37), 1.0).thing().placed(4.7, 14.0),
        *(Slab((0.05, 0.05, 1.25), 0.0, BLACK, 0.4).thing().placed(4.7, y) for y in (11.9, 16.1)),
        Slab((0.22, 1.3, 0.04), 0.45, (0.28, 0.16, 0.08)).thing().placed(4.3, 14.2),
    ]
    things = [
        Bus(WHITE, GREEN, seed=31).thing().placed(-1.0, 16.0, 166),
        Walker(BLUE, BLACK, stride=0.1).thing().placed(2.15, 10.6, 120),
        Walker(RED, DENIM, stride=0.1, tall=0.96, long_sleeves=False)
        .thing()
        .placed(2.85, 11.6, 130),
        Walker(SAND, DENIM, stride=0.55, backpack=BLACK).thing().placed(2.2, 8.0, 15),
        Car(SEDAN, RED, seed=33).thing().placed(-5.1, 19, 0),
        *shelter,
        House((10, 20, 15), SAND, 11, awning=(0.3, 0.05, 0.03)).thing().placed(11.5, 24),
        House((10, 20, 19), BRICK, 12, awning=TEAL).thing().placed(11.5, 46),
        House((10, 22, 17), (0.36, 0.34, 0.32), 13, awning=GREEN).thing().placed(-13.5, 30),
        House((10, 24, 14), (0.42, 0.3, 0.2), 14, awning=ORANGE).thing().placed(-13.5, 54),
        Lamp(-1.4).thing().placed(2.4, 24),
    ]
    trees = [
        Tree(3.9, 22, 8.0, 15, spread=0.3), Tree(4.2, 34, 8, 16, spread=0.3),
        Tree(-7.9, 26, 7, 17, spread=0.25), Tree(-7.9, 38, 7, 18, spread=0.25),
        Tree(-1.5, 70, 9, 19),
    ]  # fmt: skip
    return Scene(
        (900, 1200), NOON, focal=1.35, horizon=0.56, above_ground=1.9, ground=ground,
        things=things, trees=trees, hills=(0.03, 300), seed=23,
    )  # fmt: skip


def dusk() -> Scene:
    def ground(x: Array, y: Array) -> Coat:
        coat = asphalt(x, y, 7)
        wear_tracks(coat, x, (-4.9, -1.7, 1.7, 4.9))
        lane_lines(coat, x, y, (-0.12, 0.12), dashed=False)
        lane_lines(coat, x, y, (-3.3, 3.3), dashed=True)
        pave(coat, x, y, np.abs(x) > 6.7)
        kerb(coat, x, y, -6.7)
        kerb(coat, x, y, 6.7)
        return coat

    things = [
        Car(SEDAN, SILVER, lamps_on=True, seed=41).thing().placed(-1.9, 12.5, 177),
        Bus(ORANGE, WHITE, lamps_on=True, seed=42).thing().placed(-5.4, 21, 174),
        Car(HATCHBACK, WHITE, lamps_on=True, seed=43).thing().placed(2.0, 11.5, -2),
        Car(VAN, BLACK, lamps_on=True, seed=44).thing().placed(5.1, 19, 0),
        Car(SEDAN, RED, lamps_on=True, seed=45).thing().placed(-1.8, 25, TOWARDS_US),
        Truck(BLUE, WHITE, lamps_on=True, seed=46).thing().placed(1.9, 27, 0),
        Rider(RED, BLACK, ORANGE, lamps_on=True).thing().placed(4.75, 12.6, -3),
        Walker(SAND, BLACK, stride=0.5).thing().placed(-7.5, 18.5, 175),
        Walker(TEAL, DENIM, stride=0.5, tall=0.95).thing().placed(8.7, 17.5, 5),
        House((10, 20, 14), BRICK, 21, 0.4, (0.3, 0.05, 0.03)).thing().placed(-15.2, 24),
        House((10, 20, 21), SAND, 22, 0.45, TEAL).thing().placed(-15.4, 45),
        House((10, 22, 17), (0.36, 0.34, 0.3), 23, 0.4, GREEN).thing().placed(15.2, 24),
        House((10, 22, 24), BRICK, 24, 0.5, ORANGE).thing().placed(15.4, 47),
        House((10, 26, 15), SAND, 25, 0.5, RED).thing().placed(-15.4, 72),
        House((10, 26, 16), BRICK, 26, 0.5, TEAL).thing().placed(15.4, 74),
        *(Lamp(2.0, lit=True).thing().placed(-7.2, y) for y in (17, 34, 51, 68)),
        *(Lamp(-2.0, lit=True).thing().placed(7.2, y) for y in (17, 34, 51, 68)),
    ]
    trees = [
        Tree(-8.6, 27, 6.5, 25), Tree(8.7, 26, 6.8, 26), Tree(-8.6, 43, 6.8, 27),
        Tree(8.7, 42, 7, 28),
    ]  # fmt: skip
    pools = tuple((side * 5.2, y) for side in (-1, 1) for y in (17, 34, 51, 68))
    headlamps = ((-1.9, 7.5), (-5.3, 13), (2.0, 17.5), (-1.8, 20), (5.0, 24))
    return Scene(
        (1280, 800), DUSK, focal=1.0, horizon=0.44, above_ground=2.1, ground=ground,
        things=things, trees=trees, lamp_pools=(*pools, *headlamps), exposure=1.35, bloom=0.7,
        seed=24,
    )  # fmt: skip


SCENES: dict[str, Callable[[], Scene]] = {
    "crossing": crossing,
    "highway": highway,
    "bus-stop": bus_stop,
    "dusk": dusk,
}
