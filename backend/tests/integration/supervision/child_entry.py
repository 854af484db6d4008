"""A supervised process for tests: `child_entry.py NAME FOLDER [PORT | fail | stubborn]`.

It notes its pid and that of a child of its own, and the order in which it is told to end.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    name, folder, *rest = sys.argv[1:]
    mode = rest[0] if rest else ""
    print(f"{name} says hello", flush=True)
    if mode == "fail":
        print("cannot work like this", flush=True)
        sys.exit(3)
    place = Path(folder)

    def end(*_: object) -> None:
        with (place / "ended.txt").open("a") as ended:
            ended.write(f"{name}\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else end)
    own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if mode.isdigit():
        listening = socket.create_server(("127.0.0.1", int(mode)))
        assert listening.fileno()
    (place / f"{name}.pids").write_text(f"{os.getpid()} {own.pid} {os.nice(0)}")
    while True:
        time.sleep(0.05)


if __name__ == "__main__":
    main()
