"""Intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.measures.estimates import Counts, Numbers, Rate, bootstrap, draw_parts


def test_the_score_interval_is_the_one_in_the_book() -> None:
    # Agresti & Coull 1998; worked by hand from Wilson's formula.
    assert Rate(count=2, of=116).interval == pytest.approx(
        (0.004739, 0.060696), abs=1e-5
    )
    assert Rate(count=0, of=10).interval == pytest.approx((0.0, 0.277533), abs=1e-5)
    assert Rate(count=0, of=0).interval is None


@given(of=st.integers(1, 5000), share=st.floats(0, 1))
def test_a_share_lies_in_its_interval(of: int, share: float) -> None:
    rate = Rate(count=round(share * of), of=of)
    assert rate.interval is not None
    assert rate.value is not None
    low, high = rate.interval
    assert 0 <= low <= rate.value + 1e-12
    assert rate.value - 1e-12 <= high <= 1


def test_a_share_of_nothing_is_no_number() -> None:
    assert Rate(count=0, of=0).as_json() == {
        "value": None,
        "count": 0,
        "of": 0,
        "ci95": None,
    }


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_every_draw_keeps_the_size_of_every_stratum(labels: list[str]) -> None:
    strata = np.array(labels)
    counts = draw_parts(strata, draws=20)
    for name in set(labels):
        members = strata == name
        assert (counts[:, members].sum(1) == members.sum()).all()


def test_draws_are_the_same_each_time_and_differ_from_one_another() -> None:
    counts = draw_parts(np.zeros(50), draws=10)
    assert np.array_equal(counts, draw_parts(np.zeros(50), draws=10))
    assert len(np.unique(counts, axis=0)) == 10


def test_a_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # 95 % of 200 intervals are 190; three standard deviations below are 181. Bootstrap
    # intervals of a mean of 60 cover a little less than they say.
    rng = np.random.default_rng(0)
    covered = 0
    counts = draw_parts(np.zeros(60), draws=400)
    for _ in range(200):
        values = rng.normal(size=60)
        covered += _covers_zero(values, counts)
    assert 178 <= covered <= 200


def _covers_zero(values: Numbers, counts: Counts) -> bool:
    found = bootstrap(lambda drawn: drawn @ values / drawn.sum(1), counts)
    assert found.low <= found.value <= found.high
    return found.low <= 0 <= found.high
