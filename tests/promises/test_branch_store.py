"""What every store of branches promises, wherever it keeps them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest

from connectors.branches.folder import FolderBranchStore
from connectors.branches.remote import RemoteBranchStore
from inspector.errors import (
    AlteredError,
    BranchStoreError,
    ContractError,
    SignatureError,
)
from inspector.model.artifact import MANIFEST, Artifact, BranchManifest
from inspector.model.hybrid import Branch
from inspector.model.signing import make_key, sign
from inspector.ports import BranchStore
from tests.small_branch import TinyBranch

URL = "memory://plant"


@dataclass
class Place:
    """A store, and a way to spoil what it keeps."""

    store: BranchStore
    open: Callable[[str | None], BranchStore]
    alter: Callable[[str, bytes | None], None]
    files: Callable[[], set[str]]


def in_a_folder(root: Path) -> Place:
    def alter(name: str, content: bytes | None) -> None:
        path = root / "branches" / name
        path.unlink() if content is None else path.write_bytes(content)

    def files() -> set[str]:
        found = (each for each in root.rglob("*") if each.is_file())
        return {str(each.relative_to(root)) for each in found}

    return Place(
        store=FolderBranchStore(root),
        open=lambda key: FolderBranchStore(root, key),
        alter=alter,
        files=files,
    )


def in_memory(cache: Path) -> Place:
    disk = fsspec.filesystem("memory")
    disk.store.clear()
    disk.pseudo_dirs[:] = [""]

    def alter(name: str, content: bytes | None) -> None:
        path = f"/plant/branches/{name}"
        if content is None:
            disk.rm_file(path)
        else:
            disk.pipe_file(path, content)

    def files() -> set[str]:
        return {path.removeprefix("/plant/") for path in disk.store}

    return Place(
        store=RemoteBranchStore(URL, cache),
        open=lambda key: RemoteBranchStore(URL, cache, key),
        alter=alter,
        files=files,
    )


@pytest.fixture(params=["folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return in_a_folder(tmp_path / "store")
    return in_memory(tmp_path / "cache")


def a_version(folder: Path, version: str = "1", line: str = "poly") -> Path:
    made = TinyBranch(line=line, version=version)
    return made.write(folder / f"made-{line}-{version}")


def test_a_new_store_is_empty(place: Place) -> None:
    assert list(place.store.lines()) == []
    assert list(place.store.versions("poly")) == []
    assert list(place.store.versions("../poly")) == []


def test_what_is_added_is_named_and_can_be_loaded(place: Place, tmp_path: Path) -> None:
    for version in ("10", "9", "2026-03"):
        place.store.add(a_version(tmp_path, version))
    place.store.add(a_version(tmp_path, line="mono"))
    assert list(place.store.lines()) == ["mono", "poly"]
    assert list(place.store.versions("poly")) == ["9", "10", "2026-03"]
    fetched = place.store.fetch("poly", "9")
    assert Branch(fetched).id.version == "9"
    assert place.store.fetch("poly", "9") == fetched


def test_adding_touches_no_other_version(place: Place, tmp_path: Path) -> None:
    place.store.add(a_version(tmp_path, line="mono"))
    before = place.files()
    place.store.add(a_version(tmp_path))
    added = place.files() - before
    assert before <= place.files()
    assert added
    assert all(name.startswith("branches/poly/1/") for name in added)


def test_a_version_is_added_once(place: Place, tmp_path: Path) -> None:
    place.store.add(a_version(tmp_path))
    before = place.store.fetch("poly", "1") / MANIFEST
    other = TinyBranch(gain=9.0).write(tmp_path / "other")
    wanted = before.read_bytes()
    with pytest.raises(ContractError, match="is there already, and version 1 never"):
        place.store.add(other)
    assert (place.store.fetch("poly", "1") / MANIFEST).read_bytes() == wanted


def test_what_is_not_there_is_named_with_what_is(place: Place, tmp_path: Path) -> None:
    place.store.add(a_version(tmp_path, "7"))
    with pytest.raises(AlteredError, match=r"no version 8 of line poly's .*: 7"):
        place.store.fetch("poly", "8")
    with pytest.raises(ContractError, match="is no name"):
        place.store.fetch("poly", "../7")


def test_what_is_not_whole_is_not_added(place: Place, tmp_path: Path) -> None:
    broken = a_version(tmp_path)
    (broken / "glance.onnx").write_bytes(b"altered")
    with pytest.raises(AlteredError, match=r"glance\.onnx: was altered"):
        place.store.add(broken)
    assert place.files() == set()


@pytest.mark.parametrize("spoilt", [b"altered", None])
def test_an_altered_or_lost_file_is_never_handed_out(
    place: Place, tmp_path: Path, spoilt: bytes | None
) -> None:
    place.store.add(a_version(tmp_path))
    place.alter("poly/1/model.onnx", spoilt)
    with pytest.raises(AlteredError, match=r"model\.onnx"):
        place.store.fetch("poly", "1")


def test_a_version_in_another_ones_place_is_refused(
    place: Place, tmp_path: Path
) -> None:
    for version in ("1", "2"):
        place.store.add(a_version(tmp_path, version))
    for path in a_version(tmp_path / "again", "1").iterdir():
        place.alter(f"poly/2/{path.name}", path.read_bytes())
    with pytest.raises(ContractError, match="holds version 1 of line poly"):
        place.store.fetch("poly", "2")


def test_a_version_without_its_manifest_does_not_exist(
    place: Place, tmp_path: Path
) -> None:
    place.store.add(a_version(tmp_path))
    place.alter("poly/1/manifest.toml", None)
    assert list(place.store.versions("poly")) == []
    with pytest.raises(AlteredError, match="no version 1"):
        place.store.fetch("poly", "1")


def test_a_line_that_names_a_key_takes_signed_versions_alone(
    place: Place, tmp_path: Path
) -> None:
    public = make_key(tmp_path / "key.pem")
    strict = place.open(public)
    version = a_version(tmp_path)
    with pytest.raises(SignatureError, match="is not signed"):
        strict.add(version)
    sign(version, tmp_path / "key.pem")
    strict.add(version)
    assert strict.fetch("poly", "1").is_dir()


def test_a_signature_by_another_key_is_refused(place: Place, tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    version = a_version(tmp_path)
    sign(version, tmp_path / "key.pem")
    place.store.add(version)
    trusted = make_key(tmp_path / "trusted.pem")
    with pytest.raises(SignatureError, match="by the key that the line trusts"):
        place.open(trusted).fetch("poly", "1")
    place.alter("poly/1/manifest.sig", b"no hex")
    with pytest.raises(SignatureError, match="is no signature"):
        place.open(trusted).fetch("poly", "1")


def test_what_training_needs_comes_along_but_is_not_missed(
    place: Place, tmp_path: Path
) -> None:
    version = a_version(tmp_path)
    (version / "weights.safetensors").unlink()
    place.store.add(version)
    fetched = place.store.fetch("poly", "1")
    assert "weights.safetensors" not in Artifact.open(fetched, BranchManifest).present()


# What is kept on this machine of a place that is far away.


@pytest.fixture
def far(tmp_path: Path) -> Place:
    found = in_memory(tmp_path / "cache")
    found.store.add(a_version(tmp_path))
    return found


def unreachable(*_: object, **__: object) -> bytes:
    message = "no route to host"
    raise ConnectionError(message)


def test_a_line_starts_without_a_network(
    far: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(type(fsspec.filesystem("memory")), "cat_file", unreachable)
        with pytest.raises(BranchStoreError, match="no route to host"):
            far.store.fetch("poly", "1")
    fetched = far.store.fetch("poly", "1")
    with monkeypatch.context() as cut:
        cut.setattr(type(fsspec.filesystem("memory")), "cat_file", unreachable)
        assert far.store.fetch("poly", "1") == fetched


def test_what_was_spoilt_on_this_machine_is_fetched_again(far: Place) -> None:
    fetched = far.store.fetch("poly", "1")
    (fetched / "model.onnx").write_bytes(b"spoilt")
    assert Branch(far.store.fetch("poly", "1")).id.version == "1"


def test_a_version_that_changed_in_the_store_is_refused(
    far: Place, tmp_path: Path
) -> None:
    far.store.fetch("poly", "1")
    for path in TinyBranch(gain=9.0).write(tmp_path / "other").iterdir():
        far.alter(f"poly/1/{path.name}", path.read_bytes())
    with pytest.raises(AlteredError, match="altered in the store since"):
        far.store.fetch("poly", "1")


def test_a_download_that_is_cut_off_leaves_nothing(far: Place, tmp_path: Path) -> None:
    far.alter("poly/1/golden.npz", b"cut off")
    with pytest.raises(AlteredError, match=r"golden\.npz"):
        far.store.fetch("poly", "1")
    assert [each for each in (tmp_path / "cache").rglob("*") if each.is_file()] == []


def test_an_upload_that_fails_leaves_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = in_memory(tmp_path / "cache")
    disk = type(fsspec.filesystem("memory"))
    write = disk.pipe_file

    def full(self: object, path: str, value: bytes, **more: object) -> None:
        if path.endswith("golden.npz"):
            raise OSError(28, "No space left on device")
        write(self, path, value, **more)

    monkeypatch.setattr(disk, "pipe_file", full)
    with pytest.raises(BranchStoreError, match="No space left on device"):
        found.store.add(a_version(tmp_path))
    assert found.files() == set()


def test_a_full_disk_leaves_nothing_of_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = in_a_folder(tmp_path / "store")
    version = a_version(tmp_path)

    def full(_opened: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as cut:
        cut.setattr("os.fsync", full)
        with pytest.raises(BranchStoreError, match="No space left on device"):
            found.store.add(version)
    assert found.files() == set()
    assert [*(tmp_path / "store/branches/poly").iterdir()] == []
    found.store.add(version)


CRASHING = """
import os, signal, sys
from pathlib import Path
from connectors.branches.folder import FolderBranchStore

