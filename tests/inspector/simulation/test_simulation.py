"""Simulated lines: repeatable, sound, and with something to learn in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.errors import InputError, RecordingError
from inspector.model.pictures import decode
from inspector.recording import Recording, check
from inspector.simulation.lines import simulate_line
from inspector.simulation.log_text import (
    CELL_LINE,
    draw_labels,
    draw_states,
    explain_labels,
    write_log,
)
from inspector.simulation.pictures import KINDS, SIDE, draw_part
from inspector.types import NS_PER_S


def test_a_simulated_recording_is_sound(tmp_path: Path) -> None:
    simulate_line(tmp_path / "r", "metal", parts=60, seed=1)
    assert check(tmp_path / "r", decode) == []
    recording = Recording.load(tmp_path / "r")
    assert len(recording.rows) == 60
    assert {row.split for row in recording.rows} == {"train", "val", "test"}
    assert any(row.mask for row in recording.rows)


def test_the_same_seed_gives_the_same_recording(tmp_path: Path) -> None:
    for name in ("one", "other"):
        simulate_line(tmp_path / name, "metal", parts=40, seed=7)
    for file in ("frames.csv", "logs/line.log", "frames/000003.png"):
        assert (tmp_path / "one" / file).read_bytes() == (
            tmp_path / "other" / file
        ).read_bytes()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(RecordingError, match="is not empty"):
        simulate_line(tmp_path, "metal", parts=40, seed=0)
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("name", ["", "my line", "../other", "m" * 65])
def test_a_name_that_no_line_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"line '.*': use 1 to 64 letters"):
        simulate_line(tmp_path / "r", name, parts=40, seed=0)
    assert not (tmp_path / "r").exists()


def test_faulty_stations_make_more_bad_parts() -> None:
    rng = np.random.default_rng(0)
    states = draw_states(3000, 3, rng)
    bad = draw_labels(states, rng)
    ill = states.any(axis=0)
    assert bad[ill].mean() > 3 * bad[~ill].mean()


def test_states_explain_labels_without_repeating_them() -> None:
    rng = np.random.default_rng(0)
    bad = rng.random(2000) < np.where(np.arange(2000) % 200 < 60, 0.8, 0.2)
    states = explain_labels(bad, 3, rng)
    ill = states.any(axis=0)
    assert bad[ill].mean() > bad[~ill].mean() + 0.1
    assert (ill != bad).mean() > 0.1


def test_a_faulty_station_writes_otherwise() -> None:
    rng = np.random.default_rng(0)
    states = np.zeros((3, 400), bool)
    states[0, 200:] = True
    captured_ns = [(1000 + 2 * part) * NS_PER_S for part in range(400)]
    serials = [f"C{part:06d}" for part in range(400)]
    log = write_log("x", captured_ns, serials, states, CELL_LINE, rng)
    warnings = [
        line.logged_ns
        for line in log
        if line.station == CELL_LINE[0].name
        and line.level != "INFO"
        and "self-cleared" not in line.text
    ]
    half_ns = captured_ns[200] - 44 * NS_PER_S
    late = sum(moment > half_ns for moment in warnings)
    assert late > 5 * (len(warnings) - late)
    assert log == sorted(log, key=lambda line: line.logged_ns)
    assert not any("bad" in line.text or "good" in line.text for line in log)


@pytest.mark.parametrize("kind", KINDS)
def test_a_defect_is_where_its_mask_is(kind: str) -> None:
    darker = []
    for seed in range(10):
        picture, mask = draw_part(kind, np.random.default_rng(seed))
        assert picture.shape == mask.shape == (SIDE, SIDE)
        on = mask > 0
        assert 0 < on.mean() < 0.1
        darker.append(picture[~on].mean() - picture[on].mean())
    assert np.median(darker) > 5


def test_a_good_part_has_no_defect() -> None:
    _, mask = draw_part(None, np.random.default_rng(0))
    assert not mask.any()
