"""A part is taken from a thread that does not come back with it, exactly once."""

from __future__ import annotations

import pytest

from inspector.judge import Duty, Rulebook, Turn
from inspector.settings import DecisionRules
from inspector.timekeeping import Desk, RelievedError
from tests.builders import a_window
from tests.inspector.line_fakes import FakeModel

RULES = Rulebook(decisions=DecisionRules(), settings_sha256="c" * 64)


def a_turn(until_mono_ns: int) -> Turn:
    return Turn(
        window=a_window(),
        duty=Duty(model=FakeModel(), rules=RULES),
        taken_mono_ns=0,
        until_mono_ns=until_mono_ns,
    )


def test_a_part_that_is_judged_in_time_stays_where_it_is() -> None:
    desk, turn = Desk(), a_turn(until_mono_ns=100)
    assert desk.is_free
    desk.begin(turn)
    assert not desk.is_free
    assert desk.take_overdue(99) is None
    desk.end(turn)
    assert desk.is_free
    assert desk.take_overdue(1_000) is None


def test_an_overdue_part_is_taken_once_and_its_thread_is_relieved() -> None:
    desk, turn = Desk(), a_turn(until_mono_ns=100)
    desk.begin(turn)
    assert desk.take_overdue(100) is turn
    assert desk.take_overdue(101) is None
    with pytest.raises(RelievedError):
        desk.end(turn)


def test_a_relieved_thread_does_not_end_the_part_of_its_successor() -> None:
    desk, old, new = Desk(), a_turn(100), a_turn(200)
    desk.begin(old)
    desk.take_overdue(100)
    desk.begin(new)
    with pytest.raises(RelievedError):
        desk.end(old)
    desk.end(new)
