"""Keeps evidence pictures as files named by what is in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from inspector.errors import StoreError


class EvidenceFolder:
    """A folder of pictures by content hash; see the port `EvidenceStore`.

    Args:
        folder: made if need be.

    Raises:
        StoreError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"evidence folder {folder}: cannot be made: {error.strerror}"
            raise StoreError(message) from error

    def keep(self, picture: bytes, suffix: str) -> str:
        """Store a picture and return its path inside the folder.

        The file is there as a whole or not at all, and outlives a power cut.

        Raises:
            StoreError: it cannot be written.
        """
        name = hashlib.sha256(picture).hexdigest()
        path = self._folder / name[:2] / f"{name}{suffix}"
        try:
            if not path.exists():
                self._write(path, picture)
        except OSError as error:
            message = f"evidence {path}: cannot be written: {error.strerror}"
            raise StoreError(message) from error
        return path.relative_to(self._folder).as_posix()

    def _write(self, path: Path, picture: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as unfinished:
            unfinished.write(picture)
            unfinished.flush()
            os.fsync(unfinished.fileno())
        Path(unfinished.name).replace(path)
