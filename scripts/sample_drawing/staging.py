"""Sets up one picture: sky, ground, shadows, what stands there, and the camera's look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sample_drawing.canvas import Camera, Canvas, Thing, shadow_on_ground
from sample_drawing.development import Picture, developed
from sample_drawing.grounds import GroundPaint, draw_ground
from sample_drawing.light import Light, clouded_sky
from sample_drawing.solids import Array, normalised
from sample_drawing.surfaces import rough_noise
from sample_drawing.trees import Tree, draw_hills, draw_tree


@dataclass(frozen=True)
class Scene:
    size: tuple[int, int]
    light: Light
    focal: float  # in widths of the picture
    horizon: float  # in heights of the picture
    above_ground: float
    ground: GroundPaint
    things: Sequence[Thing]
    trees: Sequence[Tree] = ()
    hills: tuple[float, float] | None = None  # height in heights of the picture, metres away
    lamp_pools: tuple[tuple[float, float], ...] = ()
    exposure: float = 1.0
    bloom: float = 0.5
    seed: int = 1


def draw_scene(scene: Scene, supersampling: int) -> Picture:
    width, height = scene.size[0] * supersampling, scene.size[1] * supersampling
    camera = Camera(width, height, scene.focal * width, scene.horizon * height, scene.above_ground)
    canvas = Canvas(camera, scene.light)
    draw_sky(canvas, scene.seed)
    if scene.hills:
        ridge, far = scene.hills
        draw_hills(canvas, scene.seed, ridge * height, (0.07, 0.12, 0.04), far)
        draw_hills(canvas, scene.seed + 1, ridge * height * 0.4, (0.06, 0.11, 0.03), far * 0.35)
    draw_ground(canvas, scene.ground, scene.lamp_pools)
    draw_shadows(canvas, scene)
    for thing in scene.things:
        canvas.put(thing)
    for tree in sorted(scene.trees, key=lambda tree: -tree.y):
        draw_tree(canvas, tree)
    return developed(canvas.colour, scene.size, scene.seed, scene.exposure, scene.bloom)


def draw_sky(canvas: Canvas, seed: int) -> None:
    window = (slice(0, int(canvas.camera.horizon) + 2), slice(0, canvas.camera.width))
    directions = normalised(canvas.rays(window))
    sky = clouded_sky(directions, canvas.light, seed)
    canvas.colour[window] = sky.T.reshape(canvas.colour[window].shape)


def draw_shadows(canvas: Canvas, scene: Scene) -> None:
    shadow = np.ones(canvas.depth.shape, np.float32)
    for thing in scene.things:
        window, bright = shadow_on_ground(canvas, thing)
        shadow[window] = np.minimum(shadow[window], bright)
    shadow *= tree_shade(canvas, scene.trees)
    canvas.colour *= shadow[..., None]


def tree_shade(canvas: Canvas, trees: Sequence[Tree]) -> Array:
    """A round, ragged shade beside each tree."""
    window = (slice(0, canvas.camera.height), slice(0, canvas.camera.width))
    directions = canvas.rays(window)
    shade = np.ones(directions.shape[1], np.float32)
    below = np.flatnonzero(directions[2] < -0.004)
    depth = -np.float32(canvas.camera.above_ground) / directions[2, below]
    x = directions[0, below] * depth
    sun = canvas.light.towards_sun[:, 0]
    ragged = rough_noise(x * 2, depth * 2, 3, 3) - np.float32(0.5)
    for tree in trees:
        way = min(tree.height * 0.65 / float(sun[2]), 14.0)
        off_x = (x - tree.x + sun[0] * way) / (tree.height * tree.spread)
        off_y = (depth - tree.y + sun[1] * way) / (tree.height * tree.spread)
        inside = np.clip((1.1 - np.hypot(off_x, off_y) + ragged * 1.4) * 2.5, 0, 1)
        shade[below] = np.minimum(shade[below], 1 - np.float32(0.5) * inside)
    return shade.reshape(canvas.depth.shape)
