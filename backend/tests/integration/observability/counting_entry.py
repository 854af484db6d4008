"""A process that counts, and samples when it is told to: one command a line, one answer a line.

predict 3 0.015 -> counts three predictions of 15 ms, each with a bus of confidence 0.65
sample 1000050  -> samples, with this moment as the time
close 1000057   -> ends in order
"""

from __future__ import annotations

import sys

from sightglass.observability import metrics
from sightglass.observability.activity.sampler import ActivitySampler, shared_folder
from sightglass.observability.activity.store import ActivityStore
from sightglass.observability.scrape import RedisCollector

LANES = ("images", "images.3")
STREAM = "journal"


class Counting:
    def __init__(self, redis_url: str) -> None:
        self.now = 0.0
        self.sampler = ActivitySampler(
            ActivityStore(redis_url),
            RedisCollector(redis_url, queues=LANES, stream=STREAM),
            LANES,
            folder=shared_folder(),
            clock=lambda: self.now,
        )

    def obey(self, command: str, *words: str) -> bool:
        """Whether to go on."""
        if command == "predict":
            predict(int(words[0]), float(words[1]))
            return True
        self.now = float(words[0])
        if command == "sample":
            self.sampler.sample()
            return True
        self.sampler.close()
        return False


def predict(times: int, seconds: float) -> None:
    for _ in range(times):
        metrics.http_requests.labels("POST", "/process-image", "200").inc()
        metrics.http_requests.labels("GET", "/health/live", "200").inc()
        metrics.model_predictions.labels("street", "succeeded").inc()
        metrics.model_prediction_duration.labels("street").observe(seconds)
        metrics.prediction_stage_duration.labels("street", "decode").observe(seconds / 4)
        metrics.detections.labels("street", "1", "bus").inc()
        metrics.detection_confidence.labels("street", "1").observe(0.65)


def main() -> None:
    counting = Counting(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        go_on = counting.obey(*line.split())
        print("done", flush=True)
        if not go_on:
            return


if __name__ == "__main__":
    main()
