"""A version of a branch as one file, to be carried: a zip of its files, nothing else.

What is imported comes from outside. Nothing is unpacked by its own idea of a path, nor
beyond what it may take; only what the manifest names is taken, and all of it is checked
before the store sees it.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.branches.folder import put
from connectors.branches.naming import failed
from inspector.errors import InputError, PackageError
from inspector.model.artifact import MANIFEST, SIGNATURE, Artifact, BranchManifest
from inspector.model.versions import check_version, contents
from inspector.types import Problem

MAX_FILES = 16
MAX_BYTES = 512 << 20
"""Unpacked; the largest branches that were trained here take a twentieth."""
_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 1


def pack(folder: Path, package: Path, *, training: bool) -> int:
    """Write a version into one file; the same version gives the same bytes.

    Args:
        folder: that holds the version.
        package: the file to write; must not be there.
        training: also what only a successor needs.

    Returns:
        How many bytes it has.

    Raises:
        ArtifactError: not a sound version.
        InputError: the file is there already, or cannot be written.
    """
    files = contents(check_version(folder), training=training)
    try:
        with package.open("xb") as file, zipfile.ZipFile(file, "w") as packed:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name, _EARLIEST)
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, content)
    except FileExistsError as error:
        what = "is there already: name another file"
        raise InputError.single(package, what) from error
    except OSError as error:
        package.unlink(missing_ok=True)
        what = f"cannot be written: {error.strerror}"
        raise InputError.single(package, what) from error
    return package.stat().st_size


@contextmanager
def unpacked(package: Path, public_key: str | None = None) -> Iterator[Path]:
    """Unpack a version into a folder that is gone afterwards, all of it checked.

    Args:
        package: the file.
        public_key: that must have signed it; `None` asks for no signature.

    Raises:
        PackageError: it is no package, leads out of its folder, or is a bomb.
        ArtifactError: what it holds is no sound version.
        BranchStoreError: it cannot be unpacked: the disk is full.
    """
    files = _read(package)
    with _temporary() as scratch:
        folder = scratch / "version"
        put(files, folder)
        artifact = Artifact.open(folder, BranchManifest)
        _check_named(package, files, artifact.manifest)
        check_version(folder, public_key)
        yield folder


@contextmanager
def _temporary() -> Iterator[Path]:
    try:
        made = TemporaryDirectory(prefix="branch-", ignore_cleanup_errors=True)
    except OSError as error:
        where = "the folder for temporary files"
        raise failed(where, error) from error
    with made as scratch:
        yield Path(scratch)


def _read(package: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(package) as packed:
            entries = packed.infolist()
            _check_entries(package, entries)
            return {each.filename: _content(packed, each) for each in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        what = f"is no package of a branch, or was cut off: {error}"
        raise PackageError([Problem.in_file(package, what)]) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise PackageError([Problem.in_file(package, what)]) from error


def _content(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack one file, and not a byte more than it says it has."""
    with packed.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        message = f"{entry.filename} has another size than it says"
        raise zipfile.BadZipFile(message)
    return content


def _check_entries(package: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [each.filename for each in entries]
    wrong = [what for each in entries for what in _wrong_with(each)]
    if len(entries) > MAX_FILES:
        wrong.append(f"holds {len(entries)} files, more than {MAX_FILES}")
    if len(set(names)) != len(names):
        wrong.append("holds two files of one name")
    if sum(each.file_size for each in entries) > MAX_BYTES:
        wrong.append(f"would unpack to more than {MAX_BYTES >> 20} MB")
    if not wrong and MANIFEST not in names:
        wrong.append(f"holds no {MANIFEST}: it is no package of a branch")
    if wrong:
        raise PackageError([Problem.in_file(package, what) for what in wrong])


def _wrong_with(entry: zipfile.ZipInfo) -> Iterator[str]:
    # As it stands in the file: `filename` has been made to look harmless.
    name = entry.orig_filename
    if not name or name.startswith(".") or set(name) & set("/\\:\0"):
        yield f"holds {name!r}, which leads out of the branch's own folder"
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield f"holds {name!r}, which is a link"
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _COMPRESSION:
        yield f"holds {name!r}, packed in a way that is not taken"


def _check_named(
    package: Path, files: dict[str, bytes], manifest: BranchManifest
) -> None:
    known = {MANIFEST, SIGNATURE, *manifest.files, *manifest.training_files}
    strange = sorted(set(files) - known)
    if strange:
        what = f"holds {', '.join(strange)}, which its manifest does not name"
        raise PackageError([Problem.in_file(package, what)])
