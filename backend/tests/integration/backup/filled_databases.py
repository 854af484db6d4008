"""Databases of each kind with something in every table, for tests of backups."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sightglass.backup.create import Part
from sightglass.engine.types import Box
from sightglass.predictions.history import History
from sightglass.predictions.ledger import ExportLedger, Totals
from sightglass.predictions.record import ImageFacts
from sightglass.predictions.verdict import VerdictObject, VerdictValue
from sightglass.predictions.verdicts import Verdicts
from sightglass.settings import Settings
from sightglass.storage.database import create_engine, migrate, reading, writing
from sightglass.storage.tables import metadata
from tests.integration.sql_servers import MariadbServer, PostgresServer
from tests.made_predictions import make_failure, make_prediction

SQL_ONLY = (Part.REDIS, Part.MLFLOW, Part.IMAGES, Part.MODELS)


@dataclass
class Databases:
    """Empty databases of each kind, as many as a test wants."""

    folder: Path
    postgres: PostgresServer
    mariadb: MariadbServer
    _made: list[str] = field(default_factory=list)

    def new(self, kind: str) -> str:
        name = f"d{len(self._made)}"
        self._made.append(name)
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        server = self.postgres if kind == "postgresql" else self.mariadb
        engine = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return server.url.rpartition("/")[0] + f"/{name}"


def settings_for(url: str, tmp_path: Path) -> Settings:
    # Not the Redis of the usual port: a platform that runs on this machine would be in the way.
    nowhere = "redis://127.0.0.1:9/0"
    state = tmp_path / "state"
    return Settings(_env_file=None, state_dir=state, database_url=url, redis_url=nowhere)


def fill(url: str, predictions: int = 38) -> None:
    """Something in every table of predictions, with values that are hard to carry over; two more
    predictions than were asked for.
    """
    migrate(url)
    engine = create_engine(url)
    made = [make_prediction(seed) for seed in range(predictions)]
    made.append(make_prediction(image=ImageFacts(name="é🚌'\";--\n\\" * 20)))
    made.append(make_failure(7))
    kept = History(engine)
    kept.add(made)
    kept.reject(bytes(range(256)), "not JSON")
    Verdicts(engine).put(
        made[-2].id, VerdictValue.WRONG, (VerdictObject(Box(1, 2, 3, 4.25), 1, "car"),)
    )
    ledger = ExportLedger(engine)
    batch = ledger.claim(20, up_to_seq=ledger.last_seq())
    assert batch is not None
    ledger.close(batch, Totals.of(ledger.predictions_of(batch)), [made[0].id])
    with writing(engine) as connection:
        key = {"id": "k1", "name": "camera", "secret_sha256": "0" * 64, "scopes": "detect"}
        connection.execute(metadata.tables["api_keys"].insert(), {**key, "created_us": 1})
    engine.dispose()


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the entry that a restore adds to the audit log."""
    engine = create_engine(url)
    with reading(engine) as connection:
        found = {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
            if name != "audit_log"
        }
    engine.dispose()
    return found
