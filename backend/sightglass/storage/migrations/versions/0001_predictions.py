"""The prediction history, records that could not be read, and the books of the MLflow export.

A migration is a picture of its day: it repeats the tables instead of importing them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LONG_TEXT = sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb")
LONG_BYTES = sa.LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")
TABLE_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("window_start", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.String(128)),
        sa.Column("task_id", sa.String(64)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("model_name", sa.String(200), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("image_name", sa.String(255)),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("brightness", sa.Double),
        sa.Column("sharpness", sa.Double),
        sa.Column("total_ms", sa.Double, nullable=False),
        sa.Column("num_detections", sa.Integer, nullable=False),
        sa.Column("min_confidence", sa.Double),
        sa.Column("mean_confidence", sa.Double),
        sa.Column("max_confidence", sa.Double),
        sa.Column("export_batch_id", sa.String(32)),
        sa.Column("traced", sa.Boolean, nullable=False),
        sa.Column("record", LONG_TEXT, nullable=False),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "prediction_classes",
        sa.Column("prediction_id", sa.String(32), primary_key=True),
        sa.Column("class_name", sa.String(200), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "rejected_records",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("raw", LONG_BYTES, nullable=False),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "export_batches",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model_name", sa.String(200), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("window_start", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("exported_us", sa.BigInteger),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "mlflow_windows",
        sa.Column("model_name", sa.String(200), primary_key=True),
        sa.Column("model_version", sa.String(64), primary_key=True),
        sa.Column("window_start", sa.BigInteger, primary_key=True),
        sa.Column("run_id", sa.String(64)),
        sa.Column("totals", LONG_TEXT, nullable=False),
        sa.Column("refreshed_us", sa.BigInteger, nullable=False),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.Column("finished", sa.Boolean, nullable=False),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_predictions_created", "predictions", ["created_us", "id"])
    op.create_index("ix_predictions_export", "predictions", ["export_batch_id", "seq"])
    op.create_index(
        "ix_predictions_latency",
        "predictions",
        ["window_start", "model_name", "model_version", "total_ms"],
    )
    op.create_index(
        "ix_prediction_classes_name", "prediction_classes", ["class_name", "prediction_id"]
    )
    op.create_index("ix_export_batches_exported", "export_batches", ["exported_us"])
    op.create_index("ix_mlflow_windows_open", "mlflow_windows", ["finished", "dirty"])


def downgrade() -> None:
    op.drop_table("mlflow_windows")
    op.drop_table("export_batches")
    op.drop_table("rejected_records")
    op.drop_table("prediction_classes")
    op.drop_table("predictions")
