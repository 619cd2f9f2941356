"""Groups: results apart, and runs of exposure where nobody names modules."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.measures.estimates import Numbers
from inspector.measures.groups import (
    change_points,
    measure_groups,
    neighbours_are_alike,
    runs_of_exposure,
)
from inspector.types import Decision


def exposures(lengths: list[int], seed: int = 0) -> Numbers:
    rng = np.random.default_rng(seed)
    levels = itertools.cycle([(150, 30), (120, 30), (165, 45), (110, 22)])
    runs = [
        rng.normal(level, (6, 2), (length, 2))
        for length, level in zip(lengths, levels, strict=False)
    ]
    return np.concatenate(runs).clip(1)


def test_modules_of_other_exposure_are_found() -> None:
    found = runs_of_exposure(exposures([60, 72, 60, 40]))
    assert found is not None
    lengths = np.bincount(found)
    assert lengths == pytest.approx([60, 72, 60, 40], abs=2)


def test_mixed_modules_are_left_alone() -> None:
    mixed = np.random.default_rng(1).permutation(exposures([60, 72, 60, 40]))
    assert runs_of_exposure(mixed) is None


def test_one_exposure_is_one_run() -> None:
    assert change_points(np.log(exposures([200]))) == []


def test_neighbours_are_alike_where_values_drift() -> None:
    rng = np.random.default_rng(2)
    assert neighbours_are_alike(np.cumsum(rng.normal(size=100)))
    assert not neighbours_are_alike(rng.normal(size=100))
    assert not neighbours_are_alike(np.arange(10.0))


def test_pictures_that_are_all_the_same_have_no_change() -> None:
    assert change_points(np.full((100, 2), 4.0)) == []
    assert change_points(np.full((3, 2), 4.0)) == []


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_pruning_finds_what_trying_everything_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(14, 2)) + np.repeat(
        rng.normal(size=(2, 2)) * 3, 7, axis=0
    )
    found = change_points(signal, fewest=4)
    best = min(_partitions(14, 4), key=lambda ends: _cost(signal, ends))
    assert _cost(signal, found) == pytest.approx(_cost(signal, best))


def _partitions(moments: int, fewest: int) -> list[list[int]]:
    inner = range(fewest, moments - fewest + 1)
    every = (
        list(each) for size in range(3) for each in itertools.combinations(inner, size)
    )
    return [ends for ends in every if min(np.diff([0, *ends, moments])) >= fewest]


def _cost(signal: Numbers, starts: list[int]) -> float:
    """Penalised likelihood of a partition, from NumPy's own covariance."""
    bounds = [0, *starts, len(signal)]
    least = np.eye(2) * 1e-3 * ((signal - signal.mean(0)).var() + 1e-9)
    total = 0.0
    for start, end in itertools.pairwise(bounds):
        spread = np.cov(signal[start:end].T, bias=True) + least
        total += float((end - start) * np.log(np.linalg.det(spread)))
    return total + 6 * math.log(len(signal)) * len(starts)


def test_each_group_counts_its_own() -> None:
    decisions = [Decision.PASS, Decision.REJECT, Decision.PASS, Decision.REVIEW]
    bad = np.array([True, False, False, False])
    found = measure_groups(
        ["a", "a", "b", "b"], np.array([0.9, 0.1, 0.2, 0.3]), bad, decisions
    )
    one, other = found
    assert (one.name, one.good, one.bad) == ("a", 1, 1)
    assert one.auroc is not None
    assert one.auroc.value == 1
    assert (one.escapes.count, one.escapes.of) == (1, 1)
    assert (one.false_rejects.count, one.false_rejects.of) == (1, 1)
    assert other.auroc is None
    assert (other.reviews.count, other.reviews.of) == (1, 2)
    assert other.as_json()["escapes"]["value"] is None
