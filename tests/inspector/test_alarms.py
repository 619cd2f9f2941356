"""The life of an alarm by ISA-18.2, and the limit on their number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.alarms import (
    Alarm,
    AlarmAct,
    AlarmRecord,
    Annunciator,
    Condition,
    Delays,
    FloodLimit,
    Key,
    Priority,
    Reading,
    State,
    figures,
    fold,
    listed,
)
from inspector.types import NS_PER_S

KEY: Key = (Condition.LATENCY, "poly")


def record(act: AlarmAct, at_s: float = 0.0, **changes: object) -> AlarmRecord:
    values: dict[str, object] = {
        "condition": KEY[0],
        "source": KEY[1],
        "act": act,
        "priority": Priority.MEDIUM,
        "words": "late",
        "who": None,
        "acted_ns": int(at_s * NS_PER_S),
    }
    return AlarmRecord(**values | changes)  # type: ignore[arg-type]


A = AlarmAct


@pytest.mark.parametrize(
    ("acts", "state"),
    [
        ([A.RAISED], State.UNACKNOWLEDGED),
        ([A.RAISED, A.ACKNOWLEDGED], State.ACKNOWLEDGED),
        ([A.RAISED, A.RETURNED], State.RETURNED),
        ([A.RAISED, A.RETURNED, A.ACKNOWLEDGED], State.NORMAL),
        ([A.RAISED, A.ACKNOWLEDGED, A.RETURNED], State.NORMAL),
        ([A.RAISED, A.RETURNED, A.RAISED], State.UNACKNOWLEDGED),
        ([A.RAISED, A.ACKNOWLEDGED, A.RETURNED, A.RAISED], State.UNACKNOWLEDGED),
        ([A.RAISED, A.SHELVED_ONCE], State.SHELVED),
        ([A.RAISED, A.SHELVED_ONCE, A.RETURNED], State.RETURNED),
        ([A.RAISED, A.SHELVED_ONCE, A.RETURNED, A.RAISED], State.UNACKNOWLEDGED),
        ([A.RAISED, A.ACKNOWLEDGED, A.SHELVED_ONCE, A.UNSHELVED], State.UNACKNOWLEDGED),
        ([A.RAISED, A.SUPPRESSED], State.SUPPRESSED),
        ([A.RAISED, A.SUPPRESSED, A.SHELVED_ONCE], State.SUPPRESSED),
        (
            [A.RAISED, A.ACKNOWLEDGED, A.SUPPRESSED, A.UNSUPPRESSED],
            State.UNACKNOWLEDGED,
        ),
        (
            [A.RAISED, A.SUPPRESSED, A.RETURNED, A.ACKNOWLEDGED, A.UNSUPPRESSED],
            State.NORMAL,
        ),
    ],
)
def test_an_alarm_stands_where_its_acts_have_brought_it(
    acts: list[AlarmAct], state: State
) -> None:
    alarm = fold(record(act) for act in acts)[KEY]
    assert alarm.state(1) is state


def test_a_timed_shelf_ends_by_itself() -> None:
    alarm = fold([record(A.RAISED), record(A.SHELVED, until_ns=100)])[KEY]
    assert (alarm.state(99), alarm.state(100)) == (State.SHELVED, State.UNACKNOWLEDGED)


@given(acts=st.lists(st.sampled_from(AlarmAct), max_size=12))
def test_nothing_that_holds_is_ever_normal_unseen(acts: list[AlarmAct]) -> None:
    alarms = fold(record(act) for act in [A.RAISED, *acts])
    alarm = alarms[KEY]
    if alarm.is_active:
        assert alarm.state(1) is not State.NORMAL
        assert listed(alarms.values(), 1) == [alarm]


def test_folding_goes_on_where_it_was() -> None:
    acts = [record(A.RAISED), record(A.ACKNOWLEDGED), record(A.RETURNED)]
    assert fold(acts[2:], fold(acts[:2])) == fold(acts)


def test_the_list_shows_the_most_pressing_first() -> None:
    acts = [
        record(A.RAISED, 1, source="low", priority=Priority.LOW),
        record(A.RAISED, 2, source="high", priority=Priority.HIGH),
        record(A.RAISED, 3, source="newer", priority=Priority.HIGH),
        record(A.RAISED, 4, source="seen", priority=Priority.CRITICAL),
        record(A.ACKNOWLEDGED, 5, source="seen", priority=Priority.CRITICAL),
        record(A.RAISED, 6, source="back"),
        record(A.RETURNED, 7, source="back"),
    ]
    shown = [alarm.source for alarm in listed(fold(acts).values(), 8)]
    assert shown == ["newer", "high", "low", "back", "seen"]


def reading(value: float, source: str = "poly", **changes: object) -> Reading:
    sound = Reading(
        condition=Condition.LATENCY,
        source=source,
        value=value,
        raise_at=100,
        return_below=80,
        words=f"{value} ms",
    )
    return replace(sound, **changes)  # type: ignore[arg-type]


def run(annunciator: Annunciator, values: list[float]) -> list[tuple[int, AlarmAct]]:
    alarms: dict[Key, Alarm] = {}
    happened = []
    for second, value in enumerate(values):
        acts = annunciator.acts([reading(value)], alarms, second * NS_PER_S)
        alarms = fold(acts, alarms)
        happened += [(second, act.act) for act in acts]
    return happened


def test_between_its_limits_an_alarm_stays_what_it_is() -> None:
    quick = Annunciator({Condition.LATENCY: Delays(on_s=0, off_s=0)})
    values = [99.0, 100, 99, 81, 99, 100, 79.9, 81, 99.9, 100]
    assert run(quick, values) == [(1, A.RAISED), (6, A.RETURNED), (9, A.RAISED)]


def test_what_passes_by_raises_nothing() -> None:
    slow = Annunciator({Condition.LATENCY: Delays(on_s=3, off_s=2)})
    values = [120.0, 120, 50, 120, 120, 120, 120, 50, 120, 50, 50, 50]
    assert run(slow, values) == [(6, A.RAISED), (11, A.RETURNED)]


def test_a_value_that_is_no_number_is_not_well() -> None:
    """A NaN compares as false with everything; it must not count as back to normal."""
    quick = Annunciator({Condition.LATENCY: Delays(on_s=0, off_s=0)})
    assert run(quick, [float("nan")]) == [(0, A.RAISED)]


def test_a_flood_is_held_back_but_for_critical_ones_and_let_go_after() -> None:
    limit = FloodLimit(alarms=3, within_s=60)
    annunciator = Annunciator(flood=limit)
    alarms: dict[Key, Alarm] = {}
    readings = [reading(120, f"s{n}") for n in range(5)]
    grave = reading(120, "x", condition=Condition.LINE_SILENT)
    acts = annunciator.acts([*readings, grave], alarms, 0)
    alarms = fold(acts, alarms)
    states = {key[1]: alarm.state(1) for key, alarm in alarms.items()}
    assert states == {
        **dict.fromkeys(("s0", "s1", "s2", "x"), State.UNACKNOWLEDGED),
        **dict.fromkeys(("s3", "s4"), State.SUPPRESSED),
    }
    assert annunciator.acts([*readings, grave], alarms, 30 * NS_PER_S) == []
    later = annunciator.acts([*readings, grave], alarms, 61 * NS_PER_S)
    alarms = fold(later, alarms)
    assert {a.state(0) for a in alarms.values()} == {State.UNACKNOWLEDGED}


def test_figures_say_what_alarms_asked_of_people() -> None:
    hour = 3600
    acts = [record(A.RAISED, -25 * hour, source="old", priority=Priority.CRITICAL)]
    for number in range(12):
        acts.append(record(A.RAISED, 60 + number, source=f"s{number}"))
        acts.append(record(A.RETURNED, 70 + number, source=f"s{number}"))
    acts += [
        record(A.RAISED, 100, source="quiet"),
        record(A.SUPPRESSED, 100, source="quiet"),
    ]
    found = figures(acts, 0, hour * NS_PER_S)
    assert (found.alarms, found.most_in_10_min, found.stale, found.critical) == (
        *(12, 12, 1, 0),
    )
    assert found.per_10_min == pytest.approx(2.0)
    assert found.by_condition == {"latency": 12}
    assert len(found.problems) == 3
    assert figures([], 0, hour * NS_PER_S).problems == []
