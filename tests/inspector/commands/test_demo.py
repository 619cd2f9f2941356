"""The demo, on a small simulated line instead of the real cells."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from inspector.commands.demo import demo, put_aside
from inspector.model.pictures import decode
from inspector.recording import Recording, check
from inspector.simulation import lines
from inspector.training.programme import Plan
from tests.small_model import small_plan


def small_record(folder: Path, progress: Callable[[int], None]) -> None:
    lines.simulate_line(folder, "elpv", parts=80, seed=5)
    progress(80)


@pytest.mark.slow
def test_the_demo_judges_and_stores_every_part_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lines, "record_elpv", small_record)
    monkeypatch.setattr(Plan, "quick", small_plan)
    folder = tmp_path / "demo"
    trained = []
    for _ in range(2):
        demo(folder=folder, rate=100, parts=20, json=tmp_path / "demo.json")
        figures = json.loads((tmp_path / "demo.json").read_text())
        assert figures["parts"] == figures["verdicts"] == 20
        assert figures["database_rows"] == 20
        assert figures["already_stored"] == 0
        accuracy = figures["accuracy"]
        assert accuracy["bad"] + accuracy["good"] == 20
        trained.append((folder / "model/trunk/manifest.toml").stat().st_mtime_ns)
    assert trained[0] == trained[1], "the second run must not train again"
    said = capsys.readouterr().out
    for wanted in ("CC BY-NC-SA", "escapes", "frame to stored", "verdicts.db", "next"):
        assert wanted in said
    assert f"{accuracy['reviews']} / 20" in said
    assert (folder / "verdicts-1.db").exists()
    for line in said.splitlines():
        assert line.count("inspector ") == line.count("  .venv/bin/inspector ")


def verdicts_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT count(*) FROM verdicts").fetchone()
    return int(found[0])


def killed_shift(database: Path, verdicts: int) -> None:
    """Leave what a shift leaves that had no time to close its database."""
    living = database.with_name("living.db")
    with closing(sqlite3.connect(living)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE verdicts (frame_id)")
        rows = [(each,) for each in range(verdicts)]
        connection.executemany("INSERT INTO verdicts VALUES (?)", rows)
        connection.commit()
        for ending in ("-wal", "-shm", ""):
            beside = living.with_name(living.name + ending)
            shutil.copy(beside, database.with_name(database.name + ending))
    living.unlink()


def test_a_killed_shift_keeps_its_verdicts_when_the_next_begins(tmp_path: Path) -> None:
    database = tmp_path / "verdicts.db"
    killed_shift(database, verdicts=7)
    put_aside(database)
    assert list(tmp_path.glob("verdicts.db*")) == []
    assert verdicts_in(tmp_path / "verdicts-1.db") == 7


def test_putting_aside_can_be_cut_off_and_begun_again(tmp_path: Path) -> None:
    database = tmp_path / "verdicts.db"
    killed_shift(database, verdicts=7)
    Path(f"{database}-wal").rename(tmp_path / "verdicts-1.db-wal")
    put_aside(database)
    assert verdicts_in(tmp_path / "verdicts-1.db") == 7


def test_no_earlier_shift_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "verdicts-2.db").write_text("an older shift")
    for shift in ("second", "third"):
        (tmp_path / "verdicts.db").write_text(shift)
        put_aside(tmp_path / "verdicts.db")
    kept = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert kept == {
        "verdicts-1.db": "second",
        "verdicts-2.db": "an older shift",
        "verdicts-3.db": "third",
    }


@pytest.mark.slow
def test_the_real_cells_become_a_sound_recording(tmp_path: Path) -> None:
    pytest.importorskip("elpv_dataset", reason="needs the package elpv-dataset")
    lines.record_elpv(tmp_path / "elpv")
    assert check(tmp_path / "elpv", decode) == []
    recording = Recording.load(tmp_path / "elpv")
    parts = {split: len(recording.select(split)) for split in lines.ELPV_SPLITS}
    assert parts == lines.ELPV_SPLITS
    bad = [row.label == "defective" for row in recording.rows]
    assert 0.2 < sum(bad) / len(bad) < 0.6
