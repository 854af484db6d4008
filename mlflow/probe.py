"""The health check of the MLflow image: exit status 0 when the server answers.

MLFLOW_PROBE_URL says where, when the server has a prefix or another port.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

_URL = "http://127.0.0.1:5000/health"


def main() -> int:
    """Ask once."""
    url = os.environ.get("MLFLOW_PROBE_URL", _URL)
    # Never through a proxy: the server is in this container.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError, ValueError) as error:
        print(f"mlflow: {url} does not answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
