"""`inspector people`, `audit`, `gather` and `shift-report`, as they are typed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connectors.database.engine import open_engine
from connectors.database.people.alarming import AlarmBoard
from connectors.database.people.heartbeats import write_heartbeat
from connectors.database.people.house_rules import audit_every
from connectors.database.schema import upgrade
from connectors.database.verdict_store import SqlVerdictStore
from inspector.__main__ import main
from inspector.health import Heartbeat
from inspector.types import NS_PER_S, Decision
from tests.builders import a_verdict

PIN = "482913"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    database = f"sqlite:///{tmp_path / 'v.db'}"
    engine = open_engine(database)
    upgrade(engine)
    store = SqlVerdictStore(engine)
    store.store([a_verdict(frame_id=n, decision=Decision.REJECT) for n in range(5)])
    store.close()
    return database


@pytest.fixture
def run(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("INSPECTOR_DATABASE_URL", url)
    monkeypatch.setenv("INSPECTOR_PIN", PIN)
    monkeypatch.setenv("INSPECTOR_NEW_PIN", PIN)
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["inspector", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return typed


def test_a_plant_begins_with_an_administrator(run: Run) -> None:
    code, _, err = run("people", "add", "jan")
    assert (code, "must be an administrator" in err) == (2, True)
    assert run("people", "add", "mei", "--role", "administrator")[0] == 0
    assert run("people", "add", "jan", "--as", "mei", "--grant", "overrule")[0] == 0
    code, out, _ = run("people", "list")
    assert (code, "overrule" in out, "administrator" in out) == (0, True, True)
    assert run("people", "role", "jan", "engineer", "--as", "mei")[0] == 0
    assert run("people", "disable", "jan", "--as", "mei")[0] == 0
    assert "disabled" in run("people", "list")[1]
    assert run("people", "pin", "mei")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "x"), "an administrator has to add"),
        (("add", "x", "--as", "nobody"), "wrong name or PIN"),
        (("add", "x", "--role", "king", "--as", "mei"), "role king: is none"),
        (("add", "x", "--grant", "people", "--as", "mei"), "cannot be granted"),
        (("add", "mei", "--as", "mei"), "is there already"),
        (("role", "x", "engineer", "--as", "mei"), "is not known"),
        (("role", "mei", "engineer"), "--as: is needed"),
        (("disable", "mei", "--as", "mei"), "last administrator"),
    ],
)
def test_a_mistake_is_a_line_and_exit_code_2(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    run("people", "add", "mei", "--role", "administrator")
    code, _, err = run("people", *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_an_altered_row_is_found_and_named(run: Run, tmp_path: Path) -> None:
    assert run("audit", "head")[0] == 1, "there is none yet"
    run("people", "add", "mei", "--role", "administrator")
    run("people", "add", "jan", "--as", "mei")
    head = tmp_path / "head.json"
    assert run("audit", "head", "--out", str(head))[0] == 0
    code, out, _ = run("audit", "verify", "--head", str(head))
    assert (code, "3 links" in out) == (0, True)
    assert "people: added" in run("audit", "list")[1]
    with closing(sqlite3.connect(tmp_path / "v.db")) as database, database:
        database.execute("DROP TRIGGER people_no_update")
        database.execute("UPDATE people SET role = 'engineer' WHERE name = 'jan'")
        database.execute(
            "CREATE TRIGGER people_no_update BEFORE UPDATE ON people "
            "BEGIN SELECT RAISE(ABORT, 'people are append-only'); END"
        )
    report = tmp_path / "found.json"
    code, _, err = run("audit", "verify", "--json", str(report))
    assert (code, err.strip()) == (1, "inspector: people row 2: was altered")
    assert json.loads(report.read_text())["findings"] == [
        {"where": "people row 2", "what": "was altered"}
    ]
    head.write_text("{}")
    assert run("audit", "verify", "--head", str(head))[0] == 2
    assert run("audit", "verify", "--head", str(tmp_path / "none"))[0] == 2


def test_only_an_auditor_says_how_many_parts_are_audited(run: Run, url: str) -> None:
    run("people", "add", "mei", "--role", "administrator")
    run("people", "add", "eli", "--role", "engineer", "--as", "mei")
    run("people", "add", "ada", "--role", "auditor", "--as", "mei")
    code, out, _ = run("audit", "sample", "100", "--as", "ada")
    assert (code, "one in 100 passed parts" in out) == (0, True)
    code, _, err = run("audit", "sample", "0", "--as", "eli")
    assert (code, "eli (engineer) has no right to set_audit" in err) == (2, True)
    engine = open_engine(url)
    assert audit_every(engine) == 100
    assert run("audit", "sample", "0", "--as", "ada")[0] == 0
    assert audit_every(engine) is None
    engine.dispose()


def test_a_record_is_gathered_and_reported(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("gather")
    assert (code, "5 verdicts: counted up to 5" in out) == (0, True)
    out_file = tmp_path / "shift.csv"
    assert run("shift-report", "poly", "--out", str(out_file))[0] == 0
    assert "parts,rejected,5,5,1.000000" in out_file.read_text()


def test_alarms_are_listed_and_measured(run: Run, url: str, tmp_path: Path) -> None:
    now_ns = time.time_ns()
    engine = open_engine(url)
    beat = Heartbeat(
        line="poly",
        beat_ns=now_ns,
        takt_s=0.03,
        deadline_ms=500,
        frame_ns=now_ns - 9 * NS_PER_S,
    )
    write_heartbeat(engine, beat)
    AlarmBoard(engine).look()
    engine.dispose()
    report = tmp_path / "alarms.json"
    code, out, _ = run("alarms", "--hours", "1", "--json", str(report))
    assert (code, "camera_silent" in out, "unacknowledged" in out) == (0, True, True)
    assert json.loads(report.read_text())["alarms"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mono", "--out", "x.csv"), "line mono: has no verdict"),
        (("poly", "--out", "x.doc"), "must end in .pdf or .csv"),
        (("poly", "--out", "x.csv", "--from", "noon"), "--from: noon is no time"),
        (
            ("poly", "--out", "x.csv", "--from", "2026-03-02", "--to", "2026-03-01"),
            "--to: must be later",
        ),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    code, _, err = run("shift-report", *words)
    assert (code, said in err) == (2, True)
