"""The camera and the picture that grows in it: rays march to solids, nearest wins."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sample_drawing.light import Light, hazed, shaded
from sample_drawing.solids import Array, Mask, Vector, column, length, normalised
from sample_drawing.surfaces import Coat

MARCH_STEPS = 56
HIT_METRES = 0.004
# distances are a little too long where profiles lean or melt together
CAUTION = np.float32(0.82)


@dataclass(frozen=True)
class Camera:
    """Stands at x = y = 0 and looks along y; its picture plane is upright, as walls should be."""

    width: int
    height: int
    focal: float
    horizon: float
    above_ground: float

    def directions(self, columns: Array, rows: Array) -> Array:
        """Rays with y = 1: the distance along one is the depth."""
        across = (columns + np.float32(0.5 - self.width / 2)) / np.float32(self.focal)
        up = (np.float32(self.horizon - 0.5) - rows) / np.float32(self.focal)
        return np.stack([across, np.ones_like(across), up]).astype(np.float32)

    def project(self, points: Array) -> tuple[Array, Array]:
        depth = np.maximum(points[1], np.float32(0.3))
        return (
            points[0] / depth * np.float32(self.focal) + np.float32(self.width / 2),
            (np.float32(self.above_ground) - points[2]) / depth * np.float32(self.focal)
            + np.float32(self.horizon),
        )

    @property
    def position(self) -> Array:
        return column((0.0, 0.0, self.above_ground))


@dataclass(frozen=True)
class Thing:
    """A solid with its own axes (y is its front), its paint, and where it stands.

    ``heading`` turns it to the left, in degrees; at 0 the camera sees it from behind.
    """

    distance: Callable[[Array], Array]
    paint: Callable[[Array, Array], Coat]
    low: Vector
    high: Vector
    x: float = 0.0
    y: float = 0.0
    heading: float = 0.0

    def placed(self, x: float, y: float, heading: float = 0.0) -> Thing:
        return Thing(self.distance, self.paint, self.low, self.high, x, y, heading)

    @property
    def turn(self) -> Array:
        angle = math.radians(self.heading)
        cos, sin = math.cos(angle), math.sin(angle)
        return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)

    def to_local(self, points: Array) -> Array:
        return np.asarray(self.turn.T @ (points - column((self.x, self.y, 0))), np.float32)

    def corners(self) -> Array:
        grid = np.meshgrid(*zip(self.low, self.high, strict=True))
        local = np.stack([axis.ravel() for axis in grid]).astype(np.float32)
        return np.asarray(self.turn @ local + column((self.x, self.y, 0)), np.float32)

    def span(self, starts: Array, directions: Array) -> tuple[Array, Array]:
        """Where rays, in the thing's own axes, enter and leave its bounds."""
        with np.errstate(divide="ignore", invalid="ignore"):
            first = (column(self.low) - starts) / directions
            second = (column(self.high) - starts) / directions
        enter = np.nanmax(np.minimum(first, second), axis=0)
        leave = np.nanmin(np.maximum(first, second), axis=0)
        return np.maximum(enter, 0).astype(np.float32), leave.astype(np.float32)


def march(thing: Thing, starts: Array, directions: Array) -> tuple[Array, Mask]:
    """Distance along each ray to the solid, and which rays meet it."""
    travelled, leave = thing.span(starts, directions)
    speed = length(directions)
    met = np.zeros(travelled.shape, bool)
    active = np.flatnonzero(leave > travelled)
    for _ in range(MARCH_STEPS):
        if not active.size:
            break
        points = starts[:, active] if starts.shape[1] > 1 else starts
        gap = thing.distance(points + directions[:, active] * travelled[active])
        touching = gap < HIT_METRES
        met[active[touching]] = True
        travelled[active] += np.where(touching, 0, gap * CAUTION / speed[active])
        active = active[~touching & (travelled[active] < leave[active])]
    return travelled, met


def normals_of(thing: Thing, points: Array, step: float = 0.006) -> Array:
    """The four-point gradient after Inigo Quilez."""
    total = np.zeros_like(points)
    for signs in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        way = column(signs)
        total += way * thing.distance(points + way * np.float32(step))
    return normalised(total)


def openness(thing: Thing, points: Array, normals: Array) -> Array:
    """How much of the sky a point sees past its own solid and the ground below it."""
    hidden = np.zeros(points.shape[1], np.float32)
    for reach, weight in ((0.06, 0.9), (0.16, 0.6), (0.4, 0.4)):
        outward = points + normals * np.float32(reach)
        room = np.minimum(thing.distance(outward), np.maximum(outward[2], 0) + reach * 0.35)
        hidden += np.float32(weight / reach) * np.maximum(np.float32(reach) - room, 0)
    return np.asarray(np.clip(1 - hidden * np.float32(0.55), 0.12, 1), np.float32)


