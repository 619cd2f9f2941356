"""What thresholds promise is what parts drawn alike then keep to."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.guarantee import exact_interval, exceptions_allowed, promise, report
from inspector.settings import DecisionRules, Promise
from inspector.thresholds import find_thresholds, keep_promise

SURE = 0.95


@pytest.mark.parametrize(
    ("parts", "allowed", "expected_bound", "sure_bound", "confidence"),
    [
        # By hand: 1 / (n + 1), 1 - 0.05 ** (1 / n) and 1 - 0.98 ** n without escapes.
        (14, 0, 0.0667, 0.1926, 0.2464),
        (50, 0, 0.0196, 0.0582, 0.6358),
        (66, 0, 0.0149, 0.0444, 0.7364),
        (149, 0, 0.0067, 0.0199, 0.9507),
        (236, 1, 0.0084, 0.0199, 0.9506),
    ],
)
def test_what_so_many_bad_parts_promise(
    parts: int,
    allowed: int,
    expected_bound: float,
    sure_bound: float,
    confidence: float,
) -> None:
    assert exceptions_allowed(parts, 0.02, SURE) == allowed
    found = promise(0.3, parts, allowed, (0.02, SURE))
    assert found.expected_bound == pytest.approx(expected_bound, abs=5e-5)
    assert found.bound_at_confidence == pytest.approx(sure_bound, abs=1.1e-4)
    assert found.confidence_of_wanted_rate == pytest.approx(confidence, abs=5e-5)


@given(st.integers(1, 600), st.floats(0.001, 0.5), st.none() | st.floats(0.5, 0.99))
def test_more_exceptions_would_break_the_wanted_rate(
    parts: int, rate: float, confidence: float | None
) -> None:
    allowed = exceptions_allowed(parts, rate, confidence)
    wanted = rate, confidence or 0.5
    kept, broken = (promise(0.5, parts, allowed + more, wanted) for more in (0, 1))

    def keeps(found: Promise, slack: float) -> bool:
        return found.expected_bound <= rate + slack and (
            confidence is None or found.bound_at_confidence <= rate + slack
        )

    assert allowed == 0 or keeps(kept, 1e-9)
    assert not keeps(broken, -1e-9)


def test_parts_drawn_alike_keep_to_the_promise() -> None:
    """Bad parts score evenly from 0 to 1, so a threshold is its own escape rate."""
    rng = np.random.default_rng(0)
    bad = np.repeat([True, False], [240, 40])
    rules = [
        find_thresholds(np.concatenate([rng.random(240), np.zeros(40)]), bad)
        for _ in range(1000)
    ]
    thresholds = np.array([each.pass_below for each in rules])
    found = rules[0].guarantee
    assert found is not None
    assert found.escapes.exceptions_allowed == 1
    # Half way down to the part below, so somewhat safer than what is promised.
    assert thresholds.mean() <= found.escapes.expected_bound
    assert (thresholds > found.escapes.bound_at_confidence).mean() <= 0.05
    lowest_caught = thresholds * 4 / 3
    assert (lowest_caught > found.escapes.bound_at_confidence).mean() > 0.01


def some_rules(bad_parts: int = 66, good_parts: int = 52) -> DecisionRules:
    scores = np.concatenate(
        [np.linspace(0.2, 0.9, bad_parts), np.linspace(0.01, 0.6, good_parts)]
    )
    return find_thresholds(scores, np.arange(len(scores)) < bad_parts)


def test_too_few_bad_parts_pass_none_and_say_what_they_promise() -> None:
    rules = some_rules(bad_parts=14)
    assert rules.pass_below <= 0.2
    assert rules.guarantee is not None
    assert rules.guarantee.escapes.expected_bound > rules.wanted_escape_rate


@pytest.mark.parametrize(
    ("escapes", "words"),
    [
        ((2, 116), "kept"),
        ((7, 116), "exceeded, which chance may explain"),
        ((20, 116), "broken"),
    ],
)
def test_a_shift_is_held_against_the_guarantee(
    escapes: tuple[int, int], words: str
) -> None:
    found = report(some_rules(), escapes, (0, 414))
    assert found.kept[0].words == words
    assert found.kept[1].words == "kept"
    rows = dict(found.rows())
    assert rows["escapes: wanted at most"] == (
        "2.0%, which 66 parts promise with confidence 73.6%"
    )
    assert rows["escapes: at most, with confidence 95%"] == "4.4%"
    assert rows["escapes: on this shift"].endswith(words)
    content = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert content["escapes"]["within"] is (words == "kept")
    assert content["escapes"]["refuted"] is (words == "broken")
    assert (content["escapes"]["count"], content["escapes"]["of"]) == escapes


def test_the_exact_interval_is_the_one_in_the_tables() -> None:
    assert exact_interval(2, 116) == pytest.approx((0.0021, 0.0609), abs=1e-4)
    assert exact_interval(0, 50) == pytest.approx((0.0, 0.0711), abs=1e-4)
    assert exact_interval(50, 50) == pytest.approx((0.9289, 1.0), abs=1e-4)
    assert exact_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"guarantee": None}, "the settings hold none"),
        ({"pass_below": 0.3}, "was loosened by hand"),
        ({"reject_at": 0.31}, "was loosened by hand"),
    ],
)
def test_there_is_no_guarantee_where_none_holds(
    change: dict[str, float | None], why: str
) -> None:
    found = report(some_rules().model_copy(update=change), (0, 9), (0, 9))
    assert found.kept == ()
    assert why in found.rows()[0][1]
    assert why in found.as_json()["none"]


def test_stricter_thresholds_keep_their_guarantee() -> None:
    stricter = {"pass_below": 0.01, "reject_at": 0.99}
    found = report(some_rules().model_copy(update=stricter), (0, 9), (0, 9))
    assert [each.words for each in found.kept] == ["kept", "kept"]


def test_short_cuts_that_move_a_bad_part_move_the_threshold() -> None:
    bad = np.array([True] * 3 + [False] * 40)
    full = np.concatenate([[0.5, 0.6, 0.9], np.linspace(0.01, 0.4, 40)])
    rules = find_thresholds(full, bad)
    assert keep_promise(rules, full, bad) == rules
    routed = full.copy()
    routed[0] = 0.2
    kept = keep_promise(rules, routed, bad)
    assert kept.guarantee is not None
    assert kept.pass_below == kept.guarantee.escapes.threshold
    assert 0.19 < kept.pass_below <= 0.2
    routed[3:13] = 0.99
    kept = keep_promise(rules, routed, bad)
    assert kept.guarantee is not None
    assert kept.guarantee.false_rejects.exceptions_allowed == 10


def test_rules_without_a_guarantee_have_none_to_keep() -> None:
    rules = DecisionRules()
    assert keep_promise(rules, np.array([0.1]), np.array([True])) == rules
