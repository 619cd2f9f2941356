"""A package to carry: what comes out is what went in, and nothing else comes in."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from connectors.branches.folder import FolderBranchStore
from connectors.branches.package import MAX_FILES, pack, unpacked
from inspector.errors import (
    AlteredError,
    BranchStoreError,
    InputError,
    PackageError,
    SignatureError,
)
from inspector.model.artifact import NEEDED
from inspector.model.signing import make_key, sign
from tests.small_branch import TinyBranch

BOMB_BYTES = 600 << 20


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return TinyBranch().write(tmp_path / "version")


@pytest.fixture
def package(version: Path, tmp_path: Path) -> Path:
    pack(version, tmp_path / "poly-1.branch", training=False)
    return tmp_path / "poly-1.branch"


def refused(package: Path) -> str:
    with pytest.raises(PackageError) as raised, unpacked(package):
        pass
    assert str(package) in str(raised.value)
    return str(raised.value)


def add(package: Path, name: str, content: bytes = b"x") -> None:
    with zipfile.ZipFile(package, "a") as packed:
        packed.writestr(name, content)


def test_what_is_unpacked_is_what_was_packed(
    version: Path, package: Path, tmp_path: Path
) -> None:
    store = FolderBranchStore(tmp_path / "store")
    with unpacked(package) as folder:
        found = {each.name: each.read_bytes() for each in folder.iterdir()}
        store.add(folder)
    assert not folder.exists()
    assert set(found) == {*NEEDED, "manifest.toml"}
    assert all((version / name).read_bytes() == found[name] for name in found)
    assert list(store.versions("poly")) == ["1"]


def test_what_a_successor_needs_goes_along_if_asked(
    version: Path, tmp_path: Path
) -> None:
    pack(version, tmp_path / "all.branch", training=True)
    with unpacked(tmp_path / "all.branch") as folder:
        assert (folder / "weights.safetensors").read_bytes() == b"weights"


def test_the_same_version_gives_the_same_bytes(
    version: Path, package: Path, tmp_path: Path
) -> None:
    pack(version, tmp_path / "again.branch", training=False)
    assert (tmp_path / "again.branch").read_bytes() == package.read_bytes()


def test_a_file_that_is_there_is_not_overwritten(version: Path, package: Path) -> None:
    with pytest.raises(InputError, match="is there already"):
        pack(version, package, training=False)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "a/b", "a\\b", "C:evil", "..", ".hidden", "a\0b"],
)
def test_no_name_leads_out_of_the_folder(
    package: Path, tmp_path: Path, name: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with zipfile.ZipFile(package, "a") as packed:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name
        packed.writestr(entry, b"evil")
    assert "leads out of" in refused(package)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_is_refused(package: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(package, "a") as packed:
        packed.writestr(entry, "/etc/passwd")
    assert "which is a link" in refused(package)


def test_a_bomb_is_refused_before_it_unpacks(package: Path) -> None:
    with (
        zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as packed,
        packed.open("zeros", "w", force_zip64=True) as file,
    ):
        block = bytes(1 << 24)
        for _ in range(BOMB_BYTES // len(block)):
            file.write(block)
    assert package.stat().st_size < 1 << 21
    assert "would unpack to more than 512 MB" in refused(package)


def test_a_size_that_lies_is_noticed(package: Path) -> None:
    content = bytearray(package.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (12).to_bytes(4, "little")
    package.write_bytes(content)
    assert "cut off" in refused(package)


def test_too_many_files_are_refused(package: Path) -> None:
    for number in range(MAX_FILES):
        add(package, f"more{number}")
    assert f"more than {MAX_FILES}" in refused(package)


def test_one_name_twice_is_refused(package: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        add(package, "golden.npz")
    assert "two files of one name" in refused(package)


def test_what_the_manifest_does_not_name_is_refused(package: Path) -> None:
    add(package, "run.py")
    assert "holds run.py, which its manifest does not name" in refused(package)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(99)])
def test_another_file_is_no_package(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert "is no package" in refused(tmp_path / "x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nowhere")


def test_a_package_that_was_cut_off_is_refused(package: Path) -> None:
    package.write_bytes(package.read_bytes()[:-100])
    assert "is no package of a branch, or was cut off" in refused(package)


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7])
def test_an_altered_byte_is_found(package: Path, at: float) -> None:
    content = bytearray(package.read_bytes())
    content[int(at * len(content))] ^= 0x40
    package.write_bytes(content)
    with pytest.raises((PackageError, AlteredError)), unpacked(package):
        pass


def test_a_package_without_a_manifest_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as packed:
        packed.writestr("model.onnx", b"x")
    assert "holds no manifest.toml" in refused(tmp_path / "x")


def test_a_signature_goes_along(version: Path, tmp_path: Path) -> None:
    public = make_key(tmp_path / "key.pem")
    package = tmp_path / "signed.branch"
    sign(version, tmp_path / "key.pem")
    pack(version, package, training=False)
    with unpacked(package, public) as folder:
        assert (folder / "manifest.sig").exists()
    other = make_key(tmp_path / "other.pem")
    with pytest.raises(SignatureError), unpacked(package, other):
        pass


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_opened: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.fsync", full)
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(BranchStoreError, match="No space left on device"),
        unpacked(package),
    ):
        pass
    assert sorted(tmp_path.rglob("*")) == before
