"""What a solid looks like at each of its points: colour, gloss and glow; and noise for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sample_drawing.solids import Array, Mask, column

Colour = tuple[float, float, float]

GLASS: Colour = (0.025, 0.03, 0.035)
RUBBER: Colour = (0.028, 0.028, 0.03)
PLASTIC: Colour = (0.035, 0.036, 0.04)
METAL: Colour = (0.55, 0.56, 0.58)


@dataclass(frozen=True)
class Coat:
    """Linear RGB (3, n), share of light mirrored (n), light given off (3, n)."""

    albedo: Array
    gloss: Array
    glow: Array

    @classmethod
    def plain(cls, points: Array, colour: Sequence[float], gloss: float = 0.0) -> Coat:
        count = points.shape[1]
        return cls(
            np.repeat(column(colour), count, axis=1),
            np.full(count, gloss, np.float32),
            np.zeros((3, count), np.float32),
        )

    def fill(
        self, where: Mask, colour: Sequence[float], gloss: float = 0.0, glow: float = 0.0
    ) -> None:
        self.albedo[:, where] = column(colour)
        self.gloss[where] = gloss
        self.glow[:, where] = column(colour) * np.float32(glow)

    def darken(self, where: Mask, share: float) -> None:
        self.albedo[:, where] *= np.float32(share)
        self.gloss[where] *= np.float32(share)


def between(values: Array, low: float, high: float) -> Mask:
    return (values > low) & (values < high)


def cell_hash(first: Array, second: Array, seed: int) -> Array:
    """A number in [0, 1) for each whole-numbered cell, the same on every run."""
    bits = first.astype(np.int64) * 374761393 + second.astype(np.int64) * 668265263 + seed * 974711
    bits = ((bits ^ (bits >> 13)) * 1274126177) & 0x7FFFFFFF
    return (((bits ^ (bits >> 16)) & 0xFFFF) / 65536.0).astype(np.float32)


def smooth_noise(u: Array, v: Array, seed: int) -> Array:
    """Value noise in [0, 1] whose bumps are one unit wide."""
    left, low = np.floor(u), np.floor(v)
    share_u, share_v = u - left, v - low
    share_u = share_u * share_u * (3 - 2 * share_u)
    share_v = share_v * share_v * (3 - 2 * share_v)
    bottom = cell_hash(left, low, seed) * (1 - share_u) + cell_hash(left + 1, low, seed) * share_u
    top = (
        cell_hash(left, low + 1, seed) * (1 - share_u)
        + cell_hash(left + 1, low + 1, seed) * share_u
    )
    return (bottom * (1 - share_v) + top * share_v).astype(np.float32)


def rough_noise(u: Array, v: Array, seed: int, octaves: int = 4) -> Array:
    """Bumps upon bumps, in [0, 1]."""
    total = np.zeros_like(u)
    weight = 0.5
    for octave in range(octaves):
        scale = np.float32(2**octave)
        total += np.float32(weight) * smooth_noise(u * scale, v * scale, seed + octave)
        weight *= 0.5
    return total / np.float32(1 - 0.5**octaves)
