"""Verdicts: what a person says of a prediction, one for each."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0002"
down_revision = "0001"

LONG_TEXT = sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb")
TABLE_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "prediction_verdicts",
        sa.Column(
            "prediction_id",
            sa.String(32),
            sa.ForeignKey("predictions.id", name="fk_prediction_verdicts_prediction"),
            primary_key=True,
        ),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("objects", LONG_TEXT),
        sa.Column("note", sa.Text),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("updated_us", sa.BigInteger, nullable=False),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_prediction_verdicts_verdict", "prediction_verdicts", ["verdict", "prediction_id"]
    )


def downgrade() -> None:
    op.drop_table("prediction_verdicts")
