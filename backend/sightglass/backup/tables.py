"""Rows of SQL tables as JSON lines and back, on any database, a few thousand at a time.

Tables are reflected: what is dumped is what is there, whatever version of the schema it has.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Column, Connection, Engine, MetaData, Table
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Float, Numeric

from sightglass.backup.archive import ArchiveWriter, BackupError

_AT_ONCE = 1000
_LOCK_SECONDS = 15

Encoder = Callable[[Any], Any]


def snapshot(engine: Engine) -> Connection:
    """A connection whose transaction shows one moment, however long it reads."""
    connection = engine.connect()
    if engine.dialect.name != "sqlite":  # there each transaction is one, see `storage.database`
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    connection.begin()
    return connection


def reflect(connection: Connection, names: Iterable[str] | None = None) -> list[Table]:
    """The tables that are there (of `names`), parents before children."""
    there = set(sa.inspect(connection).get_table_names())
    metadata = MetaData()
    metadata.reflect(connection, only=sorted(there & set(names) if names is not None else there))
    tables = metadata.sorted_tables
    for column in (column for table in tables for column in table.columns):
        _make_exact(column)
    return tables


def dump(
    connection: Connection, table: Table, writer: ArchiveWriter, folder: str
) -> dict[str, Any]:
    """Write all rows; returns what the manifest says of the table."""
    columns = _stored(table)
    rows = writer.add_lines(f"{folder}/{table.name}", _lines(connection, table, columns))
    return {"rows": rows, "columns": [str(column.name) for column in columns]}


def load(connection: Connection, table: Table, columns: Sequence[str], content: IO[bytes]) -> int:
    """Insert the rows of one member; returns how many."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise BackupError(f"The table {table.name} has no column {missing[0]}.")
    targets = [table.columns[name] for name in columns]
    decoders = [_decoder(column) for column in targets]
    count = 0
    rows: list[dict[str, Any]] = []
    for line in content:
        values = zip(columns, decoders, orjson.loads(line), strict=True)
        rows.append({name: decode(value) for name, decode, value in values})
        if len(rows) == _AT_ONCE:
            count += _insert(connection, table, rows)
            rows = []
    return count + _insert(connection, table, rows)


def count_rows(connection: Connection, table: Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def is_empty(connection: Connection, tables: Iterable[Table]) -> bool:
    """Whether no table has a row."""
    return not any(
        connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) for table in tables
    )


def holds_only(
    connection: Connection, tables: Iterable[Table], restored: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Whether each table is empty or has as many rows as the manifest says of it."""
    return all(
        count_rows(connection, table) in (0, restored.get(table.name, {}).get("rows", 0))
        for table in tables
    )


def prepare_to_load(connection: Connection) -> None:
    """Do not wait for ever for tables that somebody else is using, and keep every number."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    elif connection.dialect.name != "sqlite":  # there the busy timeout does it
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_LOCK_SECONDS}")
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_SECONDS}")
        # Else it counts on where a row has the number 0, as MLflow's first experiment has.
        connection.exec_driver_sql(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"
        )


def go_on_counting(connection: Connection, tables: Iterable[Table]) -> None:
    """PostgreSQL numbers rows from a sequence that inserted numbers do not move."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key:
            if not isinstance(column.type, sa.Integer):
                continue
            place = {"table": f'"{table.name}"', "column": column.name}
            sequence = connection.scalar(
                sa.text("SELECT pg_get_serial_sequence(:table, :column)"), place
            )
            last = connection.scalar(sa.select(sa.func.max(column)))
            if sequence and last:
                moved = sa.text("SELECT setval(CAST(:sequence AS regclass), :last)")
                connection.execute(moved, {"sequence": sequence, "last": last})


def _lines(connection: Connection, table: Table, columns: list[Column[Any]]) -> Iterator[bytes]:
    encoders = [(place, encode) for place, c in enumerate(columns) if (encode := _encoder(c))]
    streamed = connection.execution_options(stream_results=True, yield_per=_AT_ONCE)
    with streamed.execute(sa.select(*columns)) as rows:
        for row in rows:
            values = list(row)
            for place, encode in encoders:
                if values[place] is not None:
                    values[place] = encode(values[place])
            yield orjson.dumps(values)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    if rows:
        connection.execute(table.insert(), rows)
    return len(rows)


def _stored(table: Table) -> list[Column[Any]]:
    """All but those that the database computes itself."""
    return [column for column in table.columns if column.computed is None]


def _make_exact(column: Column[Any]) -> None:
    """Doubles as doubles (MySQL would give rounded decimals), a missing JSON as NULL."""
    if isinstance(column.type, Numeric | Float):
        column.type.asdecimal = False
    if isinstance(column.type, JSON):
        column.type.none_as_null = True


def _encoder(column: Column[Any]) -> Encoder | None:
    """What makes a value of this column fit for JSON; None: it is."""
    kind = column.type
    if _holds_bytes(kind):
        return lambda value: {"$bytes": base64.b64encode(value).decode()}
    if isinstance(kind, JSON):
        return lambda value: {"$json": value}
    if isinstance(kind, Date | DateTime):
        return lambda value: {"$time": value.isoformat()}
    if isinstance(kind, Numeric | Float):
        return lambda value: value if math.isfinite(value) else {"$float": str(value)}
    return None


def _holds_bytes(kind: Any) -> bool:
    try:
        return bool(kind.python_type is bytes)
    except NotImplementedError:
        return False


def _decoder(column: Column[Any]) -> Encoder:
    kind = column.type
    if isinstance(kind, Boolean):  # SQLite and MySQL keep numbers
        return lambda value: None if value is None else bool(value)
    if isinstance(kind, DateTime):
        return lambda value: value and datetime.fromisoformat(value["$time"])
    if isinstance(kind, Date):
        return lambda value: value and date.fromisoformat(value["$time"])
    return _decode


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(tag, inner)] = value.items()
    if tag == "$bytes":
        return base64.b64decode(inner)
    if tag == "$float":
        return float(inner)
    return inner
