"""When shifts begin, whatever the clocks do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from inspector.errors import InputError
from inspector.shift_calendar import ShiftCalendar
from inspector.types import NS_PER_S

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = ShiftCalendar(
    zone="Europe/Berlin",
    beginnings=(("early", "06:00"), ("late", "14:00"), ("night", "22:00")),
)


def ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=BERLIN).timestamp()) * NS_PER_S  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("hour", "minute", "name"),
    [(6, 0, "early"), (13, 59, "early"), (14, 0, "late"), (22, 0, "night")],
)
def test_a_shift_begins_on_its_minute(hour: int, minute: int, name: str) -> None:
    assert CALENDAR.shift_at(ns(2026, 3, 2, hour, minute)).name == name


def test_the_night_shift_began_yesterday() -> None:
    shift = CALENDAR.shift_at(ns(2026, 3, 3, 2))
    assert (shift.name, shift.start_ns) == ("night", ns(2026, 3, 2, 22))
    assert CALENDAR.start_of("any", ns(2026, 3, 3, 2)) == shift.start_ns


def test_the_night_in_which_clocks_change_is_shorter_or_longer() -> None:
    for night, hours in (((2026, 3, 28, 23), 7), ((2026, 10, 24, 23), 9)):
        shift = CALENDAR.shift_at(ns(*night))
        assert (shift.end_ns - shift.start_ns) / NS_PER_S / 3600 == hours


def test_a_rule_of_the_house_comes_back_as_it_was() -> None:
    assert ShiftCalendar.from_rule(CALENDAR.as_rule()).as_rule() == CALENDAR.as_rule()
    assert ShiftCalendar.from_rule(None) == ShiftCalendar()


@pytest.mark.parametrize(
    "rule",
    [
        {"zone": "Nowhere/Town", "shifts": [["early", "06:00"]]},
        {"zone": "UTC", "shifts": []},
        {"zone": "UTC", "shifts": [["early", "6 o'clock"]]},
        {"zone": "UTC", "shifts": [["early", "06:03"]]},
        {"zone": "UTC", "shifts": ["early"]},
        {"shifts": []},
        [],
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: Any) -> None:
    with pytest.raises(InputError, match="rule shifts"):
        ShiftCalendar.from_rule(rule)
