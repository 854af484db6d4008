"""What people and programs do to a site: most of it works, and each thing goes wrong once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.browser.photos import street_photo
from tests.contract.pictures import encoded
from tests.hostile.pictures import PNG_END, png_chunk, png_file, png_header
from tests.monitoring.site import SCRAPE_SECONDS, Site

ROUNDS = 2  # a rate needs a series that was there before it grew
_IMAGES = 6
_PATIENCE_SECONDS = 60.0
_JPEG = {"Content-Type": "image/jpeg"}
# All that can be seen without decoding it is right, so it is queued.
_WELL_FORMED_BUT_BROKEN = png_file(
    png_header(8, 8), png_chunk(b"IDAT", b"not what zlib makes " * 9), PNG_END
)


class Traffic:
    """The clients of a site, each with a key of its own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._camera = self._client(site.key("camera", "read", "detect"))
        self._batch = self._client(site.key("batch", "read", rate="1/minute"))
        self._reader = self._client(site.key("reader", "read"))
        self._photo = street_photo().read_bytes()

    def run(self) -> None:
        """All of it, in rounds that Prometheus can tell apart."""
        self._site.back_up()
        for number in range(ROUNDS):
            if number == 1:
                self._site.mlflow.stop()  # what is recorded from now on waits for it
            self._one_round()
            time.sleep(2 * SCRAPE_SECONDS)

    def close(self) -> None:
        for client in (self._camera, self._batch, self._reader):
            client.close()

    def _client(self, key: str) -> httpx.Client:
        return httpx.Client(
            base_url=self._site.api.url,
            headers={"X-API-Key": key},
            timeout=60,
            trust_env=False,
        )

    def _one_round(self) -> None:
        with ThreadPoolExecutor(4) as threads:
            seen = list(threads.map(lambda _: self._detect(), range(_IMAGES)))
        self._judge(seen[0], "right")
        self._judge(seen[1], "wrong")
        queued = [self._queue(self._photo), self._queue(encoded(".png"))]
        failing = self._queue(_WELL_FORMED_BUT_BROKEN)
        self._go_wrong()
        for task, wanted in [*((task, "completed") for task in queued), (failing, "failed")]:
            self._wait(lambda task=task, wanted=wanted: self._task(task) == wanted)  # type: ignore[misc]
        self._through_the_front_door()

    def _detect(self) -> str:
        answer = self._camera.post("/process-image", content=self._photo, headers=_JPEG)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["prediction_id"])

    def _queue(self, image: bytes) -> str:
        answer = self._camera.post("/process-image/async", files={"file": ("photo", image)})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def _task(self, task_id: str) -> str:
        return str(self._camera.get(f"/task/{task_id}", params={"wait": 5}).json()["status"])

    def _judge(self, prediction_id: str, verdict: str) -> None:
        def is_given() -> bool:
            path = f"/predictions/{prediction_id}/verdict"
            return self._camera.put(path, json={"verdict": verdict}).is_success

        self._wait(is_given)  # it may not be in the history yet

    def _go_wrong(self) -> None:
        camera = self._camera
        broken = camera.post("/process-image", content=b"no image", headers=_JPEG)
        assert broken.status_code == 400, broken.text
        hasty = {**_JPEG, "X-Request-Timeout": "0.001"}
        late = camera.post("/process-image", content=self._photo, headers=hasty)
        assert late.status_code in (503, 504), late.text
        missing = camera.get("/task/nobody")
        assert missing.status_code == 404, missing.text
        denied = self._reader.post("/process-image", content=self._photo, headers=_JPEG)
        assert denied.status_code == 403, denied.text
        for _ in range(2):
            limited = self._batch.get("/model/info")
        assert limited.status_code == 429, limited.text

    def _through_the_front_door(self) -> None:
        with self._site.nginx.client() as client:
            assert client.get("/health/live").is_success

    def _wait(self, true: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.1)
