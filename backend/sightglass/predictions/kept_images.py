"""The pictures of recorded predictions as they were uploaded, for people to look at later.

They lie as blobs under the ids of their predictions, for some days and within some bytes. Those
that a person gave a verdict stay as long as the verdict, beside that limit: they are what a better
model is trained with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from sightglass.errors import ImageNotKeptError
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobNotFoundError, FolderBlobs

_DAY_SECONDS = 86_400
_ASK_AT_ONCE = 500

# Which of these predictions have a verdict.
FindJudged = Callable[[Sequence[str]], Collection[str]]


class KeptImages:
    """A folder of pictures. `days` 0: as long as there is room in `max_bytes`."""

    def __init__(
        self,
        folder: Path,
        *,
        days: float,
        max_bytes: int,
        find_judged: FindJudged = lambda _: (),
    ) -> None:
        self._blobs = FolderBlobs(folder)
        self._days = days
        self._find_judged = find_judged
        self.max_bytes = max_bytes

    @classmethod
    def from_settings(cls, settings: Settings, find_judged: FindJudged) -> KeptImages:
        return cls(
            find_judged=find_judged,
            folder=settings.resolved_image_dir,
            days=settings.keep_images_days,
            max_bytes=settings.keep_images_bytes,
        )

    def has(self, prediction_id: str) -> bool:
        """Whether the picture is there now."""
        return self._blobs.exists(prediction_id)

    def get(self, prediction_id: str) -> bytes:
        """The bytes of the upload. Raises `ImageNotKeptError`, `StorageUnavailableError`."""
        try:
            return self._blobs.get(prediction_id)
        except BlobNotFoundError:
            raise ImageNotKeptError from None

    def put(self, prediction_id: str, data: bytes) -> None:
        """Raises `StorageFullError` and `StorageUnavailableError`."""
        self._blobs.put(prediction_id, data)

    def free_bytes(self) -> int:
        """Space that is left on the disk. Raises `OSError`."""
        return self._blobs.free_bytes()

    def remove_old(self) -> int:
        """Remove what is past its days, then the oldest until the rest is within its bytes.

        Pictures with a verdict stay and are not counted. Raises `HistoryUnavailableError`, with
        nothing removed, when nobody can tell which those are.
        """
        blobs = self._blobs.list_blobs()
        judged = self._judged([blob.key for blob in blobs])
        oldest = time.time() - self._days * _DAY_SECONDS if self._days else 0.0
        removed = size = 0
        for blob in blobs:
            if blob.key in judged:
                continue
            size += blob.size_bytes
            if blob.written_at < oldest or size > self.max_bytes:
                blob.remove()
                removed += 1
        return removed

    def _judged(self, ids: Sequence[str]) -> set[str]:
        steps = range(0, len(ids), _ASK_AT_ONCE)
        return {i for step in steps for i in self._find_judged(ids[step : step + _ASK_AT_ONCE])}
