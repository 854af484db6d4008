"""The project that a check makes: secrets, certificate, folders, and `docker compose` on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.prod.yml"
PROJECT = "sightglass-check"
# Not the default one: the platform itself may run on this host.
SUBNET = "172.31.250.0/24"


class CheckError(Exception):
    """What is not as it should be, and the services whose logs may say why."""

    def __init__(self, message: str, *services: str) -> None:
        super().__init__(message)
        self.services = services


class Stack:
    """The project, through `docker compose`."""

    def __init__(self, folder: Path, extra: list[Path]) -> None:
        self.folder = folder
        self.env_file = folder / "env"
        self._files = [part for file in (COMPOSE_FILE, *extra) for part in ("-f", str(file))]
        # What the shell has set would win over our file.
        ours = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE_FILE.read_text()))
        ours -= {"SIGHTGLASS_REGISTRY", "SIGHTGLASS_VERSION"}
        self._environment = {k: v for k, v in os.environ.items() if k not in ours}

    def try_compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        place = ("--env-file", str(self.env_file), "-p", PROJECT, "--progress", "plain")
        return subprocess.run(
            ["docker", "compose", *self._files, *place, *arguments],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def compose(self, *arguments: str) -> str:
        """What it printed; raises CheckError, with the services that are not well."""
        done = self.try_compose(*arguments)
        if done.returncode:
            said = "\n".join(done.stdout.splitlines()[-30:])
            raise CheckError(f"docker compose {' '.join(arguments)}:\n{said}", *self.unwell())
        return done.stdout

    def up(self, *services: str) -> None:
        self.compose("up", "-d", "--no-build", "--wait", "--wait-timeout", "300", *services)

    def states(self) -> dict[str, str]:
        """Of each service with a container: `running healthy`, `running`, `exited 1`, ..."""
        form = "{{.Service}} {{.State}} {{if .Health}}{{.Health}}{{else}}{{.ExitCode}}{{end}}"
        lines = self.try_compose("ps", "-a", "--format", form).stdout.splitlines()
        return dict(line.split(" ", 1) for line in lines if line.count(" ") == 2)

    def unwell(self) -> list[str]:
        """Services that were started and are not as they should be."""
        well = {"running healthy", "running 0", "created 0"}
        return [
            name
            for name, state in self.states().items()
            if state not in well and (name, state) != ("preflight", "exited 0")
        ]


@contextmanager
def changed(env_file: Path, name: str, value: str | None) -> Iterator[None]:
    """The file with another value of that name, or without it."""
    before = env_file.read_text()
    line = "" if value is None else f"{name}={value}\n"
    env_file.write_text(re.sub(rf"(?m)^{name}=.*\n", line, before))
    try:
        yield
    finally:
        env_file.write_text(before)


def make_env(folder: Path, http_port: int, https_port: int) -> dict[str, str]:
    """The file and the certificate that scripts/make-env writes, and folders of our own."""
    command = [sys.executable, str(ROOT / "scripts" / "make-env"), "localhost", "--self-signed"]
    ports = ["--http-port", str(http_port), "--https-port", str(https_port)]
    places = ["--output", str(folder / "env"), "--tls-dir", str(folder / "tls")]
    subprocess.run([*command, *ports, *places], check=True, stdout=subprocess.DEVNULL)
    for name in ("acme", "backups", "models"):
        (folder / name).mkdir()
    # The users of the containers, without root: nobody else can enter the folder around these.
    (folder / "tls" / "privkey.pem").chmod(0o644)
    (folder / "backups").chmod(0o777)
    with (folder / "env").open("a") as file:
        file.write(f"FRONT_SUBNET={SUBNET}\nACME_DIR={folder}/acme\n")
        file.write(f"BACKUP_DIR={folder}/backups\nMODEL_DIR={folder}/models\n")
    lines = (folder / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
