"""The ground: asphalt with its markings, pavements and grass, by place in metres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sample_drawing.canvas import Canvas
from sample_drawing.light import hazed
from sample_drawing.solids import Array, Mask, column
from sample_drawing.surfaces import Coat, Colour, between, rough_noise

GroundPaint = Callable[[Array, Array], Coat]

WHITE: Colour = (0.62, 0.62, 0.6)
YELLOW: Colour = (0.62, 0.42, 0.06)


def asphalt(x: Array, y: Array, seed: int) -> Coat:
    coat = Coat.plain(np.stack([x, y, y]), (0.125, 0.125, 0.13))
    patches = rough_noise(x * np.float32(0.35), y * np.float32(0.12), seed)
    grain = rough_noise(x * 9, y * 9, seed + 9, 3)
    coat.albedo[:] *= 0.74 + patches * 0.34 + (grain - 0.5) * 0.55
    return coat


def wear_tracks(coat: Coat, x: Array, middles: tuple[float, ...]) -> None:
    """Tyres polish two stripes into each lane, and oil darkens what is between."""
    for middle in middles:
        for track in (-0.85, 0.85):
            coat.albedo[:] *= 1 + 0.13 * np.exp(-(((x - middle - track) / 0.32) ** 2))
        coat.albedo[:] *= 1 - 0.12 * np.exp(-(((x - middle) / 0.35) ** 2))


def mark(coat: Coat, x: Array, y: Array, where: Mask, colour: Colour = WHITE) -> None:
    """Road paint, rubbed off here and there."""
    worn = rough_noise(x * 5, y * 5, 77, 4)
    coat.fill(where & (worn > 0.25), colour)
    coat.albedo[:, where] *= 0.82 + 0.25 * worn[where]


def lane_lines(coat: Coat, x: Array, y: Array, at: tuple[float, ...], dashed: bool) -> None:
    for middle in at:
        line = np.abs(x - middle) < 0.075
        mark(coat, x, y, line & (np.mod(y, 9.0) < 4.0) if dashed else line)


def pave(coat: Coat, x: Array, y: Array, where: Mask, colour: Colour = (0.3, 0.28, 0.26)) -> None:
    coat.fill(where, colour)
    row = np.floor(y / np.float32(0.6))
    joint = (np.mod(y, 0.6) < 0.025) | (np.mod(x + 0.3 * np.mod(row, 2), 0.6) < 0.025)
    coat.darken(where & joint & (y < 40), 0.72)
    shade = rough_noise(x * np.float32(0.8), y * np.float32(0.8), 5)
    coat.albedo[:, where] *= 0.8 + 0.4 * shade[where]


def kerb(coat: Coat, x: Array, y: Array, at: float, painted: bool = False) -> None:
    stone = np.abs(x - at) < 0.14
    coat.fill(stone, (0.42, 0.41, 0.39))
    if painted:
        coat.fill(stone & (np.mod(y, 2.4) < 1.2), (0.06, 0.06, 0.06))


def grass(coat: Coat, x: Array, y: Array, where: Mask) -> None:
    coat.fill(where, (0.13, 0.2, 0.05))
    tufts = rough_noise(x * 3, y * np.float32(1.2), 31, 5)
    tone = rough_noise(x * np.float32(0.2), y * np.float32(0.1), 32)
    coat.albedo[:, where] *= (0.35 + 0.8 * tufts + 0.5 * tone)[where]


def zebra(
    coat: Coat, x: Array, y: Array, near: float, far: float, edges: tuple[float, float]
) -> None:
    stripes = between(y, near, far) & (np.mod(x - edges[0], 1.1) < 0.55)
    mark(coat, x, y, stripes & between(x, *edges))


def draw_ground(
    canvas: Canvas, paint: GroundPaint, lamp_pools: tuple[tuple[float, float], ...] = ()
) -> None:
    window = (
        slice(max(0, int(canvas.camera.horizon)), canvas.camera.height),
        slice(0, canvas.camera.width),
    )
    directions = canvas.rays(window)
    seen = np.flatnonzero(directions[2] < -1e-5)
    depth = -np.float32(canvas.camera.above_ground) / directions[2, seen]
    x, y = directions[0, seen] * depth, depth
    coat = paint(x, y)
    light = canvas.light
    received = column(light.sun_colour) * light.towards_sun[2] + column(light.ambient)
    for pool_x, pool_y in lamp_pools:
        distance = ((x - pool_x) / 2.2) ** 2 + ((y - pool_y) / 4.5) ** 2
        received = received + column((1.0, 0.68, 0.34)) * np.exp(-distance)
    colour = hazed(np.asarray(coat.albedo * received, np.float32), depth, light)
    canvas.write(window, seen, colour, depth)
