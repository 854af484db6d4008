"""What Redis alone knows: predictions that are recorded and not drained yet, and tasks.

Not in a backup: messages of the queue (a restored task is sent again), signs of life, the last
day's activity, and the counts of rates and quotas.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import orjson
import redis

from sightglass.backup.archive import ArchiveWriter, BackupError
from sightglass.jobs import names
from sightglass.jobs.connection import connect
from sightglass.jobs.task_state import TaskStatus
from sightglass.observability.heartbeats import FRESH_SECONDS, ask, understand
from sightglass.predictions.spool import Spool
from sightglass.predictions.stream import DEFAULT_STREAM, RECORD_FIELD

JOURNAL = "journal"
TASKS = "tasks"
_AT_ONCE = 500
_ANSWER_SECONDS = 30.0
_PARTS = ("worker", "beat", "drain")


class RedisState:
    """Reads and writes over one server. Methods raise `BackupError` when it fails."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url, answer_seconds=_ANSWER_SECONDS)
        self._raw = redis.Redis.from_url(
            url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=5.0
        )

    def close(self) -> None:
        self._redis.close()
        self._raw.close()

    def alive(self) -> list[str]:
        """The parts of the platform that show signs of life, also after a while: the last sign
        of one that was killed stays fresh for some seconds.
        """
        until = time.monotonic() + FRESH_SECONDS + 2
        while found := self._alive_now():
            if time.monotonic() >= until:
                break
            time.sleep(0.5)
        return found

    def _alive_now(self) -> list[str]:
        with self._redis.pipeline(transaction=False) as pipe:
            ask(pipe, [names.heartbeat_key(part) for part in _PARTS])
            signs = understand(pipe.execute())
        return [part for part, sign in zip(_PARTS, signs, strict=True) if sign.alive]

    def note_backup(self) -> None:
        """Let the metrics know that one has been written just now."""
        seconds, _ = self._redis.time()
        self._redis.set(names.LAST_BACKUP, seconds)

    def waiting_records(self) -> Iterator[bytes]:
        """Records that the drain has not brought into the history, oldest first."""
        start = "-"
        while True:
            entries: Any = self._raw.xrange(DEFAULT_STREAM, min=start, count=_AT_ONCE)
            if not entries:
                return
            for _, fields in entries:
                yield _one_line(fields.get(RECORD_FIELD, b""))
            start = f"({entries[-1][0].decode()}"

    def task_ids(self) -> list[str]:
        """All tasks whose state is kept."""
        found = cast("Iterable[tuple[str, float]]", self._redis.zscan_iter(names.TASK_INDEX))
        return [task_id for task_id, _ in found]

    def tasks(self, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The states of these tasks, without those that have expired meanwhile."""
        for task_id in ids:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(names.task_key(task_id))
                pipe.pttl(names.task_key(task_id))
                pipe.zscore(names.TASK_INDEX, task_id)
                fields, milliseconds, place = pipe.execute()
            if "status" in fields and place is not None:
                left = milliseconds if milliseconds > 0 else None
                yield {"id": task_id, "fields": fields, "left_ms": left, "place": place}

    def put_tasks(self, content: IO[bytes]) -> int:
        """Add the tasks that are not there; returns how many.

        What had not ended is due at once: the next rescue sends it to a worker again.
        """
        return sum(self._put_task(orjson.loads(line)) for line in content)

    def _put_task(self, task: dict[str, Any]) -> int:
        task_id, fields = task["id"], dict(task["fields"])
        key = names.task_key(task_id)
        if self._redis.exists(key):
            return 0
        is_open = not TaskStatus(fields["status"]).is_final
        if is_open:
            # As if its worker had just gone: of tasks that are queued, the rescue sends again only
            # a few at a time, as the messages of the others may be waiting.
            fields.update(status=TaskStatus.PROCESSING.value, attempts="0", lease_until="0")
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping=fields)
            if task["left_ms"] is not None:
                pipe.pexpire(key, task["left_ms"])
            pipe.zadd(names.TASK_INDEX, {task_id: task["place"]})
            if is_open:
                pipe.zadd(names.OPEN_TASKS, {task_id: 0.0})
                if "owner" in fields:
                    pipe.hincrby(names.OPEN_BY_OWNER, fields["owner"], 1)
            pipe.execute()
        return 1


def dump_journal(spool_dir: Path, state: RedisState, writer: ArchiveWriter) -> int:
    """Write what is recorded and not in the history; returns how many.

    Spool before Redis, and both before SQL: a record moves in this order, and leaves a place only
    when the next one has it. One that is met twice is kept once by the history.
    """
    spooled = writer.add_lines(f"{JOURNAL}/spool", _spooled(spool_dir))
    return spooled + writer.add_lines(f"{JOURNAL}/redis", state.waiting_records())


def dump_tasks(state: RedisState, writer: ArchiveWriter, add_blob: Callable[[str], bool]) -> int:
    """Write all tasks and the uploads and pictures that they need; returns how many tasks.

    Uploads come first: a task that ends meanwhile takes its upload with it, and needs it no more.
    """
    ids = state.task_ids()
    kept = {
        task["id"]
        for task in state.tasks(ids)
        if task["fields"]["status"] != TaskStatus.COMPLETED
        and add_blob(names.upload_key(task["id"]))
    }

    def lines() -> Iterator[bytes]:
        for task in state.tasks(ids):
            if task["fields"]["status"] != TaskStatus.COMPLETED and task["id"] not in kept:
                add_blob(names.upload_key(task["id"]))
            if "annotated" in task["fields"]:
                add_blob(names.annotated_key(task["id"]))
            yield orjson.dumps(task)

    return writer.add_lines(TASKS, lines())


def restore_journal(spool_dir: Path, content: IO[bytes]) -> int:
    """Put records where the next API, worker or drain finds them; returns how many."""
    spool = Spool(spool_dir)
    count = 0
    gathered: list[bytes] = []
    try:
        for line in content:
            gathered.append(line.rstrip(b"\n"))
            count += 1
            if len(gathered) == _AT_ONCE:
                spool.append(gathered)
                gathered = []
        if gathered:
            spool.append(gathered)
        spool.sync()
    except OSError as error:
        raise BackupError(f"The spool cannot be written: {error.strerror}.") from error
    finally:
        spool.close()
    return count


def _spooled(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        try:
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):  # else its writer has not finished it
                        yield line[:-1]
        except FileNotFoundError:  # replayed into Redis, which is read after this
            continue


def _one_line(raw: bytes) -> bytes:
    # Ours are one line of JSON; in another's, white space may be any.
    return raw.replace(b"\n", b" ")
