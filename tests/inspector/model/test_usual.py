"""What a number usually is: one heap of readings, or two."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.model.usual import Usual, learn_usual


def heaps(well: int, ill: int, drift: float) -> list[float]:
    rng = np.random.default_rng(0)
    return [*rng.normal(800, 20, well), *rng.normal(800 + 20 * drift, 20, ill)]


@pytest.mark.parametrize("drift", [5.0, -5.0])
def test_a_station_that_was_often_ill_has_two_heaps(drift: float) -> None:
    usual = learn_usual(heaps(300, 200, drift))
    assert usual.other is not None
    assert usual.median == pytest.approx(800, abs=6)
    assert usual.spread == pytest.approx(20, rel=0.2)
    assert usual.other == pytest.approx(800 + 20 * drift, abs=6)


def test_a_station_that_was_well_has_one_heap() -> None:
    usual = learn_usual(heaps(400, 0, 0))
    assert usual.other is None
    assert usual.median == pytest.approx(800, abs=4)


def test_a_few_wild_readings_are_no_heap() -> None:
    usual = learn_usual([*heaps(400, 0, 0), 5000.0, 5100.0])
    assert usual.other is None
    assert usual.spread == pytest.approx(20, rel=0.2)


def test_a_number_that_never_changes_has_a_spread_all_the_same() -> None:
    usual = learn_usual([5.0] * 100)
    assert usual == Usual(5.0, 0.005)


@pytest.mark.parametrize(
    ("value", "reached"), [(800, True), (870, True), (1010, True), (1300, False)]
)
def test_it_reaches_what_may_be_its_reading(value: float, reached: bool) -> None:
    assert Usual(800.0, 20.0, 900.0).reaches(value) is reached
