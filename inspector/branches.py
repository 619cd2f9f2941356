"""Which branch of a line judges: told by acts that are only ever added to.

Each step of a branch (shadow, canary, live, rollback, put away) is one act: who, when,
from what, to what, why, with which figures. What stands now follows from the acts in
their order, so whoever reads them sees the same, also after a crash: an act is there as
a whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from inspector.errors import InputError


class Act(StrEnum):
    """What is done with a version of a line's branch.

    In every act `version` and `from_version` are read the same way for what judges:
    after `LIVE`, `ROLLBACK` and `PUT_AWAY` the line is judged by `version`.
    """

    LIVE = "live"
    """`version` judges from now on, instead of `from_version`."""
    SHADOW = "shadow"
    """`version` judges every part too, outside of the verdict's path."""
    CANARY = "canary"
    """`version` gives the verdict of every n-th part (`every`)."""
    ROLLBACK = "rollback"
    """`version` judges again; `from_version` is left."""
    WITHDRAWN = "withdrawn"
    """`version` is no shadow and no canary any more; what is live stays."""
    PUT_AWAY = "put_away"
    """`from_version` crashed or stalled, and judges no more; `version` judges."""


_CHANGES_LIVE = frozenset((Act.LIVE, Act.ROLLBACK, Act.PUT_AWAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchAct:
    """One row of the record of branches.

    Raises:
        InputError: nobody did it, for no reason, or `every` does not fit the act.
    """

    line: str
    act: Act
    version: str
    from_version: str | None
    every: int | None = None
    """Of a canary: it judges every so many-th part."""
    who: str
    why: str
    forced: bool = False
    """Whether it was done although the gate refused."""
    figures: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """What the gate or the watch on branches measured, as JSON."""
    acted_ns: int
    id: int | None = None
    """Number of the row; `None` before it is recorded."""

    def __post_init__(self) -> None:
        where = f"act {self.act} on branch {self.version} of line {self.line}"
        if not self.who.strip() or not self.why.strip():
            raise InputError.single(where, "must say who does it, and why")
        if (self.act is Act.CANARY) != (self.every is not None):
            raise InputError.single(where, "every is for a canary, and for it alone")
        if self.every is not None and self.every < 1:
            raise InputError.single(where, f"every {self.every}-th part: not above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the acts of a line amount to."""

    line: str
    live: str | None
    """`None`: nobody has acted; what the model's settings name judges."""
    before: str | None
    """Where a rollback leads; `None`: nowhere."""
    shadow: str | None
    canary: str | None
    every: int | None
    last_act: int
    """Number of the newest act; 0 before the first."""


def standing(line: str, acts: Iterable[BranchAct]) -> Standing:
    """Say what stands after acts, in their order; acts of other lines do not count."""
    told = _Told()
    for act in acts:
        if act.line == line:
            told.hear(act)
    ran = told.ran
    return Standing(
        line=line,
        live=ran[-1] if ran else None,
        before=ran[-2] if ran[1:] else None,
        shadow=told.shadow,
        canary=told.canary,
        every=told.every,
        last_act=told.last_act,
    )


def is_canarys(line: str, camera: str, frame_id: int, every: int) -> bool:
    """Whether a part is the canary's: the same for every worker and every replay."""
    named = hashlib.sha256(f"{line}/{camera}/{frame_id}".encode()).hexdigest()
    return int(named[:8], 16) % every == 0


class _Told:
    """What the acts so far amount to."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        """Versions that were live, each once, the one that is last."""
        self.shadow: str | None = None
        self.canary: str | None = None
        self.every: int | None = None
        self.last_act = 0

    def hear(self, act: BranchAct) -> None:
        self.last_act = act.id or self.last_act + 1
        if act.act in _CHANGES_LIVE:
            self._change_live(act)
        else:
            self._end_trial(act.version)
        if act.act is Act.SHADOW:
            self.shadow = act.version
        if act.act is Act.CANARY:
            self.canary, self.every = act.version, act.every

    def _change_live(self, act: BranchAct) -> None:
        if not self.ran and act.from_version is not None:
            self.ran.append(act.from_version)
        self._leave(act)
        if act.version in self.ran:
            self.ran.remove(act.version)
        self.ran.append(act.version)
        self._end_trial(act.version)

    def _leave(self, act: BranchAct) -> None:
        """What was rolled back or put away is nothing to return to."""
        if act.act is Act.LIVE or act.from_version is None:
            return
        self._end_trial(act.from_version)
        if act.from_version in self.ran:
            self.ran.remove(act.from_version)

    def _end_trial(self, version: str) -> None:
        if self.shadow == version:
            self.shadow = None
        if self.canary == version:
            self.canary = self.every = None
