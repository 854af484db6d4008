"""What the engine asks of a runtime: lend me an input buffer, run it, let me read the outputs.

Pixels go in as uint8 BGR; scaling, colour order and layout are part of the graph.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightglass.engine.letterbox import Pixels, Shape

Output = NDArray[np.float32]


class Lease(Protocol):
    """One infer request, held by one thread for one picture."""

    @property
    def shape(self) -> Shape:
        """Height and width of the input."""

    @property
    def pixels(self) -> Pixels:
        """The input buffer (height, width, 3), BGR; holds whatever was there before."""

    def run(self) -> list[Output]:
        """Infer from `pixels`. The outputs may be views that are valid until the lease ends."""


class Runtime(Protocol):
    """A loaded model. Thread-safe; a lease waits while all `streams` are busy."""

    name: str
    version: str
    precision: str
    device: str
    streams: int

    @property
    def static_shape(self) -> Shape | None:
        """The one input shape of a model that was exported without dynamic axes."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The input shapes that are ready to run."""

    def lease(self, wanted: Shape) -> AbstractContextManager[Lease]:
        """Borrow a request for an input that is at least as large as `wanted` (see `shapes`)."""

    def infer(self, batch: Pixels) -> list[Output]:
        """Run one picture of (1, height, width, 3) and return copies of the outputs."""

    def close(self) -> None:
        """Release what the model holds. No lease may be out."""
