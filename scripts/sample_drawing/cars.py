"""Passenger cars: a profile pulled to width, windows and lamps painted where they belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_drawing.canvas import Thing
from sample_drawing.solids import (
    Array,
    Mask,
    ball,
    mirrored,
    polygon,
    smooth_intersection,
    smooth_union,
    union,
    without,
)
from sample_drawing.surfaces import GLASS, PLASTIC, Coat, Colour, between
from sample_drawing.vehicle_parts import (
    AMBER_LAMP,
    LAMP,
    LAMP_GLASS,
    RED_LAMP,
    Axle,
    arches,
    lamp_glow,
    paint_plate,
    paint_wheels,
    wheels,
)

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CarShape:
    """Side views, in metres along and up; ``pillars`` part the side windows."""

    body: Outline
    cabin: Outline
    half_width: float
    belt: float
    roof: float
    pillars: tuple[float, ...]
    axles: tuple[Axle, ...]

    @property
    def rear(self) -> float:
        return min(y for y, _ in self.body)

    @property
    def front(self) -> float:
        return max(y for y, _ in self.body)


SEDAN = CarShape(
    body=(
        (-2.2, 0.36), (-2.26, 0.62), (-2.2, 0.96), (-2.05, 1.04), (-1.4, 1.03), (0.9, 0.99),
        (1.75, 0.88), (2.1, 0.74), (2.24, 0.52), (2.2, 0.27), (2.0, 0.2), (-1.95, 0.22),
    ),
    cabin=((-1.85, 0.95), (-1.15, 1.4), (-0.6, 1.47), (0.05, 1.46), (0.35, 1.41), (1.2, 0.92)),
    half_width=0.89, belt=0.99, roof=1.47, pillars=(-0.95, 0.05),
    axles=((0.79, 1.38, 0.32, 0.11), (0.79, -1.34, 0.32, 0.11)),
)  # fmt: skip
HATCHBACK = CarShape(
    body=(
        (-1.85, 0.36), (-1.93, 0.6), (-1.9, 0.96), (-1.8, 1.04), (0.9, 1.0), (1.45, 0.93),
        (1.8, 0.78), (1.94, 0.54), (1.9, 0.28), (1.7, 0.2), (-1.65, 0.22),
    ),
    cabin=((-1.86, 0.95), (-1.62, 1.36), (-1.4, 1.5), (-0.4, 1.53), (0.15, 1.46), (1.1, 0.93)),
    half_width=0.86, belt=0.98, roof=1.53, pillars=(-1.2, -0.2),
    axles=((0.76, 1.22, 0.31, 0.1), (0.76, -1.2, 0.31, 0.1)),
)  # fmt: skip
VAN = CarShape(
    body=(
        (-2.1, 0.4), (-2.2, 0.66), (-2.17, 1.02), (-2.1, 1.12), (1.15, 1.08), (1.75, 1.0),
        (2.08, 0.84), (2.2, 0.58), (2.16, 0.32), (1.95, 0.24), (-1.9, 0.26),
    ),
    cabin=((-2.16, 1.0), (-2.02, 1.5), (-1.85, 1.7), (-0.9, 1.76), (0.25, 1.7), (0.5, 1.62),
           (1.4, 0.98)),
    half_width=0.91, belt=1.06, roof=1.75, pillars=(-1.25, -0.2),
    axles=((0.8, 1.38, 0.34, 0.11), (0.8, -1.36, 0.34, 0.11)),
)  # fmt: skip


@dataclass(frozen=True)
class Car:
    shape: CarShape
    colour: Colour
    lamps_on: bool = False
    seed: int = 1

    def thing(self) -> Thing:
        low = (-1.12, self.shape.rear - 0.1, 0.0)
        return Thing(
            self.distance, self.paint, low, (1.12, self.shape.front + 0.1, self.shape.roof + 0.1)
        )

    def body_width(self, points: Array) -> Array:
        """Narrower towards both ends and towards the sills."""
        ends = np.maximum(np.abs(points[1]) - np.float32(self.shape.front - 0.95), 0)
        lean = points[2] - np.float32(0.66)
        narrower = ends * ends * np.float32(0.17) + lean * lean * np.float32(0.16)
        return np.asarray(np.float32(self.shape.half_width) - narrower, np.float32)

    def cabin_width(self, points: Array) -> Array:
        rise = points[2] - np.float32(self.shape.belt)
        return np.asarray(self.shape.half_width - 0.05 - rise * 0.3, np.float32)

    def shell(self, points: Array) -> Array:
        x, y, z = mirrored(points)
        lower = smooth_intersection(
            polygon(y, z, self.shape.body), x - self.body_width(points), 0.2
        )
        upper = smooth_intersection(
            polygon(y, z, self.shape.cabin), x - self.cabin_width(points), 0.16
        )
        return smooth_union(lower, upper, 0.06)

    def mirrors(self, points: Array) -> Array:
        at = (self.shape.half_width + 0.08, 0.72, self.shape.belt + 0.05)
        return ball(mirrored(points), at, (0.13, 0.06, 0.085))

    def distance(self, points: Array) -> Array:
        hollow = without(self.shell(points), arches(points, self.shape.axles))
        return union(hollow, self.mirrors(points), wheels(points, self.shape.axles))

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, self.colour, 1.0)
        self.paint_panels(coat, points, normals)
        self.paint_glass(coat, points, normals)
        self.paint_face(coat, points)
        self.paint_tail(coat, points)
        coat.fill(arches(points, self.shape.axles) < 0.012, (0.012, 0.012, 0.012))
        paint_wheels(coat, points, self.shape.axles)
        return coat

    def paint_panels(self, coat: Coat, points: Array, normals: Array) -> None:
        _, y, z = points
        side = np.abs(normals[0]) > 0.55
        coat.fill(z < 0.3, PLASTIC, 0.2)
        for seam in (0.86, *self.shape.pillars[-1:], -1.05):
            coat.darken(side & (np.abs(y - seam) < 0.011) & (z > 0.36), 0.25)
        coat.darken((np.abs(z - self.shape.belt + 0.02) < 0.012) & side, 0.2)
        for grip in (0.05, -0.95):
            here = side & between(y, grip, grip + 0.16) & (np.abs(z - 0.84) < 0.018)
            coat.fill(here, (0.3, 0.3, 0.31), 1)

    def paint_glass(self, coat: Coat, points: Array, normals: Array) -> None:
        _, y, z = points
        inside = polygon(y, z, self.shape.cabin)
        above = z > self.shape.belt + 0.045
        side = above & (np.abs(normals[0]) > 0.6) & (inside < -0.075)
        for pillar in self.shape.pillars:
            side &= np.abs(y - pillar) > 0.035
        ends = above & (z < self.shape.roof - 0.085) & (inside > -0.06) & (normals[2] < 0.93)
        ends &= np.abs(points[0]) < self.cabin_width(points) - 0.1
        coat.fill(side | ends, GLASS, 2.2)

    def paint_face(self, coat: Coat, points: Array) -> None:
        x, y, z = mirrored(points)
        front = y > self.shape.front - 0.5
        nose = y > self.shape.front - 0.3
        lamp_z = 0.66 if self.shape is not VAN else 0.76
        lamp = front & (np.abs(z - lamp_z - (x - 0.6) * 0.14) < 0.085) & (x > 0.47)
        glow = lamp_glow(self.lamps_on, 7.0)
        grille = nose & (x < 0.44) & (np.abs(z - lamp_z + 0.02) < 0.085)
        mouth = nose & (x < 0.52) & (np.abs(z - 0.37) < 0.075)
        coat.fill(grille | mouth, (0.018, 0.018, 0.02), 0.4)
        coat.fill(grille & (np.abs(np.sin(z * 95)) > 0.93), (0.3, 0.3, 0.32), 1)
        coat.fill(lamp, (0.1, 0.105, 0.11), 1.6)
        bulb = lamp & ((np.abs(x - 0.64) < 0.12) | (x > 0.8))
        coat.fill(bulb, LAMP_GLASS, 1.6)
        if self.lamps_on:
            coat.fill(bulb, LAMP, 1.4, glow)
        coat.fill(front & (np.hypot(x - 0.68, z - 0.39) < 0.06), (0.6, 0.6, 0.56), 1, glow * 0.3)
        self.paint_mirrors(coat, points)
        paint_plate(coat, points, nose, 0.5, self.seed)

    def paint_mirrors(self, coat: Coat, points: Array) -> None:
        here = self.mirrors(points) < 0.01
        coat.fill(here & (points[1] < 0.7), GLASS, 2.5)

    def paint_tail(self, coat: Coat, points: Array) -> None:
        x, y, z = mirrored(points)
        back = y < self.shape.rear + 0.32
        lamp: Mask = back & between(z, 0.74, 0.95) & (x > 0.5)
        coat.fill(lamp, RED_LAMP, 1.1, lamp_glow(self.lamps_on, 5.0))
        coat.fill(lamp & between(z, 0.8, 0.85), AMBER_LAMP, 1.1)
        coat.fill(back & between(z, 0.28, 0.4), PLASTIC, 0.2)
        coat.darken(back & (np.abs(z - 0.56) < 0.01), 0.3)
        coat.fill(back & (x < 0.4) & (np.abs(z - 0.92) < 0.014), (0.5, 0.5, 0.52), 1)
        paint_plate(coat, points, back, 0.72, self.seed)
