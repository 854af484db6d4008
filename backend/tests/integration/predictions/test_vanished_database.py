"""A database whose host vanishes: who asks is answered, and the next host is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import pytest
from sqlalchemy.engine import Engine, make_url

from sightglass.errors import HistoryUnavailableError
from sightglass.predictions.history import History, reachable
from sightglass.storage.database import create_engine, migrate, reading
from tests.integration.sql_servers import MariadbServer, PostgresServer, SqlServer
from tests.integration.vanishing_host import VanishingHost
from tests.made_predictions import make_prediction

ONE_MIGRATES = Lock()  # of one process: Alembic keeps what it works on in a global


@pytest.mark.timeout(180)
def test_the_host_of_the_database_vanishes() -> None:
    """Both kinds at once, as there is little to do but wait."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(vanish_and_return, (PostgresServer, MariadbServer)))


def vanish_and_return(kind: type[SqlServer]) -> None:
    with (
        TemporaryDirectory(prefix="sightglass-vanish-") as folder,
        kind(Path(folder)) as server,
        VanishingHost(server.port) as host,
    ):
        with ONE_MIGRATES:
            migrate(server.url)
        url = make_url(server.url).set(port=host.port).render_as_string(hide_password=False)
        engine = create_engine(url)
        history = History(engine)
        history.add([make_prediction(1)])
        began = time.monotonic()
        with pytest.raises(HistoryUnavailableError):
            ask_twice(engine, meanwhile=host.vanish)
        assert time.monotonic() - began < 60  # the kernel's own patience ends after minutes
        with pytest.raises(HistoryUnavailableError):
            history.count()
        host.return_empty()
        assert history.count() == 1
        engine.dispose()


def ask_twice(engine: Engine, meanwhile: Callable[[], None]) -> None:
    with reachable(), reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
        meanwhile()
        connection.exec_driver_sql("SELECT 1")
