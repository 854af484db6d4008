"""The file of a backup: written as a stream, whole or absent, and checked before it is used."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson

from sightglass.errors import SetupError

FORMAT = 1
MANIFEST = "manifest.json"
CHECKSUMS = "checksums.txt"
_CHUNK_BYTES = 1 << 20
_LINES_BYTES = 4 << 20  # of one member of JSON lines
# Pictures do not shrink, and JSON shrinks nearly as well at the fastest level.
_COMPRESSION = 1
_MANIFEST_BYTES = 16 << 20  # more than any has: it is read at once
_DAMAGE = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile, ValueError, KeyError)


class BackupError(SetupError):
    """A backup cannot be made, read or restored; the message says what to do."""

    code = "backup_failed"


@dataclass(frozen=True, slots=True)
class Member:
    """One member while the archive is read; `content` can be read once."""

    name: str
    size: int
    modified: float
    content: IO[bytes]


class ArchiveWriter:
    """Adds members to a tar stream and remembers their checksums."""

    def __init__(self, file: IO[bytes]) -> None:
        self._sink = _Sink(file)
        self._gzip = gzip.GzipFile(
            fileobj=self._sink, mode="wb", compresslevel=_COMPRESSION, filename=""
        )
        self._tar = tarfile.open(  # noqa: SIM115 - `close` does
            fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT
        )
        # On disk: a store of a million artifacts has a hundred megabytes of names.
        self._checksums = _scratch()
        self._members = 0
        self._bytes = 0

    def add(self, name: str, content: IO[bytes], size: int, modified: float = 0.0) -> None:
        """Add exactly `size` bytes. Raises `BackupError` when there are fewer."""
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, modified, 0o600
        counted = _Counted(content)
        try:
            self._tar.addfile(info, counted)
        except OSError as error:
            if str(error) == "unexpected end of data":
                raise BackupError(f"{name} became shorter while it was read.") from None
            raise
        self._checksums.write(_checksum_line(counted.digest.hexdigest(), name))
        self._members += 1
        self._bytes += size

    def add_bytes(self, name: str, data: bytes) -> None:
        self.add(name, io.BytesIO(data), len(data))

    def add_lines(self, folder: str, lines: Iterable[bytes]) -> int:
        """Add lines as members of a few megabytes each; returns how many lines."""
        count = part = 0
        gathered: list[bytes] = []
        size = 0
        for line in lines:
            count += 1
            gathered.append(line)
            size += len(line) + 1
            if size >= _LINES_BYTES:
                part += 1
                self._add_part(folder, part, gathered)
                gathered, size = [], 0
        if gathered:
            self._add_part(folder, part + 1, gathered)
        return count

    def finish(self, manifest: dict[str, Any]) -> None:
        """Add the checksums and the manifest: from here on it is a backup."""
        size = self._checksums.tell()
        self._checksums.seek(0)
        digest = _digest(self._checksums).hexdigest()
        self._checksums.seek(0)
        self._tar.addfile(_plain(CHECKSUMS, size), self._checksums)
        whole = {
            "format": FORMAT,
            **manifest,
            "members": self._members,
            "size_bytes": self._bytes,
            "checksums_sha256": digest,
        }
        data = orjson.dumps(whole, option=orjson.OPT_INDENT_2)
        self._tar.addfile(_plain(MANIFEST, len(data)), io.BytesIO(data))
        self.close()

    def close(self, *, abandoned: bool = False) -> None:
        """Write what is buffered; drop it when the file is to be abandoned anyway."""
        self._sink.open = not abandoned
        self._tar.close()
        self._gzip.close()
        self._checksums.close()

    def _add_part(self, folder: str, part: int, lines: list[bytes]) -> None:
        self.add_bytes(f"{folder}/{part:06}.jsonl", b"".join(line + b"\n" for line in lines))


@contextmanager
def writing_archive(path: Path) -> Iterator[ArchiveWriter]:
    """A writer whose file appears under its name when all is on the disk, else not at all."""
    part = path.with_name(f".{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            writer = ArchiveWriter(file)
            try:
                yield writer
            except BaseException:
                writer.close(abandoned=True)
                raise
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def verify(path: Path) -> dict[str, Any]:
    """Read all of it; returns the manifest. Raises `BackupError` that says what is wrong."""
    with _readable(path):
        return _verify(path)


def _verify(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] | None = None
    digest = ""
    count = 0
    with _scratch() as found, _scratch() as listed:
        for member in _read(path):
            if member.name == CHECKSUMS:
                digest = _digest(member.content, listed).hexdigest()
            elif member.name == MANIFEST:
                manifest = _manifest(member)
            else:
                checksum = _digest(member.content).hexdigest()
                found.write(_checksum_line(checksum, member.name))
                count += 1
        if manifest is None:
            raise BackupError(f"{path} is not complete: its end is missing.")
        if digest != manifest["checksums_sha256"]:
            raise BackupError(f"{path} is damaged: its list of checksums is not the one written.")
        for file in (found, listed):
            file.seek(0)
        _compare(path, found, listed)
    if count != manifest["members"]:
        raise BackupError(f"{path} is damaged: it has {count} of {manifest['members']} members.")
    return manifest


def members(path: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """The members whose names are wanted, in the order in which they were written."""
    for member in _read(path):
        if member.name not in (CHECKSUMS, MANIFEST) and wanted(member.name):
            yield member


def _read(path: Path) -> Iterator[Member]:
    with (
        _readable(path),
        gzip.open(path, "rb") as file,
        tarfile.open(fileobj=file, mode="r|") as tar,
    ):
        for info in tar:
            content = tar.extractfile(info) if info.isreg() else None
            if content is None or not _is_safe(info.name):
                raise BackupError(f"{path} holds {info.name!r}, which no backup has.")
            yield Member(info.name, info.size, float(info.mtime), content)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise BackupError(f"{path} does not exist.") from None
    except _DAMAGE as error:
        what = "is damaged or not complete"
        raise BackupError(f"{path} {what}: {type(error).__name__}.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error


def _is_safe(name: str) -> bool:
    return not name.startswith("/") and ".." not in PurePosixPath(name).parts


def _checksum_line(digest: str, name: str) -> bytes:
    """As sha256sum writes it, which marks the line of a name with a line break in it."""
    plain = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return os.fsencode(f"{'' if plain == name else chr(92)}{digest}  {plain}\n")


def _digest(content: IO[bytes], copy: IO[bytes] | None = None) -> Any:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return digest


def _scratch() -> IO[bytes]:
    """In memory while it is small."""
    return tempfile.SpooledTemporaryFile(max_size=_LINES_BYTES)


def _compare(path: Path, found: Iterable[bytes], listed: Iterable[bytes]) -> None:
    for one, other in zip(found, listed, strict=False):
        if one != other:
            name = other.decode(errors="replace").partition("  ")[2].strip()
            raise BackupError(f"{path} is damaged: {name} is not what was written.")


def _manifest(member: Member) -> dict[str, Any]:
    if member.size > _MANIFEST_BYTES:
        raise ValueError("the manifest is too large")
    found = orjson.loads(member.content.read())
    if not (isinstance(found, dict) and isinstance(found["format"], int)):
        raise ValueError("that is no manifest")
    if found["format"] > FORMAT:
        raise BackupError(
            f"The backup has format {found['format']}, this version reads up to {FORMAT}: "
            "use the version of Sightglass that made it, or a later one."
        )
    if not isinstance(found.get("sql"), dict):
        raise ValueError("the manifest names no tables")
    return found


def _plain(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems cannot, and the file is there
            os.fsync(handle)
    finally:
        os.close(handle)


class _Sink(io.RawIOBase):
    """The file, until it is abandoned: what is buffered above must not fail for it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.open = True
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self._file.write(data) if self.open else len(data)


class _Counted(io.RawIOBase):
    """Passes bytes on and takes their checksum."""

    def __init__(self, source: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data