def sunlight(thing: Thing, points: Array, light: Light, softness: float = 9.0) -> Array:
    """1 in the sun, 0 in the thing's shadow, with a soft edge."""
    towards = np.asarray(thing.turn.T @ light.towards_sun, np.float32)
    directions = np.repeat(towards, points.shape[1], axis=1)
    travelled, leave = thing.span(points, directions)
    travelled = np.maximum(travelled, np.float32(0.05))
    lit = np.ones(points.shape[1], np.float32)
    active = np.flatnonzero(leave > travelled)
    for _ in range(28):
        if not active.size:
            break
        gap = thing.distance(points[:, active] + directions[:, active] * travelled[active])
        lit[active] = np.minimum(lit[active], softness * gap / travelled[active])
        travelled[active] += np.maximum(gap * CAUTION, np.float32(0.04))
        active = active[(lit[active] > 0.01) & (travelled[active] < leave[active])]
    return np.clip(lit, 0, 1)


@dataclass
class Canvas:
    camera: Camera
    light: Light
    colour: Array = field(init=False)
    depth: Array = field(init=False)

    def __post_init__(self) -> None:
        size = (self.camera.height, self.camera.width)
        self.colour = np.zeros((*size, 3), np.float32)
        self.depth = np.full(size, np.inf, np.float32)

    def window(self, corners: Array) -> tuple[slice, slice]:
        """The rows and columns that may show what lies between these corners."""
        columns, rows = self.camera.project(corners)
        left, right = np.clip([columns.min() - 2, columns.max() + 3], 0, self.camera.width)
        top, bottom = np.clip([rows.min() - 2, rows.max() + 3], 0, self.camera.height)
        return slice(int(top), int(bottom)), slice(int(left), int(right))

    def rays(self, window: tuple[slice, slice]) -> Array:
        rows, columns = np.mgrid[window].astype(np.float32)
        return self.camera.directions(columns.ravel(), rows.ravel())

    def put(self, thing: Thing) -> None:
        window = self.window(thing.corners())
        directions = self.rays(window)
        local = np.asarray(thing.turn.T @ directions, np.float32)
        start = thing.to_local(self.camera.position)
        depths, met = march(thing, start, local)
        seen = np.flatnonzero(met & (depths < self.depth[window].ravel()))
        if not seen.size:
            return
        depths, local = depths[seen], local[:, seen]
        points = start + local * depths
        normals = normals_of(thing, points)
        coat = thing.paint(points, normals)
        sunlit = sunlight(thing, points + normals * np.float32(0.03), self.light)
        open_sky = openness(thing, points, normals)
        world_normals = np.asarray(thing.turn @ normals, np.float32)
        view = normalised(directions[:, seen])
        colour = shaded(coat, world_normals, view, self.light, sunlit, open_sky)
        self.write(window, seen, hazed(colour, depths, self.light), depths)

    def write(
        self, window: tuple[slice, slice], seen: np.ndarray, colour: Array, depth: Array
    ) -> None:
        rows = seen // (window[1].stop - window[1].start) + window[0].start
        columns = seen % (window[1].stop - window[1].start) + window[1].start
        self.colour[rows, columns] = colour.T
        self.depth[rows, columns] = depth


def shadow_on_ground(canvas: Canvas, thing: Thing) -> tuple[tuple[slice, slice], Array]:
    """How bright the ground stays around a thing: its cast shadow and the dark below it."""
    corners = thing.corners()
    sun = canvas.light.towards_sun
    reach = np.minimum(corners[2] / sun[2], 25)
    cast = np.concatenate(
        [corners - sun * reach, corners + (corners - corners.mean(1)[:, None])], 1
    )
    cast[2] = 0
    window = canvas.window(cast)
    directions = canvas.rays(window)
    bright = np.ones(directions.shape[1], np.float32)
    below = np.flatnonzero(directions[2] < -1e-4)
    depth = -np.float32(canvas.camera.above_ground) / directions[2, below]
    points = thing.to_local(canvas.camera.position + directions[:, below] * depth)
    lit = sunlight(thing, points, canvas.light)
    room = thing.distance(points + column((0, 0, 0.02)))
    contact = np.clip(np.float32(0.25) + room / np.float32(0.7), 0, 1)
    strength = np.float32(0.62 if canvas.light.sun_colour[0] > 1 else 0.2)
    bright[below] = (1 - strength * (1 - lit)) * (np.float32(0.35) + np.float32(0.65) * contact)
    shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    return window, bright.reshape(shape)
