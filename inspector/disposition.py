"""What the line did with a part, and what becomes of it in the end.

Two of the four records of a part; the other two are its verdict (`types`) and what a
person said of it (`verification`). Each is only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import InputError
from inspector.verification import PartKey


class GateAct(StrEnum):
    """What the line's gate did."""

    COMMANDED = "commanded"
    CONFIRMED = "confirmed"
    TIMED_OUT = "timed_out"
    """It was commanded and did not say in time that it had moved."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAct:
    """One row of what the line did."""

    line: str
    camera: str
    frame_id: int
    act: GateAct
    gate: str
    words: str = ""
    acted_ns: int
    is_simulated: bool
    id: int | None = None


class Kind(StrEnum):
    """What becomes of a part."""

    SCRAP = "scrap"
    REWORK = "rework"
    RE_INSPECTED = "re_inspected"
    USE_AS_IS = "use_as_is"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    """Takes an earlier disposition back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """One row of what becomes of parts.

    Raises:
        InputError: nobody said it, or only one of `withdrawn` and `withdraws` is there.
    """

    line: str
    camera: str
    frame_id: int
    captured_ns: int
    kind: Kind
    reason_code: str | None = None
    comment: str | None = None
    who: str
    disposed_ns: int
    withdraws: int | None = None
    is_simulated: bool
    id: int | None = None

    def __post_init__(self) -> None:
        where = f"disposition of part {self.frame_id} of line {self.line}"
        if not self.who.strip():
            raise InputError.single(where, "must say who decides")
        if (self.kind is Kind.WITHDRAWN) != (self.withdraws is not None):
            what = "takes back which one? kind and withdraws belong together"
            raise InputError.single(where, what)

    @property
    def part(self) -> PartKey:
        """The part that it is about."""
        return self.line, self.camera, self.frame_id


def disposition_that_counts(told: Iterable[Disposition]) -> Disposition | None:
    """Give the newest disposition of one part that was not taken back."""
    said = list(told)
    taken_back = {each.withdraws for each in said if each.withdraws is not None}
    counting = [
        each
        for each in said
        if each.kind is not Kind.WITHDRAWN and each.id not in taken_back
    ]
    return counting[-1] if counting else None
