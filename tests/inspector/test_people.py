"""Roles, rights, PINs and limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.errors import InputError
from inspector.people import (
    RIGHTS,
    LoginLimits,
    Person,
    Right,
    RightError,
    Role,
    check_pin,
    right_for,
)
from inspector.types import NS_PER_S, Decision
from inspector.verification import Outcome


def test_overruling_a_reject_needs_a_higher_right_than_confirming_it() -> None:
    operator = Person(name="jan", role=Role.OPERATOR)
    assert operator.may(right_for(Decision.REJECT, Outcome.CONFIRMED))
    assert operator.may(right_for(Decision.REVIEW, Outcome.FALSE_CALL))
    overrule = right_for(Decision.REJECT, Outcome.FALSE_CALL)
    assert not operator.may(overrule)
    trained = Person(name="jan", role=Role.OPERATOR, grants=frozenset({overrule}))
    trained.require(overrule)
    with pytest.raises(RightError, match=r"jan \(operator\).*overrule.*engineer"):
        operator.require(overrule)


def test_engineers_cannot_touch_the_audit_and_nobody_holds_every_right() -> None:
    assert not RIGHTS[Role.ENGINEER] & {Right.SET_AUDIT, Right.PEOPLE}
    assert all(rights != frozenset(Right) for rights in RIGHTS.values())
    given = {right for rights in RIGHTS.values() for right in rights}
    assert given == set(Right), "a right that nobody has"


def test_who_is_disabled_may_nothing() -> None:
    assert Person(name="x", role=Role.ENGINEER, is_active=False).rights == frozenset()


@pytest.mark.parametrize(
    ("role", "grant"), [(Role.OPERATOR, Right.PEOPLE), (Role.ENGINEER, Right.AUDIT)]
)
def test_not_every_right_can_be_granted(role: Role, grant: Right) -> None:
    with pytest.raises(InputError, match="cannot be granted"):
        Person(name="x", role=role, grants=frozenset({grant}))


@pytest.mark.parametrize("pin", ["12345", "123456", "987654", "000000", "x" * 65])
def test_a_pin_that_is_guessed_first_is_refused(pin: str) -> None:
    with pytest.raises(InputError, match="PIN"):
        check_pin(pin)


def test_a_sound_pin_is_taken() -> None:
    check_pin("482913")


@given(refused=st.integers(0, 200))
def test_each_refusal_beyond_the_limit_waits_longer(refused: int) -> None:
    limits = LoginLimits()
    until = limits.wait_until_ns([7 * NS_PER_S] * refused)
    if refused < limits.tries:
        assert until == 0
    else:
        wait_s = until / NS_PER_S - 7
        assert wait_s == min(60 * 2.0 ** (refused - 5), 3600)


def test_a_console_locks_itself() -> None:
    limits = LoginLimits(locks_after_s=10)
    assert limits.is_locked(10)
    assert not limits.is_locked(9.9)
