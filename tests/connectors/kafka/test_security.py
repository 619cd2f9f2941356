"""Secrets come from the environment or private files, and are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.kafka.security import KafkaSecurity, SecretSource, client_arguments
from inspector.errors import SettingsError


def a_file(folder: Path, name: str, text: str = "s3cret\n", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_nothing_said_is_plain_text() -> None:
    assert client_arguments(KafkaSecurity()) == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_from_the_environment(
    mechanism: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cret")
    security = KafkaSecurity(
        tls=True,
        sasl=mechanism,
        username="station",
        password=SecretSource(env="KAFKA_PASSWORD"),
    )
    found = client_arguments(security)
    assert found["security_protocol"] == "SASL_SSL"
    assert found["sasl_mechanism"] == mechanism
    assert found["sasl_plain_password"] == "s3cret"  # noqa: S105 - of this test
    assert "s3cret" not in repr(security)
    assert "s3cret" not in security.model_dump_json()


def test_client_certificates_from_files(tmp_path: Path) -> None:
    security = KafkaSecurity(
        tls=True,
        ca_file=a_file(tmp_path, "ca.pem", mode=0o644),
        certificate_file=a_file(tmp_path, "client.pem", mode=0o644),
        key_file=a_file(tmp_path, "client.key"),
        key_password=SecretSource(file=a_file(tmp_path, "password")),
    )
    found = client_arguments(security)
    assert found["security_protocol"] == "SSL"
    assert found["ssl_keyfile"] == str(tmp_path / "client.key")
    assert found["ssl_password"] == "s3cret"  # noqa: S105 - of this test


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = a_file(tmp_path, "password", mode=mode)
    with pytest.raises(SettingsError, match="chmod 600") as raised:
        SecretSource(file=path).read("kafka.security.password")
    assert "s3cret" not in str(raised.value)
    key = a_file(tmp_path, "client.key", mode=mode)
    security = KafkaSecurity(
        tls=True, certificate_file=a_file(tmp_path, "c.pem"), key_file=key
    )
    with pytest.raises(SettingsError, match=r"client\.key can be read by others"):
        client_arguments(security)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="environment variable NOT_SET holds"):
        SecretSource(env="NOT_SET").read("kafka.security.password")
    with pytest.raises(SettingsError, match="No such file"):
        SecretSource(file=tmp_path / "none").read("kafka.security.password")
    with pytest.raises(SettingsError, match="holds nothing"):
        SecretSource(file=a_file(tmp_path, "empty", "\n")).read("field")
    missing = KafkaSecurity(tls=True, ca_file=tmp_path / "ca.pem")
    with pytest.raises(SettingsError, match=r"ca\.pem does not exist"):
        client_arguments(missing)


SOURCE = {"env": "KAFKA_PASSWORD"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ca_file": "ca.pem"}, "need tls"),
        ({"tls": True, "key_file": "k"}, "go together"),
        ({"sasl": "SCRAM-SHA-512", "tls": True}, "needs username and password"),
        ({"username": "u"}, "need sasl"),
        ({"sasl": "PLAIN", "username": "u", "password": SOURCE}, "set tls"),
        ({"sasl": "GSSAPI"}, "PLAIN"),
        ({"password": "s3cret"}, "SecretSource"),
        ({"password": {"env": "A", "file": "b"}}, "one of env and file"),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        KafkaSecurity.model_validate(values)
