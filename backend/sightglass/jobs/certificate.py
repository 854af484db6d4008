"""When the certificate that the front door shows runs out: asked of the door, not of a file.

A certificate that was renewed on the disk and not loaded is found this way too.
"""

from __future__ import annotations

import ssl

import structlog
from cryptography import x509

log = structlog.get_logger(__name__)

_ANSWER_SECONDS = 3.0


def find_expiry(address: str) -> float | None:
    """Seconds since the epoch at which the certificate of `host:port` ends; None: no answer.

    It is only read, not trusted: a self-signed one ends too.
    """
    host, _, port = address.rpartition(":")
    try:
        text = ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS)
        return x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        log.warning("certificate_not_read", address=address, reason=str(error))
        return None
