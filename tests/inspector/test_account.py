"""Counts that must balance, and percentiles that must be right to 1 %."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.account import DurationHistogram, Loss, Tally
from inspector.types import Decision, Fault
from tests.builders import a_verdict
from tests.inspector.line_fakes import SteppedClock


@given(
    durations=st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=300),
    percent=st.sampled_from([1, 50, 99, 100]),
)
def test_percentiles_are_exact_to_one_percent(
    durations: list[float], percent: float
) -> None:
    histogram = DurationHistogram()
    for duration in durations:
        histogram.add(duration)
    exact = np.percentile(durations, percent, method="inverted_cdf")
    assert histogram.percentile_ms(percent) == pytest.approx(exact, rel=0.0101)


def test_nothing_timed_is_zero() -> None:
    assert DurationHistogram().percentile_ms(50) == 0.0


def test_what_is_out_of_range_counts_at_the_edge() -> None:
    histogram = DurationHistogram()
    for duration in (0.0, -1.0):
        histogram.add(duration)
    assert histogram.percentile_ms(99) == pytest.approx(1e-3, rel=0.02)
    for duration in (math.inf, math.nan, 1e12):
        histogram.add(duration)
    assert histogram.percentile_ms(99) == pytest.approx(1e6, rel=0.03)


def test_the_account_balances_only_if_every_part_is_counted() -> None:
    tally = Tally()
    for _ in range(3):
        tally.triggered()
    tally.stored(parts=2, already_there=1)
    assert not tally.account().balances
    tally.lost(Loss.UNSTORED)
    account = tally.account()
    assert account.balances
    assert (account.verdicts, account.already_stored) == (2, 1)
    assert account.faults == {"unstored": 1}


def test_a_loss_of_no_parts_is_not_listed() -> None:
    tally = Tally()
    tally.lost(Loss.UNJUDGED, 0)
    assert tally.account().faults == {}


def test_the_pace_is_verdicts_between_the_first_trigger_and_the_last_commit() -> None:
    clock = SteppedClock()
    tally = Tally(clock)
    assert tally.account().parts_per_s == 0.0
    tally.triggered()
    clock.step_ms(100)
    tally.triggered()
    clock.step_ms(400)
    tally.stored(parts=2, already_there=0)
    assert tally.account().parts_per_s == pytest.approx(4.0)


def test_the_json_says_what_the_verdicts_said() -> None:
    tally = Tally()
    tally.triggered()
    tally.stored(parts=1, already_there=0)
    verdict = a_verdict(decision=Decision.REVIEW, fault=Fault.DECODE)
    tally.seen(verdict, latency_ms=20.0, store_ms=3.0)
    tally.malformed_line()
    tally.evidence_lost()
    tally.watcher_failed()
    said = json.loads(json.dumps(tally.account(late_lines=4).as_json()))
    assert said["decisions"] == {"REVIEW": 1}
    assert said["routes"] == {"both": 1}
    assert said["looks"] == {"full": 1}
    assert said["verdict_faults"] == {"decode": 1}
    assert said["log_context"] == {"complete": 1}
    assert said["latency_ms"]["p99"] == pytest.approx(20.0, rel=0.011)
    by_stage = said["latency_ms"]["by_stage"]
    assert set(by_stage) == {"decode", "picture", "store"}
    assert by_stage["store"]["p50"] == pytest.approx(3.0, rel=0.011)
    assert (said["late_lines"], said["malformed_lines"]) == (4, 1)
    assert (said["evidence_lost"], said["watcher_failures"]) == (1, 1)
