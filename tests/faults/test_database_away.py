"""The database is away: verdicts wait on this machine, and none is lost or doubled."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.database.spool import PlainBatches, SpooledStore, SpoolLimits
from connectors.database.spool_file import SpoolFile
from connectors.database.verdict_store import SqlVerdictStore
from inspector.account import Account
from inspector.errors import StoreAwayError, StoreError
from inspector.ports import Batch, StoreReceipt
from inspector.types import Decision, Fault, Verdict
from tests.builders import a_verdict
from tests.connectors.database.recording_store import StoreWithOffsets, make_tables
from tests.databases import OwnPostgresql
from tests.faults.line import StoringLine
from tests.inspector.line_fakes import ListedFrames
from tests.inspector.test_pipeline import fresh_frames

QUICK = SpoolLimits(
    patience_s=0.5, first_pause_s=0.01, longest_pause_s=0.1, drain_for_s=0.5
)
SOON_S = 20.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPostgresql]:
    own = OwnPostgresql(tmp_path_factory.mktemp("away"))
    yield own
    own.end()


def numbers(engine: Engine, line: str) -> list[int]:
    """The parts of a line, in the order in which the database got them."""
    with engine.connect() as connection:
        asked = text("SELECT frame_id FROM verdicts WHERE line = :line ORDER BY id")
        return list(connection.scalars(asked, {"line": line}))


def test_a_server_that_stops_and_starts_again_gets_everything_in_order(
    server: OwnPostgresql, tmp_path: Path
) -> None:
    engine = open_engine(server.url)
    upgrade(engine)
    store = SpooledStore(PlainBatches(SqlVerdictStore(engine)), tmp_path / "a", QUICK)
    spooled = 0
    for number in range(60):
        if number == 20:
            server.stop()
        if number == 40:
            server.start()
        spooled += store.store([a_verdict(line="stop", frame_id=number)]).spooled
    assert store.wait_until_empty(SOON_S)
    assert numbers(engine, "stop") == list(range(60))
    assert spooled >= 20
    assert store.counts().replayed == spooled
    store.close()


def test_a_server_that_answers_nothing_does_not_hold_the_line(
    server: OwnPostgresql, tmp_path: Path
) -> None:
    engine = open_engine(server.url)
    upgrade(engine)
    store = SpooledStore(PlainBatches(SqlVerdictStore(engine)), tmp_path / "a", QUICK)
    store.store([a_verdict(line="freeze", frame_id=0)])
    server.freeze()
    started = time.monotonic()
    for number in range(1, 30):
        store.store([a_verdict(line="freeze", frame_id=number)])
    assert time.monotonic() - started < QUICK.patience_s + 2
    server.thaw()
    assert store.wait_until_empty(SOON_S)
    assert numbers(engine, "freeze") == list(range(30))
    store.close()


def test_a_locked_database_is_away_until_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.database.engine._BUSY_TIMEOUT_MS", 20)
    engine = open_engine(f"sqlite:///{tmp_path / 'v.db'}")
    upgrade(engine)
    store = SpooledStore(PlainBatches(SqlVerdictStore(engine)), tmp_path / "a", QUICK)
    with closing(sqlite3.connect(tmp_path / "v.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(5):
            assert store.store([a_verdict(frame_id=number)]).spooled == 1
        other.execute("COMMIT")
    assert store.wait_until_empty(SOON_S)
    assert numbers(engine, "poly") == list(range(5))
    store.close()


def test_a_refusal_is_not_taken_for_an_absence(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'v.db'}")
    upgrade(engine)
    store = SpooledStore(PlainBatches(SqlVerdictStore(engine)), tmp_path / "a", QUICK)
    with pytest.raises(StoreError, match="CHECK constraint") as raised:
        store.store([a_verdict(reason="")])
    assert not isinstance(raised.value, StoreAwayError)
    store.close()


KILLED_AFTER = 7
LEFT = 20


def test_a_kill_in_the_middle_of_a_replay_doubles_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'v.db'}")
    upgrade(engine)
    make_tables(engine)
    spool = SpoolFile(tmp_path / "spool.db", 10_000_000)
    for number in range(LEFT):
        verdicts = (a_verdict(frame_id=2 * number), a_verdict(frame_id=2 * number + 1))
        spool.append(Batch(verdicts=verdicts, along={"next": number + 1}))
    spool.close()
    for _ in range(2):
        killed = replay_in_a_process(tmp_path)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    store = SpooledStore(StoreWithOffsets(engine), tmp_path / "spool.db", QUICK)
    assert store.wait_until_empty(SOON_S)
    assert store.counts().replayed == 2 * (LEFT - 2 * (KILLED_AFTER - 1))
    assert numbers(engine, "poly") == list(range(2 * LEFT))
    with engine.connect() as connection:
        asked = text("SELECT count(*), count(DISTINCT frame_id) FROM messages")
        assert tuple(connection.execute(asked).one()) == (2 * LEFT, 2 * LEFT)
        assert connection.scalar(text("SELECT next FROM offsets")) == LEFT
    store.close()


def replay_in_a_process(folder: Path) -> subprocess.CompletedProcess[str]:
    """Start a replay that is killed after a commit, before the spool notes it."""
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "tests.faults.killed_replay", folder, f"{KILLED_AFTER}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


class Away:
    """A database that never answers well."""

    def store_batch(self, batch: Batch) -> StoreReceipt:
        message = "connection refused"
        raise StoreAwayError(message)

    def close(self) -> None:
        pass


class Gate:
    """Notes what it is told: what is stored, and what must be kept back."""

    def __init__(self) -> None:
        self.seen: list[Verdict] = []
        self.kept_back: list[Verdict] = []

    def saw(self, verdict: Verdict) -> None:
        self.seen.append(verdict)

    def review(self, verdict: Verdict) -> None:
        self.kept_back.append(verdict)


def run_away(tmp_path: Path, gate: Gate, parts: int, max_bytes: int) -> Account:
    limits = SpoolLimits(
        max_bytes=max_bytes, patience_s=0.2, longest_pause_s=0.1, drain_for_s=0.05
    )
    store = SpooledStore(Away(), tmp_path / "spool.db", limits)
    line = StoringLine(ListedFrames(fresh_frames(parts)), store, [gate])
    try:
        return line.pipeline.run()
    except StoreAwayError:
        return line.pipeline.account()
    finally:
        store.close()


def test_a_line_goes_on_while_its_database_is_away(tmp_path: Path) -> None:
    gate = Gate()
    account = run_away(tmp_path, gate, parts=30, max_bytes=10_000_000)
    assert (account.parts, account.verdicts, account.spooled) == (30, 30, 30)
    assert len(gate.seen) == 30
    assert gate.kept_back == []


def test_a_full_spool_stops_the_line_and_signals_review(tmp_path: Path) -> None:
    gate = Gate()
    account = run_away(tmp_path, gate, parts=400, max_bytes=60_000)
    assert 0 < account.verdicts == account.spooled < account.parts
    assert account.balances
    assert len(gate.seen) == account.verdicts
    assert len(gate.kept_back) == account.faults["unstored"] >= 1
    for verdict in gate.kept_back:
        assert verdict.decision is Decision.REVIEW
        assert verdict.fault is Fault.UNSTORED
        assert "verdict PASS could not be stored" in verdict.reason
    seen = {verdict.frame_id for verdict in gate.seen}
    assert seen.isdisjoint(verdict.frame_id for verdict in gate.kept_back)
