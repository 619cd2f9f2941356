"""A replay as a user sees it: another process, a real database, signals and kills."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.recorded import a_recording

PARTS = 120
SOON_S = 20.0
Row = tuple[int, str, str | None]


@dataclass
class Station:
    """A folder with a recording, a database and evidence."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "verdicts.db"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def start(self, rate: str = "max") -> subprocess.Popen[str]:
        command = [
            *(sys.executable, "-m", "tests.whole.replaying"),
            *(str(self.folder / "recording"), f"sqlite:///{self.database}"),
            *(str(self.evidence), rate, str(self.folder / "account.json")),
        ]
        return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def replay(self) -> dict[str, Any]:
        running = self.start()
        said, _ = running.communicate(timeout=60)
        assert running.returncode == 0, said
        return self.account()

    def account(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "account.json").read_text())
        return loaded

    def rows(self) -> list[Row]:
        connection = sqlite3.connect(self.database)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return connection.execute(
                "SELECT frame_id, decision, evidence FROM verdicts ORDER BY frame_id"
            ).fetchall()
        finally:
            connection.close()

    def wait_for_rows(self, count: int) -> None:
        until = time.monotonic() + SOON_S
        while not self._has_rows(count):
            assert time.monotonic() < until, "waited in vain for rows"
            time.sleep(0.01)

    def _has_rows(self, count: int) -> bool:
        if not self.database.exists():
            return False
        try:
            return len(self.rows()) >= count
        except sqlite3.OperationalError:  # not migrated yet
            return False


@pytest.fixture
def station(tmp_path: Path) -> Station:
    a_recording(tmp_path / "recording", parts=PARTS)
    return Station(tmp_path)


def check_that_it_is_whole(station: Station) -> None:
    rows = station.rows()
    assert [row[0] for row in rows] == list(range(PARTS))
    for frame_id, decision, evidence in rows:
        assert decision == ("REJECT" if frame_id % 3 == 0 else "PASS")
        assert (evidence is not None) == (decision == "REJECT")
        if evidence is not None:
            picture = station.folder / f"recording/frames/{frame_id}.png"
            assert (station.evidence / evidence).read_bytes() == picture.read_bytes()


def test_replaying_twice_leaves_the_same_rows(station: Station) -> None:
    first = station.replay()
    rows = station.rows()
    check_that_it_is_whole(station)
    second = station.replay()
    assert station.rows() == rows
    assert (first["verdicts"], first["already_stored"]) == (PARTS, 0)
    assert (second["verdicts"], second["already_stored"]) == (PARTS, PARTS)
    assert first["decisions"] == {"PASS": 80, "REJECT": 40}


def test_a_kill_in_the_middle_and_a_replay_leave_each_part_once(
    station: Station,
) -> None:
    for rows in (10, 60):
        running = station.start()
        station.wait_for_rows(rows)
        running.kill()
        running.communicate(timeout=SOON_S)
        assert running.returncode == -signal.SIGKILL
    assert len(station.rows()) < PARTS, "killed too late to show anything"
    account = station.replay()
    check_that_it_is_whole(station)
    assert account["verdicts"] == PARTS
    assert account["already_stored"] >= 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stores_the_parts_in_hand_and_ends_well(
    station: Station, number: signal.Signals
) -> None:
    running = station.start(rate="30")
    station.wait_for_rows(10)
    asked = time.monotonic()
    running.send_signal(number)
    running.send_signal(number)
    said, _ = running.communicate(timeout=SOON_S)
    assert running.returncode == 0, said
    assert time.monotonic() - asked < 5
    account = station.account()
    assert account["parts"] == account["verdicts"] == len(station.rows())
    assert 10 <= account["parts"] < PARTS
    assert "triggered" in said
