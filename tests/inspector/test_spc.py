"""Control charts with exact limits, and rates that say how sure they are."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from inspector.spc import (
    FEWEST_SUBGROUPS,
    ExactRate,
    Reviewed,
    Subgroup,
    control_chart,
    western_electric,
)


def groups(*counts: int, parts: int = 200) -> list[Subgroup]:
    return [
        Subgroup(start_ns=at, count=count, parts=parts)
        for at, count in enumerate(counts)
    ]


def test_there_are_no_limits_before_twenty_subgroups() -> None:
    few = control_chart(groups(*[10] * (FEWEST_SUBGROUPS - 1)))
    assert few.centre == pytest.approx(0.05)
    assert {point.high for point in few.points} == {None}
    enough = control_chart(groups(*[10] * FEWEST_SUBGROUPS))
    assert None not in {point.high for point in enough.points}
    assert enough.signals == 0
    assert control_chart([]).centre is None


def test_limits_are_exact_for_each_points_own_size() -> None:
    sizes = [50, 2000] * 10
    chart = control_chart(
        [
            Subgroup(start_ns=at, count=parts // 20, parts=parts)
            for at, parts in enumerate(sizes)
        ]
    )
    assert chart.centre is not None
    for point, parts in zip(chart.points, sizes, strict=True):
        assert point.low is not None
        assert point.high is not None
        law = binom(parts, chart.centre)
        assert law.sf(round(point.high * parts)) <= 0.00135
        assert law.cdf(round(point.low * parts) - 1) <= 0.00135
    small, large = chart.points[:2]
    assert small.high
    assert large.high
    assert small.high > large.high


def test_a_point_far_out_is_a_signal_and_one_of_chance_is_none() -> None:
    chart = control_chart(groups(*([6, 14] * 12), 6, 40, 6, 16))
    assert [bool(point.rules) for point in chart.points] == [
        *([False] * 25),
        *(True, False, False),
    ]
    assert chart.points[25].rules[0] == "beyond a limit"


def test_a_u_chart_counts_more_events_than_parts() -> None:
    chart = control_chart(groups(*([300] * 24), 500, parts=100), "u")
    assert chart.centre == pytest.approx(3.08)
    assert chart.points[-1].rules
    assert not chart.points[0].rules


@pytest.mark.parametrize(
    ("scores", "rule"),
    [
        ([0, 2.1, 0, 2.1], "2 of 3 beyond two sigma"),
        ([1.1, 1.1, 0, 1.1, 1.1], "4 of 5 beyond one sigma"),
        ([0.1] * 8, "8 on one side"),
        ([-0.1] * 8, "8 on one side"),
    ],
)
def test_runs_are_told_at_their_last_point(scores: list[float], rule: str) -> None:
    broken = western_electric(scores, [False] * len(scores))
    assert broken[-1] == (rule,)
    assert not any(broken[:-1])


@pytest.mark.parametrize(
    "scores",
    [
        [2.1, -2.1, 0],
        [2.1, 2.1, 0][::-1][:2],
        [0.1] * 7,
        [0.1] * 7 + [-0.1],
        [1.1, 1.1, -1.1, -1.1, 1.1],
    ],
)
def test_what_is_no_run_is_not_told(scores: list[float]) -> None:
    assert not any(western_electric(scores, [False] * len(scores)))


def test_a_rate_says_what_it_was_counted_from() -> None:
    assert str(ExactRate(count=2, of=40)) == "2 / 40 = 5.00% (0.61% to 16.92%)"
    assert str(ExactRate(count=0, of=0)) == "0 / 0"


def test_rates_of_review_have_both_denominators() -> None:
    found = Reviewed(
        decided={"PASS": 900, "REJECT": 80, "REVIEW": 20},
        good={"REJECT": 10, "REVIEW": 15, "PASS": 299},
        bad={"REJECT": 30, "REVIEW": 5, "PASS": 1},
        audited_good=299,
        audited_bad=1,
    )
    assert (found.false_share.count, found.false_share.of) == (10, 40)
    assert (found.reviewed.count, found.reviewed.of) == (60, 100)
    assert found.overkill is not None
    # A quarter of 80 rejects are good; beside them 899 passed and 15 left to a person.
    assert found.overkill[0] == pytest.approx(20 / (20 + 899 + 15))
    assert found.escape_rate is not None
    value, low, high = found.escape_rate
    assert value == pytest.approx(3 / (3 + 35))
    assert low < value < high < 1


def test_no_miss_in_n_is_about_three_in_n() -> None:
    found = Reviewed(decided={"PASS": 1000}, good={}, bad={}, audited_good=300)
    high = found.bad_in_audit.interval
    assert high is not None
    assert 3 / 300 <= high[1] <= 3.8 / 300


def test_what_nobody_looked_at_is_not_known() -> None:
    found = Reviewed(decided={"PASS": 9, "REJECT": 1}, good={}, bad={})
    assert (found.escape_rate, found.overkill) == (None, None)
