"""MLflow's artifacts in a backup: from its folder, or through its server, whatever stores them.

The server hands out what lies in its store (a bucket, for one), so no key to that is needed here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote

import httpx

from sightglass.backup import mlflow_store
from sightglass.backup.archive import ArchiveWriter, BackupError
from sightglass.backup.folders import add_folder, put_file
from sightglass.predictions.mlflow_client import reaches_through_proxy
from sightglass.settings import Settings

FOLDER = "mlflow-artifacts"
_PATH = "/api/2.0/mlflow-artifacts/artifacts"
_CHUNK_BYTES = 1 << 20
_IN_MEMORY_BYTES = 8 << 20
_TIMEOUT = httpx.Timeout(120.0, connect=5.0)


class ArtifactPlace(Protocol):
    """Where artifacts are kept. Methods raise `BackupError`."""

    def dump(self, writer: ArchiveWriter, scratch: Path) -> int:
        """Add all artifacts; returns how many. Large ones pass through the folder `scratch`."""
        ...

    def put(self, relative: str, content: IO[bytes], size: int, modified: float) -> None: ...

    def close(self) -> None: ...


def artifact_place(settings: Settings) -> ArtifactPlace:
    if mlflow_store.is_embedded(settings):
        return FolderArtifacts(mlflow_store.embedded_folder(settings) / "artifacts")
    return ServedArtifacts(settings.mlflow_tracking_uri)


class FolderArtifacts:
    """The folder of the embedded run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def dump(self, writer: ArchiveWriter, scratch: Path) -> int:
        return add_folder(writer, FOLDER, self._folder)

    def put(self, relative: str, content: IO[bytes], size: int, modified: float) -> None:
        put_file(self._folder, relative, content, modified)

    def close(self) -> None:
        return None


class ServedArtifacts:
    """A tracking server that serves artifacts, as it does unless told otherwise."""

    def __init__(self, tracking_uri: str) -> None:
        self._url = tracking_uri.rstrip("/") + _PATH
        self._http = httpx.Client(timeout=_TIMEOUT, trust_env=reaches_through_proxy(tracking_uri))

    def dump(self, writer: ArchiveWriter, scratch: Path) -> int:
        count = 0
        try:
            for path in self._walk(""):
                count += self._add(writer, path, scratch)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise _failed(error) from error
        return count

    def put(self, relative: str, content: IO[bytes], size: int, modified: float) -> None:
        try:
            answer = self._http.put(
                f"{self._url}/{quote(relative)}",
                content=iter(lambda: content.read(_CHUNK_BYTES), b""),
                headers={"content-length": str(size), "content-type": "application/octet-stream"},
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise _failed(error) from error

    def close(self) -> None:
        self._http.close()

    def _walk(self, folder: str) -> Iterator[str]:
        parameters = {"path": folder} if folder else {}
        answer = self._http.get(self._url, params=parameters)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json().get("files", [])
        for entry in found:
            path = f"{folder}/{entry['path']}" if folder else str(entry["path"])
            if entry.get("is_dir"):
                yield from self._walk(path)
            else:
                yield path

    def _add(self, writer: ArchiveWriter, path: str, scratch: Path) -> bool:
        with (
            tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, dir=str(scratch)) as copy,
            self._http.stream("GET", f"{self._url}/{quote(path)}") as answer,
        ):
            if answer.status_code == httpx.codes.NOT_FOUND:  # removed meanwhile
                return False
            answer.raise_for_status()
            for chunk in answer.iter_bytes(_CHUNK_BYTES):
                copy.write(chunk)
            size = copy.tell()
            copy.seek(0)
            writer.add(f"{FOLDER}/{path}", copy, size)
        return True


def _failed(error: Exception) -> BackupError:
    return BackupError(f"The MLflow server cannot hand its artifacts over: {type(error).__name__}.")
