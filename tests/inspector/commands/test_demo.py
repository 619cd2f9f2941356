"""The demo, on a small simulated line instead of the real cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.commands.demo import demo
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
    assert (folder / "verdicts-1.db").exists()


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
