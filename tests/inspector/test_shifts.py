"""Shifts: late logs that are late, masks that fit, errors that name their row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import InputError, RecordingError
from inspector.model.pictures import encode_png
from inspector.recording import Recording
from inspector.settings import WindowRules
from inspector.shifts import Pictures, cases_of, name_modules, samples_of
from inspector.simulation.lines import simulate_line
from inspector.types import NS_PER_S


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("shift") / "recording"
    simulate_line(folder, "metal", parts=60, seed=1)
    return Recording.load(folder)


def test_a_late_log_is_beyond_all_that_a_window_holds_by_time(
    recording: Recording,
) -> None:
    horizon_ns = WindowRules().horizon_s * NS_PER_S
    cases = cases_of(recording, "test")
    assert sum(len(case.window.log_lines) for case in cases) > 100
    for case in cases:
        captured_ns = case.row.captured_ns
        serial = case.row.serial
        assert case.window.frame == case.late_window.frame
        for line in case.late_window.log_lines:
            assert line.logged_ns < captured_ns - horizon_ns
            assert serial is not None
            assert serial in line.text


def test_bad_is_whatever_is_not_good(recording: Recording) -> None:
    for case in cases_of(recording, "test"):
        assert case.is_bad == (case.row.label != "good")


def test_samples_come_with_their_pictures(recording: Recording) -> None:
    pictures = Pictures(recording)
    samples = list(samples_of(recording, "val", 3))
    assert len(samples) == 3
    for case, sample in zip(cases_of(recording, "val"), samples, strict=False):
        assert sample.pixels is not None
        assert np.array_equal(sample.pixels, pictures.pixels(case.row))


def test_a_mask_is_where_it_is_white_and_nowhere_without_one(
    recording: Recording,
) -> None:
    pictures = Pictures(recording)
    for case in cases_of(recording, "test"):
        height, width = pictures.pixels(case.row).shape[:2]
        mask = pictures.mask(case.row, (height, width))
        assert mask.any() == case.is_bad


def test_what_cannot_be_used_is_named_with_its_row(
    recording: Recording, tmp_path: Path
) -> None:
    row = recording.rows[5]
    pictures = Pictures(recording)
    gone = replace(row, file=tmp_path / "gone.png")
    with pytest.raises(RecordingError, match=r"frames.csv, row 7: gone.png: No such"):
        pictures.pixels(gone)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(RecordingError, match=r"row 7: broken.png: .*not a PNG"):
        pictures.pixels(replace(row, file=broken))
    small = tmp_path / "small.png"
    small.write_bytes(encode_png(np.zeros((2, 2), np.uint8)))
    with pytest.raises(RecordingError, match=r"row 7: small.png is not of its"):
        pictures.mask(replace(row, mask=small), (4, 4))


def test_a_table_names_modules(recording: Recording, tmp_path: Path) -> None:
    table = tmp_path / "modules.csv"
    table.write_text("frame_id,module\n0,M1\n1,M2\n2,\n", encoding="utf-8")
    rows = name_modules(recording, table).rows
    named = {row.frame_id: row.module for row in rows}
    assert [named[each] for each in range(4)] == ["M1", "M2", None, None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("frame,module\n0,M1\n", "column frame_id is missing: begin with"),
        ("frame_id\n0\n", "column module is missing"),
        ("frame_id,module\n99999,M1\n", "names a module for no frame"),
        ('frame_id,module\n0,"M1\n', "cannot be read"),
    ],
)
def test_a_table_of_something_else_is_refused(
    recording: Recording, tmp_path: Path, text: str, problem: str
) -> None:
    table = tmp_path / "modules.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"modules.csv: .*{problem}"):
        name_modules(recording, table)


def test_a_table_that_is_not_there_is_named(
    recording: Recording, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"none.csv: cannot be read"):
        name_modules(recording, tmp_path / "none.csv")
