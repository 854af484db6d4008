"""The pictures of recorded predictions as they were uploaded, for people to look at later.

They lie as blobs under the ids of their predictions, for some days and within some bytes.
"""

from __future__ import annotations

from pathlib import Path

from sightglass.errors import ImageNotKeptError
from sightglass.settings import Settings
from sightglass.storage.blobs import BlobNotFoundError, FolderBlobs

_DAY_SECONDS = 86_400


class KeptImages:
    """A folder of pictures. `days` 0: as long as there is room in `max_bytes`."""

    def __init__(self, folder: Path, *, days: float, max_bytes: int) -> None:
        self._blobs = FolderBlobs(folder)
        self._days = days
        self.max_bytes = max_bytes

    @classmethod
    def from_settings(cls, settings: Settings) -> KeptImages:
        return cls(
            settings.resolved_image_dir,
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
        """Remove what is past its days, then the oldest until the rest is within its bytes."""
        removed = self._blobs.remove_older_than(self._days * _DAY_SECONDS) if self._days else 0
        return removed + self._blobs.remove_oldest(self.max_bytes)
