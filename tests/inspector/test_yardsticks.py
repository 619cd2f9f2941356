"""Yardsticks and controls: fair draws, honest fits, controls that are what they say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspector.types import Route, Sample, Scores
from inspector.yardsticks import (
    Case,
    Judged,
    balanced_accuracy,
    best_threshold,
    compare,
    judge_all,
)
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
    behind = compare(judged(1), judged(2))["fused"].behind
    assert (behind.low, behind.value, behind.high) == (0, 0, 0)


def test_a_paired_interval_is_tighter_than_two_unpaired_ones() -> None:
    found = compare(judged(1), judged(2))
    paired = found["image"].behind
    widths = [
        found[name].auroc.high - found[name].auroc.low for name in ("fused", "image")
    ]
    assert paired.high - paired.low < 0.9 * math.hypot(*widths)


def test_thresholds_come_from_the_validation_shift() -> None:
    found, val = judged(1), judged(2)
    wanted = best_threshold(val.by_method()["image"], val.bad)
    scores = found.by_method()["image"]
    assert compare(found, val)["image"].balanced_accuracy.value == pytest.approx(
        balanced_accuracy(scores[found.bad], scores[~found.bad], wanted)
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


def test_controls_are_what_they_say() -> None:
    cases = []
    for part in range(4):
        lines = tuple(a_log_line(text=f"line {at}") for at in range(part + 1))
        window = a_window(frame=a_frame(frame_id=part), log_lines=lines)
        late = replace(window, log_lines=lines[:1])
        pixels = np.full((2, 2), part, np.uint8)
        sample = Sample(window=window, pixels=pixels)
        cases.append(Case(sample=sample, late_window=late, is_bad=part % 2 == 0))
    model: Any = _Listener()
    done: list[int] = []
    found = judge_all(cases, (model, model), done.append)
    assert sum(done) == 4
    assert found.controls["no_log"].tolist() == [0, 0, 0, 0]
    assert found.controls["late_log"].tolist() == [0.1] * 4
    assert found.controls["shuffled_log"].tolist() == [0.3, 0.4, 0.1, 0.2]
    assert all(
        sample.pixels is not None and sample.pixels[0, 0] == at // 5
        for at, sample in enumerate(model.shown)
    )
