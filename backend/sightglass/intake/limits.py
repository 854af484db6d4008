"""What intake lets in. The numbers come from the settings; nothing here reads them itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sightglass.errors import SetupError, TooManyBytesError, TooManyFramesError, TooManyPixelsError
from sightglass.settings import Settings

FORMATS = ("jpeg", "png", "webp", "bmp", "tiff")


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Upper bounds, each inclusive.

    `max_bytes` is the encoded size, `max_pixels` width times height as the header says, and
    `max_frames` counts animation frames or pages: above 1, the first one is served.
    """

    max_bytes: int = 10_485_760
    max_pixels: int = 50_000_000
    max_frames: int = 1
    formats: tuple[str, ...] = FORMATS

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The limits that the settings name. Raises `SetupError` for an unknown format."""
        unknown = sorted(set(settings.allowed_formats) - set(FORMATS))
        if unknown:
            raise SetupError(
                f"ALLOWED_FORMATS: {', '.join(unknown)} is not one of {', '.join(FORMATS)}"
            )
        return cls(
            max_bytes=settings.max_file_size,
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            formats=settings.allowed_formats,
        )

    def check_bytes(self, size: int) -> None:
        """Raise `TooManyBytesError` when an encoded image is too large."""
        if size > self.max_bytes:
            raise TooManyBytesError(
                f"The image has {size} bytes; at most {self.max_bytes} are allowed.",
                size_bytes=size,
                limit=self.max_bytes,
            )

    def check_pixels(self, width: int, height: int) -> None:
        """Raise `TooManyPixelsError` when a header promises too large a picture."""
        if width * height > self.max_pixels:
            raise TooManyPixelsError(
                f"The image has {width} x {height} pixels; "
                f"at most {self.max_pixels} in all are allowed.",
                pixels=width * height,
                limit=self.max_pixels,
            )

    def check_frames(self, frames: int) -> None:
        """Raise `TooManyFramesError` when there are more frames or pages than allowed."""
        if frames > self.max_frames:
            raise TooManyFramesError(
                f"The image has {frames} frames or pages; at most {self.max_frames} allowed.",
                frames=frames,
                limit=self.max_frames,
            )
