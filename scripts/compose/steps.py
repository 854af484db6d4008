"""The steps of a check, in their order: each uses the site or breaks it, and says what it saw."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from compose.site import PICTURE, Site, Traffic
from compose.stack import CheckError, Stack, changed

# Of an operator page: the service behind it, and what it answers when it works.
PAGES = {
    "mlflow": "/mlflow/",
    "grafana": "/grafana/",
    "prometheus": "/prometheus/api/v1/status/buildinfo",
    "alertmanager": "/alertmanager/api/v2/status",
    "flower": "/flower/",
}
Found = TypeVar("Found")


class Check:
    """The steps, in their order. Each says what it saw, or raises CheckError."""

    def __init__(self, stack: Stack, site: Site) -> None:
        self.stack = stack
        self.site = site
        self.predictions: list[str] = []
        self.tasks: list[str] = []

    def steps(self, *, build: bool) -> list[tuple[str, Callable[[], str]]]:
        return [
            ("Docker is there", self.docker),
            *([("our images are built", self.build)] if build else []),
            ("a missing secret is named", self.missing_secret),
            ("a placeholder is named, nothing starts", self.placeholder),
            ("all services become healthy", self.start),
            ("a picture is answered, with a key alone", self.answer),
            ("a queued picture is answered", self.queued),
            ("both are in the history and in MLflow", self.recorded),
            ("operators' pages ask for the login", self.operators),
            ("Prometheus sees all, no alert fires", self.watched),
            ("restarts and a killed Redis lose nothing", self.restarts),
            ("backup, everything removed, restored", self.restored),
        ]

    def docker(self) -> str:
        self.stack.compose("down", "-v", "--remove-orphans")  # of a check that was killed
        command = ["docker", "version", "--format", "{{.Server.Version}}"]
        engine = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        return f"Engine {engine}, Compose {self.stack.compose('version', '--short').strip()}"

    def build(self) -> str:
        self.stack.compose("build")
        return ""

    def missing_secret(self) -> str:
        with changed(self.stack.env_file, "REDIS_PASSWORD", None):
            done = self.stack.try_compose("config", "--quiet")
        if done.returncode == 0 or "REDIS_PASSWORD" not in done.stdout:
            raise CheckError(f"config took a file without REDIS_PASSWORD: {done.stdout}")
        return "REDIS_PASSWORD"

    def placeholder(self) -> str:
        with changed(self.stack.env_file, "OPERATOR_PASSWORD", "change-me"):
            done = self.stack.try_compose("up", "-d", "--no-build")
            running = [s for s, state in self.stack.states().items() if state.startswith("running")]
            said = self.stack.compose("logs", "preflight")
            self.stack.compose("down", "-v")
        if done.returncode == 0 or "OPERATOR_PASSWORD" not in said:
            raise CheckError(f"preflight did not refuse it: {done.stdout[-500:]} {said}")
        if running:
            raise CheckError(f"preflight refused, but these run: {running}")
        return "OPERATOR_PASSWORD"

    def start(self) -> str:
        self.stack.up()
        scopes = [part for name in ("read", "detect") for part in ("--scope", name)]
        said = self.stack.compose(
            "exec", "-T", "backend", "sightglass", "keys", "create", "check", *scopes
        )
        key = re.search(r"\bsg_[\w-]+", said)
        if key is None:
            raise CheckError(f"no key was made: {said}", "backend")
        self.site.key = key.group()
        return f"{len(self.stack.states()) - 1} services"

    def answer(self) -> str:
        without = self.site.upload("/process-image", with_key=False)
        if without.status != 401:
            raise CheckError(f"without a key: {without.status}, not 401", "backend")
        answer = self.site.upload("/process-image").json()
        if answer["success"] is not True or not answer["detections"]:
            raise CheckError(f"nothing found in {PICTURE.name}: {answer}", "backend")
        self.predictions.append(answer["prediction_id"])
        return f"{len(answer['detections'])} objects"

    def queued(self) -> str:
        task = self.site.upload("/process-image/async").json()["task_id"]
        self.tasks.append(task)
        return f"completed, {self._result(task)['num_instances']} objects"

    def recorded(self) -> str:
        self._recorded_once()
        shown = f"/predictions/{self.predictions[0]}"
        run = _wait("a run in MLflow", 60, lambda: self.site.get(shown)["mlflow"]["run_id"])
        path = f"/mlflow/ajax-api/2.0/mlflow/runs/get?run_id={run}"
        info = self.site.page(path).json()["run"]["info"]
        return f"run {info['run_name']}"

    def operators(self) -> str:
        there = set(self.stack.compose("config", "--services").split())
        for service in sorted(there & PAGES.keys()):
            closed = self.site.page(PAGES[service], login=False).status
            opened = self.site.page(PAGES[service]).status
            if (closed, opened) != (401, 200):
                raise CheckError(
                    f"{PAGES[service]}: {closed} without the login, {opened} with it",
                    *("nginx", service),
                )
        absent = PAGES.keys() - there
        return ", ".join(sorted(there & PAGES.keys())) + "".join(f"; no {s}" for s in absent)

    def watched(self) -> str:
        path = "/prometheus/api/v1/scrape_pools"
        pools = set(self.site.page(path).json()["data"]["scrapePools"])
        targets = _wait("all targets up", 90, lambda: all_up(pools, self.site.query("up")))
        alerts = self.site.query('ALERTS{alertstate="firing"}')
        if alerts:
            names = [alert["metric"]["alertname"] for alert in alerts]
            raise CheckError(f"alerts fire: {names}", "prometheus")
        return f"{targets} targets up"

    def restarts(self) -> str:
        with Traffic(self.site) as traffic:
            for service in ("celery-worker", "drain"):
                self.stack.compose("restart", service)
            before = self._started_at("redis")
            # Every process there but the first one, which then ends: Docker starts it anew.
            self.stack.try_compose("exec", "-T", "redis", "sh", "-c", "kill -9 -1")
            _wait("Redis to be started anew", 60, lambda: self._started_at("redis") != before)
            self.stack.up()
        self.predictions += traffic.predictions
        self.tasks += traffic.tasks
        if refused := [what for what in traffic.refused if "async" not in what]:
            raise CheckError(f"pictures were not answered: {refused}", "nginx", "backend")
        if not traffic.predictions or not traffic.tasks:
            raise CheckError(f"no traffic: {dict(traffic.refused)}", "nginx", "backend")
        self._recorded_once()
        queue = f"{len(traffic.tasks)} queued, {traffic.refused.total()} refused by the queue"
        return f"{len(traffic.predictions)} answered, {queue}"

    def restored(self) -> str:
        self.stack.compose("run", "--rm", "-T", "backup")
        (file,) = (self.stack.folder / "backups").glob("sightglass-*.tar.gz")
        self.stack.compose("down", "-v")
        self.stack.up("redis", "postgres", "object-store", "mlflow")
        inside = f"/backups/{file.name}"
        self.stack.compose("run", "--rm", "-T", "backup", "sightglass", "backup", "restore", inside)
        self.stack.up()
        self._recorded_once()
        return f"{len(self.predictions) + len(self.tasks)} predictions, the key, the tasks"

    def _recorded_once(self) -> None:
        """Every task has ended well, and each prediction is in the history exactly once."""
        for task in self.tasks:
            self._result(task)
        wanted = [*self.predictions, *self.tasks]

        def all_there() -> bool:
            return not not_once(wanted, names(self.site.history()))

        try:
            _wait("the drain to record all", 90, all_there)
        except CheckError:
            wrong = not_once(wanted, names(self.site.history()))
            raise CheckError(f"not once in the history: {wrong}", "drain", "backend") from None

    def _result(self, task: str) -> Any:
        """Waits for its end. A worker that was killed has its tasks taken over in a minute."""

        def end() -> Any:
            state = self.site.get(f"/task/{task}")
            return state if state["status"] in ("completed", "failed", "cancelled") else None

        state = _wait(f"the end of task {task}", 150, end)
        if state["status"] != "completed":
            raise CheckError(f"task {task}: {state['status']}, {state['error']}", "celery-worker")
        return state["result"]

    def _started_at(self, service: str) -> str:
        container = self.stack.compose("ps", "-a", "-q", service).strip()
        command = ["docker", "inspect", "-f", "{{.State.StartedAt}}", container]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def not_once(wanted: Iterable[str], found: Iterable[str]) -> dict[str, int]:
    """How often each one was found that was not found exactly once."""
    times = Counter(found)
    return {name: times[name] for name in wanted if times[name] != 1}


def names(history: list[dict[str, Any]]) -> list[str]:
    """What each prediction is known by: its task when it was queued, else itself."""
    return [entry["task_id"] or entry["id"] for entry in history]


def all_up(pools: set[str], targets: list[dict[str, Any]]) -> int:
    """How many targets there are; 0 while one is down or a pool has none."""
    jobs = {target["metric"]["job"] for target in targets}
    up = all(target["value"][1] == "1" for target in targets)
    return len(targets) if up and jobs >= pools else 0


def _wait(what: str, seconds: float, look: Callable[[], Found]) -> Found:
    """The first thing it finds; a CheckError of it counts when the time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except CheckError:
            if time.monotonic() > end:
                raise
        else:
            if found:
                return found
            if time.monotonic() > end:
                raise CheckError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.5)
