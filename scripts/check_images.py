"""Build every image for real, measure it, and run what is in it (`make images-check`).

Needs root on Debian with buildah and debootstrap, and reaches package indexes as pip and npm do on
this machine. Takes about ten minutes the first time, and ten gigabytes below --folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "backend"))

from images.build import Builder, Built, missing_programs, tag  # noqa: E402
from images.contents import MEGABYTE, faults, heavy_libraries, size_bytes  # noqa: E402
from images.try_others import try_mlflow, try_nginx, try_trainer  # noqa: E402
from images.try_serving import try_serving  # noqa: E402

SERVING_LIMIT_BYTES = 1200 * MEGABYTE
_IMAGES = ("serving", "nginx", "mlflow", "trainer")


def main() -> int:
    """The exit status; what is wrong is printed."""
    chosen = _arguments()
    if os.geteuid() != 0:
        print("check_images: needs root, for chroot and mounts")
        return 1
    if absent := missing_programs():
        print(f"check_images: apt-get install {' '.join(absent)}")
        return 1
    builder = Builder(chosen.folder.absolute(), chosen.mirror, _secrets(), chosen.volume)
    scratch = Path(tempfile.mkdtemp(prefix="sightglass-images-"))
    scratch.chmod(0o755)  # other users' servers work in it
    try:
        wrong = [fault for name in chosen.images for fault in _check(builder, name, scratch)]
    finally:
        builder.close()
        shutil.rmtree(scratch, ignore_errors=True)
        if not chosen.keep:
            shutil.rmtree(chosen.folder)
    for fault in wrong:
        print(f"WRONG: {fault}")
    print("The images are in order." if not wrong else f"{len(wrong)} faults.")
    return 1 if wrong else 0


def _check(builder: Builder, name: str, scratch: Path) -> list[str]:
    print(f"{name}: building ...", flush=True)
    try:
        base = _build(builder, name)
    except subprocess.CalledProcessError as error:
        return [f"{name}: {error.cmd[0]} ended with {error.returncode}; it says why above"]
    image, bare = builder.mount(name), builder.mount(base)
    size, size_of_base = size_bytes(image.root), size_bytes(bare.root)
    print(
        f"  {size / MEGABYTE:.0f} MB unpacked: the stand-in base has {size_of_base / MEGABYTE:.0f},"
        f" we add {(size - size_of_base) / MEGABYTE:.0f}"
    )
    environment = "/opt/mlflow" if name == "mlflow" else "/opt/sightglass"
    wrong = [f"{name}: {fault}" for fault in faults(image, environment)]
    folder = scratch / name
    folder.mkdir()
    try:
        wrong += _try(image, size, folder)
    except AssertionError as error:
        wrong.append(f"{name}: {error}")
    return wrong


def _build(builder: Builder, name: str) -> str:
    """Build it on stand-ins; returns the one that the image is based on."""
    if name == "nginx":
        builder.stand_ins("python", "node", "nginx-base")
        bases = {"NODE_IMAGE": tag("node"), "NGINX_IMAGE": tag("nginx-base")}
        builder.build(name, "frontend/Dockerfile", target="nginx", **bases)
        return "nginx-base"
    builder.stand_ins("python")
    if name == "mlflow":
        builder.build(name, "mlflow/Dockerfile", PYTHON_IMAGE=tag("python"))
        return "python"
    arguments = {"PYTHON_IMAGE": tag("python")}
    if name == "trainer" and "TORCH_INDEX_URL" in os.environ:
        arguments["TORCH_INDEX_URL"] = os.environ["TORCH_INDEX_URL"]
    builder.build(name, "backend/Dockerfile", target=name, **arguments)
    return "python"


def _try(image: Built, size: int, folder: Path) -> list[str]:
    if image.name == "serving":
        wrong = [f"serving has {library}" for library in heavy_libraries(image)]
        if size > SERVING_LIMIT_BYTES:
            wrong.append(f"serving is larger than {SERVING_LIMIT_BYTES / MEGABYTE:.0f} MB")
        try_serving(image, folder)
        return wrong
    if image.name == "nginx":
        try_nginx(image, folder)
    if image.name == "mlflow":
        try_mlflow(image, folder)
    if image.name == "trainer":
        try_trainer(image, folder)
    return []


def _secrets() -> dict[str, Path]:
    """How pip and npm of this machine find their packages; kept out of every layer."""
    places = {"pip_conf": Path("/etc/pip.conf"), "npmrc": Path.home() / ".npmrc"}
    return {name: path for name, path in places.items() if path.exists()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the images for real, and try them.")
    parser.add_argument("images", nargs="*", default=_IMAGES[:3], choices=(*_IMAGES, []))
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/sightglass-images"))
    parser.add_argument("--mirror", default="", help="of Debian")
    parser.add_argument(
        "--volume", action="append", default=[], help="HOST:IMAGE:ro, for the build"
    )
    parser.add_argument("--keep", action="store_true", help="keep what was built")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
