"""Who may do what: roles, rights, PINs and the limits on trying to log in.

Confirming a reject needs a lower right than overruling it. Nobody holds every right:
an engineer changes branches and cannot touch the audit, an auditor sees everything and
changes nothing on a line, an administrator names people and decides about no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from inspector.errors import InputError, InspectorError
from inspector.types import NS_PER_S, Decision
from inspector.verification import Outcome


class Role(StrEnum):
    """What a person is on the floor."""

    OPERATOR = "operator"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Right(StrEnum):
    """What a person may do."""

    CONFIRM = "confirm"
    """Say that a part that did not pass is bad, name its defect, dispose of it."""
    CLEAR = "clear"
    """Say that a part that was left to a person is good."""
    OVERRULE = "overrule"
    """Say that a rejected part is good; take back what another person said."""
    ACKNOWLEDGE = "acknowledge"
    """Acknowledge an alarm."""
    SHELVE = "shelve"
    """Shelve an alarm, or suppress it."""
    BRANCHES = "branches"
    """Use, try and roll back branches."""
    AUDIT = "audit"
    """Look at passed parts blindly, and read the audit trail."""
    SET_AUDIT = "set_audit"
    """Say how many passed parts are audited."""
    RULES = "rules"
    """Set shifts, reason codes and other rules of the house."""
    PEOPLE = "people"
    """Name people and their roles."""


_OPERATOR = frozenset({Right.CONFIRM, Right.CLEAR, Right.ACKNOWLEDGE})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: _OPERATOR,
    Role.ENGINEER: _OPERATOR
    | {Right.OVERRULE, Right.SHELVE, Right.BRANCHES, Right.RULES},
    Role.AUDITOR: frozenset({Right.AUDIT, Right.SET_AUDIT}),
    Role.ADMINISTRATOR: frozenset({Right.PEOPLE, Right.RULES}),
}
GRANTABLE = frozenset({Right.OVERRULE, Right.AUDIT, Right.SHELVE})
"""Rights that a person may be given beside those of the role, if it is an operator's:
who is trained to overrule rejects need not be an engineer."""


class RightError(InspectorError):
    """Somebody tried what is not theirs to do."""

    exit_code = 2


class LoginError(InspectorError):
    """A person was not let in."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a role.

    Raises:
        InputError: a grant that cannot be given to that role.
    """

    name: str
    role: Role
    grants: frozenset[Right] = frozenset()
    has_pin: bool = False
    has_badge: bool = False
    is_active: bool = True

    def __post_init__(self) -> None:
        wrong = self.grants - GRANTABLE
        if wrong or (self.grants and self.role is not Role.OPERATOR):
            named = ", ".join(sorted(wrong or self.grants))
            what = f"{named} cannot be granted to an {self.role}"
            where = f"person {self.name}"
            raise InputError.single(where, what)

    @property
    def rights(self) -> frozenset[Right]:
        """What the person may do; nothing once disabled."""
        return RIGHTS[self.role] | self.grants if self.is_active else frozenset()

    def may(self, right: Right) -> bool:
        """Whether the person has a right."""
        return right in self.rights

    def require(self, right: Right) -> None:
        """Refuse what the person may not do.

        Raises:
            RightError: names the right and who has it.
        """
        if not self.may(right):
            who = [role for role, rights in RIGHTS.items() if right in rights]
            message = (
                f"{self.name} ({self.role}) has no right to {right}: "
                f"ask an {' or '.join(who)}"
            )
            raise RightError(message)


def right_for(decision: Decision, outcome: Outcome) -> Right:
    """Say which right it needs to say something of a part with a verdict."""
    if decision is Decision.PASS:
        return Right.AUDIT
    if outcome in {Outcome.FALSE_CALL, Outcome.FALSE_CALL_FIX_PROCESS}:
        return Right.OVERRULE if decision is Decision.REJECT else Right.CLEAR
    return Right.CONFIRM


_SHORTEST_PIN, _LONGEST_PIN = 6, 64
_STEPS = {-1, 0, 1}
_PIN = "PIN"


def check_pin(pin: str) -> None:
    """Refuse a PIN that is guessed first.

    Raises:
        InputError: too short, too long, or all one sign or a run such as 123456.
    """
    if not _SHORTEST_PIN <= len(pin) <= _LONGEST_PIN:
        what = f"must have {_SHORTEST_PIN} to {_LONGEST_PIN} signs, not {len(pin)}"
        raise InputError.single(_PIN, what)
    steps = {ord(after) - ord(before) for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= _STEPS:
        what = "is a plain run: it would be guessed first"
        raise InputError.single(_PIN, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLimits:
    """How often one may try, and how long a login lasts without a touch."""

    tries: int = 5
    """Refused tries in a row, after which one has to wait."""
    wait_s: float = 60.0
    """The first wait; each further refusal doubles it."""
    longest_wait_s: float = 3600.0
    locks_after_s: float = 300.0
    """A console that is not touched for so long asks who it is."""

    def wait_until_ns(self, refused_ns: Sequence[int]) -> int:
        """Say until when nobody is let in.

        Args:
            refused_ns: moments of the refused tries since the last success, in order.
        """
        beyond = len(refused_ns) - self.tries
        if beyond < 0:
            return 0
        wait_s = min(self.wait_s * 2.0 ** min(beyond, 30), self.longest_wait_s)
        return refused_ns[-1] + int(wait_s * NS_PER_S)

    def is_locked(self, untouched_s: float) -> bool:
        """Whether a console that was not touched for so long is to lock itself."""
        return untouched_s >= self.locks_after_s
