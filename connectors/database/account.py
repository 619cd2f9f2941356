"""The account of a line by minute: every frame number has a verdict or a counted fault.

What was triggered is told by the numbers themselves, from the lowest to the highest
that a camera sent, and not by adding up what was stored: a part that vanished is a
number with neither.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from connectors.database.tables import amendments, part_faults, verdicts
from connectors.database.values import moment, reading
from inspector.types import NS_PER_S

_MINUTE_NS = 60 * NS_PER_S
_RESTARTED_BELOW = 10_000
"""A number so far below the one before is a camera's counter that began anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteAccount:
    """What became of the parts that were captured in one minute."""

    minute: datetime
    triggered: int
    """Frame numbers, those that never came included."""
    decisions: Mapping[str, int]
    faults: Mapping[str, int]
    """Numbers without a verdict, by kind."""
    unaccounted: int
    """Numbers with neither a verdict nor a fault, so far."""
    other_faults: Mapping[str, int]
    """Messages that named no part, and parts under another part's number."""
    amended: int
    """Log lines that came after the verdicts of this minute's parts."""

    @property
    def verdicts(self) -> int:
        """Parts that were decided."""
        return sum(self.decisions.values())

    @property
    def balances(self) -> bool:
        """Whether every number has a verdict or a counted fault."""
        return self.triggered == self.verdicts + sum(self.faults.values())

    def as_json(self) -> dict[str, Any]:
        """Lay the minute out for a file."""
        return {
            "minute": self.minute.isoformat(),
            "triggered": self.triggered,
            "verdicts": self.verdicts,
            "decisions": dict(self.decisions),
            "faults": dict(self.faults),
            "unaccounted": self.unaccounted,
            "other_faults": dict(self.other_faults),
            "amended": self.amended,
            "balances": self.balances,
        }


@dataclass(slots=True)
class _Minute:
    decisions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    other_faults: Counter[str] = field(default_factory=Counter)
    unaccounted: int = 0
    amended: int = 0


_Numbered = tuple[int, int, str]
"""A frame number, when it was captured in ns, and its decision or kind of fault."""


def line_account(engine: Engine, line: str, since_ns: int) -> list[MinuteAccount]:
    """Account for a line's parts, minute by minute.

    Args:
        engine: of the database.
        line: its id.
        since_ns: parts that were captured before are left out.

    Raises:
        StoreError: the database cannot be read.
    """
    minutes: dict[int, _Minute] = defaultdict(_Minute)
    with reading(engine) as connection:
        for judged, missed in _by_camera(connection, line, since_ns):
            _account_for(judged, missed, minutes)
        _add_others(connection, line, since_ns, minutes)
        _add_amendments(connection, line, since_ns, minutes)
    return [_closed(number, minutes[number]) for number in sorted(minutes)]


def _by_camera(
    connection: Connection, line: str, since_ns: int
) -> Iterator[tuple[list[_Numbered], list[_Numbered]]]:
    """Give for each camera its numbers with a verdict, and those counted as missing."""
    judged: dict[str, list[_Numbered]] = defaultdict(list)
    missed: dict[str, list[_Numbered]] = defaultdict(list)
    table = verdicts.c
    question = (
        select(table.camera, table.frame_id, table.captured_ns, table.decision)
        .where(table.line == line, table.captured_ns >= since_ns)
        .order_by(table.captured_ns, table.frame_id)
    )
    for camera, number, captured_ns, decision in connection.execute(question):
        judged[camera].append((number, captured_ns, decision))
    for row in connection.execute(_faults(line, since_ns)):
        if row.first_frame is not None:
            numbers = range(row.first_frame, row.last_frame + 1)
            missed[row.camera] += [(each, row.noted_ns, row.kind) for each in numbers]
    for camera in sorted({*judged, *missed}):
        yield judged[camera], missed[camera]


def _faults(line: str, since_ns: int) -> Any:
    table = part_faults.c
    return select(part_faults).where(table.line == line, table.noted_ns >= since_ns)


def _account_for(
    judged: Sequence[_Numbered],
    missed: Sequence[_Numbered],
    minutes: dict[int, _Minute],
) -> None:
    decided = {number for number, _, _ in judged}
    # A frame that came after all has its verdict: it is not missing any more.
    missing = {each[0]: each for each in missed if each[0] not in decided}
    for _, captured_ns, decision in judged:
        minutes[captured_ns // _MINUTE_NS].decisions[decision] += 1
    for _, captured_ns, kind in missing.values():
        minutes[captured_ns // _MINUTE_NS].faults[kind] += 1
    for numbers, captured_ns in _skipped(judged):
        gone = sum(each not in decided and each not in missing for each in numbers)
        minutes[captured_ns // _MINUTE_NS].unaccounted += gone


def _skipped(judged: Sequence[_Numbered]) -> Iterator[tuple[range, int]]:
    """Give runs of numbers that were passed over, in the order of capture."""
    highest: int | None = None
    for number, captured_ns, _ in judged:
        if highest is not None and number < highest - _RESTARTED_BELOW:
            highest = None
        if highest is not None and number > highest + 1:
            yield range(highest + 1, number), captured_ns
        highest = number if highest is None else max(highest, number)


def _add_others(
    connection: Connection, line: str, since_ns: int, minutes: dict[int, _Minute]
) -> None:
    for row in connection.execute(_faults(line, since_ns)):
        if row.first_frame is None:
            minutes[row.noted_ns // _MINUTE_NS].other_faults[row.kind] += 1


def _add_amendments(
    connection: Connection, line: str, since_ns: int, minutes: dict[int, _Minute]
) -> None:
    table = amendments.c
    question = (
        select(table.captured_ns, func.count())
        .where(table.line == line, table.captured_ns >= since_ns)
        .group_by(table.captured_ns)
    )
    for captured_ns, count in connection.execute(question):
        minutes[captured_ns // _MINUTE_NS].amended += count


def _closed(number: int, minute: _Minute) -> MinuteAccount:
    counted = sum(minute.decisions.values()) + sum(minute.faults.values())
    return MinuteAccount(
        minute=moment(number * _MINUTE_NS),
        triggered=counted + minute.unaccounted,
        decisions=dict(sorted(minute.decisions.items())),
        faults=dict(sorted(minute.faults.items())),
        unaccounted=minute.unaccounted,
        other_faults=dict(sorted(minute.other_faults.items())),
        amended=minute.amended,
    )
