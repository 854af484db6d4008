"""Trees and hills: thousands of leaves stamped from the dark inside to the sunny outside."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sample_drawing.canvas import Canvas
from sample_drawing.light import hazed
from sample_drawing.solids import Array, column
from sample_drawing.surfaces import Colour, rough_noise

LEAVES = 5500
CLUMPS = 26
FIXED_POINT_BITS = 4
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tree:
    x: float
    y: float
    height: float
    seed: int
    colour: Colour = (0.07, 0.125, 0.03)
    spread: float = 0.36
    trunk_share: float = 0.34


def draw_tree(canvas: Canvas, tree: Tree) -> None:
    """Leaves hang in clumps; what faces the sun is lighter, what is deep inside is darker."""
    random = np.random.default_rng(tree.seed)
    wide = tree.height * tree.spread * 1.3
    window = canvas.window(
        np.array(
            [[tree.x - wide, tree.x + wide], [tree.y] * 2, [0, tree.height * 1.25]], np.float32
        )
    )
    layer = np.zeros((*canvas.depth[window].shape, 4), np.float32)
    if not layer.size:
        return
    draw_trunk(canvas, tree, layer, window, random)
    draw_leaves(canvas, tree, layer, window, random)
    composite(canvas, layer, window, tree.y)


def in_window(canvas: Canvas, places: Array, window: Window) -> tuple[Array, Array]:
    columns, rows = canvas.camera.project(places)
    return columns - np.float32(window[1].start), rows - np.float32(window[0].start)


def draw_leaves(
    canvas: Canvas, tree: Tree, layer: Array, window: Window, random: np.random.Generator
) -> None:
    places, lightness = leaf_places(tree, random)
    middle = column((tree.x, tree.y, tree.height * (1 + tree.trunk_share) / 2))
    out = (places - middle) / np.float32(tree.height * tree.spread)
    lit = np.clip(0.5 + 0.55 * (canvas.light.towards_sun * out).sum(0), 0.06, 1.25) * lightness
    colours = leaf_colours(canvas, tree, lit, random)
    columns, rows = in_window(canvas, places, window)
    size = canvas.camera.focal / tree.y * tree.height * 0.0115
    long, tilt = random.uniform(0.8, 1.5, LEAVES) * size, random.uniform(0, 180, LEAVES)
    scale = 2**FIXED_POINT_BITS
    for leaf in np.argsort(lit - 0.35 * out[1]):
        centre = (int(columns[leaf] * scale), int(rows[leaf] * scale))
        radii = (max(scale // 2, int(long[leaf] * scale)), max(scale // 2, int(size * 0.6 * scale)))
        cv2.ellipse(
            layer, centre, radii, float(tilt[leaf]), 0, 360, (*colours[leaf].tolist(), 1.0), -1,
            cv2.LINE_8, FIXED_POINT_BITS,
        )  # fmt: skip


def leaf_places(tree: Tree, random: np.random.Generator) -> tuple[Array, Array]:
    low, top = tree.height * tree.trunk_share, tree.height
    half_up, wide = (top - low) / 2, tree.height * tree.spread
    way = random.normal(size=(3, CLUMPS))
    way *= random.uniform(0.3, 0.8, CLUMPS) / np.linalg.norm(way, axis=0)
    chosen = random.integers(0, CLUMPS, LEAVES)
    scatter = random.normal(size=(3, LEAVES))
    # inside a ball and not a cloud: no leaf hangs in the air alone
    scatter *= 0.3 * random.uniform(0, 1, LEAVES) ** 0.4 / np.linalg.norm(scatter, axis=0)
    spots = way[:, chosen] + scatter
    places = np.stack([
        tree.x + spots[0] * wide,
        tree.y + spots[1] * wide * 0.5,
        low + half_up * (1 + spots[2]),
    ])  # fmt: skip
    lightness = 0.72 + 1.5 * scatter[2] + random.uniform(-0.18, 0.22, LEAVES)
    return places.astype(np.float32), np.clip(lightness, 0.25, 1.35).astype(np.float32)


def leaf_colours(canvas: Canvas, tree: Tree, lit: Array, random: np.random.Generator) -> Array:
    """One linear RGB row a leaf, with the haze before it."""
    received = column(canvas.light.sun_colour) * 0.75 * lit
    received = received + column(canvas.light.ambient) * (0.2 + 0.45 * lit)
    tint = column(tree.colour) * random.uniform(0.75, 1.25, LEAVES)
    tint[0] *= 1 + 0.4 * lit
    far = np.full(LEAVES, tree.y, np.float32)
    return hazed(np.asarray(tint * received, np.float32), far, canvas.light).T


def draw_trunk(
    canvas: Canvas, tree: Tree, layer: Array, window: Window, random: np.random.Generator
) -> None:
    top = tree.height * (tree.trunk_share + 0.25)
    sway = random.uniform(-0.05, 0.05) * tree.height
    ends = np.array(
        [[tree.x, tree.x + sway], [tree.y, tree.y], [0, top]],
        np.float32,
    )
    columns, rows = in_window(canvas, ends, window)
    width = canvas.camera.focal / tree.y * tree.height * 0.02
    sunny_side = 0.35 if canvas.light.sun[0] > 0 else -0.35
    light = np.array(canvas.light.sun_colour) * 0.3 + np.array(canvas.light.ambient) * 0.4
    for shift, half, share in ((0.0, width, 0.5), (sunny_side, width * 0.55, 1.0)):
        foot, crown = columns + width * shift
        shape = np.array([
            [foot - half, rows[0]], [foot + half, rows[0]],
            [crown + half * 0.6, rows[1]], [crown - half * 0.6, rows[1]],
        ])  # fmt: skip
        colour = np.array([0.1, 0.075, 0.055]) * light * share
        cv2.fillPoly(layer, [shape.astype(np.int32)], (*colour.tolist(), 1.0))


def composite(canvas: Canvas, layer: Array, window: Window, depth: float) -> None:
    seen = (layer[..., 3] > 0.5) & (canvas.depth[window] > depth)
    canvas.colour[window][seen] = layer[seen][:, :3]
    canvas.depth[window][seen] = depth


def draw_hills(canvas: Canvas, seed: int, height_px: float, colour: Colour, depth: float) -> None:
    """A wooded ridge along the horizon."""
    columns = np.arange(canvas.camera.width, dtype=np.float32)
    unit = np.float32(canvas.camera.width / 5)
    ridge = rough_noise(columns / unit, np.full_like(columns, 0.5), seed, 6)
    top = canvas.camera.horizon - height_px * (0.35 + ridge)
    rows = np.arange(canvas.camera.height, dtype=np.float32)[:, None]
    seen = (rows > top[None]) & (rows <= canvas.camera.horizon + 2) & (canvas.depth > depth)
    where_rows, where_columns = np.nonzero(seen)
    crown = np.float32(canvas.camera.width / 220)
    u, v = where_columns.astype(np.float32) / crown, where_rows.astype(np.float32) / crown
    crowns = rough_noise(u, v * np.float32(1.4), seed + 5, 4)
    light = column(canvas.light.ambient) * 0.6 + column(canvas.light.sun_colour) * 0.55
    shade = column(colour) * light * (0.35 + 1.1 * crowns)
    far = np.full(u.shape, depth, np.float32)
    canvas.colour[seen] = hazed(np.asarray(shade, np.float32), far, canvas.light).T
