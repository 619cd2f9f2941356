"""Coverage: thresholds as good as trying every pair, and honest counts."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.measures.coverage import (
    ACCURACIES,
    WANTED_ACCURACY,
    decided,
    measure_coverage,
    most_covering,
)
from inspector.measures.estimates import Bools, Numbers

PARTS = st.lists(
    st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=14
).filter(lambda parts: len({is_bad for _, is_bad in parts}) == 2)


@given(parts=PARTS, wanted=st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.992, 1.0]))
def test_no_other_pair_of_thresholds_covers_more(
    parts: list[tuple[int, bool]], wanted: float
) -> None:
    scores = np.array([score / 8 for score, _ in parts])
    bad = np.array([is_bad for _, is_bad in parts])
    found = decided(scores, bad, most_covering(scores, bad, wanted))
    assert _is_accurate(found.accuracy.count, found.accuracy.of, wanted)
    places = [*(np.arange(10) / 8 - 1 / 16), 1.01]
    best = max(
        each.coverage.count
        for limits in combinations_with_replacement(places, 2)
        if _allows(each := decided(scores, bad, limits), wanted)
    )
    assert found.coverage.count == best


def _allows(each: object, wanted: float) -> bool:
    accuracy = each.accuracy  # type: ignore[attr-defined]
    return _is_accurate(accuracy.count, accuracy.of, wanted)


def _is_accurate(right: int, of: int, wanted: float) -> bool:
    return of == 0 or right / of >= wanted - 1e-9


def test_who_tells_all_apart_decides_all() -> None:
    scores, bad = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    limits = most_covering(scores, bad, 1.0)
    assert limits == (0.5, 0.5)
    found = decided(scores, bad, limits)
    assert (found.coverage.count, found.accuracy.count) == (4, 4)


def test_who_knows_nothing_decides_little() -> None:
    scores, bad = np.full(40, 0.5), np.arange(40) % 2 == 0
    found = decided(scores, bad, most_covering(scores, bad, 0.992))
    assert found.coverage.count == 0
    assert found.accuracy.value is None


def a_shift(seed: int, parts: int) -> tuple[Numbers, Bools]:
    rng = np.random.default_rng(seed)
    bad = rng.random(parts) < 0.3
    return 1 / (1 + np.exp(-(rng.normal(size=parts) + 3 * (bad - 0.5)))), bad


def test_thresholds_come_from_one_shift_and_figures_from_the_other() -> None:
    val, shift = a_shift(0, 300), a_shift(1, 500)
    curve = measure_coverage(val, shift)
    assert tuple(curve) == ACCURACIES
    for wanted, point in curve.items():
        limits = most_covering(*val, wanted)
        assert (point.pass_below, point.reject_at) == limits
        assert point.on_shift == decided(*shift, limits)
        assert point.on_val.accuracy.value is not None
        assert point.on_val.accuracy.value >= wanted - 1e-9
    covered = [point.on_val.coverage.count for point in curve.values()]
    assert covered == sorted(covered, reverse=True)
    content = curve[WANTED_ACCURACY].as_json()
    assert content["coverage"]["of"] == 500
    assert content["accuracy"]["of"] == content["coverage"]["count"]


def test_a_large_shift_is_thinned_out_and_still_near_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores, bad = a_shift(2, 800)
    best = decided(scores, bad, most_covering(scores, bad, 0.95)).coverage.count
    monkeypatch.setattr("inspector.measures.coverage._MOST_CUTS", 200)
    found = decided(scores, bad, most_covering(scores, bad, 0.95))
    assert found.accuracy.value is not None
    assert found.accuracy.value >= 0.95
    assert 0.97 * best <= found.coverage.count <= best
