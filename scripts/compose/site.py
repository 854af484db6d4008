"""What a visitor of the checked site does, over TLS through nginx."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compose.stack import ROOT, CheckError

PICTURE = ROOT / "frontend" / "public" / "samples" / "crossing.jpg"


@dataclass(frozen=True)
class Answer:
    status: int  # 0: there was none
    body: bytes

    def json(self) -> Any:
        """The body; raises CheckError when the status is not of success."""
        if not 200 <= self.status < 300:
            raise CheckError(f"{self.status}: {self.body[:300]!r}", "nginx", "backend")
        return json.loads(self.body)


class Site:
    """What a visitor reaches: nginx, over TLS, whose certificate must be the one that we made."""

    def __init__(self, values: dict[str, str], certificate: Path) -> None:
        self._address = values["PUBLIC_URL"]
        login = f"operator:{values['OPERATOR_PASSWORD']}".encode()
        self._login = {"Authorization": "Basic " + base64.b64encode(login).decode()}
        self._trust = ssl.create_default_context(cafile=str(certificate))
        self._body = _form(PICTURE)
        self.key = ""

    def upload(self, path: str, *, with_key: bool = True) -> Answer:
        kind = {"Content-Type": "multipart/form-data; boundary=sightglass"}
        key = {"X-API-Key": self.key} if with_key else {}
        return self._ask(path, kind | key, self._body)

    def get(self, path: str) -> Any:
        return self._ask(path, {"X-API-Key": self.key}).json()

    def page(self, path: str, *, login: bool = True) -> Answer:
        return self._ask(path, self._login if login else {})

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers."""
        path = f"/prometheus/api/v1/query?query={urllib.parse.quote(expression)}"
        result: list[dict[str, Any]] = self.page(path).json()["data"]["result"]
        return result

    def history(self) -> list[dict[str, Any]]:
        """All predictions that are recorded."""
        entries: list[dict[str, Any]] = []
        path = "/predictions?limit=100"
        page = self.get(path)
        while True:
            entries += page["predictions"]
            if page["next_cursor"] is None:
                return entries
            page = self.get(f"{path}&cursor={urllib.parse.quote(page['next_cursor'])}")

    def _ask(self, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        request = urllib.request.Request(self._address + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._trust) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())
        except OSError as error:
            return Answer(0, str(error).encode())


@dataclass
class Traffic:
    """Two visitors that upload until they are told to stop; one picture in four is queued."""

    site: Site
    predictions: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Traffic:
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(5)  # what was broken has come back: is it used again?
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        turn = 0
        while not self._stop.wait(0.1):
            turn += 1
            path = "/process-image/async" if turn % 4 == 0 else "/process-image"
            answer = self.site.upload(path)
            if answer.status == 200:
                self.predictions.append(answer.json()["prediction_id"])
            elif answer.status == 202:
                self.tasks.append(answer.json()["task_id"])
            else:
                self.refused[f"{path} {answer.status}"] += 1


def _form(picture: Path) -> bytes:
    about = f'Content-Disposition: form-data; name="file"; filename="{picture.name}"'
    head = f"--sightglass\r\n{about}\r\nContent-Type: image/jpeg\r\n\r\n"
    return head.encode() + picture.read_bytes() + b"\r\n--sightglass--\r\n"
