"""Tries the serving image: API, worker, beat and drain out of it, as in production."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import httpx

from images.build import REPOSITORY, Built
from images.tree import Program
from tests.integration.servers import RedisServer, free_port

_PICTURE = REPOSITORY / "frontend" / "public" / "samples" / "crossing.jpg"
_STATE = "/var/lib/sightglass"
# 143 says that the signal was why; uvicorn gives it back when all is closed. 137 would be SIGKILL.
_ORDERLY = (0, 143)


class Platform:
    """The processes of one platform, each in a container of its own, with one state folder."""

    def __init__(self, image: Built, folder: Path, redis_url: str) -> None:
        self._image = image
        self._folder = folder
        self._state = folder / "state"
        self._state.mkdir()
        uid, gid = (int(part) for part in str(image.config["User"]).split(":"))
        os.chown(self._state, uid, gid)
        self.port = free_port()
        self._settings = {
            "REDIS_URL": redis_url,
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",  # away, which must stop nothing
            "HOST": "127.0.0.1",
            "PORT": self.port,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def program(self, name: str) -> Program:
        command = self._image.config["Cmd"] if name == "serve" else ["sightglass", name]
        log = self._folder / f"{name}.log"
        return Program(self._image, command, log, self._settings, {self._state: _STATE})


def try_serving(image: Built, folder: Path) -> None:
    """Raises `AssertionError` when something does not work as it would have to."""
    with contextlib.ExitStack() as running:
        redis = running.enter_context(RedisServer(folder / "redis"))
        platform = Platform(image, folder, redis.url)
        programs = {
            name: running.enter_context(platform.program(name))
            for name in ("serve", "drain", "worker", "beat")
        }
        for name, program in programs.items():
            program.wait_for(lambda p=program: p.health() == 0)  # type: ignore[misc]
            print(f"  {name}: healthy")
        _nothing_but_state_and_tmp_can_be_written(programs["serve"])
        with httpx.Client(base_url=platform.url, timeout=60, trust_env=False) as client:
            client.headers["X-API-Key"] = _new_key(programs["serve"])
            _detect(client)
            _queue(client)
            _recorded(client)
        redis.stop()
        time.sleep(5)
        for name in ("drain", "worker", "beat"):
            assert programs[name].health() == 0, f"{name} is unhealthy because Redis is away"
        redis.start()
        for name, program in programs.items():
            started = time.monotonic()
            status = program.stop()
            assert status in _ORDERLY, f"{name} ended with {status} on SIGTERM"
            print(f"  {name}: ended by SIGTERM in {time.monotonic() - started:.1f} s")
        assert "Application shutdown complete" in programs["serve"].log.read_text()


def _new_key(api: Program) -> str:
    scopes = ("--scope", "detect", "--scope", "read")
    done = api.run(["sightglass", "keys", "create", "image-check", *scopes])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def _detect(client: httpx.Client) -> None:
    picture = {"file": _PICTURE.read_bytes()}
    refused = client.post("/process-image", files=picture, headers={"X-API-Key": "none"})
    assert refused.status_code == 401, "production serves without a key"
    answer = client.post("/process-image", files=picture).raise_for_status().json()
    assert answer["num_instances"] > 0, answer
    print(f"  a picture was posted: {answer['num_instances']} objects")


def _queue(client: httpx.Client) -> None:
    picture = {"file": _PICTURE.read_bytes()}
    task = client.post("/process-image/async", files=picture).raise_for_status().json()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        state = client.get(f"/task/{task['task_id']}", params={"wait": 10}).json()
        if state.get("result"):
            print(f"  a picture was queued: {state['result']['num_instances']} objects")
            return
    raise AssertionError(f"the worker did not finish the task: {state}")


def _recorded(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client.get("/predictions").raise_for_status().json()
        if len(found["predictions"]) >= 2:
            print("  the drain recorded both")
            return
        time.sleep(0.5)
    raise AssertionError(f"the drain recorded nothing: {found}")


def _nothing_but_state_and_tmp_can_be_written(program: Program) -> None:
    for place, wanted in ((_STATE, 0), ("/tmp", 0), ("/opt", 1), ("/etc", 1)):
        done = program.run(["/bin/sh", "-c", f"touch {place}/probe 2>/dev/null"])
        assert bool(done.returncode) == bool(wanted), f"{place}: {done.returncode}"
    assert program.run(["id", "-u"]).stdout.strip() == "10001"
