"""Calibration: known small cases, and what chance alone would show."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.measures.calibration import (
    BINS,
    calibration_error,
    measure_calibration,
)


def test_a_small_case_by_hand() -> None:
    # Two parts in each bin: the gaps are |0.1 + 0.3 - 0| and so on, over 30 parts.
    scores = np.repeat(np.linspace(0.1, 0.8, BINS), 2)
    bad = np.tile([False, True], BINS)
    once = np.ones((1, 30))
    wanted = np.abs(2 * scores[::2] - 1).sum() / 30
    assert calibration_error(scores, bad, once)[0] == pytest.approx(wanted)


def test_scores_that_are_labels_are_perfect() -> None:
    bad = np.arange(60) % 3 == 0
    found = measure_calibration(bad.astype(float), bad)
    assert found.ece.value == found.brier.value == found.by_chance.value == 0
    assert found.brier_of_base_rate == pytest.approx(2 / 9)


def test_scores_that_are_upside_down_are_as_wrong_as_can_be() -> None:
    bad = np.arange(60) % 3 == 0
    found = measure_calibration(1.0 - bad, bad)
    assert found.ece.value == found.brier.value == 1


def test_perfect_scores_show_what_chance_says_and_overconfident_ones_more() -> None:
    rng = np.random.default_rng(0)
    chances = rng.random(600)
    bad = rng.random(600) < chances
    sound = measure_calibration(chances, bad)
    assert sound.by_chance.low <= sound.ece.value <= sound.by_chance.high
    assert 0.01 < sound.by_chance.value < 0.08
    boasting = measure_calibration((chances > 0.5).astype(float), bad)
    assert boasting.ece.low > sound.by_chance.high


def test_bins_hold_every_part_once() -> None:
    rng = np.random.default_rng(1)
    bad = rng.random(100) < 0.4
    found = measure_calibration(rng.random(100), bad)
    assert sum(each.bad.of for each in found.bins) == 100
    assert sum(each.bad.count for each in found.bins) == bad.sum()
    assert {each.bad.of for each in found.bins} == {6, 7}
    assert [each.mean_score for each in found.bins] == sorted(
        each.mean_score for each in found.bins
    )


def test_fewer_parts_than_bins_are_no_trouble() -> None:
    found = measure_calibration(np.array([0.2, 0.7]), np.array([False, True]))
    assert len(found.bins) == 2
    assert found.ece.value == pytest.approx(0.25)
