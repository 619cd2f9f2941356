"""When shifts begin: the same every day, in the plant's own time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inspector.errors import InputError

_RULE = "rule shifts"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES = 5
"""Verdicts are counted by so many minutes, so no shift begins between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One shift of one day."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftCalendar:
    """The shifts of a day.

    Raises:
        InputError: no shift, an unknown zone, or a beginning between five minutes.
    """

    zone: str = "UTC"
    beginnings: Sequence[tuple[str, str]] = (
        ("early", "06:00"),
        ("late", "14:00"),
        ("night", "22:00"),
    )
    """Name and time of day, such as `06:00`."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            what = f"zone {self.zone} is not known"
            raise InputError.single(_RULE, what) from error
        if not self.beginnings:
            what = "there is no shift"
            raise InputError.single(_RULE, what)
        for name, at in self.beginnings:
            _time_of(name, at)

    @classmethod
    def from_rule(cls, value: Any) -> ShiftCalendar:
        """Read the rule `shifts` of the house; `None` is the usual calendar.

        Raises:
            InputError: it is not such a rule.
        """
        if value is None:
            return cls()
        try:
            named = tuple((str(name), str(at)) for name, at in value["shifts"])
            return cls(zone=str(value["zone"]), beginnings=named)
        except (KeyError, TypeError, ValueError) as error:
            what = 'write {"zone": "Europe/Berlin", "shifts": [["early", "06:00"]]}'
            raise InputError.single(_RULE, what) from error

    def as_rule(self) -> dict[str, Any]:
        """Give it as the rule `shifts` of the house."""
        return {"zone": self.zone, "shifts": [list(each) for each in self.beginnings]}

    def shift_at(self, moment_ns: int) -> Shift:
        """Give the shift that a moment is in, whatever the clocks do that night."""
        zone = ZoneInfo(self.zone)
        moment = _EPOCH + timedelta(microseconds=moment_ns // 1000)
        today = moment.astimezone(zone).date()
        starts = sorted(
            (_ns(datetime.combine(day, _time_of(name, at), zone)), name)
            for day in (today + timedelta(days=offset) for offset in (-1, 0, 1))
            for name, at in self.beginnings
        )
        begun = [place for place, (start, _) in enumerate(starts) if start <= moment_ns]
        start_ns, name = starts[begun[-1]]
        following = [start for start, _ in starts if start > start_ns]
        return Shift(name=name, start_ns=start_ns, end_ns=following[0])

    def start_of(self, _line: str, moment_ns: int) -> int:
        """Say when the shift began that a moment is in; for `LineWatch`."""
        return self.shift_at(moment_ns).start_ns


def _time_of(name: str, at: str) -> time:
    try:
        found = time.fromisoformat(at)
    except ValueError as error:
        what = f"{name} begins at {at}: write a time such as 06:00"
        raise InputError.single(_RULE, what) from error
    if found.tzinfo or found.second or found.microsecond or found.minute % _MINUTES:
        what = f"{name} begins at {at}: take a multiple of {_MINUTES} minutes"
        raise InputError.single(_RULE, what)
    return found


def _ns(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1000
