"""Builds images with buildah: first stand-ins for the official bases, then our Dockerfiles on them.

No daemon and no registry: buildah's chroot isolation and its vfs storage, in a folder of our own,
on a Debian made by debootstrap.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
STAND_INS = "scripts/images/stand-ins"
# So that a host that trusts further certificates can reach its package indexes from a build.
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_NEEDED = ("buildah", "debootstrap")


@dataclass(frozen=True)
class Built:
    """An image that was built, mounted read-write; nothing writes to it."""

    name: str
    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self.config.get("Env") or [])


@dataclass
class Builder:
    """Images below `folder`, which grows to about ten times the size of the largest image."""

    folder: Path
    mirror: str = ""  # of Debian; debootstrap's own when empty
    secrets: dict[str, Path] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)

    def build(
        self, name: str, dockerfile: str, target: str = "", context: str = ".", **args: str
    ) -> None:
        """Build as `docker build` would. Raises `CalledProcessError`; buildah says why."""
        options = [f"--tag={tag(name)}", f"--file={dockerfile}", "--format=docker"]
        options += ["--isolation=chroot", "--quiet"]
        options += [f"--secret=id={key},src={path}" for key, path in self.secrets.items()]
        if _CERTIFICATES.exists():
            options.append(f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro")
        options += [f"--volume={volume}" for volume in self.volumes]
        options += [f"--build-arg={key}={value}" for key, value in args.items()]
        if target:
            options.append(f"--target={target}")
        self._buildah("bud", *options, context)

    def stand_ins(self, *names: str) -> None:
        """Make the bases that our Dockerfiles name: debian, then python, node and nginx."""
        debian = tag("debian")
        if not self._has("debian"):
            self._make_debian()
        for name in names:
            arguments = {"DEBIAN_IMAGE": debian}
            if name == "node":
                arguments = {"PYTHON_IMAGE": tag("python"), "NODE_PACKAGE": _node_package()}
            self.build(name, f"{STAND_INS}/{name}.Dockerfile", context=STAND_INS, **arguments)

    def mount(self, name: str) -> Built:
        """The image as a folder with everything in it."""
        container = self._buildah("from", tag(name))
        config = json.loads(self._buildah("inspect", "--type=image", tag(name)))
        docker = config["Docker"]["config"]
        return Built(name, Path(self._buildah("mount", container)), docker)

    def close(self) -> None:
        """Give back the mounts and the containers; the images stay."""
        self._buildah("rm", "--all")

    def _make_debian(self) -> None:
        root = self.folder / "debian"
        shutil.rmtree(root, ignore_errors=True)
        packages = "--include=ca-certificates,netbase,tzdata"
        mirror = [self.mirror] if self.mirror else []
        _run("debootstrap", "--variant=minbase", packages, "bookworm", str(root), *mirror)
        for kept in ("var/lib/apt/lists", "var/cache/apt/archives"):
            shutil.rmtree(root / kept)
        container = self._buildah("from", "scratch")
        self._buildah("add", container, str(root), "/")
        self._buildah("commit", "--rm", container, tag("debian"))
        shutil.rmtree(root)

    def _has(self, name: str) -> bool:
        return bool(self._buildah("images", "--quiet", f"--filter=reference={tag(name)}"))

    def _buildah(self, *arguments: str) -> str:
        places = [f"--root={self.folder / 'storage'}", f"--runroot={self.folder / 'run'}"]
        return _run("buildah", "--storage-driver=vfs", *places, *arguments)


def missing_programs() -> list[str]:
    """Debian packages of what is not installed."""
    return [name for name in _NEEDED if not shutil.which(name)]


def tag(name: str) -> str:
    """The name under which an image of this check is kept."""
    return f"localhost/sightglass-check/{name}"


def _node_package() -> str:
    lines = (REPOSITORY / "frontend" / "requirements.txt").read_text().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-3000:])
        done.check_returncode()
    return done.stdout.strip()
