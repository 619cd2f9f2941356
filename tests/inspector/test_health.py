"""How a line is, and what of it is worth an alarm."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from inspector.alarms import Condition
from inspector.health import (
    Health,
    HealthLimits,
    Heartbeat,
    Pulse,
    Recent,
    chance_of,
    diagnose,
    readings_of,
)
from inspector.types import NS_PER_S

NOW_NS = 1_772_431_200 * NS_PER_S
WELL = Heartbeat(
    line="poly",
    beat_ns=NOW_NS - NS_PER_S,
    takt_s=0.033,
    deadline_ms=500,
    frame_ns=NOW_NS - NS_PER_S // 10,
    log_ns=NOW_NS - NS_PER_S,
    log_skew_s=-0.05,
    disk_free=0.5,
)
CALM = Recent(
    decisions=["PASS"] * 50,
    defects=[None] * 50,
    faults=[None] * 50,
    p99_ms=30.0,
    usual_reject_share=0.08,
)


def wrong(beat: Heartbeat, recent: Recent = CALM) -> dict[Condition, str]:
    readings = readings_of(beat, recent, HealthLimits(), NOW_NS)
    return {
        each.condition: each.words for each in readings if each.value >= each.raise_at
    }


def test_a_line_that_is_well_raises_nothing() -> None:
    readings = readings_of(WELL, CALM, HealthLimits(), NOW_NS)
    assert wrong(WELL) == {}
    said = diagnose(WELL, readings, NOW_NS)
    assert (said.health, said.words) == (Health.GOOD, ())
    assert said.frame_age_s == pytest.approx(0.1)
    assert said.log_age_s == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "condition", "health"),
    [
        ({"beat_ns": NOW_NS - 6 * NS_PER_S}, Condition.LINE_SILENT, Health.FAILURE),
        ({"frame_ns": NOW_NS - 2 * NS_PER_S}, Condition.CAMERA_SILENT, Health.FAILURE),
        (
            {"log_ns": NOW_NS - 31 * NS_PER_S},
            Condition.LOG_SILENT,
            Health.OUT_OF_SPECIFICATION,
        ),
        ({"log_skew_s": -1.5}, Condition.CLOCK_SKEW, Health.OUT_OF_SPECIFICATION),
        ({"disk_free": 0.05}, Condition.DISK, Health.MAINTENANCE),
        ({"broker": "no leader"}, Condition.BROKER, Health.MAINTENANCE),
        ({"database": "12 verdicts wait"}, Condition.DATABASE, Health.FAILURE),
    ],
)
def test_what_is_wrong_is_named_in_the_words_of_ne_107(
    change: dict[str, Any], condition: Condition, health: Health
) -> None:
    beat = replace(WELL, **change)
    assert list(wrong(beat)) == [condition]
    readings = readings_of(beat, CALM, HealthLimits(), NOW_NS)
    assert diagnose(beat, readings, NOW_NS).health is health


def test_a_slow_line_is_not_silent_between_two_parts() -> None:
    slow = replace(WELL, takt_s=10, frame_ns=NOW_NS - 29 * NS_PER_S)
    assert wrong(slow) == {}
    assert list(wrong(replace(slow, frame_ns=NOW_NS - 31 * NS_PER_S)))


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"p99_ms": 401.0}, Condition.LATENCY),
        ({"faults": ["drift"] * 30 + [None] * 20}, Condition.DRIFT),
        ({"decisions": ["PASS"] * 36 + ["REJECT"] * 14}, Condition.REJECT_BURST),
        ({"defects": [None] * 42 + ["chip"] * 8}, Condition.DEFECT_RUN),
        ({"put_away": "branch 3 was put away: crashed"}, Condition.BRANCH),
    ],
)
def test_what_the_last_parts_say(change: dict[str, Any], condition: Condition) -> None:
    assert list(wrong(WELL, replace(CALM, **change))) == [condition]


def test_a_reject_or_a_few_are_no_alarm() -> None:
    few = ["PASS"] * 40 + ["REJECT"] * 10  # usually 4 of 50; 10 come by chance at times
    assert wrong(WELL, replace(CALM, decisions=few)) == {}
    assert wrong(WELL, replace(CALM, defects=[None, "chip", "dark", "chip"])) == {}
    assert wrong(WELL, replace(CALM, decisions=["REJECT"] * 9)) == {}, "too few to tell"


def test_a_line_that_stopped_or_is_set_up_is_silent_on_purpose() -> None:
    old = replace(WELL, beat_ns=NOW_NS - 10**12, frame_ns=0, log_ns=0)
    setup = replace(old, is_setup=True)
    stopped = replace(old, stopped="it was asked to")
    assert wrong(setup) == wrong(stopped) == {}
    assert diagnose(setup, [], NOW_NS).health is Health.FUNCTION_CHECK
    assert diagnose(stopped, [], NOW_NS).health is Health.FUNCTION_CHECK
    resting = {
        each.condition: each.value
        for each in readings_of(stopped, CALM, HealthLimits(), NOW_NS)
    }
    assert resting[Condition.CAMERA_SILENT] == 0, "an alarm about it returns"


def test_a_line_that_broke_down_is_an_alarm_and_a_failure() -> None:
    broken = replace(WELL, stopped="it broke down", is_broken=True)
    assert wrong(broken) == {
        Condition.LINE_SILENT: "its program stopped: it broke down"
    }
    readings = readings_of(broken, CALM, HealthLimits(), NOW_NS)
    assert diagnose(broken, readings, NOW_NS).health is Health.FAILURE


def test_what_cannot_be_told_is_no_alarm() -> None:
    mute = Heartbeat(line="x", beat_ns=NOW_NS, takt_s=1, deadline_ms=500)
    assert wrong(mute, Recent()) == {}
    assert diagnose(None, [], NOW_NS).frame_age_s is None


def test_the_chance_of_a_burst_is_exact() -> None:
    assert chance_of(0, 50, 0.08) == pytest.approx(1.0)
    assert chance_of(50, 50, 0.5) == pytest.approx(0.5**50)
    assert chance_of(2, 3, 0.5) == pytest.approx(0.5)
    assert math.isclose(chance_of(1, 2, 0.1), 0.19)


def test_a_pulse_remembers_when_camera_and_log_spoke() -> None:
    now = [NOW_NS]
    pulse = Pulse(line="poly", takt_s=1, deadline_ms=500, utc_ns=lambda: now[0])
    pulse.frame(is_simulated=False)
    now[0] += NS_PER_S
    pulse.log_line(NOW_NS - 5 * NS_PER_S)  # came late
    pulse.log_line(NOW_NS + 3 * NS_PER_S)
    beat = pulse.beat()
    assert (beat.frame_ns, beat.log_ns, beat.beat_ns) == (NOW_NS, now[0], now[0])
    assert beat.log_skew_s == pytest.approx(2.0), "of the line that came soonest"
    pulse.frame(is_simulated=True)
    pulse.log_line(0)
    assert pulse.beat().log_skew_s is None, "a replay has no clock of its own"
