"""People on foot and on motorbikes, made of capsules that melt together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_drawing.canvas import Thing
from sample_drawing.solids import (
    Array,
    Vector,
    ball,
    box,
    capsule,
    mirrored,
    smooth_union,
    union,
    wheel,
)
from sample_drawing.surfaces import METAL, PLASTIC, RUBBER, Coat, Colour, between
from sample_drawing.vehicle_parts import (
    AMBER_LAMP,
    LAMP,
    RED_LAMP,
    lamp_glow,
    paint_plate,
)


def limb(points: Array, joints: tuple[Vector, Vector, Vector], thick: float, thin: float) -> Array:
    upper = capsule(points, joints[0], joints[1], thick)
    return smooth_union(upper, capsule(points, joints[1], joints[2], thin), 0.05)


@dataclass(frozen=True)
class Walker:
    """Someone on foot; ``stride`` is how far the feet are apart, in metres."""

    top: Colour
    trousers: Colour
    skin: Colour = (0.45, 0.26, 0.17)
    hair: Colour = (0.03, 0.02, 0.018)
    stride: float = 0.5
    backpack: Colour | None = None
    long_sleeves: bool = True
    tall: float = 1.0

    def thing(self) -> Thing:
        tall = self.tall
        return Thing(self.scaled, self.paint, (-0.5, -0.65, 0), (0.5, 0.65, 1.85 * tall))

    def scaled(self, points: Array) -> Array:
        return self.distance(points / np.float32(self.tall)) * np.float32(self.tall)

    def legs(self, points: Array) -> Array:
        half = self.stride / 2
        parts = []
        for side, way in ((0.095, half), (-0.095, -half)):
            lift = 0.1 if way < 0 and self.stride > 0.2 else 0.0
            knee = (side, way * 0.5 + 0.05, 0.5)
            foot = (side, way - 0.02, 0.09 + lift)
            leg = limb(points, ((side, 0, 0.9), knee, foot), 0.085, 0.062)
            shoe = capsule(
                points, (side, way - 0.03, 0.05 + lift), (side, way + 0.14, 0.045), 0.045
            )
            parts.append(union(leg, shoe))
        return union(*parts)

    def arms(self, points: Array) -> Array:
        swing = self.stride * 0.45
        parts = []
        for side, way in ((0.22, -swing), (-0.22, swing)):
            elbow = (side * 1.22, way * 0.4 - 0.02, 1.13)
            hand = (side * 1.2, way + 0.06, 0.9)
            parts.append(limb(points, ((side, 0, 1.4), elbow, hand), 0.055, 0.042))
        return union(*parts)

    def torso(self, points: Array) -> Array:
        chest = ball(points, (0, 0, 1.24), (0.205, 0.135, 0.27))
        hips = ball(points, (0, 0, 0.95), (0.175, 0.13, 0.16))
        shoulders = capsule(points, (-0.17, 0, 1.41), (0.17, 0, 1.41), 0.065)
        return smooth_union(smooth_union(chest, hips, 0.14), shoulders, 0.1)

    def head(self, points: Array) -> Array:
        neck = capsule(points, (0, 0, 1.45), (0, 0.01, 1.56), 0.05)
        return smooth_union(ball(points, (0, 0.02, 1.64), (0.085, 0.1, 0.125)), neck, 0.03)

    def pack(self, points: Array) -> Array:
        return box(points, (0, -0.2, 1.2), (0.15, 0.1, 0.22), 0.08)

    def distance(self, points: Array) -> Array:
        body = smooth_union(self.torso(points), self.arms(points), 0.05)
        whole = union(smooth_union(body, self.legs(points), 0.06), self.head(points))
        return whole if self.backpack is None else union(whole, self.pack(points))

    def paint(self, points: Array, normals: Array) -> Coat:
        points = points / np.float32(self.tall)
        _, y, z = points
        coat = Coat.plain(points, self.top, 0.1)
        legs = self.legs(points)
        arms = self.arms(points)
        coat.fill((z < 0.98) & (legs <= arms), self.trousers, 0.1)
        coat.fill((legs < 0.02) & (z < 0.1), (0.05, 0.045, 0.04), 0.3)
        hands = (arms < 0.03) & (z < (0.94 if self.long_sleeves else 1.2)) & (arms < legs)
        coat.fill(hands, self.skin, 0.2)
        head = self.head(points) < 0.012
        coat.fill(head, self.skin, 0.2)
        coat.fill(head & (z > 1.56) & ((z > 1.7) | (y < 0.02)), self.hair, 0.4)
        eyes = head & (y > 0.09) & (np.hypot(np.abs(points[0]) - 0.035, (z - 1.655) * 1.6) < 0.014)
        coat.fill(eyes, self.hair, 0.4)
        coat.darken(
            head & (y > 0.09) & (np.abs(z - 1.575) < 0.006) & (np.abs(points[0]) < 0.03), 0.5
        )
        if self.backpack is not None:
            coat.fill(self.pack(points) < 0.012, self.backpack, 0.2)
        folds = np.sin(z * 60 + np.sin(points[0] * 30) * 2) > 0.8
        coat.darken(folds & ~head, 0.85)
        return coat


@dataclass(frozen=True)
class Rider:
    """A motorbike with someone on it."""

    paintwork: Colour
    jacket: Colour
    helmet: Colour
    trousers: Colour = (0.04, 0.05, 0.09)
    lamps_on: bool = False
    seed: int = 1

    def thing(self) -> Thing:
        return Thing(self.distance, self.paint, (-0.55, -1.1, 0), (0.55, 1.1, 1.85))

    def tyres(self, points: Array) -> Array:
        front = wheel(points, (0, 0.66, 0.3), 0.3, 0.055)
        return union(front, wheel(points, (0, -0.62, 0.3), 0.3, 0.065))

    def frame(self, points: Array) -> Array:
        sides = mirrored(points)
        fork = capsule(sides, (0.085, 0.66, 0.3), (0.07, 0.42, 0.95), 0.03)
        bars = capsule(sides, (0.0, 0.42, 1.0), (0.35, 0.3, 1.06), 0.022)
        engine = box(points, (0, 0.0, 0.42), (0.14, 0.24, 0.17), 0.06)
        pipe = capsule(points, (0.16, 0.1, 0.3), (0.19, -0.75, 0.38), 0.045)
        arm = capsule(sides, (0.08, -0.05, 0.38), (0.09, -0.62, 0.3), 0.03)
        stalk = capsule(sides, (0.26, 0.36, 1.04), (0.33, 0.38, 1.22), 0.012)
        glass = ball(sides, (0.35, 0.38, 1.25), (0.075, 0.025, 0.05))
        return union(fork, bars, engine, pipe, arm, stalk, glass)

    def fairing(self, points: Array) -> Array:
        nose = ball(points, (0, 0.5, 0.88), (0.19, 0.17, 0.2))
        shield = capsule(points, (0, 0.42, 0.8), (0, 0.26, 0.42), 0.14)
        tank = capsule(points, (0, 0.22, 0.7), (0, -0.1, 0.68), 0.14)
        tail = capsule(points, (0, -0.2, 0.68), (0, -0.8, 0.78), 0.11)
        guard = capsule(points, (0, 0.45, 0.62), (0, 0.9, 0.56), 0.07)
        body = smooth_union(smooth_union(tank, tail, 0.1), smooth_union(nose, shield, 0.1), 0.1)
        return union(body, guard)

    def clothes(self, points: Array) -> Array:
        sides = mirrored(points)
        back = capsule(points, (0, -0.3, 0.95), (0, -0.1, 1.36), 0.16)
        shoulders = capsule(points, (-0.17, -0.08, 1.4), (0.17, -0.08, 1.4), 0.075)
        arms = limb(sides, ((0.21, -0.06, 1.4), (0.33, 0.1, 1.16), (0.31, 0.31, 1.09)), 0.062, 0.05)
        return smooth_union(smooth_union(back, shoulders, 0.12), arms, 0.05)

    def legs(self, points: Array) -> Array:
        sides = mirrored(points)
        return limb(sides, ((0.12, -0.25, 0.9), (0.24, 0.18, 0.72), (0.22, -0.02, 0.3)), 0.1, 0.07)

    def head(self, points: Array) -> Array:
        neck = capsule(points, (0, -0.06, 1.42), (0, 0.0, 1.55), 0.06)
        return union(ball(points, (0, 0.02, 1.64), (0.135, 0.155, 0.15)), neck)

    def distance(self, points: Array) -> Array:
        person = union(self.clothes(points), self.legs(points), self.head(points))
        machine = union(self.tyres(points), self.frame(points), self.fairing(points))
        return union(person, machine)

    def paint(self, points: Array, normals: Array) -> Coat:
        x, y, z = mirrored(points)
        coat = Coat.plain(points, self.paintwork, 1.0)
        coat.fill((y < -0.05) & (z > 0.74) & (x < 0.2), RUBBER, 0.2)
        coat.fill(self.tyres(points) < 0.012, RUBBER, 0.1)
        self.paint_rims(coat, points)
        coat.fill(self.frame(points) < 0.012, (0.16, 0.16, 0.17), 0.8)
        self.paint_lamps(coat, points)
        coat.fill(self.clothes(points) < 0.012, self.jacket, 0.15)
        coat.fill(self.legs(points) < 0.012, self.trousers, 0.1)
        coat.fill((self.legs(points) < 0.012) & (z < 0.3), PLASTIC, 0.3)
        head = self.head(points) < 0.012
        coat.fill(head, self.helmet, 1.0)
        coat.fill(head & (y > 0.06) & between(z, 1.57, 1.7), (0.015, 0.015, 0.02), 2.0)
        return coat

    def paint_rims(self, coat: Coat, points: Array) -> None:
        for y in (0.66, -0.62):
            out = np.hypot(points[1] - y, points[2] - 0.3)
            rim = (self.tyres(points) < 0.012) & (out < 0.2)
            coat.fill(rim, (0.05, 0.05, 0.05), 0.2)
            spoke = np.cos(np.arctan2(points[2] - 0.3, points[1] - y) * 6) > 0.3
            coat.fill(rim & (spoke | (out > 0.17) | (out < 0.06)), METAL, 0.9)

    def paint_lamps(self, coat: Coat, points: Array) -> None:
        x, y, z = mirrored(points)
        front = (y > 0.54) & between(z, 0.84, 0.98) & (x < 0.11)
        coat.fill(front, LAMP, 1.5, lamp_glow(self.lamps_on, 8.0))
        coat.fill((y > 0.5) & between(z, 0.84, 0.92) & (x > 0.13), AMBER_LAMP, 1.0)
        back = (y < -0.82) & (x < 0.1) & between(z, 0.74, 0.86)
        coat.fill(back, RED_LAMP, 1.0, lamp_glow(self.lamps_on, 5.0))
        paint_plate(coat, points, (y < -0.82) & (z < 0.74), 0.7, self.seed)
