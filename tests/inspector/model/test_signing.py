"""Signatures: made by the owner of a key, and worth nothing once anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from inspector.errors import InputError, SignatureError
from inspector.model.signing import check_signature, make_key, sign
from tests.small_branch import TinyBranch


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "key.pem")
    return tmp_path / "key.pem"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return TinyBranch().write(tmp_path / "version")


def test_a_signature_holds_for_its_manifest_and_key(key: Path, version: Path) -> None:
    public = sign(version, key)
    check_signature(version, public)
    manifest = version / "manifest.toml"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(SignatureError, match="is not of this manifest by the key"):
        check_signature(version, public)


def test_signing_again_gives_the_same_signature(key: Path, version: Path) -> None:
    sign(version, key)
    first = (version / "manifest.sig").read_bytes()
    sign(version, key)
    assert (version / "manifest.sig").read_bytes() == first
    assert not list(version.glob(".*"))


def test_a_key_is_its_owners_alone_and_never_overwritten(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        make_key(key)
    assert key.read_bytes() == before


def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, version: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pem: cannot be read"):
        sign(version, tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("text")
    with pytest.raises(InputError, match="is no private key"):
        sign(version, tmp_path / "text.pem")
    pem = generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "rsa.pem").write_bytes(pem)
    with pytest.raises(InputError, match="is no ed25519 key"):
        sign(version, tmp_path / "rsa.pem")
    with pytest.raises(InputError, match="cannot be written"):
        make_key(tmp_path / "no" / "folder.pem")
