"""The desk: the queue, decisions, undo, and two people at one part."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from connectors.database.people.acts import record_line_acts
from connectors.database.people.chain import verify
from connectors.database.people.reviewing import (
    PRESENCE_S,
    Choice,
    ReviewDesk,
    SeenTooLittleError,
    part_of,
)
from connectors.database.reading.queries import Key
from connectors.database.verdict_store import SqlVerdictStore
from inspector.disposition import GateAct, Kind, LineAct
from inspector.errors import InputError
from inspector.people import Person, Right, RightError, Role
from inspector.types import NS_PER_S, Decision
from inspector.verification import Outcome, PartKey
from tests.builders import a_verdict

JAN = Person(name="jan", role=Role.OPERATOR)
EVA = Person(
    name="eva",
    role=Role.OPERATOR,
    grants=frozenset({Right.OVERRULE, Right.AUDIT}),
)
REJECT: PartKey = ("poly", "cam-1", 1)
REVIEW: PartKey = ("poly", "cam-1", 2)
SAMPLED: PartKey = ("poly", "cam-1", 4)
CONFIRM = Choice(outcome=Outcome.CONFIRMED)
FALSE_CALL = Choice(outcome=Outcome.FALSE_CALL)


class Clock:
    """Both clocks, which stand until they are moved."""

    def __init__(self) -> None:
        self.seconds = 1_772_431_200.0

    def utc_ns(self) -> int:
        return int(self.seconds * NS_PER_S)

    def mono(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shift(record: Engine) -> Engine:
    decisions = {
        1: Decision.REJECT,
        2: Decision.REVIEW,
        3: Decision.PASS,
        4: Decision.PASS,
        5: Decision.REJECT,
    }
    for number, decision in decisions.items():
        verdict = a_verdict(
            frame_id=number,
            serial=f"S{number}",
            decision=decision,
            captured_ns=number * NS_PER_S,
            line="mono" if number == 5 else "poly",
            evidence=None if number == 3 else "ab/cd.png",
        )
        SqlVerdictStore(record).store([verdict])
    return record


@pytest.fixture
def a_desk(shift: Engine, clock: Clock) -> Callable[[str], ReviewDesk]:
    return lambda name: ReviewDesk(shift, name, utc_ns=clock.utc_ns, mono=clock.mono)


Desks = Callable[[str], ReviewDesk]


def numbers(rows: list[object]) -> list[int]:
    return [row.frame_id for row in rows]  # type: ignore[attr-defined]


def test_the_queue_is_what_nobody_has_judged_the_oldest_first(a_desk: Desks) -> None:
    desk = a_desk("rework 1")
    assert numbers([*desk.queue()]) == [1, 2, 5]
    assert numbers([*desk.queue("poly")]) == [1, 2]
    assert numbers([*desk.queue(since_ns=2 * NS_PER_S)]) == [2, 5]
    first = desk.queue(size=1)
    assert numbers([*desk.queue(after=Key.of(first[0]))]) == [2, 5]
    record = desk.open(REJECT, JAN)
    done = desk.decide(REJECT, CONFIRM, JAN, record.mark)
    assert numbers([*desk.queue()]) == [2, 5]
    desk.undo(done, JAN)
    assert numbers([*desk.queue()]) == [1, 2, 5]
    assert [part_of(row) for row in desk.find("S5")] == [("mono", "cam-1", 5)]
    assert desk.find("S") == []


def test_a_decision_says_who_when_and_how_long(a_desk: Desks, clock: Clock) -> None:
    desk = a_desk("rework 1")
    record = desk.open(REJECT, JAN)
    clock.seconds += 1.5
    desk.open(REJECT, JAN)  # still open: the time runs on
    clock.seconds += 1.0
    choice = Choice(
        outcome=Outcome.OTHER_DEFECT,
        defect="chip",
        disposition=Kind.REWORK,
        reason_code="R7",
        comment="edge",
    )
    done = desk.decide(REJECT, choice, JAN, record.mark)
    assert done.word.seconds_taken == pytest.approx(2.5)
    assert done.word.verified_ns == clock.utc_ns()
    now = desk.record(REJECT)
    assert now.word == done.word
    assert now.disposition == done.disposition
    assert (done.word.who, done.word.defect) == ("jan", "chip")
    assert done.disposition is not None
    assert (done.disposition.kind, done.disposition.comment) == (Kind.REWORK, "edge")


def test_undo_is_a_new_record_and_nothing_is_overwritten(
    a_desk: Desks, shift: Engine
) -> None:
    desk = a_desk("rework 1")
    choice = Choice(outcome=Outcome.CONFIRMED, disposition=Kind.SCRAP)
    done = desk.decide(REJECT, choice, JAN, desk.open(REJECT, JAN).mark)
    desk.undo(done, JAN)
    now = desk.record(REJECT)
    assert (now.word, now.disposition) == (None, None)
    assert [word.outcome for word in now.words] == ["confirmed", "withdrawn"]
    assert [each.kind for each in now.dispositions] == ["scrap", "withdrawn"]
    with pytest.raises(SeenTooLittleError):
        desk.undo(done, JAN)
    assert verify(shift) == []


def test_two_at_one_part_see_each_other_and_the_later_is_told(
    a_desk: Desks, shift: Engine
) -> None:
    here, there = a_desk("rework 1"), a_desk("rework 2")
    seen_here = here.open(REJECT, JAN)
    seen_there = there.open(REJECT, EVA)
    assert seen_there.present == (("jan", "rework 1"),)
    assert here.open(REJECT, JAN).present == (("eva", "rework 2"),)
    here.decide(REJECT, CONFIRM, JAN, seen_here.mark)
    with pytest.raises(SeenTooLittleError, match="jan: confirmed") as raised:
        there.decide(REJECT, FALSE_CALL, EVA, seen_there.mark)
    newer = raised.value.record
    assert newer.word is not None
    assert newer.word.who == "jan"
    there.decide(REJECT, FALSE_CALL, EVA, newer.mark)
    words = here.record(REJECT).words
    assert [(word.who, word.outcome) for word in words] == [
        ("jan", "confirmed"),
        ("eva", "false_call"),
    ]
    assert verify(shift) == []


def test_who_went_away_is_not_there_for_ever(a_desk: Desks, clock: Clock) -> None:
    a_desk("rework 1").open(REJECT, JAN)
    clock.seconds += PRESENCE_S + 1
    assert a_desk("rework 2").open(REJECT, EVA).present == ()
    a_desk("rework 2").close(REJECT, EVA)
    assert a_desk("rework 1").open(REJECT, JAN).present == ()


def test_rights_are_asked_for(a_desk: Desks) -> None:
    desk = a_desk("rework 1")
    with pytest.raises(RightError, match="overrule"):
        desk.decide(REJECT, FALSE_CALL, JAN, desk.open(REJECT, JAN).mark)
    desk.decide(REVIEW, FALSE_CALL, JAN, desk.open(REVIEW, JAN).mark)
    done = desk.decide(REJECT, FALSE_CALL, EVA, desk.open(REJECT, EVA).mark)
    with pytest.raises(RightError, match="overrule"):
        desk.undo(done, JAN)
    auditor = Person(name="ada", role=Role.AUDITOR)
    with pytest.raises(RightError, match="confirm"):
        desk.dispose(REJECT, Kind.USE_AS_IS, auditor)


def test_passed_parts_are_audited_blindly(a_desk: Desks) -> None:
    desk = a_desk("audit")
    assert numbers([*desk.audit_queue()]) == [4], "a picture was kept of it"
    choice = Choice(outcome=Outcome.ESCAPE, defect="chip", blind=True)
    with pytest.raises(RightError, match="audit"):
        desk.decide(SAMPLED, choice, JAN, desk.open(SAMPLED, JAN).mark)
    done = desk.decide(SAMPLED, choice, EVA, desk.open(SAMPLED, EVA).mark)
    assert done.word.blind
    assert desk.audit_queue() == []


@pytest.mark.parametrize(
    ("part", "choice"),
    [
        (SAMPLED, FALSE_CALL),
        (REJECT, Choice(outcome=Outcome.ESCAPE)),
        (REJECT, Choice(outcome=Outcome.OTHER_DEFECT)),
        (REJECT, Choice(outcome=Outcome.WITHDRAWN)),
    ],
)
def test_a_word_that_makes_no_sense_is_refused(
    a_desk: Desks, part: PartKey, choice: Choice
) -> None:
    desk = a_desk("rework 1")
    with pytest.raises(InputError):
        desk.decide(part, choice, EVA, desk.open(part, EVA).mark)


def test_a_part_that_is_not_there_is_named(a_desk: Desks) -> None:
    with pytest.raises(InputError, match=r"part 99 of line poly.*no verdict"):
        a_desk("rework 1").open(("poly", "cam-1", 99), JAN)


def test_what_the_line_did_and_what_became_of_it_stand_side_by_side(
    a_desk: Desks, shift: Engine
) -> None:
    act = LineAct(
        line="poly",
        camera="cam-1",
        frame_id=1,
        act=GateAct.TIMED_OUT,
        gate="gate-1",
        words="no answer in 80 ms",
        acted_ns=5,
        is_simulated=True,
    )
    record_line_acts(shift, [act])
    record_line_acts(shift, [])
    desk = a_desk("rework 1")
    desk.dispose(REJECT, Kind.RE_INSPECTED, JAN, "after rework")
    record = desk.record(REJECT)
    assert [each.words for each in record.line_acts] == ["no answer in 80 ms"]
    assert record.disposition is not None
    assert record.disposition.kind is Kind.RE_INSPECTED
    assert record.word is None
