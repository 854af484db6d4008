"""The whole platform, started as a user starts it, with the means to hurt it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pyarrow.parquet as pq

_SETTINGS = ("PORT", "HOST", "REDIS_URL", "MLFLOW_TRACKING_URI", "STATE_DIR", "MODEL_PATH")


class Platform:
    """`sightglass up` on a state folder; `environment` are settings on top of the defaults."""

    def __init__(self, state_dir: Path, *options: str, **environment: str) -> None:
        self.state_dir = state_dir
        self.log_path = state_dir.with_name(state_dir.name + ".log")
        self._options = options
        inherited = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
        inherited.pop("PROMETHEUS_MULTIPROC_DIR", None)
        self.environment = {**inherited, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(trust_env=False, timeout=30)

    # --- its life

    def start(self) -> Self:
        """Returns when the platform says that it is ready."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sightglass.cli", "up", *self._arguments()],
                cwd=self.state_dir.parent,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_until(self._is_announced, 120, "the platform is ready")
        self.http.base_url = httpx.URL(self.endpoints["api"])
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End as Ctrl-C does; returns the exit status. Nothing may be left behind."""
        assert self._process is not None
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(number)
        status: int = self._process.wait(60)
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()
        self._process = None
        assert not alive, f"left behind: {alive}"
        return status

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            if self._process is not None:
                self.stop(signal.SIGTERM)
            raise

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.stop()
        self.http.close()

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state_dir / "run" / "endpoints.json").read_bytes())
        return found

    def process(self, part: str) -> psutil.Process:
        """The process of one part: serve, worker, beat, drain, redis-server or mlflow."""
        found = self.find_process(part)
        assert found is not None, f"no process {part}"
        return found

    def find_process(self, part: str) -> psutil.Process | None:
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children():
            with suppress(psutil.NoSuchProcess):  # a zombie is none any more
                words = " ".join(child.cmdline()[:4]).split()
                if part in (Path(word).name for word in words):  # not "serve" in "redis-server"
                    return child
        return None

    def kill(self, part: str) -> int:
        """SIGKILL one part; returns the pid that it had."""
        found = self.process(part)
        found.kill()
        return int(found.pid)

    # --- what a client does

    def detect(self, image: bytes, name: str = "photo.jpg", **parameters: str) -> httpx.Response:
        files = {"file": (name, image, "image/jpeg")}
        return self.http.post("/process-image", files=files, params=parameters)

    def submit(self, image: bytes, name: str = "photo.jpg") -> httpx.Response:
        return self.http.post("/process-image/async", files={"file": (name, image, "image/jpeg")})

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/health").json()
        return found

    def wait_for_tasks(self, ids: Iterable[str], seconds: float = 90) -> dict[str, str]:
        """The final status of each task."""
        final: dict[str, str] = {}
        until = time.monotonic() + seconds
        for task_id in ids:
            while task_id not in final:
                assert time.monotonic() < until, f"task {task_id} does not end"
                answer = self.http.get(f"/task/{task_id}", params={"wait": 5})
                assert answer.status_code == 200, answer.text
                if answer.json()["status"] not in ("queued", "processing"):
                    final[task_id] = answer.json()["status"]
        return final

    # --- what became of predictions

    def history_counts(self) -> Counter[str]:
        """How often each prediction is in the history."""
        counts: Counter[str] = Counter()
        cursor: str | None = None
        while True:
            page = self.http.get(
                "/predictions", params={"limit": 200, **({"cursor": cursor} if cursor else {})}
            ).json()
            counts.update(row["id"] for row in page["predictions"])
            cursor = page.get("next_cursor")
            if not cursor:
                return counts

    def wait_for_history(self, ids: Iterable[str], seconds: float = 60) -> None:
        """Every one of them is in the history, once."""
        wanted = set(ids)
        self.wait_until(lambda: wanted <= set(self.history_counts()), seconds, "full history")
        assert set(self.history_counts().values()) == {1}

    def wait_for_mlflow(self, ids: Iterable[str], artifacts: Path, seconds: float = 90) -> None:
        """Every one of them is a row of a window's table in MLflow, once."""
        wanted = set(ids)

        def rows() -> Counter[str]:
            counts: Counter[str] = Counter()
            for part in artifacts.rglob("*.parquet"):
                column = pq.read_table(part).column(0)
                counts.update(column.to_pylist())
            return counts

        self.wait_until(lambda: wanted <= set(rows()), seconds, "all predictions in MLflow")
        assert set(rows().values()) == {1}

    def wait_until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        until = time.monotonic() + seconds
        while not true():
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"the platform ended:\n{self._log_tail()}")
            if time.monotonic() > until:
                raise AssertionError(f"waited in vain for: {what}\n{self._log_tail()}")
            time.sleep(0.2)

    def _is_announced(self) -> bool:
        return (self.state_dir / "run" / "endpoints.json").is_file()

    def _log_tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]

    def _arguments(self) -> list[str]:
        return ["--state-dir", str(self.state_dir), *(self._options or ("--port", "0"))]
