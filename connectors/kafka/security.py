"""How a broker is reached safely: TLS, SASL (PLAIN, SCRAM) and client certificates.

Settings name where a secret is, never the secret itself: an environment variable, or a
file that nobody but its owner may read. What is read is kept out of every repr.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from inspector.errors import SettingsError
from inspector.types import Problem

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretSource(BaseModel):
    """Where a secret is: in an environment variable or in a file, one of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            message = "name one of env and file, which hold the secret"
            raise ValueError(message)
        return self

    def read(self, field: str) -> SecretStr:
        """Read the secret.

        Args:
            field: of the settings, for the report.

        Raises:
            SettingsError: it is not there, empty, or others may read it.
        """
        if self.file is not None:
            require_private(self.file, field)
            try:
                text = self.file.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                what = f"{self.file} cannot be read: {type(error).__name__}"
                raise _wrong(field, what) from None
        else:
            text = os.environ.get(self.env or "", "")
        if not text:
            where = self.file or f"environment variable {self.env}"
            raise _wrong(field, f"{where} holds nothing")
        return SecretStr(text)


class KafkaSecurity(BaseModel):
    """`[kafka.security]` of a worker's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tls: bool = False
    ca_file: Path | None = None
    """PEM; `None` trusts what the system trusts."""
    certificate_file: Path | None = None
    """PEM, for brokers that ask for a client's certificate (mTLS)."""
    key_file: Path | None = None
    """PEM; nobody but its owner may read it."""
    key_password: SecretSource | None = None
    check_hostname: bool = True
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretSource | None = None
    allow_plain_without_tls: bool = False
    """PLAIN without TLS sends the password as it is: only on a loopback."""

    @model_validator(mode="after")
    def _sound(self) -> KafkaSecurity:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self

    def _contradictions(self) -> list[str]:
        tls_only = (self.ca_file, self.certificate_file, self.key_file)
        plain = self.sasl == "PLAIN" and not self.tls
        rules = {
            "ca_file, certificate_file and key_file need tls = true": (
                not self.tls and any(tls_only)
            ),
            "certificate_file and key_file go together": (
                (self.certificate_file is None) != (self.key_file is None)
            ),
            "sasl needs username and password": (
                self.sasl is not None and not (self.username and self.password)
            ),
            "username and password need sasl": (
                self.sasl is None and bool(self.username or self.password)
            ),
            "PLAIN without tls shows the password to everybody: set tls = true": (
                plain and not self.allow_plain_without_tls
            ),
        }
        return [words for words, broken in rules.items() if broken]


def client_arguments(security: KafkaSecurity) -> dict[str, Any]:
    """Give the keyword arguments with which kafka-python's clients are made.

    They hold secrets: never log them.

    Raises:
        SettingsError: a file or a secret is not there, or others may read it.
    """
    found: dict[str, Any] = {"security_protocol": _protocol(security)}
    if security.tls:
        found |= _tls(security)
    if security.sasl is not None and security.password is not None:
        password = security.password.read("kafka.security.password")
        found |= {
            "sasl_mechanism": security.sasl,
            "sasl_plain_username": security.username,
            "sasl_plain_password": password.get_secret_value(),
        }
    return found


def require_private(path: Path, field: str) -> None:
    """Refuse a file of secrets that its group or others may touch.

    Raises:
        SettingsError: they may, or it is not there.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _wrong(field, f"{path} cannot be read: {error.strerror}") from None
    if os.name == "posix" and mode & _OTHERS:
        what = f"{path} can be read by others: run  chmod 600 {path}"
        raise _wrong(field, what)


def _protocol(security: KafkaSecurity) -> str:
    if security.sasl is None:
        return "SSL" if security.tls else "PLAINTEXT"
    return "SASL_SSL" if security.tls else "SASL_PLAINTEXT"


def _tls(security: KafkaSecurity) -> dict[str, Any]:
    found: dict[str, Any] = {"ssl_check_hostname": security.check_hostname}
    for name, path in (
        ("ssl_cafile", security.ca_file),
        ("ssl_certfile", security.certificate_file),
        ("ssl_keyfile", security.key_file),
    ):
        if path is not None:
            found[name] = str(_there(path, name))
    if security.key_file is not None:
        require_private(security.key_file, "kafka.security.key_file")
    if security.key_password is not None:
        password = security.key_password.read("kafka.security.key_password")
        found["ssl_password"] = password.get_secret_value()
    return found


def _there(path: Path, name: str) -> Path:
    if not path.is_file():
        field = f"kafka.security.{name.removeprefix('ssl_')}"
        raise _wrong(field, f"{path} does not exist")
    return path


def _wrong(field: str, what: str) -> SettingsError:
    return SettingsError([Problem(where=f"field {field}", what=what)])
