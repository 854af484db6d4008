"""Houses, walls and street furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_drawing.canvas import Thing
from sample_drawing.solids import Array, box, capsule, union
from sample_drawing.surfaces import GLASS, Coat, Colour, between, cell_hash, rough_noise

WARM: Colour = (1.0, 0.66, 0.3)


@dataclass(frozen=True)
class House:
    """A block with rows of windows; its ground floor may be shops."""

    size: tuple[float, float, float]  # across, along, up
    colour: Colour
    seed: int
    lit_share: float = 0.0
    awning: Colour | None = None
    storey: float = 3.2
    bay: float = 2.4

    def thing(self) -> Thing:
        across, along, up = self.size
        return Thing(
            self.distance, self.paint, (-across / 2 - 1.3, -along / 2 - 1.3, 0),
            (across / 2 + 1.3, along / 2 + 1.3, up + 0.5),
        )  # fmt: skip

    def distance(self, points: Array) -> Array:
        across, along, up = self.size
        block = box(points, (0, 0, up / 2), (across / 2, along / 2, up / 2), 0.04)
        cornice = box(points, (0, 0, up), (across / 2 + 0.25, along / 2 + 0.25, 0.2), 0.05)
        whole = union(block, cornice)
        if self.awning is not None:
            whole = union(
                whole, box(points, (0, 0, 3.0), (across / 2 + 0.9, along / 2 + 0.9, 0.16))
            )
        return whole

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, self.colour)
        sideways = np.abs(normals[0]) > np.abs(normals[1])
        along = np.where(sideways, points[1], points[0]) + np.float32(100 * self.bay)
        z = points[2]
        stain = rough_noise(along * np.float32(0.4), z * np.float32(0.25), self.seed, 5)
        coat.albedo[:] *= 0.8 + 0.4 * stain
        self.paint_windows(coat, along, z, normals)
        self.paint_shops(coat, along, z, normals)
        return coat

    def paint_windows(self, coat: Coat, along: Array, z: Array, normals: Array) -> None:
        bay, storey = np.floor(along / self.bay), np.floor(z / self.storey)
        u, v = along / self.bay - bay, z / self.storey - storey
        upper = (storey >= 1) & (z < self.size[2] - 0.7) & (np.abs(normals[2]) < 0.5)
        coat.fill(upper & between(u, 0.2, 0.8) & between(v, 0.24, 0.84), (0.5, 0.49, 0.46))
        pane = upper & between(u, 0.24, 0.76) & between(v, 0.28, 0.8)
        chance = cell_hash(bay, storey, self.seed)
        coat.fill(pane, GLASS, 1.1)
        curtain = pane & (chance > 0.6) & ((u < 0.36) | (u > 0.64))
        coat.fill(curtain, (0.22, 0.2, 0.18), 0.6)
        lit = pane & (chance < self.lit_share)
        coat.fill(lit, WARM, 0.4, 0.6)
        coat.darken(lit & ((u < 0.34) | (v < 0.45)), 0.6)
        coat.glow[:, lit] *= (0.55 + 0.6 * cell_hash(storey, bay, self.seed + 3))[lit]
        coat.fill(pane & ((np.abs(u - 0.5) < 0.012) | (np.abs(v - 0.6) < 0.01)), (0.4, 0.39, 0.37))
        coat.darken(pane & (v > 0.75), 0.4)
        coat.fill(upper & between(u, 0.17, 0.83) & between(v, 0.2, 0.24), (0.42, 0.41, 0.39))

    def paint_shops(self, coat: Coat, along: Array, z: Array, normals: Array) -> None:
        if self.awning is None:
            return
        shop = np.floor(along / (self.bay * 2))
        u = along / (self.bay * 2) - shop
        front = (z < 2.7) & (np.abs(normals[2]) < 0.5)
        coat.fill(front, (0.12, 0.11, 0.1), 0.2)
        pane = front & between(u, 0.06, 0.94) & between(z, 0.45, 2.6)
        glow = 0.55 if self.lit_share > 0 else 0.0
        coat.fill(pane, (0.9, 0.55, 0.25) if glow else GLASS, 0.7, glow)
        coat.glow[:, pane] *= (0.35 + 0.65 * rough_noise(along * np.float32(0.7), z, self.seed))[
            pane
        ]
        tall = 0.75 + 0.9 * cell_hash(np.floor(along / 0.55), shop, self.seed)
        goods = pane & (z < tall) & (np.mod(along, 0.55) < 0.42)
        coat.darken(goods, 0.4)
        coat.glow[:, goods] *= 0.35
        board = front & between(z, 2.1, 2.62) & between(u, 0.06, 0.94)
        coat.fill(board, self.awning, 0.3, glow * 0.8)
        coat.darken(pane & (np.abs(u - 0.5) < 0.02), 0.2)
        cloth = between(z, 2.8, 3.2)
        coat.fill(cloth, self.awning)
        coat.fill(cloth & (np.mod(along, 0.6) < 0.3), (0.62, 0.6, 0.55))


@dataclass(frozen=True)
class Lamp:
    """A street lamp that reaches over the road to the side of ``reach``."""

    reach: float
    lit: bool = False
    height: float = 7.5

    def thing(self) -> Thing:
        side = abs(self.reach) + 0.5
        return Thing(self.distance, self.paint, (-side, -0.3, 0), (side, 0.3, self.height + 0.4))

    def distance(self, points: Array) -> Array:
        top = self.height
        pole = capsule(points, (0, 0, 0), (0, 0, top - 0.5), 0.08)
        arm = capsule(points, (0, 0, top - 0.5), (self.reach, 0, top), 0.06)
        return union(pole, arm, box(points, (self.reach, 0, top), (0.42, 0.16, 0.09), 0.05))

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, (0.12, 0.13, 0.14), 0.4)
        bulb = (np.abs(points[0] - self.reach) < 0.36) & (points[2] < self.height - 0.02)
        coat.fill(bulb & (normals[2] < 0.3), (1.0, 0.78, 0.45), 0.3, 9.0 if self.lit else 0.0)
        return coat


@dataclass(frozen=True)
class Slab:
    """A plain block: barrier, bench, board, roof."""

    half: tuple[float, float, float]
    above: float
    colour: Colour
    gloss: float = 0.1
    glow: float = 0.0
    banded: Colour | None = None

    def thing(self) -> Thing:
        across, along, up = self.half
        return Thing(
            self.distance, self.paint, (-across, -along, self.above),
            (across, along, self.above + 2 * up),
        )  # fmt: skip

    def distance(self, points: Array) -> Array:
        return box(points, (0, 0, self.above + self.half[2]), self.half, 0.03)

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, self.colour, self.gloss)
        if self.banded is not None:
            coat.fill(np.mod(points[1] + points[0], 2.4) < 1.2, self.banded, self.gloss)
        stain = rough_noise(points[0] + points[1], points[2] * 2, 8)
        coat.albedo[:] *= 0.8 + 0.4 * stain
        coat.glow[:] = coat.albedo * np.float32(self.glow)
        return coat


@dataclass(frozen=True)
class Signal:
    """A traffic light; ``shining`` counts its lamps from the top."""

    shining: int

    def thing(self) -> Thing:
        return Thing(self.distance, self.paint, (-0.3, -0.4, 0), (0.3, 0.3, 4.2))

    def distance(self, points: Array) -> Array:
        pole = capsule(points, (0, 0, 0), (0, 0, 3.9), 0.07)
        return union(pole, box(points, (0, -0.16, 3.5), (0.19, 0.14, 0.52), 0.05))

    def paint(self, points: Array, normals: Array) -> Coat:
        coat = Coat.plain(points, (0.05, 0.055, 0.06), 0.3)
        lamps = ((0.9, 0.05, 0.03), (0.9, 0.5, 0.05), (0.08, 0.8, 0.3))
        for index, colour in enumerate(lamps):
            round_ = np.hypot(points[0], points[2] - 3.82 + index * 0.32) < 0.12
            on = index == self.shining
            dim = colour if on else tuple(part * 0.12 for part in colour)
            coat.fill(round_ & (normals[1] < -0.5), dim, 0.5, 3.0 if on else 0.0)
        return coat
