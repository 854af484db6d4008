"""Redis with the command of docker-compose.prod.yml: it wants its password and keeps its data."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from tests.deployment.stack_servers import SECRETS, production
from tests.integration.servers import RedisServer, redis_binary

PASSWORD = SECRETS["REDIS_PASSWORD"]


class ComposeRedis(RedisServer):
    """The shell line of the file, with its folders and its port exchanged."""

    def command(self) -> list[str]:
        shell, option, line = production().command("redis")
        exchanged = {
            "/tmp/secret.conf": f"'{self.folder / 'secret.conf'}'",
            "--dir /data": f"--dir '{self.folder}' --bind 127.0.0.1 --port {self.port}",
            "exec redis-server": f"exec '{redis_binary()}'",
        }
        for there, here in exchanged.items():
            assert there in line
            line = line.replace(there, here)
        return [shell, option, line]

    def environment(self) -> dict[str, str]:
        return {**super().environment(), **production().environment("redis")}

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=PASSWORD, socket_timeout=5)


@pytest.fixture
def server(tmp_path: Path) -> ComposeRedis:
    return ComposeRedis(tmp_path)


def test_it_asks_for_the_password(server: ComposeRedis) -> None:
    with server:
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        shown = Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert PASSWORD.encode() not in shown, "the list of processes shows the password"
        assert (server.folder / "secret.conf").stat().st_mode & 0o077 == 0


def test_it_keeps_what_was_written_and_throws_nothing_away(server: ComposeRedis) -> None:
    with server:
        with server.client() as client:
            client.set("kept", "yes")
            settings = client.config_get("*")
        assert settings["appendonly"] == "yes"
        assert settings["maxmemory-policy"] == "noeviction"
        assert int(settings["maxmemory"]) == 768 * 1024 * 1024
        server.stop()
        server.start()
        with server.client() as client:
            assert client.get("kept") == b"yes"