left, sync = [int(sys.argv[3])], os.fsync

def crash(opened):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(opened)

os.fsync = crash
FolderBranchStore(Path(sys.argv[1])).add(Path(sys.argv[2]))
"""


@pytest.mark.parametrize(("syncs", "there"), [(0, False), (6, False), (8, True)])
def test_a_program_that_is_killed_leaves_a_whole_version_or_none(
    tmp_path: Path, syncs: int, there: bool
) -> None:
    store = tmp_path / "store"
    words = [store, a_version(tmp_path), syncs]
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", CRASHING, *map(str, words)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    found = FolderBranchStore(store)
    assert list(found.versions("poly")) == (["1"] if there else [])
    if there:
        assert Branch(found.fetch("poly", "1")).id.version == "1"
    else:
        found.add(a_version(tmp_path / "again"))


def test_what_a_crash_left_is_no_version_and_is_cleared_away_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = in_a_folder(tmp_path / "store")
    left = tmp_path / "store/branches/poly/.adding-1-dead"
    shutil.copytree(a_version(tmp_path), left)
    assert list(found.store.versions("poly")) == []
    found.store.add(a_version(tmp_path, "2"))
    assert left.exists(), "another program may be at it just now"
    monkeypatch.setattr("connectors.branches.folder._LEFT_BEHIND_S", -1.0)
    found.store.add(a_version(tmp_path, "3"))
    assert not left.exists()
