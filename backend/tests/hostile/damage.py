"""What the makers of hostile files share: the shape of an entry, and ways to damage bytes."""

from __future__ import annotations

import numpy as np

File = tuple[str, bytes, bool]
"""A name, the bytes, and whether they may still be served as a picture."""


def patched(data: bytes, offset: int, replacement: bytes) -> bytes:
    """The bytes with some of them overwritten at an offset."""
    return data[:offset] + replacement + data[offset + len(replacement) :]


def mutated(data: bytes, seed: int) -> bytes:
    """The bytes with a few of them overwritten, removed, repeated or inserted."""
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        at = int(rng.integers(0, len(changed)))
        length = int(rng.integers(1, 9))
        match int(rng.integers(0, 4)):
            case 0:
                changed[at : at + length] = rng.bytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length * 8]
            case _:
                changed[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)
