"""Keeps evidence pictures as files named by what is in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import uuid4

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
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            _make_durable(self._folder)
        unfinished = path.with_name(f".{uuid4().hex}")
        try:
            with unfinished.open("xb") as file:
                file.write(picture)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _make_durable(path.parent)


def _make_durable(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, as `fsync` lets a file's bytes."""
    if os.name == "nt":  # a folder cannot be opened there, and needs not be
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
