"""Every Prometheus metric, in one place.

The values live in memory-mapped files under `PROMETHEUS_MULTIPROC_DIR` (set by the CLI before
this module is imported), so that one scrape sees all uvicorn workers, the Celery worker and the
drain. Gauges say how several processes add up.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LATENCY = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1, 5)
_SIZES = tuple(float(1 << power) for power in range(12, 28, 2))  # 4 KiB to 64 MiB

# --- HTTP
http_requests = Counter(
    "http_requests_total", "Requests answered.", ("method", "endpoint", "status")
)
http_request_duration = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte of a request to the last of its answer.",
    ("method", "endpoint"),
    buckets=LATENCY,
)
active_connections = Gauge(
    "active_connections", "Requests being answered now.", multiprocess_mode="livesum"
)

# --- uploads
file_upload_size = Histogram(
    "file_upload_size_bytes", "Size of uploaded images.", ("file_type",), buckets=_SIZES
)
file_uploads = Counter("file_uploads_total", "Uploaded images.", ("file_type", "status"))

# --- the model
model_predictions = Counter(
    "model_predictions_total", "Predictions by outcome.", ("model_name", "status")
)
model_prediction_duration = Histogram(
    "model_prediction_duration_seconds",
    "Time of a prediction from its bytes to its record.",
    ("model_name",),
    buckets=LATENCY,
)
prediction_stage_duration = Histogram(
    "prediction_stage_duration_seconds",
    "Time of each stage of a prediction.",
    ("model_name", "stage"),
    buckets=_STAGE,
)
detections = Counter(
    "detections_total", "Objects found, by class.", ("model_name", "model_version", "class_name")
)
detections_confidence = Counter(
    "detections_confidence_total",
    "Sum of the confidences of the objects found, by class.",
    ("model_name", "model_version", "class_name"),
)
detection_confidence = Histogram(
    "detection_confidence",
    "Confidence of the objects found.",
    ("model_name", "model_version"),
    buckets=tuple(step / 10 for step in range(1, 11)),
)
model_memory = Gauge(
    "model_memory_usage_bytes",
    "Resident memory that loading the model added.",
    ("model_name",),
    multiprocess_mode="livesum",
)
model_info = Gauge(
    "model_info",
    "The model that is served; always 1.",
    ("model_name", "version", "task", "engine", "precision", "sha256"),
    multiprocess_mode="livemax",
)

# --- admission
queue_depth = Gauge(
    "inference_queue_depth", "Requests waiting for the engine.", multiprocess_mode="livesum"
)
inference_in_flight = Gauge(
    "inference_in_flight", "Requests in the engine.", multiprocess_mode="livesum"
)
requests_refused = Counter(
    "requests_refused_total", "Requests refused or given up, by reason.", ("reason",)
)

# --- the journal
journal_appends = Counter("journal_appends_total", "Predictions recorded, by place.", ("place",))
journal_append_duration = Histogram(
    "journal_append_duration_seconds",
    "Time to make a prediction durable.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25),
)
journal_spool_bytes = Gauge(
    "journal_spool_bytes",
    "Bytes waiting in the local spool for Redis to return.",
    multiprocess_mode="livesum",
)
drain_predictions = Counter("drain_predictions_total", "Predictions handed on, by sink.", ("sink",))
drain_errors = Counter("drain_errors_total", "Failed attempts to hand on, by sink.", ("sink",))
drain_lag = Gauge(
    "drain_lag_seconds",
    "Age of the oldest prediction not yet handed on, by sink.",
    ("sink",),
    multiprocess_mode="livemostrecent",
)
drain_backlog = Gauge(
    "drain_backlog_predictions",
    "Predictions not yet handed on, by sink.",
    ("sink",),
    multiprocess_mode="livemostrecent",
)

# --- what people look at
kept_images = Counter(
    "kept_images_total",
    "Pictures of predictions that were to be kept, by what came of it.",
    ("result",),
)
prediction_verdicts = Counter(
    "prediction_verdicts_total",
    "Verdicts given on predictions; one that replaces another counts again.",
    ("model_name", "model_version", "verdict"),
)

# --- jobs
tasks = Counter("tasks_total", "Queued tasks by name and end.", ("task", "status"))
task_duration = Histogram(
    "task_duration_seconds", "Run time of a task.", ("task",), buckets=(*LATENCY, 60, 300)
)
task_wait = Histogram(
    "task_wait_seconds", "Time a task waited in the queue.", ("task",), buckets=(*LATENCY, 60, 300)
)
cleanup_removed = Counter("cleanup_removed_total", "Expired things removed by cleanup.", ("kind",))
certificate_expires = Gauge(
    "certificate_expires_timestamp_seconds",
    "When the certificate of the front door ends (TLS_CHECK_ADDRESS).",
    multiprocess_mode="livemostrecent",
)

# --- the processes themselves
process_started = Gauge(
    "process_started_timestamp_seconds",
    "When the youngest process of a component was started.",
    ("component",),
    multiprocess_mode="livemax",
)

# --- who asks
api_key_requests = Counter(
    "api_key_requests_total",
    "Requests with an API key, by the key's name and what came of them.",
    ("key", "result"),
)

# --- measured at scrape time (observability/process_memory.py): name -> help
MEASURED = {
    "process_resident_memory_bytes": "Resident memory of the processes that this scrape speaks for."
}

# --- read from Redis at scrape time (observability/scrape.py): name -> help
SCRAPED = {
    "redis_up": "1 when Redis answered this scrape.",
    "service_up": "1 when a service answered its last health check.",
    "celery_workers": "Workers with a sign of life in the last ten seconds.",
    "worker_heartbeat_age_seconds": "Time since the last sign of life of any worker.",
    "beat_heartbeat_age_seconds": "Time since the last sign of life of beat.",
    "drain_heartbeat_age_seconds": "Time since the last sign of life of the drain.",
    "celery_queue_length": "Tasks waiting in a queue.",
    "backup_last_success_timestamp_seconds": "When the last backup was written.",
    "journal_stream_length": "Predictions in the journal, not yet in the history.",
    "journal_lag_seconds": "Age of the oldest prediction in the journal.",
}
