"""Runs the application under uvicorn: one process, or several behind one socket."""

from __future__ import annotations

import math
import socket
import sys
from pathlib import Path

import structlog
import uvicorn
from uvicorn.supervisors import ChangeReload
from uvicorn.supervisors.multiprocess import Multiprocess

from sightglass.api.http_protocol import HttpProtocol
from sightglass.errors import SetupError
from sightglass.observability.logging import configure_logging
from sightglass.settings import Settings

log = structlog.get_logger(__name__)

# By name, as each process makes its own; it reads the settings from the environment.
APP_FACTORY = "sightglass.bootstrap:make_app"
# Longer than nginx keeps idle connections to us (60 s), so that it is never cut off by us.
_KEEP_ALIVE_SECONDS = 75
_OUR_CODE = Path(__file__).parents[1]


def run_server(settings: Settings, *, reload: bool = False) -> None:
    """Serve until a signal; with `reload`, anew after each change of our code.

    Raises `SetupError` when the port is taken or nothing can start.
    """
    if reload and settings.in_production:
        raise SetupError("--reload is not for production.")
    configure_logging(settings.log_level, settings.log_format, component="api")
    config = uvicorn.Config(
        APP_FACTORY,
        factory=True,
        workers=settings.workers,
        http=HttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace_seconds),
        reload=reload,
        reload_dirs=[str(_OUR_CODE)] if reload else None,
    )
    listening = listen(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    log.info("listening", url=f"http://{host}:{port}")
    try:
        if reload:
            ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listening]).run()
            return
        if settings.workers > 1:
            Multiprocess(config, sockets=[listening]).run()
            return
        server = uvicorn.Server(config)
        server.run(sockets=[listening])
    finally:
        listening.close()
    if not server.started:
        sys.exit(1)  # the reason is in the log


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, which several processes may inherit. Raises `SetupError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    # A restart must not wait for connections of the last run to be forgotten.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # bind alone succeeds beside another socket with SO_REUSEADDR that does not listen yet
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise SetupError(
            f"Cannot listen on {host}:{port} ({error.strerror}). "
            "Free the port, or choose another with PORT or --port; 0 picks a free one."
        ) from None
    listening.set_inheritable(True)
    return listening
