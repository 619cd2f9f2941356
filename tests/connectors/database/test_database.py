"""The SQL record: its form, its guard against change, and its errors."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from types import MappingProxyType

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError

from connectors.database.engine import open_engine, shown
from connectors.database.evidence import EvidenceFolder, read_evidence
from connectors.database.read import count_by_decision, decided, stored_verdict
from connectors.database.schema import (
    _ONE_AT_A_TIME,
    _config,
    differences,
    problems,
    require_current,
    upgrade,
)
from connectors.database.tables import metadata, verdicts
from connectors.database.verdict_store import SqlVerdictStore, as_row
from inspector.errors import (
    InputError,
    MissingExtraError,
    SettingsError,
    StoreError,
)
from inspector.types import Decision, Fault, LogContext, Look, Route, Verdict
from tests.builders import a_verdict
from tests.databases import fresh_postgresql


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def bare(database: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = open_engine(database)
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        assert differences(connection) == []
    assert problems(engine) == []


def test_the_migrations_check_what_the_tables_check(
    engine: Engine, tmp_path: Path
) -> None:
    plain = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    metadata.create_all(plain)
    names = [
        {
            str(check["name"])
            for check in inspect(each).get_check_constraints("verdicts")
        }
        for each in (engine, plain)
    ]
    plain.dispose()
    assert names[0] == names[1]
    assert len(names[0]) == 4


def test_a_column_that_is_surplus_is_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE verdicts ADD COLUMN surplus INTEGER"))
        assert differences(connection)
    assert "surplus" in str(problems(engine)[0])


DISARM = {
    "sqlite": "DROP TRIGGER verdicts_no_update",
    "postgresql": "ALTER TABLE verdicts DISABLE TRIGGER verdicts_append_only",
}


def test_a_record_that_lost_its_guard_is_noticed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(DISARM[engine.dialect.name]))
    assert [each.what.split()[-2:] for each in problems(engine)] == [["is", "gone"]]


def test_an_older_database_keeps_its_verdicts(bare: Engine) -> None:
    with bare.begin() as connection:
        command.upgrade(_config(connection), "0001")
        row = as_row(a_verdict(decision=Decision.REJECT))
        del row["look"]  # revision 3 brought it
        connection.execute(verdicts.insert(), row)
    assert "at revision 0001" in str(problems(bare)[0])
    store = SqlVerdictStore(bare)
    upgrade(bare)
    assert problems(bare) == []
    assert count_by_decision(bare, "poly") == {"REJECT": 1}
    assert store.store([a_verdict(), a_verdict(frame_id=8)]).inserted == 1


class CutOffError(Exception):
    """The machine went down."""


def test_an_upgrade_that_is_cut_off_leaves_nothing_and_can_be_repeated(
    bare: Engine,
) -> None:
    def cut_off(*about: object) -> None:
        if "CREATE INDEX" in str(about[2]):
            raise CutOffError

    event.listen(bare, "before_cursor_execute", cut_off)
    with pytest.raises(CutOffError):
        upgrade(bare)
    event.remove(bare, "before_cursor_execute", cut_off)
    assert not inspect(bare).has_table("verdicts")
    upgrade(bare)
    assert problems(bare) == []


def a_waiting_upgrade(database: str) -> subprocess.Popen[str]:
    """A program of its own, as on a station; it begins when its input ends."""
    script = (
        "import sys\nfrom connectors.database.engine import open_engine\n"
        "from connectors.database.schema import upgrade\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
        "upgrade(open_engine(sys.argv[1]))\n"
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", script, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def start_together(programs: list[subprocess.Popen[str]]) -> None:
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.close()
        program.stdin = None  # or `communicate` would write to it


def test_upgrades_at_one_time_wait_for_each_other(database: str) -> None:
    with ExitStack() as ending:
        programs = [ending.enter_context(a_waiting_upgrade(database)) for _ in range(4)]
        for program in programs:
            ending.callback(program.kill)
        start_together(programs)
        said = [program.communicate(timeout=60)[1] for program in programs]
    assert [program.returncode for program in programs] == [0] * 4, said
    engine = open_engine(database)
    assert problems(engine) == []
    engine.dispose()


def test_an_upgrade_of_postgresql_waits_for_the_lock(postgresql_server: str) -> None:
    plain = make_url(fresh_postgresql(postgresql_server))
    impatient = plain.update_query_dict({"options": "-c lock_timeout=100"})
    other = open_engine(plain.render_as_string(hide_password=False))
    engine = open_engine(impatient.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        with pytest.raises(StoreError, match="lock timeout"):
            upgrade(engine)
    upgrade(engine)
    engine.dispose()
    other.dispose()


def test_the_revisions_are_installed_with_the_program() -> None:
    revisions = importlib.util.find_spec("migrations.versions")
    assert revisions is not None
    assert revisions.origin is not None, "only packages are installed"


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert upgrade(engine) == upgrade(engine) == "0009"


@pytest.mark.parametrize(
    "change", ["UPDATE verdicts SET decision = 'PASS'", "DELETE FROM verdicts"]
)
def test_the_record_cannot_be_changed(engine: Engine, change: str) -> None:
    SqlVerdictStore(engine).store([a_verdict(decision=Decision.REJECT)])
    with engine.connect() as connection, pytest.raises(DatabaseError, match="append"):
        connection.execute(text(change))
    assert [each.decision for each in decided(engine, "poly")] == ["REJECT"]
    assert count_by_decision(engine, "poly") == {"REJECT": 1}


def test_a_postgresql_table_cannot_be_emptied(postgresql_server: str) -> None:
    engine = open_engine(fresh_postgresql(postgresql_server))
    upgrade(engine)
    SqlVerdictStore(engine).store([a_verdict()])
    with engine.connect() as connection, pytest.raises(DatabaseError, match="append"):
        connection.execute(text("TRUNCATE verdicts"))
    engine.dispose()


def test_a_foreign_program_cannot_replace_a_row_in_sqlite(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'v.db'}")
    upgrade(engine)
    SqlVerdictStore(engine).store([a_verdict(decision=Decision.REJECT)])
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "v.db")) as foreign:
        names = [row[1] for row in foreign.execute("PRAGMA table_info(verdicts)")][1:]
        into, given = ", ".join(names), ", ".join(f":{name}" for name in names)
        values = as_row(a_verdict(decision=Decision.PASS, stage_ms={}))
        values |= {"stage_ms": "{}", "captured_at": "", "decided_at": ""}
        statement = f"INSERT OR REPLACE INTO verdicts ({into}) VALUES ({given})"  # noqa: S608
        foreign.execute(statement, values)
        foreign.commit()
        kept = foreign.execute("SELECT id, decision FROM verdicts").fetchall()
    assert kept == [(1, "REJECT")]


def kept_rows(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        rows = connection.execute(select(verdicts).order_by(verdicts.c.id))
        return [{**row} for row in rows.mappings()]


@pytest.mark.parametrize("moment_ns", [2**63, -(2**63) - 1])
def test_a_moment_beyond_the_centuries_is_a_store_error(
    engine: Engine, moment_ns: int
) -> None:
    with pytest.raises(StoreError, match=r"range|large"):
        SqlVerdictStore(engine).store([a_verdict(captured_ns=moment_ns)])


def test_odd_signs_cost_no_verdict(engine: Engine) -> None:
    odd = a_verdict(serial="M\0\udcff7", reason="a\0b")
    assert SqlVerdictStore(engine).store([odd]).inserted == 1
    kept = kept_rows(engine)[0]
    assert (kept["serial"], kept["reason"]) == ("M\ufffd?7", "a\ufffdb")


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
    assert count_by_decision(engine, "poly") == {}


scores = st.none() | st.floats(0, 1, allow_nan=False)
moments = st.integers(0, 4 * 10**18)
durations = st.floats(0, 1e9, allow_nan=False)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
a_fault_or_none = st.none() | st.sampled_from(Fault)


@st.composite
def any_verdict(draw: st.DrawFn) -> Verdict:
    fault = draw(a_fault_or_none)
    may_be = [each for each in Decision if fault is None or each is not Decision.PASS]
    return a_verdict(
        frame_id=draw(st.integers(0, 2**63 - 1)),
        serial=draw(st.none() | words),
        captured_ns=draw(moments),
        decided_ns=draw(moments),
        decision=draw(st.sampled_from(may_be)),
        reason=draw(words.filter(bool)),
        fault=fault,
        **{name: draw(scores) for name in ("score", "picture_score", "log_score")},
        route=draw(st.sampled_from(Route)),
        look=draw(st.sampled_from(Look)),
        log_context=draw(st.sampled_from(LogContext)),
        log_lines=draw(st.integers(0, 2**31 - 1)),
        latency_ms=draw(durations),
        stage_ms=MappingProxyType(draw(st.dictionaries(words, durations, max_size=3))),
        evidence=draw(st.none() | words),
        is_simulated=draw(st.booleans()),
    )


batches = st.lists(any_verdict(), max_size=5, unique_by=lambda each: each.frame_id)


@given(batch=batches)
@settings(
    max_examples=40,
    deadline=None,
    # Each example has a line of its own, so that one database serves them all.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_verdict_comes_back_as_it_was(
    engine: Engine, batch: list[Verdict]
) -> None:
    before = len(kept_rows(engine))
    own = [replace(each, line=f"line-{before}-{len(batch)}") for each in batch]
    receipt = SqlVerdictStore(engine).store(own)
    assert receipt.inserted == len(batch)
    kept = {row["frame_id"]: row for row in kept_rows(engine)[before:]}
    for verdict in own:
        wanted = as_row(verdict)
        row = kept[verdict.frame_id]
        assert {name: row[name] for name in wanted} == wanted
        assert as_row(stored_verdict(engine, int(str(row["id"])))) == wanted


def test_a_verdict_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(InputError, match="verdict 404: is not in the database"):
        stored_verdict(engine, 404)


@pytest.mark.parametrize("size", [1, 64, 5000])
def test_a_batch_of_any_size_is_stored_and_found_again(
    engine: Engine, size: int
) -> None:
    store = SqlVerdictStore(engine)
    batch = [a_verdict(frame_id=number) for number in range(size)]
    assert store.store(batch).inserted == size
    assert store.store(batch).already_there == size


def test_what_cannot_be_read_is_a_clear_error(bare: Engine) -> None:
    with pytest.raises(StoreError, match="verdicts"):
        list(decided(bare, "poly"))
    with pytest.raises(StoreError, match="verdicts"):
        count_by_decision(bare, "poly")


def test_sqlite_is_durable_and_readable_while_written(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    engine.dispose()


def test_a_database_that_another_program_is_setting_up_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.database.engine._BUSY_TIMEOUT_MS", 20)
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE being_made (id)")
        other.execute("BEGIN IMMEDIATE")
        engine = open_engine(f"sqlite:///{file}")
        engine.connect().close()
    engine.dispose()


def test_an_empty_database_names_the_command_that_helps(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(SettingsError, match="inspector db upgrade"):
        require_current(engine)
    engine.dispose()
    assert list(tmp_path.iterdir()) == [], "asking must not make a database"


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version"):
        upgrade(engine)
    with pytest.raises(SettingsError, match=r"9999.*update this program"):
        require_current(engine)
    engine.dispose()


def test_a_folder_that_does_not_exist_is_named_before_sqlite_fails(
    tmp_path: Path,
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'a.db'}")
    with pytest.raises(SettingsError, match="its folder does not exist"):
        upgrade(engine)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://host/name", "mysql is not supported"),
        ("postgresql+psycopg2://host/name", "psycopg2 is not supported"),
        ("postgresql://host:port/name", "not a database URL"),
        ("sqlite://", "would keep nothing"),
        ("sqlite:///:memory:", "would keep nothing"),
    ],
)
def test_another_url_is_a_clear_error(url: str, said: str) -> None:
    with pytest.raises(InputError, match=f"database: .*{said}"):
        open_engine(url)


def test_a_missing_driver_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"inspector\[postgresql\]"):
        open_engine("postgresql://host/name")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@localhost/x?host={folder}",
        "postgresql://localhost/x?user=me&password=secret&host={folder}",
    ],
)
def test_a_password_is_never_shown(tmp_path: Path, url: str) -> None:
    url = url.format(folder=tmp_path)
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
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert files == [tmp_path / path]


def test_evidence_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(_opened: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    folder = EvidenceFolder(tmp_path)
    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(StoreError, match="No space left on device"):
        folder.keep(b"picture", ".png")
    with pytest.raises(StoreError, match="No space left on device"):
        folder.keep_as("windows/ab/w.json", b"{}", durable=True)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
    folder.keep_as("overlays/ab/o.png", b"png", durable=False)
    assert (tmp_path / "overlays/ab/o.png").read_bytes() == b"png"


def test_what_is_kept_under_a_name_can_be_replaced_and_read(tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path)
    for content in (b"old", b"new"):
        folder.keep_as("windows/ab/w.json", content, durable=True)
    assert read_evidence(tmp_path, "windows/ab/w.json") == b"new"


def test_an_altered_picture_is_never_evidence(tmp_path: Path) -> None:
    name = EvidenceFolder(tmp_path).keep(b"picture", ".png")
    assert read_evidence(tmp_path, name) == b"picture"
    (tmp_path / name).write_bytes(b"another")
    with pytest.raises(InputError, match="was altered"):
        read_evidence(tmp_path, name)


def test_evidence_is_looked_for_inside_its_folder_alone(tmp_path: Path) -> None:
    EvidenceFolder(tmp_path / "e")
    (tmp_path / "secret").write_text("x")
    for name in ("../secret", str(tmp_path / "secret")):
        with pytest.raises(InputError, match="outside the evidence folder"):
            read_evidence(tmp_path / "e", name)
    with pytest.raises(InputError, match=r"No such file.*--evidence"):
        read_evidence(tmp_path / "e", "ab/cd.png")


def test_evidence_can_be_read_by_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = EvidenceFolder(tmp_path).keep(b"picture", ".png")
    finally:
        os.umask(before)
    assert (tmp_path / path).stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        EvidenceFolder(tmp_path / "file")
