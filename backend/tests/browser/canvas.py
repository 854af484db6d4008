"""What is really painted: pixels of the viewer's canvas, in the coordinates of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

# frontend/src/app/shared/class-colors.ts
CLASS_COLORS = ("#ff3838", "#ff9d97", "#ff701f", "#ffb21d", "#cfd231")
_REACH = 3  # device pixels on both sides of where a line should be
_LOOK = """
(canvas, [x, y, reach]) => {
  const side = 2 * reach + 1;
  const context = canvas.getContext('2d');
  return [...context.getImageData(Math.round(x) - reach, Math.round(y) - reach, side, side).data];
}
"""
_COUNT = """
(canvas) => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) painted += data[at] > 0 ? 1 : 0;
  return painted;
}
"""


@dataclass(frozen=True)
class ObjectCanvas:
    """The layer of boxes over a picture of this size, which is shown as a whole."""

    page: Page
    width: int
    height: int

    def edges_are_drawn(self, box: dict[str, float], color: str) -> bool:
        """Whether the middles of all four edges have this colour."""
        middle_x, middle_y = (box["x1"] + box["x2"]) / 2, (box["y1"] + box["y2"]) / 2
        middles = [
            (box["x1"], middle_y),
            (box["x2"], middle_y),
            (middle_x, box["y1"]),
            (middle_x, box["y2"]),
        ]
        return all(self._is_near(x, y, color) for x, y in middles)

    def painted_pixels(self) -> int:
        count: int = self._canvas().evaluate(_COUNT)
        return count

    def _is_near(self, x: float, y: float, color: str) -> bool:
        across, down = self._canvas().evaluate("(canvas) => [canvas.width, canvas.height]")
        scale = min(across / self.width, down / self.height)
        left, top = (across - self.width * scale) / 2, (down - self.height * scale) / 2
        at = [left + x * scale, top + y * scale, _REACH]
        data: list[int] = self._canvas().evaluate(_LOOK, at)
        pixels = [data[start : start + 4] for start in range(0, len(data), 4)]
        wanted = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
        return any(_alike(pixel, wanted) for pixel in pixels)

    def _canvas(self) -> Any:
        return self.page.get_by_test_id("objects")


def _alike(pixel: list[int], wanted: list[int]) -> bool:
    return pixel[3] > 200 and all(abs(a - b) < 24 for a, b in zip(pixel, wanted, strict=False))
