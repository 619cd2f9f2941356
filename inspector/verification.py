"""A person's word about a part that was judged: was the verdict right?

Words are only ever added; one that was wrong is taken back by another. The newest word
about a part that was not taken back counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import InputError
from inspector.types import Decision

PartKey = tuple[str, str, int]
"""Line, camera and frame number of a part."""


class Outcome(StrEnum):
    """What a person found when looking at the part."""

    CONFIRMED = "confirmed"
    """The verdict was right; of a part left to a person: it is bad."""
    FALSE_CALL = "false_call"
    """The part did not pass and is good."""
    FALSE_CALL_FIX_PROCESS = "false_call_fix_process"
    """The part did not pass and is good, yet what was seen should not happen."""
    OTHER_DEFECT = "other_defect"
    """The part is bad, by another kind of defect than the verdict says."""
    ESCAPE = "escape"
    """The part passed and is bad."""
    WITHDRAWN = "withdrawn"
    """Takes an earlier word back."""


_SAYS_BAD = {
    Outcome.FALSE_CALL: False,
    Outcome.FALSE_CALL_FIX_PROCESS: False,
    Outcome.OTHER_DEFECT: True,
    Outcome.ESCAPE: True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One row of the record of verifications.

    Raises:
        InputError: nobody said it, or only one of `withdrawn` and `withdraws` is there.
    """

    line: str
    camera: str
    frame_id: int
    captured_ns: int
    outcome: Outcome
    defect: str | None = None
    """The kind of defect that the person found."""
    reason_code: str | None = None
    comment: str | None = None
    who: str
    verified_ns: int
    seconds_taken: float | None = None
    blind: bool = False
    """Whether the person did not see the verdict before."""
    withdraws: int | None = None
    """Number of the word that is taken back."""
    is_simulated: bool
    id: int | None = None
    """Number of the row; `None` before it is recorded."""

    def __post_init__(self) -> None:
        where = f"verification of part {self.frame_id} of line {self.line}"
        if not self.who.strip():
            raise InputError.single(where, "must say who looked at the part")
        if (self.outcome is Outcome.WITHDRAWN) != (self.withdraws is not None):
            what = "takes back which one? outcome and withdraws belong together"
            raise InputError.single(where, what)

    @property
    def part(self) -> PartKey:
        """The part that it is about."""
        return self.line, self.camera, self.frame_id


def is_bad(decision: Decision, outcome: Outcome) -> bool | None:
    """Say whether a part is bad, by the verdict on it and a person's word.

    Returns:
        `None` if the word says nothing: it takes another one back.
    """
    if outcome is Outcome.WITHDRAWN:
        return None
    if outcome is Outcome.CONFIRMED:
        return decision is not Decision.PASS
    return _SAYS_BAD[outcome]


def words_that_count(words: Iterable[Verification]) -> dict[PartKey, Verification]:
    """Give each part's newest word that was not taken back.

    Args:
        words: recorded ones, in their order.
    """
    said = list(words)
    taken_back = {each.withdraws for each in said if each.withdraws is not None}
    return {
        each.part: each
        for each in said
        if each.outcome is not Outcome.WITHDRAWN and each.id not in taken_back
    }
