"""Sends traces to MLflow's OTLP endpoint, and knows for certain that they arrived.

No exporter of the OpenTelemetry SDK: those drop spans when the server is away.
"""

from __future__ import annotations

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
_REFUSED = (400, 413, 422)  # the payload itself is at fault: sending it again is useless


class TraceSender:
    """One keep-alive connection to the tracking server."""

    def __init__(self, tracking_uri: str) -> None:
        self._url = f"{tracking_uri}/v1/traces"
        self._http = httpx.Client(
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=2.0),
            trust_env=reaches_through_proxy(tracking_uri),
        )

    def send(self, batch: Sequence[Prediction], experiment_id: str, run_id: str) -> list[str]:
        """Send a trace for each prediction; returns the ids of those that MLflow now has.

        Raises `MlflowUnavailableError` when it cannot tell: send all of them again then.
        """
        sent: list[str] = []
        for start in range(0, len(batch), TRACES_AT_ONCE):
            chunk = batch[start : start + TRACES_AT_ONCE]
            sent += self._send_chunk(chunk, experiment_id, run_id)
        return sent

    def close(self) -> None:
        self._http.close()

    def _send_chunk(
        self, chunk: Sequence[Prediction], experiment_id: str, run_id: str
    ) -> list[str]:
        headers = {
            "content-type": "application/x-protobuf",
            "x-mlflow-experiment-id": experiment_id,
            "x-mlflow-run-id": run_id,
        }
        try:
            answer = self._http.post(self._url, content=_request(chunk), headers=headers)
        except httpx.HTTPError as error:
            raise MlflowUnavailableError from error
        if answer.status_code == httpx.codes.OK:
            return [prediction.id for prediction in chunk]
        if answer.status_code not in _REFUSED:
            raise MlflowUnavailableError(f"MLflow answered {answer.status_code} to traces.")
        if len(chunk) == 1:
            log.error(
                "trace_refused",
                prediction_id=chunk[0].id,
                request_id=chunk[0].request_id,
                status=answer.status_code,
            )
            return []
        half = len(chunk) // 2
        return [
            *self._send_chunk(chunk[:half], experiment_id, run_id),
            *self._send_chunk(chunk[half:], experiment_id, run_id),
        ]


def _request(chunk: Sequence[Prediction]) -> bytes:
    spans = [span for prediction in chunk for span in spans_of(prediction)]
    # No resource attributes: MLflow would copy them to each trace as tags.
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])]
    )
    return bytes(request.SerializeToString())
