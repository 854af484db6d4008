"""One server of each kind for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.backup.filled_databases import Databases
from tests.integration.sql_servers import MariadbServer, PostgresServer


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sightglass-backup-")))
        folder.chmod(0o755)
        postgres = stack.enter_context(PostgresServer(folder / "postgresql"))
        mariadb = stack.enter_context(MariadbServer(folder / "mariadb"))
        yield Databases(folder, postgres, mariadb)
