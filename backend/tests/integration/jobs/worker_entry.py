"""A worker process whose predictor does what the image's bytes say; all around it is real.

`ok`: an empty answer. `slow N`: the same after N seconds. `broken`: refused as a bad image.
`deadly`: ends the process as a crash would. Each run is noted as a line in a file.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from sightglass.errors import BrokenImageError, SightglassError
from sightglass.jobs.worker import run_beat, run_worker
from sightglass.predictions.record import ImageFacts, ModelRef, Outcome, Prediction
from sightglass.predictions.service import Answer, PredictionRequest
from sightglass.settings import load_settings


class ObedientPredictor:
    """Stands in for a model, because a real one cannot be told to take its time."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def predict(self, data: bytes, request: PredictionRequest) -> Answer:
        self._note("run", request)
        word, *rest = data.decode().split()
        if word == "broken":
            raise BrokenImageError
        if word == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "slow":
            time.sleep(float(rest[0]))
        self._note("done", request)
        prediction = Prediction(
            id=request.prediction_id,
            created_at=time.time(),
            source=request.source,
            model=ModelRef("obedient", "1"),
            image=ImageFacts(name=request.image_name, width=4, height=3),
            options=request.options,
            outcome=Outcome.SUCCEEDED,
        )
        return Answer(prediction, b"a picture" if request.annotate else None)

    def record_unstarted(self, request: PredictionRequest, error: SightglassError) -> None:
        self._note(error.code, request)

    def _note(self, what: str, request: PredictionRequest) -> None:
        with self._notes.open("a") as notes:
            notes.write(f"{what} {request.task_id}\n")


if __name__ == "__main__":
    settings = load_settings()
    if sys.argv[1] == "beat":
        run_beat(settings)
    else:
        sys.exit(run_worker(settings, ObedientPredictor(Path(sys.argv[2])), concurrency=2))
