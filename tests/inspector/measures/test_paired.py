"""Bounds of paired differences: against published values, by counting, and by sense."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.measures.paired import (
    auroc_difference,
    parts_needed,
    share_difference,
)


def pairs(
    both: int, only_new: int, only_old: int, neither: int
) -> tuple[np.ndarray, np.ndarray]:
    new = [True] * both + [True] * only_new + [False] * (only_old + neither)
    old = [True] * both + [False] * only_new + [True] * only_old + [False] * neither
    return np.array(new), np.array(old)


def likeliest(only_new: int, only_old: int, parts: int, assumed: float) -> float:
    """Find the share of `only_old` that makes what was seen likeliest, by trying."""
    tried = np.linspace(1e-9, (1 - assumed) / 2 - 1e-9, 200_001)
    same = parts - only_new - only_old
    fit = same * np.log(1 - 2 * tried - assumed)
    fit += only_new * np.log(tried + assumed) + only_old * np.log(tried)
    return float(tried[np.argmax(fit)])


@pytest.mark.parametrize(
    ("only_new", "only_old", "parts"), [(5, 5, 100), (3, 1, 44), (0, 2, 60), (7, 0, 80)]
)
def test_the_bound_is_where_the_score_test_just_rejects(
    only_new: int, only_old: int, parts: int
) -> None:
    new, old = pairs(4, only_new, only_old, parts - 4 - only_new - only_old)
    worst = share_difference(new, old, 0.975).worst
    share = likeliest(only_new, only_old, parts, worst)
    spread = np.sqrt(parts * (2 * share + worst * (1 - worst)))
    statistic = (only_new - only_old - parts * worst) / spread
    assert statistic == pytest.approx(-1.959964, abs=1e-3)


def test_without_a_difference_the_bound_shrinks_with_the_parts() -> None:
    for parts in (20, 60, 400):
        new, old = pairs(0, 0, 0, parts)
        square = 1.6448536**2
        assert share_difference(new, old, 0.95).worst == pytest.approx(
            square / (parts + square), rel=1e-6
        )


def test_the_bound_holds_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    truth, parts, times = 0.04, 150, 2000
    held = 0
    for _ in range(times):
        drawn = rng.choice(3, parts, p=[0.07, 0.03, 0.90])
        bound = share_difference(drawn == 0, drawn == 1, 0.95)
        held += bound.worst >= truth
    # 95 % of 2000 is 1900 with a spread of 10; the score test is not exact.
    assert 1860 < held < 1960


def test_a_difference_that_is_everywhere_is_bounded_by_one() -> None:
    new, old = pairs(0, 10, 0, 0)
    found = share_difference(new, old, 0.95)
    assert found.value == 1
    assert found.worst == 1
    new, old = pairs(0, 0, 10, 0)
    assert share_difference(new, old, 0.95).value == -1


def test_equal_scores_differ_by_nothing_and_better_ones_gain() -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(200) < 60
    noise = rng.normal(size=200)
    weak, strong = noise + bad, noise + 3.0 * bad
    assert auroc_difference(weak, weak, bad, 0.95).worst == 0
    gained = auroc_difference(strong, weak, bad, 0.95)
    assert 0 < gained.worst < gained.value
    lost = auroc_difference(weak, strong, bad, 0.95)
    assert lost.worst < lost.value < 0


def test_the_parts_needed_would_show_the_margin() -> None:
    for table in ((0, 0, 0, 20), (2, 3, 3, 42)):
        new, old = pairs(*table)
        needed = parts_needed(new, old, 0.05, 0.95)
        times = -(-needed // len(new)) * 1.2  # The bound is an approximation.
        many = [np.tile(each, int(np.ceil(times))) for each in (new, old)]
        assert share_difference(many[0], many[1], 0.95).worst < 0.05
