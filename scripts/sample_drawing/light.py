"""Sun, sky and what they do to a surface; colours are linear RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_drawing.solids import Array, Vector, column, normalised
from sample_drawing.surfaces import Coat, Colour, rough_noise


@dataclass(frozen=True)
class Light:
    sun: Vector
    sun_colour: Colour
    ambient: Colour
    zenith: Colour
    horizon: Colour
    ground: Colour
    skyline: Colour
    haze_metres: float
    clouds: float = 0.5
    sky_falloff: float = 4.2

    @property
    def towards_sun(self) -> Array:
        return normalised(column(self.sun))


DAY = Light(
    sun=(-0.55, -0.45, 0.8),
    sun_colour=(2.5, 2.3, 2.0),
    ambient=(0.62, 0.72, 0.9),
    zenith=(0.07, 0.24, 0.68),
    horizon=(0.66, 0.8, 0.95),
    ground=(0.2, 0.2, 0.2),
    skyline=(0.10, 0.13, 0.10),
    haze_metres=600.0,
)
NOON = Light(
    sun=(0.5, -0.5, 0.9),
    sun_colour=(2.6, 2.45, 2.2),
    ambient=(0.6, 0.7, 0.88),
    zenith=(0.08, 0.26, 0.7),
    horizon=(0.66, 0.8, 0.95),
    ground=(0.22, 0.21, 0.2),
    skyline=(0.12, 0.14, 0.12),
    haze_metres=500.0,
    clouds=0.47,
)
DUSK = Light(
    sun=(0.35, 0.8, 0.16),
    sun_colour=(0.7, 0.33, 0.16),
    ambient=(0.15, 0.18, 0.33),
    zenith=(0.05, 0.09, 0.34),
    horizon=(0.95, 0.4, 0.2),
    ground=(0.07, 0.065, 0.08),
    skyline=(0.03, 0.03, 0.05),
    haze_metres=260.0,
    clouds=0.5,
    sky_falloff=6.5,
)


def sky_colour(directions: Array, light: Light) -> Array:
    height = np.clip(directions[2], 0, 1)
    share = np.exp(-height * np.float32(light.sky_falloff))
    colour = column(light.zenith) * (1 - share) + column(light.horizon) * share
    facing = np.clip((directions * light.towards_sun).sum(axis=0), 0, 1)
    halo = facing**6 * np.float32(0.16) + facing**60 * np.float32(0.35)
    return np.asarray(colour + column(light.sun_colour) * halo, np.float32)


def clouded_sky(directions: Array, light: Light, seed: int) -> Array:
    sky = sky_colour(directions, light)
    height = np.maximum(directions[2], 0.02) + np.float32(0.12)
    u, v = directions[0] / height * np.float32(0.9), directions[1] / height * np.float32(0.9)
    wisps = rough_noise(u + np.float32(40), v * np.float32(1.6), seed, octaves=6)
    cover = np.clip((wisps - np.float32(1 - light.clouds)) * 4.5, 0, 1)
    cover *= np.clip(directions[2] * 9, 0, 1)
    lit = column(light.horizon) * np.float32(0.6) + column(light.sun_colour) * np.float32(0.2)
    cover *= np.float32(0.8)
    return np.asarray(sky * (1 - cover) + lit * cover, np.float32)


def surroundings_colour(directions: Array, light: Light) -> Array:
    """What a shiny surface mirrors: sky, a dark skyline, the ground."""
    up = directions[2]
    sky = sky_colour(directions, light)
    ragged = np.sin(directions[0] * 17) * np.float32(0.02) + np.float32(0.1)
    skyline = np.clip((ragged - up) * 14, 0, 1)
    mixed = sky * (1 - skyline) + column(light.skyline) * skyline
    below = np.clip(-up * 12, 0, 1)
    return np.asarray(mixed * (1 - below) + column(light.ground) * below, np.float32)


def shaded(
    coat: Coat, normals: Array, directions: Array, light: Light, sunlit: Array, open_sky: Array
) -> Array:
    """The light that a point sends to the camera."""
    towards_sun = light.towards_sun
    facing = np.maximum((normals * towards_sun).sum(axis=0), 0) * sunlit
    upward = normals[2] * np.float32(0.5) + np.float32(0.5)
    received = (
        column(light.sun_colour) * facing
        + column(light.ambient) * upward * open_sky
        + column(light.ground) * (1 - upward) * open_sky * np.float32(1.6)
    )
    cosine = np.clip(-(normals * directions).sum(axis=0), 0, 1)
    mirrored = directions + 2 * cosine * normals
    fresnel = np.float32(0.05) + np.float32(0.95) * (1 - cosine) ** 5
    reflected = surroundings_colour(mirrored, light) * fresnel * coat.gloss * open_sky
    glint = np.clip((mirrored * towards_sun).sum(axis=0), 0, 1) ** 180 * coat.gloss * sunlit
    return np.asarray(
        coat.albedo * received + reflected + column(light.sun_colour) * glint * 1.5 + coat.glow,
        np.float32,
    )


def hazed(colour: Array, metres: Array, light: Light) -> Array:
    share = 1 - np.exp(-metres / np.float32(light.haze_metres))
    veil = column(light.horizon) * np.float32(0.85)
    return np.asarray(colour * (1 - share) + veil * share, np.float32)
