"""Keeps evidence as files: pictures named by what is in them, and what goes along."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import uuid4

from inspector.errors import InputError, StoreError
from inspector.evidence import WINDOWS

_SHA256_DIGITS = 64


class EvidenceFolder:
    """A folder of evidence; see the port `EvidenceStore`.

    Subfolders are made at once and not when the first part needs one: making a name
    outlive a power cut takes as long as writing the evidence itself.

    Args:
        folder: made if need be.

    Raises:
        StoreError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            for inside in (folder, folder / WINDOWS):
                _make_shelves(inside)
        except OSError as error:
            message = f"evidence folder {folder}: cannot be made: {error.strerror}"
            raise StoreError(message) from error

    def keep(self, picture: bytes, suffix: str) -> str:
        """Store a picture and return its path inside the folder.

        The file is there as a whole or not at all, and outlives a power cut.

        Raises:
            StoreError: it cannot be written.
        """
        digest = hashlib.sha256(picture).hexdigest()
        name = f"{digest[:2]}/{digest}{suffix}"
        if not (self._folder / name).exists():
            self._write(self._folder / name, picture, durable=True)
        return name

    def keep_as(self, name: str, content: bytes, *, durable: bool) -> None:
        """Store bytes under a path inside the folder; what is there is replaced.

        The file is there as a whole or not at all.

        Raises:
            StoreError: it cannot be written.
        """
        self._write(self._folder / name, content, durable=durable)

    def _write(self, path: Path, content: bytes, *, durable: bool) -> None:
        unfinished = path.with_name(f".{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_new(unfinished, content, durable=durable)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            if durable:
                _make_durable(path.parent)
        except OSError as error:
            message = f"evidence {path}: cannot be written: {error.strerror}"
            raise StoreError(message) from error


def _make_shelves(folder: Path) -> None:
    """Make a folder for each way in which a hash can begin, to outlive a power cut."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(256):
        (folder / f"{number:02x}").mkdir(exist_ok=True)
    _make_durable(folder)


def _write_new(path: Path, content: bytes, *, durable: bool) -> None:
    with path.open("xb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())


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
