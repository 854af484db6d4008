"""Letterbox: fit a picture of any size into the model's input, and map boxes back.

The arithmetic is that of ultralytics' `LetterBox` and `scale_boxes`, so that both see the same
pixels: scale to fit, round each side, centre, pad with grey 114.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int]  # height, width
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

PADDING = 114


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in the model's input, and how input pixels become original ones.

    `top`, `left`, `height`, `width`: the picture inside the input. `original` is (height, width)
    of what the answer is measured in, which may be larger than the decoded pixels.
    """

    shape: Shape
    top: int
    left: int
    height: int
    width: int
    original: Shape

    def to_original(self, boxes: Floats) -> Floats:
        """Corners (N, 4) in pixels of the input to pixels of the original, clipped to it."""
        height, width = self.original
        scale = np.array(
            [width / self.width, height / self.height, width / self.width, height / self.height],
            np.float32,
        )
        offset = np.array([self.left, self.top, self.left, self.top], np.float32)
        mapped = (boxes - offset) * scale
        np.clip(mapped[:, 0::2], 0, width, out=mapped[:, 0::2])
        np.clip(mapped[:, 1::2], 0, height, out=mapped[:, 1::2])
        return mapped


def fitted(picture: Shape, target: Shape) -> Shape:
    """The size of the picture once it is scaled to fit into the target."""
    ratio = min(target[0] / picture[0], target[1] / picture[1])
    return max(round(picture[0] * ratio), 1), max(round(picture[1] * ratio), 1)


def tight_shape(picture: Shape, target: Shape, stride: int) -> Shape:
    """The smallest input that holds the fitted picture with sides in whole strides.

    The padding of each side is what is left to the target modulo the stride.
    """
    height, width = fitted(picture, target)
    return height + (target[0] - height) % stride, width + (target[1] - width) % stride


def place(picture: Shape, target: Shape, shape: Shape, original: Shape) -> Placement:
    """Where a picture that is scaled to fit `target` lies in an input of `shape` (centred)."""
    height, width = fitted(picture, target)
    # The 0.1 sends an odd pixel of padding to the bottom and right, as ultralytics does.
    top = round((shape[0] - height) / 2 - 0.1)
    left = round((shape[1] - width) / 2 - 0.1)
    return Placement(shape, top, left, height, width, original)


def letterbox(pixels: Pixels, placement: Placement, out: Pixels) -> None:
    """Draw the BGR picture into `out` (height, width, 3), padding included."""
    top, left = placement.top, placement.left
    bottom, right = top + placement.height, left + placement.width
    out[:top] = PADDING
    out[bottom:] = PADDING
    out[top:bottom, :left] = PADDING
    out[top:bottom, right:] = PADDING
    inside = out[top:bottom, left:right]
    if pixels.shape[:2] == inside.shape[:2]:
        inside[...] = pixels
    else:
        size = (placement.width, placement.height)
        drawn = cv2.resize(pixels, size, dst=inside, interpolation=cv2.INTER_LINEAR)
        if not np.shares_memory(drawn, inside):
            inside[...] = drawn


def centre_crop(pixels: Pixels, out: Pixels) -> None:
    """Scale the shorter side to the input and cut out the centre, as classifiers are trained.

    The scaling is Pillow's antialiased one, as in torchvision's `Resize` and `CenterCrop`.
    """
    from PIL import Image  # only classifiers need it

    height, width = pixels.shape[:2]
    out_height, out_width = out.shape[:2]
    if out_height == out_width:
        full_height = out_height if height <= width else int(out_height * height / width)
        full_width = out_width if width <= height else int(out_width * width / height)
    else:  # torchvision stretches to a size that is not square
        full_height, full_width = out_height, out_width
    top = round((full_height - out_height) / 2.0)
    left = round((full_width - out_width) / 2.0)
    box = (
        left * width / full_width,
        top * height / full_height,
        (left + out_width) * width / full_width,
        (top + out_height) * height / full_height,
    )
    # Resizing the box alone gives the same pixels as cutting it out of the resized picture.
    picture = Image.fromarray(pixels)
    out[...] = np.asarray(
        picture.resize((out_width, out_height), Image.Resampling.BILINEAR, box=box)
    )
