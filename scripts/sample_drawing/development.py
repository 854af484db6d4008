"""From light to a picture: glow around lamps, lens blur, tone, grain, eight bits."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from sample_drawing.solids import Array

Picture = npt.NDArray[np.uint8]


def developed(
    light: Array, size: tuple[int, int], seed: int, exposure: float, bloom: float
) -> Picture:
    """BGR bytes of ``size`` (width, height) from linear RGB of any larger size."""
    # lamps are far brighter than white: kept so for the glow, cut for clean edges
    glow = glow_of(light, bloom)
    small = cv2.resize(np.minimum(light, 1.6), size, interpolation=cv2.INTER_AREA)
    small = small + cv2.resize(glow, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.55)
    small = small * vignette(size)[..., None] * np.float32(exposure)
    toned = tone_curve(small)
    return grained(toned, seed)


def glow_of(light: Array, strength: float) -> Array:
    quarter = cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    bright = np.maximum(quarter - 0.9, 0)
    base = light.shape[1] / 640
    halo = cv2.GaussianBlur(bright, (0, 0), base * 1.2) * 0.35
    halo += cv2.GaussianBlur(bright, (0, 0), base * 5) * 0.28
    return np.asarray(
        cv2.resize(halo * np.float32(strength), (light.shape[1], light.shape[0])), np.float32
    )


def vignette(size: tuple[int, int]) -> Array:
    x = np.linspace(-1, 1, size[0], dtype=np.float32)[None]
    y = np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    return np.asarray(1 - 0.13 * (x * x + y * y), np.float32)


def tone_curve(light: Array) -> Array:
    """Filmic shoulder after Krzysztof Narkowicz's fit of ACES; the result is display-ready."""
    scaled = light * np.float32(0.72)
    curve = scaled * (2.51 * scaled + 0.03) / (scaled * (2.43 * scaled + 0.59) + 0.14)
    return np.asarray(np.clip(curve, 0, 1) ** np.float32(1 / 2.2), np.float32)


def grained(toned: Array, seed: int) -> Picture:
    random = np.random.default_rng(seed)
    height, width = toned.shape[:2]
    fine = random.normal(scale=0.008, size=(height, width, 1))
    coloured = random.normal(scale=0.004, size=(height, width, 3))
    noise = cv2.GaussianBlur((fine + coloured).astype(np.float32), (0, 0), 0.6) * 1.6
    bytes_ = np.clip((toned + noise) * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(bytes_[..., ::-1])
