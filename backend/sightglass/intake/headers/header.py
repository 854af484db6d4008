"""The facts of an image that its header tells."""

from __future__ import annotations

from dataclasses import dataclass

from sightglass.errors import BrokenImageError


@dataclass(frozen=True, slots=True)
class Header:
    """Facts before decoding. `width` and `height` are as stored; `orientation` is EXIF's 1..8
    that still has to be applied; `bits` is the depth of one channel.
    """

    format: str
    width: int
    height: int
    channels: int
    bits: int = 8
    frames: int = 1
    orientation: int = 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as a viewer shows them: 5..8 lie on their side."""
        if self.orientation >= 5:
            return self.height, self.width
        return self.width, self.height

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise BrokenImageError("The image says that it has no pixels.")
