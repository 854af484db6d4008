"""Distances to simple solids: the clay that vehicles and people are made of.

Points are (3, n): x to the right, y ahead, z up, in metres. A distance is negative inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Vector = tuple[float, float, float]


def column(vector: Sequence[float]) -> Array:
    return np.array(vector, np.float32)[:, None]


def length(vectors: Array) -> Array:
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", vectors, vectors)), np.float32)


def normalised(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(length(vectors), 1e-6), np.float32)


def mirrored(points: Array) -> Array:
    """The right half stands for both: most things here are alike on both sides."""
    return np.stack([np.abs(points[0]), points[1], points[2]])


def capsule(points: Array, start: Vector, end: Vector, radius: float) -> Array:
    from_start = points - column(start)
    axis = column(end) - column(start)
    share = np.einsum("ij,ik->j", from_start, axis) / np.float32((axis * axis).sum())
    return length(from_start - axis * np.clip(share, 0, 1)) - np.float32(radius)


def box(points: Array, centre: Vector, half: Vector, rounding: float = 0.02) -> Array:
    away = np.abs(points - column(centre)) - column(half) + np.float32(rounding)
    inside = np.minimum(away.max(axis=0), 0)
    return np.asarray(length(np.maximum(away, 0)) + inside - rounding, np.float32)


def ball(points: Array, centre: Vector, radii: Vector) -> Array:
    """An ellipsoid; the distance is a good guess near its surface."""
    scaled = (points - column(centre)) / column(radii)
    return (length(scaled) - 1) * np.float32(min(radii))


def wheel(points: Array, centre: Vector, radius: float, half_width: float) -> Array:
    """A cylinder whose axis goes across the vehicle."""
    x, y, z = points - column(centre)
    rounding = np.float32(min(half_width, radius) * 0.35)
    radial = np.sqrt(y * y + z * z) - np.float32(radius) + rounding
    across = np.abs(x) - np.float32(half_width) + rounding
    outside = np.sqrt(np.maximum(radial, 0) ** 2 + np.maximum(across, 0) ** 2)
    return np.asarray(outside + np.minimum(np.maximum(radial, across), 0) - rounding, np.float32)


def polygon(u: Array, v: Array, corners: Sequence[tuple[float, float]]) -> Array:
    """Distance to the outline of a polygon in a plane, negative inside.

    After Inigo Quilez, "2D distance functions".
    """
    nearest = np.full_like(u, np.inf)
    sign = np.ones_like(u)
    for (u0, v0), (u1, v1) in zip(corners, [*corners[-1:], *corners[:-1]], strict=True):
        edge_u, edge_v = np.float32(u1 - u0), np.float32(v1 - v0)
        off_u, off_v = u - np.float32(u0), v - np.float32(v0)
        share = np.clip(
            (off_u * edge_u + off_v * edge_v) / (edge_u * edge_u + edge_v * edge_v), 0, 1
        )
        nearest = np.minimum(nearest, (off_u - edge_u * share) ** 2 + (off_v - edge_v * share) ** 2)
        above, below = v >= v0, v < v1
        left = edge_u * off_v > edge_v * off_u
        crossed = (above & below & left) | (~above & ~below & ~left)
        sign = np.where(crossed, -sign, sign)
    return sign * np.sqrt(nearest)


def union(*distances: Array) -> Array:
    return np.asarray(np.minimum.reduce(distances), np.float32)


def smooth_union(first: Array, second: Array, blend: float) -> Array:
    """Both solids, melted together over ``blend`` metres."""
    share = np.maximum(blend - np.abs(first - second), 0) / np.float32(blend)
    melted = np.minimum(first, second) - share * share * np.float32(blend * 0.25)
    return np.asarray(melted, np.float32)


def smooth_intersection(first: Array, second: Array, blend: float) -> Array:
    return -smooth_union(-first, -second, blend)


def without(solid: Array, hole: Array) -> Array:
    return np.maximum(solid, -hole)
