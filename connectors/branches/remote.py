"""A store of branches behind any URL that fsspec knows: S3, a share, a web server.

Such places know no renaming of a folder, so a version is there when its manifest is,
which is written last. What was fetched is kept on this machine, checked each time, and
used alone when the place cannot be reached: a line must start without a network.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import fsspec

from connectors.branches.folder import put
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
from inspector.errors import (
    AlteredError,
    ArtifactError,
    BranchStoreError,
    FormatError,
    SettingsError,
)
from inspector.model.artifact import MANIFEST, SIGNATURE, Artifact, BranchManifest
from inspector.model.versions import check_version, contents
from inspector.types import Problem

_log = logging.getLogger(__name__)


class RemoteBranchStore:
    """Keeps branches behind a URL; see the port `BranchStore`.

    Args:
        url: of what holds `branches`; passwords and keys belong into the environment.
        cache: a folder on this machine for what was fetched.
        public_key: that must have signed every version; `None` asks for no signature.

    Raises:
        SettingsError: fsspec does not know such a URL.
        MissingExtraError: the package for it is not installed.
    """

    def __init__(self, url: str, cache: Path, public_key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._cache = cache
        self._public_key = public_key
        try:
            self._files, self._root = fsspec.core.url_to_fs(self._url)
        except (ValueError, ImportError) as error:
            problem = Problem(where=f"store {url}", what=f"cannot be opened: {error}")
            raise SettingsError([problem]) from error

    def lines(self) -> Sequence[str]:
        """Name the lines that have a branch, in order.

        Raises:
            BranchStoreError: the place cannot be read.
        """
        found = self._manifests("*/*")
        return sorted({path.split("/")[-3] for path in found})

    def versions(self, line: str) -> Sequence[str]:
        """Name the versions of a line's branch, in order; none of an unknown line.

        Raises:
            BranchStoreError: the place cannot be read.
        """
        if not is_name(line):
            return []
        return in_order(path.split("/")[-2] for path in self._manifests(f"{line}/*"))

    def fetch(self, line: str, version: str) -> Path:
        """Give a folder on this machine that holds a version, all of it checked.

        Raises:
            ArtifactError: there is no such version, it was altered or not signed, or
                it is not what was fetched before.
            BranchStoreError: it cannot be read, or not kept on this machine.
        """
        require_names(line, version)
        kept = folder_of(self._cache, line, version)
        known = self._sound(kept)
        try:
            manifest = self._manifest(line, version)
        except BranchStoreError as error:
            if known is None:
                raise
            _log.warning("%s; what was fetched before is used", error)
            return kept
        if known is None:
            self._download(line, version, manifest, kept)
            known = check_version(kept, self._public_key)
        elif (kept / MANIFEST).read_bytes() != manifest:
            what = "was altered in the store since it was fetched: versions never are"
            raise AlteredError([Problem(where=self._place(line, version), what=what)])
        require_same(known, line, version)
        return kept

    def add(self, folder: Path) -> None:
        """Add the version that a folder holds; it is there once its manifest is.

        Raises:
            ArtifactError: not a sound version, or one of that name is there already.
            BranchStoreError: it cannot be written; nothing of it is left.
        """
        artifact = check_version(folder, self._public_key)
        line, version = artifact.manifest.line, artifact.manifest.version
        place = self._place(line, version)
        files = contents(artifact)
        with self._talking():
            there = self._files.exists(f"{place}/{MANIFEST}")
        if there:
            raise there_already(place, version)
        try:
            with self._talking():
                self._files.makedirs(place, exist_ok=True)
                for name, content in files.items():  # The manifest is the last.
                    self._files.pipe_file(f"{place}/{name}", content)
        except BranchStoreError:
            self._remove(place)
            raise

    def _download(self, line: str, version: str, manifest: bytes, kept: Path) -> None:
        """Fetch a version into its place, but only once all of it was checked."""
        trial = kept.parent / f".fetched-{version}-{uuid4().hex}"
        try:
            put({MANIFEST: manifest}, trial)
            named = Artifact.open(trial, BranchManifest).manifest.files
            files = {name: self._read(line, version, name) for name in named}
            signature = self._read_or_none(line, version, SIGNATURE)
            if signature is not None:
                files[SIGNATURE] = signature
            shutil.rmtree(trial)
            put(files | {MANIFEST: manifest}, trial)
            check_version(trial, self._public_key)
            shutil.rmtree(kept, ignore_errors=True)  # What was kept was not sound.
            trial.rename(kept)
        except OSError as error:
            raise failed(kept, error) from error
        finally:
            shutil.rmtree(trial, ignore_errors=True)

    def _sound(self, kept: Path) -> Artifact[BranchManifest] | None:
        """Open what was fetched before, if all of it is as it must be."""
        if not (kept / MANIFEST).exists():
            return None
        try:
            return check_version(kept, self._public_key)
        except FormatError:
            raise
        except ArtifactError as error:
            _log.warning("%s; it is fetched again", error)
            return None

    def _manifests(self, which: str) -> list[str]:
        with self._talking():
            found = self._files.glob(f"{self._root}/{BRANCHES}/{which}/{MANIFEST}")
        names = (path.split("/")[-3:-1] for path in found)
        return [
            path
            for path, parts in zip(found, names, strict=True)
            if all(map(is_name, parts))
        ]

    def _manifest(self, line: str, version: str) -> bytes:
        found = self._read_or_none(line, version, MANIFEST)
        if found is None:
            raise not_there(self._url, line, version, list(self.versions(line)))
        return found

    def _read(self, line: str, version: str, name: str) -> bytes:
        found = self._read_or_none(line, version, name)
        if found is None:
            where = f"{self._place(line, version)}/{name}"
            raise AlteredError([Problem(where=where, what="does not exist")])
        return found

    def _read_or_none(self, line: str, version: str, name: str) -> bytes | None:
        path = f"{self._place(line, version)}/{name}"
        with self._talking():
            try:
                return bytes(self._files.cat_file(path))
            except FileNotFoundError:
                return None

    def _place(self, line: str, version: str) -> str:
        return f"{self._root}/{BRANCHES}/{line}/{version}"

    def _remove(self, place: str) -> None:
        """Take back what was written; without a manifest it is no version anyhow."""
        try:
            with self._talking():
                self._files.rm(place, recursive=True)
        except BranchStoreError as error:
            _log.warning("what was written of %s is left: %s", place, error)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise failed(self._url, error) from error
