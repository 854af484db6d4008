"""The front door as a real process: nginx with the configuration that `nginx/render` makes."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import httpx

from tests.integration.servers import Server, free_port
from tests.nginx.certificates import write_certificate

REPOSITORY = Path(__file__).parents[3]
RENDER = REPOSITORY / "nginx" / "render"


class NginxServer(Server):
    """In front of an API at `upstream_port`, with the user interface in `ui_dir`.

    `mode` is dev (plain HTTP) or prod (TLS with a certificate of its own, `certificate`; plain
    HTTP at `http_port`). `variables` are those of nginx/README.md, in small letters.
    """

    start_seconds = 10.0

    def __init__(
        self, folder: Path, mode: str, upstream_port: int, ui_dir: Path, **variables: object
    ) -> None:
        super().__init__(folder)
        self.mode = mode
        self.http_port = self.port if mode == "dev" else free_port()
        self.certificate = self.folder / "tls" / "fullchain.pem"
        self._variables = {
            "listen_address": "127.0.0.1",
            "api_servers": f"127.0.0.1:{upstream_port}",
            "ui_dir": ui_dir.absolute(),
            # Workers of another user could not enter the folders of a test.
            **({"nginx_user": "root"} if os.geteuid() == 0 else {}),
            **variables,
        }

    @property
    def url(self) -> str:
        scheme = "http" if self.mode == "dev" else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def http_url(self) -> str:
        """The plain port: in prod, the one that only sends to `url`."""
        return f"http://127.0.0.1:{self.http_port}"

    def client(self, *, local_address: str | None = None, timeout: float = 30) -> httpx.Client:
        """A client that trusts the certificate; `local_address` is where it calls from."""
        transport = httpx.HTTPTransport(verify=self.tls_context(), local_address=local_address)
        return httpx.Client(base_url=self.url, transport=transport, timeout=timeout)

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.mode == "prod":
            context.load_verify_locations(self.certificate)
        return context

    def render(self) -> Path:
        """The rendered nginx.conf."""
        if self.mode == "prod" and not self.certificate.exists():
            write_certificate(self.certificate, self.certificate.with_name("privkey.pem"))
        done = subprocess.run(
            [str(RENDER), self.mode, str(self.folder)],
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return self.folder / "nginx.conf"

    def command(self) -> list[str]:
        configuration = self.render()
        return [
            *(nginx_binary(), "-e", "stderr", "-p", str(self.folder), "-c", str(configuration)),
            *("-g", "daemon off;"),
        ]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.port),
            **{name.upper(): str(value) for name, value in self._variables.items()},
        }

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True


def nginx_binary() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    assert found, "this test needs nginx: apt-get install nginx"
    return found
