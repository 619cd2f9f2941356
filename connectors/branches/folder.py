"""A store of branches in a folder: this machine's disk, or a drive that is mounted."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from connectors.branches.naming import (
    BRANCHES,
    failed,
    folder_of,
    in_order,
    is_name,
    not_there,
    require_names,
    require_same,
    there_already,
)
from inspector.model.artifact import MANIFEST
from inspector.model.versions import check_version, contents

_UNFINISHED = ".adding-"
_LEFT_BEHIND_S = 24 * 3600.0
"""An unfinished version as old as this is of a program that has crashed."""


class FolderBranchStore:
    """Keeps branches in a folder; see the port `BranchStore`.

    Args:
        root: holds `branches`; a model's own folder is such a store.
        public_key: that must have signed every version; `None` asks for no signature.
    """

    def __init__(self, root: Path, public_key: str | None = None) -> None:
        self._root = root
        self._public_key = public_key

    def lines(self) -> Sequence[str]:
        """Name the lines that have a branch, in order.

        Raises:
            BranchStoreError: the folder cannot be read.
        """
        found = self._folders(self._root / BRANCHES)
        return sorted(line for line in found if self.versions(line))

    def versions(self, line: str) -> Sequence[str]:
        """Name the versions of a line's branch, in order; none of an unknown line.

        Raises:
            BranchStoreError: the folder cannot be read.
        """
        if not is_name(line):
            return []
        of_line = self._root / BRANCHES / line
        found = self._folders(of_line)
        return in_order(each for each in found if (of_line / each / MANIFEST).exists())

    def fetch(self, line: str, version: str) -> Path:
        """Give the folder that holds a version, all of it checked.

        Raises:
            ArtifactError: there is no such version, or it was altered or not signed.
            BranchStoreError: it cannot be read.
        """
        require_names(line, version)
        folder = folder_of(self._root, line, version)
        if not (folder / MANIFEST).exists():
            raise not_there(self._root, line, version, list(self.versions(line)))
        require_same(check_version(folder, self._public_key), line, version)
        return folder

    def add(self, folder: Path) -> None:
        """Add the version that a folder holds, whole or not at all.

        It is written beside its place and put there in one step, so that whatever
        happens meanwhile, nobody ever sees a half of it.

        Raises:
            ArtifactError: not a sound version, or one of that name is there already.
            BranchStoreError: it cannot be written; nothing of it is left.
        """
        artifact = check_version(folder, self._public_key)
        manifest = artifact.manifest
        target = folder_of(self._root, manifest.line, manifest.version)
        if target.exists():
            raise there_already(target, manifest.version)
        put(contents(artifact), target)

    def _folders(self, folder: Path) -> list[str]:
        try:
            return [each.name for each in folder.iterdir() if is_name(each.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise failed(self._root, error) from error


def put(files: Mapping[str, bytes], target: Path) -> None:
    """Write a folder of files that is there as a whole or not at all.

    Args:
        files: content of each.
        target: must not be there.

    Raises:
        ContractError: it is there, and holds something.
        BranchStoreError: it cannot be written; nothing of it is left.
    """
    unfinished = target.parent / f"{_UNFINISHED}{target.name}-{uuid4().hex}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        unfinished.mkdir()
        for name, content in files.items():
            _write(unfinished / name, content)
        _make_durable(unfinished)
        unfinished.rename(target)
        _make_durable(target.parent)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if (target / MANIFEST).exists():  # Another one was faster.
            raise there_already(target, target.name) from error
        raise failed(target, error) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _make_durable(folder: Path) -> None:
    """Make names outlive a power cut, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _sweep(folder: Path) -> None:
    """Remove what a program that crashed left unfinished."""
    for each in folder.glob(f"{_UNFINISHED}*"):
        if time.time() - each.stat().st_mtime > _LEFT_BEHIND_S:
            shutil.rmtree(each, ignore_errors=True)
