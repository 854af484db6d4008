"""Sends traces to MLflow's OTLP endpoint, and knows for certain that they arrived.

No exporter of the OpenTelemetry SDK: those drop spans when the server is away.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from sightglass.errors import MlflowUnavailableError
from sightglass.predictions.mlflow_client import reaches_through_proxy
from sightglass.predictions.record import Prediction
from sightglass.predictions.sinks.trace_spans import spans_of

log = structlog.get_logger(__name__)

# MLflow links at most 100 traces of one request to a run.
TRACES_AT_ONCE = 100
_TIMEOUT_SECONDS = 30.0
_REFUSED = (400, 413, 422)  # of the payload, or of much that goes wrong in MLflow's database
_DOUBT_SECONDS = 3600.0  # how long a refusal is doubted when nothing was ever taken

_Message = tuple[bytes, dict[str, str]]


class TraceSender:
    """One keep-alive connection to the tracking server."""

    def __init__(self, tracking_uri: str) -> None:
        self._url = f"{tracking_uri}/v1/traces"
        self._http = httpx.Client(
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=2.0),
            trust_env=reaches_through_proxy(tracking_uri),
        )
        self._taken: _Message | None = None  # the last that MLflow has taken
        self._since = time.monotonic()

    def send(self, batch: Sequence[Prediction], experiment_id: str, run_id: str) -> list[str]:
        """Send a trace for each prediction; returns the ids of those that MLflow now has.

        A trace that MLflow will never take is left out. Raises `MlflowUnavailableError` when it
        cannot tell: send all of them again then.
        """
        refused: dict[str, int] = {}
        for start in range(0, len(batch), TRACES_AT_ONCE):
            chunk = batch[start : start + TRACES_AT_ONCE]
            refused |= self._send_chunk(chunk, experiment_id, run_id)
        if refused:
            self._check_that_others_are_taken()
        for prediction in batch:
            if prediction.id in refused:
                log.error(
                    "trace_refused",
                    prediction_id=prediction.id,
                    request_id=prediction.request_id,
                    status=refused[prediction.id],
                )
        return [prediction.id for prediction in batch if prediction.id not in refused]

    def close(self) -> None:
        self._http.close()

    def _send_chunk(
        self, chunk: Sequence[Prediction], experiment_id: str, run_id: str
    ) -> dict[str, int]:
        """Returns the ids of those that are refused one by one, and the status of each."""
        headers = {
            "content-type": "application/x-protobuf",
            "x-mlflow-experiment-id": experiment_id,
            "x-mlflow-run-id": run_id,
        }
        message = _request(chunk), headers
        status = self._post(message)
        if status == httpx.codes.OK:
            self._taken = message
            return {}
        if len(chunk) == 1:
            return {chunk[0].id: status}
        half = len(chunk) // 2
        return {
            **self._send_chunk(chunk[:half], experiment_id, run_id),
            **self._send_chunk(chunk[half:], experiment_id, run_id),
        }

    def _check_that_others_are_taken(self) -> None:
        """Send once more what was taken last: it is the same traces, and changes nothing."""
        if self._taken is not None:
            takes = self._post(self._taken) == httpx.codes.OK
        else:
            takes = time.monotonic() - self._since > _DOUBT_SECONDS
        if not takes:
            raise MlflowUnavailableError("MLflow refuses every trace.")

    def _post(self, message: _Message) -> int:
        """The status: taken, or refused."""
        content, headers = message
        try:
            answer = self._http.post(self._url, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise MlflowUnavailableError from error
        if answer.status_code != httpx.codes.OK and answer.status_code not in _REFUSED:
            raise MlflowUnavailableError(f"MLflow answered {answer.status_code} to traces.")
        return answer.status_code


def _request(chunk: Sequence[Prediction]) -> bytes:
    spans = [span for prediction in chunk for span in spans_of(prediction)]
    # No resource attributes: MLflow would copy them to each trace as tags.
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]
    )
    return bytes(request.SerializeToString())
