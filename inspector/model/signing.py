"""Signatures of branches: ed25519 over the manifest, which names all files by hash."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from inspector.errors import AlteredError, BranchStoreError, InputError, SignatureError
from inspector.model.artifact import MANIFEST, SIGNATURE
from inspector.types import Problem


def make_key(path: Path) -> str:
    """Write a new private key that only its owner can read.

    Args:
        path: a file that is not there yet.

    Returns:
        The public key, as a line's settings name it.

    Raises:
        InputError: there is something already, or it cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(pem)
    except FileExistsError as error:
        what = "is there already: a key is never overwritten, name another file"
        raise InputError.single(path, what) from error
    except OSError as error:
        raise InputError.single(path, f"cannot be written: {error.strerror}") from error
    return _shown(key)


def sign(folder: Path, key_file: Path) -> str:
    """Sign the branch in a folder.

    Returns:
        The public key that a line's settings must name to trust it.

    Raises:
        InputError: the key cannot be read.
        AlteredError: there is no manifest.
        BranchStoreError: the signature cannot be written.
    """
    key = _private(key_file)
    signature = key.sign(_manifest(folder)).hex()
    unfinished = folder / f".{SIGNATURE}.{os.getpid()}"
    try:
        unfinished.write_text(f"{signature}\n", encoding="ascii")
        unfinished.replace(folder / SIGNATURE)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        message = f"{folder / SIGNATURE}: cannot be written: {error.strerror}"
        raise BranchStoreError(message) from error
    return _shown(key)


def check_signature(folder: Path, public_key: str) -> None:
    """Refuse a branch that a key did not sign.

    Args:
        folder: of the branch; its files are checked against the manifest elsewhere.
        public_key: 64 hex digits.

    Raises:
        SignatureError: unsigned, or not signed by this key as it is now.
        AlteredError: there is no manifest.
    """
    path = folder / SIGNATURE
    try:
        signature = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise _refused(folder, "is not signed") from error
    except (OSError, ValueError) as error:
        raise _refused(path, "is no signature") from error
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(signature, _manifest(folder))
    except InvalidSignature as error:
        what = "is not of this manifest by the key that the line trusts"
        raise _refused(path, what) from error


def _refused(where: Path, what: str) -> SignatureError:
    help_line = (
        "the line's settings name a public_key, so its branches must be signed: run  "
        "inspector branch sign"
    )
    return SignatureError([Problem.in_file(where, f"{what}; {help_line}")])


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise InputError.single(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        what = "is no private key in PEM without a password"
        raise InputError.single(path, what) from error
    if not isinstance(key, Ed25519PrivateKey):
        what = "is no ed25519 key: make one with  inspector branch keygen"
        raise InputError.single(path, what)
    return key


def _shown(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        problem = Problem.in_file(folder / MANIFEST, f"{error.strerror}")
        raise AlteredError([problem]) from error
