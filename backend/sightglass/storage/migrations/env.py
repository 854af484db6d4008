"""Alembic's entry: runs the migrations on the connection that `storage.database.migrate` made."""

from __future__ import annotations

from alembic import context

from sightglass.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="schema_version",
    # SQLite can roll back DDL as PostgreSQL can, because the engine says BEGIN itself.
    transactional_ddl=context.config.attributes["connection"].dialect.name != "mysql",
)
with context.begin_transaction():
    context.run_migrations()
