"""Examples of answers in the OpenAPI document, as one small installation gives them."""

from __future__ import annotations

from typing import Any

_ID = "0199b2c4d5e67f8091a2b3c4d5e6f708"
_MODEL = {"name": "street", "version": "1"}
_TIMINGS = {
    "receive": 0.41,
    "queue": 0.08,
    "decode": 4.2,
    "preprocess": 0.6,
    "inference": 15.1,
    "postprocess": 0.3,
}
_BUS = {
    "box": {"x1": 22.9, "y1": 231.3, "x2": 805.0, "y2": 756.8},
    "class": 0,
    "name": "bus",
    "confidence": 0.873,
}
_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_IMAGE = {
    "name": "bus.jpg",
    "width": 810,
    "height": 1080,
    "format": "jpeg",
    "size_bytes": 137419,
    "sha256": _SHA256,
    "brightness": 117.2,
    "sharpness": 1630.4,
}
_SUMMARY_IMAGE = {name: value for name, value in _IMAGE.items() if name != "format"}
_MLFLOW = {"run_id": "5f0c1b2a3d4e5f60718293a4b5c6d7e8", "trace_id": f"tr-{_ID}"}

PREDICTION: dict[str, Any] = {
    "success": True,
    "prediction_id": _ID,
    "detections": [_BUS],
    "num_instances": 1,
    "processing_time": 0.0214,
    "timings": _TIMINGS,
    "model": _MODEL,
    "image": {"width": 810, "height": 1080},
    "image_size": {"width": 810, "height": 1080},
}
TASK_ACCEPTED = {"task_id": _ID, "status": "processing", "message": "The image is queued."}
TASK: dict[str, Any] = {
    "task_id": _ID,
    "status": "completed",
    "progress": 1,
    "result": PREDICTION,
    "error": None,
    "attempts": 1,
    "image_name": "bus.jpg",
    "request_id": _ID,
    "submitted_at": "2026-01-31T12:00:00.000000+00:00",
    "started_at": "2026-01-31T12:00:00.004000+00:00",
    "finished_at": "2026-01-31T12:00:00.027000+00:00",
}
TASK_CANCELLED = {**TASK, "status": "cancelled", "progress": 0, "result": None, "attempts": 0}
AUDIT: dict[str, Any] = {
    "entries": [
        {
            "at": "2026-01-31T12:00:00.000000+00:00",
            "actor": "cli:operator",
            "action": "key_created",
            "subject": "gate-camera",
            "details": {
                "key_id": "k3v9x2ab",
                "scopes": ["detect"],
                "rate": "20/second",
                "quota": None,
                "expires_at": None,
            },
            "request_id": None,
            "host": "serving-1",
        }
    ],
    "next_cursor": "41",
}
TASKS = {"tasks": [{**TASK, "result": None}]}
VERDICT_REQUEST: dict[str, Any] = {
    "verdict": "wrong",
    "objects": [{"box": {"x1": 22.9, "y1": 231.3, "x2": 805.0, "y2": 756.8}, "class": 0}],
    "note": "It is a bus.",
}
VERDICT: dict[str, Any] = {
    **VERDICT_REQUEST,
    "objects": [{**VERDICT_REQUEST["objects"][0], "name": "bus"}],
    "created_at": "2026-01-31T12:01:00.000000+00:00",
    "updated_at": "2026-01-31T12:01:00.000000+00:00",
}
RECORD: dict[str, Any] = {
    "id": _ID,
    "created_at": "2026-01-31T12:00:00.004000+00:00",
    "source": "sync",
    "outcome": "succeeded",
    "error": None,
    "request_id": _ID,
    "task_id": None,
    "model": _MODEL,
    "image": _IMAGE,
    "options": {"confidence": None, "iou": None, "classes": None, "max_detections": None},
    "detections": [_BUS],
    "num_instances": 1,
    "classifications": [],
    "timings": _TIMINGS,
    "processing_time": 0.0214,
    "mlflow": {
        **_MLFLOW,
        "run_url": "http://127.0.0.1:5000/#/experiments/1/runs/5f0c1b2a3d4e5f60718293a4b5c6d7e8",
        "trace_url": f"http://127.0.0.1:5000/#/experiments/1/traces/tr-{_ID}",
    },
    "verdict": VERDICT,
    "has_image": True,
}
PREDICTIONS = {
    "predictions": [
        {
            "id": _ID,
            "created_at": "2026-01-31T12:00:00.004000+00:00",
            "source": "sync",
            "outcome": "succeeded",
            "error_code": None,
            "request_id": _ID,
            "task_id": None,
            "model": _MODEL,
            "image": _SUMMARY_IMAGE,
            "num_instances": 1,
            "classes": {"bus": 1},
            "min_confidence": 0.873,
            "mean_confidence": 0.873,
            "max_confidence": 0.873,
            "processing_time": 0.0214,
            "mlflow": _MLFLOW,
            "verdict": "wrong",
            "has_image": True,
        }
    ],
    "next_cursor": None,
}
HEALTH: dict[str, Any] = {
    "status": "degraded",
    "timestamp": "2026-01-31T12:00:00.000000+00:00",
    "version": "0.1.0",
    "environment": "production",
    "services": {
        "redis": {"status": "up", "ms": 0.3},
        "mlflow": {"status": "down", "detail": "no answer (ConnectError)", "ms": 1.2},
        "model": {"status": "up"},
    },
    "model_info": _MODEL,
}
UNHEALTHY = {
    **HEALTH,
    "status": "unhealthy",
    "services": {**HEALTH["services"], "model": {"status": "down"}},
    "model_info": None,
}
MODEL_INFO: dict[str, Any] = {
    "model_name": "street",
    "version": "1",
    "task": "detect",
    "classes": ["bus", "car", "motorbike", "person", "truck"],
    "input_size": {"width": 640, "height": 640},
    "stride": 32,
    "engine": "openvino",
    "engine_version": "2026.4.1",
    "precision": "bf16",
    "device": "CPU",
    "streams": 2,
    "thresholds": {"confidence": 0.25, "iou": 0.7},
    "sha256": _SHA256,
    "source": "trained from nothing",
    "license": "AGPL-3.0",
    "metrics": {"map50": 0.5},
    "memory_bytes": 115523584,
    "input_shapes": [{"width": 640, "height": 640}, {"width": 640, "height": 384}],
}
ROOT = {
    "name": "Sightglass",
    "version": "0.1.0",
    "environment": "development",
    "endpoints": {"docs": "/docs", "health": "/health"},
    "routes": [{"path": "/health", "method": "GET", "description": "State of the platform"}],
}
METRICS = 'http_requests_total{endpoint="/process-image",method="POST",status="200"} 42.0\n'
RUNS = {
    "runs": [
        {
            "run_id": _MLFLOW["run_id"],
            "name": "street 1, 2026-01-31 12:00",
            "status": "RUNNING",
            "model": "street",
            "version": "1",
            "window_start": "2026-01-31T12:00:00Z",
            "start_time": "2026-01-31T12:00:00.000Z",
            "end_time": None,
            "metrics": {"predictions": 1280, "latency_ms_p95": 31.4},
            "params": {"model_name": "street", "model_version": "1"},
            "url": "http://127.0.0.1:5000/#/experiments/1/runs/5f0c1b2a3d4e5f60718293a4b5c6d7e8",
        }
    ]
}
CLIENT_CONFIG: dict[str, Any] = {
    "version": "0.1.0",
    "environment": "development",
    "limits": {
        "max_file_size": 10485760,
        "max_pixels": 50000000,
        "formats": ["jpeg", "png", "webp", "bmp", "tiff"],
        "max_detections": 300,
    },
    "links": {
        "docs": "/docs",
        "mlflow": "http://127.0.0.1:5000",
        "grafana": None,
        "prometheus": None,
    },
    "keeps_images": True,
}
ACTIVITY: dict[str, Any] = {
    "step_seconds": 10,
    "times": [1769860800, 1769860810],
    "requests": {
        "ok": [4.2, 4.0],
        "client_error": [0.1, 0],
        "refused": [0, 0],
        "server_error": [0, 0],
    },
    "predictions": {"succeeded": [4.0, 3.9], "failed": [0, 0], "timed_out": [0, 0]},
    "latency_ms": {"p50": [21.3, 22.0], "p95": [34.1, 33.0], "p99": [48.9, 41.0]},
    "stage_ms": {"decode": [4.2, 4.1], "inference": [15.1, 15.3]},
    "classes": {"bus": [0.9, 1.1], "person": [3.1, 2.8]},
    "confidence": [0.61, 0.58],
    "confidence_counts": [0, 0, 4, 9, 11, 14, 18, 21, 12, 3],
    "queue_length": [0, 0],
    "journal_lag_seconds": [0.02, 0.01],
}
TASK_EVENTS = 'event: tasks\ndata: {"tasks": [{"task_id": "0199...", "status": "completed"}]}\n\n'
MODEL_CARD = "# street\n\nFinds road users.\n"
