"""Buses and trucks: boxes with long rows of windows, ribs and big wheels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_drawing.canvas import Thing
from sample_drawing.solids import (
    Array,
    box,
    capsule,
    mirrored,
    polygon,
    smooth_intersection,
    union,
    without,
)
from sample_drawing.surfaces import GLASS, PLASTIC, Coat, Colour, between, cell_hash
from sample_drawing.vehicle_parts import (
    AMBER_LAMP,
    LAMP,
    RED_LAMP,
    TRADE_PLATE,
    Axle,
    arches,
    lamp_glow,
    paint_plate,
    paint_wheels,
    wheels,
)

BUS_AXLES: tuple[Axle, ...] = ((1.05, 3.0, 0.5, 0.16), (1.05, -2.9, 0.5, 0.16))
BUS_PROFILE = (
    (-5.4, 0.4), (-5.5, 1.0), (-5.45, 2.9), (-5.2, 3.3), (4.6, 3.3), (5.05, 3.1),
    (5.35, 1.7), (5.5, 1.0), (5.45, 0.4), (5.2, 0.3), (-5.1, 0.3),
)  # fmt: skip
TRUCK_AXLES: tuple[Axle, ...] = ((0.86, 2.1, 0.42, 0.14), (0.86, -1.6, 0.42, 0.2))
CAB_PROFILE = (
    (1.35, 0.5), (1.35, 2.2), (1.5, 2.34), (2.5, 2.32), (2.72, 2.2), (3.05, 1.35), (3.1, 0.6),
    (3.05, 0.42), (1.5, 0.42),
)  # fmt: skip


@dataclass(frozen=True)
class Bus:
    colour: Colour
    stripe: Colour
    lamps_on: bool = False
    seed: int = 1

    def thing(self) -> Thing:
        return Thing(self.distance, self.paint, (-1.75, -5.6, 0.0), (1.75, 6.0, 3.45))

    def distance(self, points: Array) -> Array:
        x, y, z = mirrored(points)
        shell = smooth_intersection(
            polygon(y, z, BUS_PROFILE),
            x - (1.25 - np.maximum(np.abs(y) - 4.9, 0) ** 2 * np.float32(0.45)),
            0.26,
        )
        hollow = without(shell, arches(points, BUS_AXLES, 0.1))
        return union(hollow, wheels(points, BUS_AXLES), self.mirrors(points))

    def mirrors(self, points: Array) -> Array:
        sides = mirrored(points)
        arm = capsule(sides, (1.15, 5.0, 3.0), (1.48, 5.5, 2.85), 0.035)
        return union(arm, box(sides, (1.5, 5.5, 2.5), (0.11, 0.07, 0.3), 0.06))

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, self.colour, 0.9)
        self.paint_sides(coat, points, normals)
        self.paint_front(coat, points, normals)
        self.paint_back(coat, points)
        coat.fill(arches(points, BUS_AXLES, 0.1) < 0.015, (0.012, 0.012, 0.012))
        coat.fill(self.mirrors(points) < 0.012, self.stripe, 0.7)
        paint_wheels(coat, points, BUS_AXLES)
        return coat

    def paint_sides(self, coat: Coat, points: Array, normals: Array) -> None:
        _, y, z = points
        side = np.abs(normals[0]) > 0.6
        swoosh = np.sin(y * 0.55 + 0.6) * np.float32(0.28) + np.float32(1.02)
        coat.fill(side & (np.abs(z - swoosh) < 0.17), self.stripe, 0.9)
        coat.fill(side & (np.abs(z - swoosh - 0.26) < 0.035), self.stripe, 0.9)
        coat.fill(z < 0.42, PLASTIC, 0.3)
        glass = side & between(z, 1.55, 2.78) & between(y, -5.1, 5.3)
        coat.fill(glass, GLASS, 1.3)
        lit = lamp_glow(self.lamps_on, 1.0)
        panes = glass & (np.abs(np.mod(y + 0.2, 1.45) - 0.72) < 0.66) & between(z, 1.7, 2.62)
        if lit:
            coat.fill(panes, (0.8, 0.58, 0.3), 0.8, 0.45)
        heads = panes & (np.abs(np.mod(y, 0.9) - 0.45) < 0.2) & (z < 1.95)
        coat.fill(heads, (0.05, 0.035, 0.035), 1.0)
        coat.fill(glass & ~panes, (0.012, 0.012, 0.013), 0.7)
        door = side & between(y, 3.75, 4.85) & between(z, 0.5, 2.75) & (points[0] > 0)
        coat.fill(door, GLASS, 2.0)
        coat.fill(door & (np.abs(np.abs(y - 4.3) - 0.52) < 0.035), (0.3, 0.3, 0.31), 0.6)
        coat.fill(door & (np.abs(y - 4.3) < 0.025), (0.3, 0.3, 0.31), 0.6)

    def paint_front(self, coat: Coat, points: Array, normals: Array) -> None:
        x, y, z = mirrored(points)
        front = (y > 4.6) & (normals[1] > 0.45)
        coat.fill(front & between(z, 1.32, 2.98) & (x < 1.14), GLASS, 2.0)
        sign = front & between(z, 2.62, 2.94) & (x < 0.85)
        coat.fill(sign, (0.015, 0.012, 0.01), 0.3)
        dots = cell_hash(np.floor(points[0] / 0.052), np.floor(z / 0.052), self.seed) > 0.45
        letters = np.mod(points[0] + 2, 0.21) < 0.15
        coat.fill(sign & dots & letters & between(z, 2.69, 2.87), (1.0, 0.55, 0.1), 0, 0.9)
        coat.fill(front & (x < 0.02) & between(z, 1.4, 2.6), PLASTIC, 0.4)
        for sweep in (0.3, -0.5):
            arm = np.abs(points[0] - sweep - (z - 1.35) * 0.5) < 0.018
            coat.fill(front & arm & between(z, 1.36, 2.0), PLASTIC, 0.3)
        coat.fill(front & between(z, 0.98, 1.3), self.stripe, 0.9)
        coat.fill(front & between(z, 0.34, 0.6), PLASTIC, 0.3)
        lamp = (y > 4.8) & between(z, 0.68, 0.9) & (x > 0.72) & (normals[1] > 0.2)
        coat.fill(lamp, (0.06, 0.06, 0.065), 1.4)
        bulb = lamp & (np.hypot(np.mod(x - 0.72, 0.2) - 0.1, z - 0.79) < 0.085)
        coat.fill(bulb, LAMP, 1.4, lamp_glow(self.lamps_on, 7.0))
        grille = front & between(z, 0.6, 0.9) & (x < 0.6)
        coat.fill(grille, (0.03, 0.03, 0.033), 0.5)
        coat.fill(grille & (np.mod(z, 0.075) < 0.018), (0.3, 0.3, 0.31), 0.8)
        paint_plate(coat, points, front, 0.52, self.seed, TRADE_PLATE)

    def paint_back(self, coat: Coat, points: Array) -> None:
        x, y, z = mirrored(points)
        back = y < -5.3
        coat.fill(back & between(z, 1.85, 2.8) & (x < 1.0), GLASS, 2.0)
        coat.fill(back & between(z, 0.9, 1.2) & (x < 0.8), (0.05, 0.05, 0.05), 0.3)
        coat.fill(back & between(z, 1.3, 1.7), self.stripe, 0.9)
        lamp = back & between(z, 0.85, 1.6) & (x > 0.98)
        coat.fill(lamp, RED_LAMP, 1.1, lamp_glow(self.lamps_on, 5.0))
        coat.fill(lamp & between(z, 1.1, 1.22), AMBER_LAMP, 1.1)
        paint_plate(coat, points, back, 0.7, self.seed, TRADE_PLATE)


@dataclass(frozen=True)
class Truck:
    cab: Colour
    cargo: Colour
    lamps_on: bool = False
    seed: int = 1

    def thing(self) -> Thing:
        return Thing(self.distance, self.paint, (-1.5, -3.5, 0.0), (1.5, 3.3, 3.3))

    def load(self, points: Array) -> Array:
        return box(points, (0, -1.05, 2.0), (1.14, 2.25, 1.12), 0.05)

    def cabin(self, points: Array) -> Array:
        x, y, z = mirrored(points)
        lean = np.maximum(z - np.float32(1.4), 0) * np.float32(0.1)
        return smooth_intersection(polygon(y, z, CAB_PROFILE), x - (1.0 - lean), 0.16)

    def frame(self, points: Array) -> Array:
        sides = mirrored(points)
        beam = box(sides, (0.4, -1.0, 0.68), (0.12, 2.3, 0.12))
        guard = box(points, (0, -3.2, 0.5), (1.0, 0.05, 0.08))
        tank = box(sides, (0.9, 0.3, 0.62), (0.2, 0.55, 0.2), 0.06)
        return union(beam, guard, tank)

    def mirrors(self, points: Array) -> Array:
        sides = mirrored(points)
        arm = capsule(sides, (0.9, 2.6, 1.95), (1.22, 2.85, 1.95), 0.025)
        return union(arm, box(sides, (1.24, 2.85, 1.78), (0.1, 0.05, 0.2), 0.04))

    def distance(self, points: Array) -> Array:
        cabin = without(self.cabin(points), arches(points, TRUCK_AXLES[:1]))
        return union(
            cabin,
            self.load(points),
            self.frame(points),
            self.mirrors(points),
            wheels(points, TRUCK_AXLES),
        )

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, self.cab, 0.9)
        self.paint_cab(coat, points, normals)
        coat.fill(self.frame(points) < 0.012, (0.04, 0.04, 0.045), 0.2)
        coat.fill(self.mirrors(points) < 0.012, PLASTIC, 0.5)
        self.paint_load(coat, points, normals)
        coat.fill(arches(points, TRUCK_AXLES[:1]) < 0.012, (0.012, 0.012, 0.012))
        paint_wheels(coat, points, TRUCK_AXLES)
        return coat

    def paint_load(self, coat: Coat, points: Array, normals: Array) -> None:
        x, y, z = mirrored(points)
        here = self.load(points) < 0.012
        coat.fill(here, self.cargo, 0.25)
        ribs = np.abs(np.mod(y, 0.36) - 0.18) < 0.03
        coat.darken(here & (np.abs(normals[0]) > 0.6) & ribs, 0.72)
        back = here & (y < -3.2)
        coat.darken(back & ((x < 0.015) | (np.abs(x - 1.05) < 0.012)), 0.25)
        coat.fill(back & (np.abs(x - 0.3) < 0.03), (0.35, 0.35, 0.36), 0.8)
        edge = here & ((z < 1.0) | (z > 3.02))
        coat.fill(edge, (0.22, 0.22, 0.23), 0.4)
        coat.fill(here & (z < 1.0) & (np.mod(y + x, 0.6) < 0.3), (0.5, 0.05, 0.03), 0.5)
        lamp = (y < -3.1) & between(z, 0.43, 0.58) & between(x, 0.62, 0.95)
        coat.fill(lamp, RED_LAMP, 1.0, lamp_glow(self.lamps_on, 5.0))
        coat.fill(lamp & (x < 0.72), AMBER_LAMP, 1.0)
        paint_plate(coat, points, y < -3.1, 0.5, self.seed, TRADE_PLATE)

    def paint_cab(self, coat: Coat, points: Array, normals: Array) -> None:
        x, y, z = mirrored(points)
        front = (y > 2.4) & (normals[1] > 0.5)
        coat.fill(front & between(z, 1.38, 2.14) & (x < 0.86), GLASS, 2.0)
        side = np.abs(normals[0]) > 0.6
        window = side & between(z, 1.42, 2.08) & between(y, 1.75, 2.86 - (z - 1.4) * 0.42)
        coat.fill(window, GLASS, 2.0)
        coat.darken(side & (np.abs(y - 1.66) < 0.014) & (z > 0.6), 0.3)
        coat.darken(side & (np.abs(z - 1.36) < 0.014), 0.4)
        coat.fill(front & between(z, 0.98, 1.2) & (x < 0.62), (0.03, 0.03, 0.032), 0.5)
        slats = np.abs(np.mod(z, 0.07) - 0.035) < 0.011
        coat.fill(front & between(z, 0.98, 1.2) & (x < 0.62) & slats, (0.5, 0.5, 0.5), 0.9)
        coat.fill((y > 2.7) & between(z, 0.42, 0.66), (0.3, 0.3, 0.31), 0.4)
        lamp = (y > 2.75) & between(z, 0.72, 0.92) & between(x, 0.55, 0.9)
        coat.fill(lamp, LAMP, 1.4, lamp_glow(self.lamps_on, 7.0))
        coat.fill((y > 2.7) & between(z, 0.72, 0.92) & (x > 0.9), AMBER_LAMP, 1.2)
        for sweep in (0.25, -0.45):
            arm = np.abs(points[0] - sweep - (z - 1.38) * 0.9) < 0.016
            coat.fill(front & arm & between(z, 1.4, 1.75), PLASTIC, 0.3)
        paint_plate(coat, points, y > 2.8, 0.55, self.seed, TRADE_PLATE)
