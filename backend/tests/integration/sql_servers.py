"""PostgreSQL and MariaDB as ordinary processes for tests: packages postgresql, mariadb-server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import sqlalchemy as sa

from tests.integration.servers import Server

_UNPRIVILEGED = "nobody"  # both refuse to run as root


class SqlServer(Server):
    """A database server with one empty database.

    Its folder must not lie in pytest's, which only their owner may enter.
    """

    @property
    def url(self) -> str:
        raise NotImplementedError

    def answers(self) -> bool:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True


class PostgresServer(SqlServer):
    """With its data in a folder of the test; connections are trusted."""

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        data = self.folder / "data"
        if not data.exists():
            _give_away(self.folder)
            subprocess.run(
                _unprivileged(
                    [
                        _postgres_binary("initdb"),
                        *("-D", str(data), "-U", "postgres", "-A", "trust"),
                        *("--locale", "C", "--encoding", "UTF8", "--no-sync"),
                    ]
                ),
                check=True,
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
            )
        return _unprivileged(
            [
                _postgres_binary("postgres"),
                *("-D", str(data), "-p", str(self.port), "-h", "127.0.0.1"),
                *("-k", str(self.folder)),
            ]
        )


class MariadbServer(SqlServer):
    """With its data in a folder of the test; root needs no password."""

    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/test"

    def command(self) -> list[str]:
        data = self.folder / "data"
        if not data.exists():
            data.mkdir()
            (data / "test").mkdir()  # to MariaDB a folder is a database
            _give_away(self.folder)
            subprocess.run(
                _unprivileged(
                    [
                        _binary("mariadb-install-db", "mariadb-server"),
                        *("--no-defaults", f"--datadir={data}"),
                        *("--auth-root-authentication-method=normal", "--skip-test-db"),
                    ]
                ),
                check=True,
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
            )
        return _unprivileged(
            [
                _binary("mariadbd", "mariadb-server"),
                *("--no-defaults", f"--datadir={data}", f"--port={self.port}"),
                *("--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}"),
                f"--pid-file={self.folder / 'pid'}",
            ]
        )


def _unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    setpriv = _binary("setpriv", "util-linux")
    return [setpriv, f"--reuid={_UNPRIVILEGED}", "--regid=nogroup", "--clear-groups", *command]


def _give_away(folder: Path) -> None:
    """Let the unprivileged server have its folder."""
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, _UNPRIVILEGED)


def _binary(name: str, package: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found, f"this test needs {name}: apt-get install {package}"
    return found


def _postgres_binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else _binary(name, "postgresql")
