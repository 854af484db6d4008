"""`sightglass up`: starts everything on one machine, restarts what dies, stops all in order."""

from sightglass.supervision.borrow import borrowed_services
from sightglass.supervision.state import find_running
from sightglass.supervision.up import run_up

__all__ = ["borrowed_services", "find_running", "run_up"]
