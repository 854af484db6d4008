"""Draw the sample pictures of the web interface: ``python scripts/draw_samples.py OUTDIR``.

Everything in them is made here from numbers: no photos, no fonts. The same machine makes the
same bytes again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
from sample_drawing.scenes import SCENES
from sample_drawing.staging import draw_scene

JPEG_QUALITY = 85


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the sample pictures of the web interface.")
    parser.add_argument("folder", type=Path, metavar="OUTDIR")
    parser.add_argument("--only", choices=sorted(SCENES), help="draw one picture")
    parser.add_argument("--supersampling", type=int, default=2, help="rays across a pixel")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for name in [chosen.only] if chosen.only else SCENES:
        picture = draw_scene(SCENES[name](), chosen.supersampling)
        path = chosen.folder / f"{name}.jpg"
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        print(f"{path} {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
