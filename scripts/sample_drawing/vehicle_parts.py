"""What every vehicle has: wheels, number plates, lamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sample_drawing.solids import Array, Mask, mirrored, union, wheel
from sample_drawing.surfaces import METAL, RUBBER, Coat, Colour, between, cell_hash

Axle = tuple[float, float, float, float]  # across, along, radius, half the width of the tyre

LAMP: Colour = (1.0, 0.93, 0.78)
LAMP_GLASS: Colour = (0.5, 0.5, 0.48)
RED_LAMP: Colour = (0.42, 0.012, 0.012)
AMBER_LAMP: Colour = (0.85, 0.3, 0.03)
PLATE: Colour = (0.75, 0.75, 0.7)
TRADE_PLATE: Colour = (0.72, 0.5, 0.06)


def wheels(points: Array, axles: Sequence[Axle]) -> Array:
    sides = mirrored(points)
    return union(*(wheel(sides, (x, y, r), r, half) for x, y, r, half in axles))


def arches(points: Array, axles: Sequence[Axle], room: float = 0.07) -> Array:
    """The holes in the body that leave the wheels room."""
    sides = mirrored(points)
    return union(
        *(wheel(sides, (x + 0.02, y, r + 0.02), r + room, half + 0.14) for x, y, r, half in axles)
    )


def paint_wheels(coat: Coat, points: Array, axles: Sequence[Axle]) -> None:
    sides = mirrored(points)
    for x, y, radius, half in axles:
        here = wheel(sides, (x, y, radius), radius, half) < 0.015
        along, up = points[1] - y, points[2] - radius
        out = np.sqrt(along * along + up * up) / radius
        spokes = np.cos(np.arctan2(up, along) * 5) > -0.25
        coat.fill(here, RUBBER, 0.1)
        coat.fill(here & (out < 0.66), (0.07, 0.07, 0.075), 0.2)
        coat.fill(here & (out < 0.66) & (spokes | (out > 0.56)), METAL, 0.8)
        coat.fill(here & (out < 0.17), (0.16, 0.16, 0.17), 0.6)


def paint_plate(
    coat: Coat, points: Array, where: Mask, middle: float, seed: int, ground: Colour = PLATE
) -> None:
    """A plate with made-up marks on it: blocks that read as letters from afar."""
    across, up = points[0], points[2] - middle
    plate = where & (np.abs(across) < 0.27) & (np.abs(up) < 0.065)
    coat.fill(plate, ground, 0.15)
    cell = np.floor(across / 0.064)
    inside = between(across / np.float32(0.064) - cell, 0.18, 0.82) & (np.abs(up) < 0.042)
    stroke = cell_hash(np.floor(across / 0.0145), np.floor((up + 1) / 0.021), seed) > 0.42
    coat.fill(plate & inside & stroke & (cell != 0), (0.02, 0.02, 0.025))


def lamp_glow(on: bool, strength: float) -> float:
    return strength if on else 0.0
