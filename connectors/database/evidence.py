"""Keeps evidence as files: pictures named by what is in them, and what goes along."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import uuid4

from inspector.errors import InputError, StoreError

_SHA256_DIGITS = 64


class EvidenceFolder:
    """A folder of evidence; see the port `EvidenceStore`.

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
        if not path.exists():
            self._write(path, picture)
        return path.relative_to(self._folder).as_posix()

    def keep_as(self, name: str, content: bytes) -> None:
        """Store bytes under a path inside the folder; what is there is replaced.

        The file is there as a whole or not at all, and outlives a power cut.

        Raises:
            StoreError: it cannot be written.
        """
        self._write(self._folder / name, content)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            self._make_parent(path.parent)
            self._replace(path, content)
        except OSError as error:
            message = f"evidence {path}: cannot be written: {error.strerror}"
            raise StoreError(message) from error

    def _make_parent(self, folder: Path) -> None:
        """Make a folder, and let its name outlive a power cut."""
        if folder.exists():
            return
        if folder != self._folder:
            self._make_parent(folder.parent)
        folder.mkdir(exist_ok=True)
        _make_durable(folder.parent)

    def _replace(self, path: Path, content: bytes) -> None:
        unfinished = path.with_name(f".{uuid4().hex}")
        try:
            with unfinished.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _make_durable(path.parent)


def read_evidence(folder: Path, name: str) -> bytes:
    """Read a piece of evidence; a picture must be what its name says.

    Args:
        folder: the evidence folder.
        name: path inside it, as a row of the record or `record_name` gives it.

    Raises:
        InputError: it is not there, lies elsewhere, or was altered.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError.single(path, "lies outside the evidence folder")
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}; --evidence names the right folder?"
        raise InputError.single(path, what) from error
    named_by_content = len(path.stem) == _SHA256_DIGITS and path.parent.parent == folder
    if named_by_content and hashlib.sha256(content).hexdigest() != path.stem:
        what = "was altered: its sha256 is not the one in its name"
        raise InputError.single(path, what)
    return content


def _make_durable(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, as `fsync` lets a file's bytes."""
    if os.name == "nt":  # a folder cannot be opened there, and needs not be
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
