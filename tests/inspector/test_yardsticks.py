"""Yardsticks and controls: fair draws, honest fits, controls that are what they say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.measures.ranking import balanced_accuracy, best_threshold
from inspector.recording import FrameRow
from inspector.shifts import Case
from inspector.types import LogContext, LogLine, Pixels, Route, Sample, Scores
from inspector.yardsticks import FUSED, Judged, compare, judge_all
from tests.builders import a_frame, a_log_line, a_window, some_scores


def judged(seed: int, parts: int = 200) -> Judged:
    rng = np.random.default_rng(seed)
    bad = rng.random(parts) < 0.4
    image, log = (
        1 / (1 + np.exp(-(rng.normal(size=parts) + gap * (2 * bad - 1))))
        for gap in (1.0, 0.5)
    )
    scores = [
        some_scores(score=(a + b) / 2, picture_score=a, log_score=b)
        for a, b in zip(image, log, strict=True)
    ]
    return Judged(fused=scores, full=scores, controls={"no_log": image}, bad=bad)


def test_what_is_better_stands_above() -> None:
    found = compare(judged(1), judged(2))
    assert found["fused"].auroc.value > found["image"].auroc.value
    assert found["image"].auroc.value > found["log"].auroc.value
    assert found["log"].behind.low > 0
    assert found["no_log"].auroc == found["image"].auroc
    assert abs(found["late_fusion"].behind.value) < 0.03


def test_the_distance_to_oneself_is_nothing() -> None:
    found = compare(judged(1), judged(2))
    behind, beyond = found["fused"].behind, found["image"].beyond_picture
    assert (behind.low, behind.value, behind.high) == (0, 0, 0)
    assert (beyond.low, beyond.value, beyond.high) == (0, 0, 0)


def test_a_distance_seen_from_the_other_side_has_the_other_sign() -> None:
    found = compare(judged(1), judged(2))
    behind, beyond = found["image"].behind, found["fused"].beyond_picture
    assert (beyond.low, beyond.value, beyond.high) == (
        behind.low,
        behind.value,
        behind.high,
    )
    assert found["log"].beyond_picture.value < 0


def test_a_paired_interval_is_tighter_than_two_unpaired_ones() -> None:
    found = compare(judged(1), judged(2))
    paired = found["image"].behind
    widths = [
        found[name].auroc.high - found[name].auroc.low for name in ("fused", "image")
    ]
    assert paired.high - paired.low < 0.9 * math.hypot(*widths)


def test_thresholds_come_from_the_validation_shift() -> None:
    found, val = judged(1), judged(2)
    for name, fitted_on in (("image", "image"), ("no_log", FUSED)):
        wanted = best_threshold(val.by_method()[fitted_on], val.bad)
        scores = found.by_method()[name]
        once = np.ones((1, len(scores)))
        assert compare(found, val)[name].balanced_accuracy.value == pytest.approx(
            balanced_accuracy(scores, found.bad, once, wanted)[0]
        )


def test_without_a_validation_shift_nothing_is_fitted() -> None:
    assert "late_fusion" not in compare(judged(1), None)


class _Listener:
    """Stands in for a model, and notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Sample] = []

    def score(self, sample: Sample) -> Scores:
        self.shown.append(sample)
        lines = len(sample.window.log_lines)
        return some_scores(score=lines / 10, route=Route.BOTH)


class _Pictures:
    """Gives each part a picture of its own brightness."""

    def encoded(self, row: FrameRow) -> bytes:
        return bytes([row.frame_id])

    def decoded(self, row: FrameRow, encoded: bytes) -> Pixels:
        assert encoded == self.encoded(row)
        return self.pixels(row)

    def pixels(self, row: FrameRow) -> Pixels:
        return np.full((2, 2), row.frame_id, np.uint8)


def a_case(part: int) -> Case:
    serial, captured_ns = f"A{part}", 1_000 * part + 10_000
    lines = tuple(
        a_log_line(text=f"{serial} force {at}", logged_ns=captured_ns - 100 - at)
        for at in range(part + 1)
    )
    frame = a_frame(frame_id=part, serial=serial, captured_ns=captured_ns)
    window = a_window(frame=frame, log_lines=lines)
    row = FrameRow(
        frame_id=part,
        captured_ns=captured_ns,
        camera="cam-1",
        serial=serial,
        file=Path("x.png"),
        label="good",
        split="test",
        mask=None,
        defect_probability=None,
        sha256=None,
        row=part + 2,
    )
    late = replace(window, log_lines=lines[:1], log_context=LogContext.LATE)
    return Case(row=row, window=window, late_window=late, is_bad=part % 2 == 0)


def judge_listening(with_controls: bool = True) -> tuple[Judged, list[Sample]]:
    routed: Any = _Listener()
    full: Any = _Listener()
    pictures: Any = _Pictures()
    done: list[int] = []
    found = judge_all(
        [a_case(part) for part in range(4)],
        (routed, full),
        pictures,
        done.append,
        with_controls=with_controls,
    )
    assert sum(done) == 4
    assert [sample.window for sample in full.shown] == [
        a_case(part).window for part in range(4)
    ]
    return found, routed.shown


def test_controls_are_what_they_say() -> None:
    found, _ = judge_listening()
    assert found.controls["no_log"].tolist() == [0, 0, 0, 0]
    assert found.controls["late_log"].tolist() == [0.1] * 4
    assert found.controls["shuffled_log"].tolist() == [0.3, 0.4, 0.1, 0.2]
    assert found.controls["disguised_log"].tolist() == [0.3, 0.4, 0.1, 0.2]


def test_a_part_is_always_shown_with_its_own_frame_and_picture() -> None:
    _, shown = judge_listening()
    assert len(shown) == 4 * 5
    for sample in shown:
        frame = sample.window.frame
        assert sample.pixels is not None
        assert sample.pixels[0, 0] == frame.frame_id
        assert frame == a_case(frame.frame_id).window.frame


def test_another_parts_lines_come_as_if_they_had_been_logged_for_this_one() -> None:
    _, shown = judge_listening()
    shuffled, disguised = (shown[4 + at].window for at in range(2))
    wanted = a_case(2).window
    before_ns = [
        _before_ns(wanted.frame.captured_ns, each) for each in wanted.log_lines
    ]
    for window, serial in ((shuffled, "A2"), (disguised, "A0")):
        captured_ns = window.frame.captured_ns
        assert captured_ns == 10_000
        assert [_before_ns(captured_ns, each) for each in window.log_lines] == before_ns
        assert all(each.text.startswith(serial) for each in window.log_lines)


def test_controls_are_left_out_where_they_are_not_wanted() -> None:
    found, shown = judge_listening(with_controls=False)
    assert found.controls == {}
    assert len(shown) == 4


def test_the_exposure_is_that_of_the_pictures() -> None:
    found, _ = judge_listening()
    assert found.exposure.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0]]
    assert (found.took_ms > 0).all()


def _before_ns(captured_ns: int, line: LogLine) -> int:
    return captured_ns - line.logged_ns
