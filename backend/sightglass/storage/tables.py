"""The SQL tables of the prediction history, of verdicts, of the export to MLflow, and of access.

Times are integers, microseconds since the epoch (UTC): exact on SQLite, PostgreSQL and MySQL
alike. A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

# SQLite numbers rows by itself only for INTEGER, which holds 64 bits there.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")
# MySQL's TEXT ends at 64 KiB; the outlines of a segmented image can be longer.
LONG_TEXT = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
LONG_BYTES = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")
# MySQL would compare names without case and without trailing spaces.
TABLE_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}

metadata = MetaData()

predictions = Table(
    "predictions",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    Column("window_start", BigInteger, nullable=False),  # seconds: start of its UTC hour
    Column("request_id", String(128)),
    Column("task_id", String(64)),
    Column("source", String(16), nullable=False),
    Column("model_name", String(200), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("error_code", String(64)),
    Column("image_name", String(255)),
    Column("width", Integer),
    Column("height", Integer),
    Column("size_bytes", BigInteger),
    Column("sha256", String(64)),
    Column("brightness", Double),
    Column("sharpness", Double),
    Column("total_ms", Double, nullable=False),
    Column("num_detections", Integer, nullable=False),
    Column("min_confidence", Double),
    Column("mean_confidence", Double),
    Column("max_confidence", Double),
    Column("export_batch_id", String(32)),  # NULL: not yet taken up for MLflow
    Column("traced", Boolean, nullable=False, default=False),
    Column("record", LONG_TEXT, nullable=False),
    Index("ix_predictions_created", "created_us", "id"),
    Index("ix_predictions_export", "export_batch_id", "seq"),
    # Percentiles of a window are read in order from this index alone.
    Index("ix_predictions_latency", "window_start", "model_name", "model_version", "total_ms"),
    **TABLE_OPTIONS,
)

prediction_classes = Table(
    "prediction_classes",
    metadata,
    Column("prediction_id", String(32), primary_key=True),
    Column("class_name", String(200), primary_key=True),
    Column("count", Integer, nullable=False),
    Index("ix_prediction_classes_name", "class_name", "prediction_id"),
    **TABLE_OPTIONS,
)

prediction_verdicts = Table(
    "prediction_verdicts",
    metadata,
    Column(
        "prediction_id",
        String(32),
        # PostgreSQL and MySQL refuse to remove a prediction whose verdict came this moment.
        ForeignKey("predictions.id", name="fk_prediction_verdicts_prediction"),
        primary_key=True,
    ),
    Column("verdict", String(16), nullable=False),
    Column("objects", LONG_TEXT),  # JSON; NULL: nobody corrected them
    Column("note", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("ix_prediction_verdicts_verdict", "verdict", "prediction_id"),
    **TABLE_OPTIONS,
)

rejected_records = Table(
    "rejected_records",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256: kept once
    Column("received_us", BigInteger, nullable=False),
    Column("reason", String(255), nullable=False),
    Column("raw", LONG_BYTES, nullable=False),
    **TABLE_OPTIONS,
)

export_batches = Table(
    "export_batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model_name", String(200), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("window_start", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("exported_us", BigInteger),
    Index("ix_export_batches_exported", "exported_us"),
    **TABLE_OPTIONS,
)

mlflow_windows = Table(
    "mlflow_windows",
    metadata,
    Column("model_name", String(200), primary_key=True),
    Column("model_version", String(64), primary_key=True),
    Column("window_start", BigInteger, primary_key=True),
    Column("run_id", String(64)),
    Column("totals", LONG_TEXT, nullable=False),  # JSON sums over the exported batches
    Column("refreshed_us", BigInteger, nullable=False, default=0),
    Column("dirty", Boolean, nullable=False, default=True),
    Column("finished", Boolean, nullable=False, default=False),
    Index("ix_mlflow_windows_open", "finished", "dirty"),
    **TABLE_OPTIONS,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("id", String(8), nullable=False, unique=True),  # the public part of the key
    Column("name", String(64), nullable=False, unique=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("scopes", String(100), nullable=False),  # names, separated by spaces
    Column("rate", String(64)),
    Column("quota", String(64)),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("last_used_us", BigInteger),
    **TABLE_OPTIONS,
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("details", LONG_TEXT, nullable=False),  # JSON
    Column("request_id", String(128)),
    Column("host", String(255), nullable=False),
    Index("ix_audit_log_action", "action", "seq"),
    **TABLE_OPTIONS,
)
