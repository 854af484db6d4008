"""Say plainly what is missing when the Python at hand cannot make the environment."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"Sightglass needs Python 3.11 or newer; this is {sys.version.split()[0]}.\n"
        "Name another with: make run PYTHON=python3.12"
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit("Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv")
