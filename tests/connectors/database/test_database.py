"""The SQL record: its form, its guard against change, and its errors."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DatabaseError

from connectors.database.engine import open_engine, shown
from connectors.database.evidence import EvidenceFolder
from connectors.database.read import count, decided
from connectors.database.schema import (
    differences,
    problems,
    require_current,
    upgrade,
)
from connectors.database.tables import metadata, verdicts
from connectors.database.verdict_store import SqlVerdictStore, as_row
from inspector.errors import InputError, SettingsError, StoreError
from inspector.types import Decision, Fault
from tests.builders import a_verdict


@pytest.fixture
def engine(database: str) -> Engine:
    engine = open_engine(database)
    upgrade(engine)
    return engine


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        assert differences(connection) == []
    assert problems(engine) == []
    engine.dispose()


def test_a_column_that_is_missing_is_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE verdicts ADD COLUMN surplus INTEGER"))
        assert differences(connection)
    engine.dispose()


def test_the_revisions_are_installed_with_the_program() -> None:
    revisions = importlib.util.find_spec("migrations.versions")
    assert revisions is not None
    assert revisions.origin is not None, "only packages are installed"


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert upgrade(engine) == upgrade(engine) == "0001"
    engine.dispose()


@pytest.mark.parametrize(
    "change", ["UPDATE verdicts SET decision = 'PASS'", "DELETE FROM verdicts"]
)
def test_the_record_cannot_be_changed(engine: Engine, change: str) -> None:
    SqlVerdictStore(engine).store([a_verdict(decision=Decision.REJECT)])
    with engine.connect() as connection, pytest.raises(DatabaseError, match="append"):
        connection.execute(text(change))
    assert [each.decision for each in decided(engine, "poly")] == ["REJECT"]
    assert count(engine, "poly") == 1
    engine.dispose()


def test_a_verdict_is_kept_as_it_was(engine: Engine) -> None:
    verdict = a_verdict(
        fault=Fault.DECODE, decision=Decision.REVIEW, score=None, serial="件-7'\"<>"
    )
    SqlVerdictStore(engine).store([verdict])
    with engine.connect() as connection:
        kept = connection.execute(select(verdicts)).one()._asdict()
    wanted = as_row(verdict)
    for moment in ("captured_at", "decided_at"):
        kept[moment] = kept[moment].replace(tzinfo=wanted[moment].tzinfo)
    assert {name: kept[name] for name in wanted} == wanted
    engine.dispose()


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": 1.5},
        {"reason": ""},
        {"decision": Decision.PASS, "fault": Fault.DECODE},
    ],
)
def test_what_cannot_be_is_refused_whole(
    engine: Engine, wrong: dict[str, object]
) -> None:
    store = SqlVerdictStore(engine)
    with pytest.raises(StoreError):
        store.store([a_verdict(frame_id=1), a_verdict(frame_id=2, **wrong)])
    assert count(engine, "poly") == 0
    engine.dispose()


scores = st.none() | st.floats(0, 1, allow_nan=False)
numbers = st.integers(0, 2**63 - 1)


@given(score=scores, frame_id=numbers, captured_ns=st.integers(0, 4 * 10**18))
@settings(max_examples=30, deadline=None)
def test_any_number_survives(
    score: float | None, frame_id: int, captured_ns: int
) -> None:
    memory = create_engine("sqlite://")
    metadata.create_all(memory)
    verdict = a_verdict(score=score, frame_id=frame_id, captured_ns=captured_ns)
    SqlVerdictStore(memory).store([verdict])
    with memory.connect() as connection:
        kept = connection.execute(
            select(verdicts.c.score, verdicts.c.frame_id, verdicts.c.captured_ns)
        ).one()
    memory.dispose()
    assert kept.frame_id == frame_id
    assert kept.captured_ns == captured_ns
    assert kept.score is None if score is None else math.isclose(kept.score, score)


def test_sqlite_is_durable_and_readable_while_written(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_an_empty_database_names_the_command_that_helps(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(SettingsError, match="inspector db upgrade"):
        require_current(engine)
    engine.dispose()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version"):
        upgrade(engine)
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "oracle://x"])
def test_another_url_is_a_clear_error(url: str) -> None:
    with pytest.raises(InputError, match="database"):
        open_engine(url)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    url = f"postgresql://user:secret@localhost/x?host={tmp_path}"
    assert "secret" not in shown(url)
    engine = open_engine(url)
    with pytest.raises(StoreError) as raised:
        upgrade(engine)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    engine.dispose()


def test_evidence_is_named_by_its_content(tmp_path: Path) -> None:
    path = EvidenceFolder(tmp_path).keep(b"picture", ".png")
    assert (tmp_path / path).read_bytes() == b"picture"
    assert list(tmp_path.rglob("*.*")) == [tmp_path / path]


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        EvidenceFolder(tmp_path / "file")
