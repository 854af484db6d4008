"""What the headers of each format say, read before a single pixel is decoded.

One module per format. Each reads a bounded number of bytes and entries, so a hostile header costs
neither time nor memory, and each raises only errors of `sightglass.errors`.
"""

from sightglass.intake.headers.header import Header
from sightglass.intake.headers.inspection import inspect

__all__ = ["Header", "inspect"]
