"""Thresholds keep to the wanted rates on the parts they were found on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspector.thresholds import find_thresholds

scored = st.lists(
    st.tuples(st.floats(0, 1, allow_nan=False), st.booleans()), min_size=2, max_size=80
)


@given(scored, st.floats(0, 0.3), st.floats(0, 0.3))
@example([(0.0, True), (1.0, False)], 0.0, 0.0)
@example([(0.0, True), (5e-324, False), (1e-323, True)], 0.4, 0.0)
@example([(0.0, True), (1 - 2**-53, False), (1.0, True)], 0.5, 0.0)
def test_both_rates_are_kept(
    parts: list[tuple[float, bool]], escape: float, false_reject: float
) -> None:
    scores = np.array([score for score, _ in parts])
    bad = np.array([is_bad for _, is_bad in parts])
    if not bad.any() or bad.all():
        return
    rules = find_thresholds(scores, bad, escape, false_reject)
    assert rules.pass_below <= rules.reject_at
    assert (scores[bad] < rules.pass_below).mean() <= escape
    assert (scores[~bad] >= rules.reject_at).mean() <= false_reject


def test_scores_that_part_good_from_bad_leave_nothing_to_review() -> None:
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    bad = np.array([False, False, True, True])
    rules = find_thresholds(scores, bad, 0.0, 0.0)
    assert rules.pass_below == rules.reject_at
    assert 0.2 < rules.reject_at <= 0.8


def test_parts_of_one_kind_find_nothing() -> None:
    with pytest.raises(ValueError, match="good parts and bad"):
        find_thresholds(np.array([0.1]), np.array([True]))
