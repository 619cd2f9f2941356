"""Who is let in, and who is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from connectors.database.people.chain import trail, verify
from connectors.database.people.roster import Roster
from connectors.database.people.tables import people
from inspector.errors import InputError
from inspector.people import LoginError, Person, Right, RightError, Role
from inspector.types import NS_PER_S

PIN = "482913"


class Clock:
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ns = 1_772_431_200 * NS_PER_S

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def roster(record: Engine, clock: Clock) -> Roster:
    roster = Roster(record, "rework 1", utc_ns=clock)
    mei = Person(name="mei", role=Role.ADMINISTRATOR)
    added = roster.add(mei, PIN, None, None)
    jan = Person(name="jan", role=Role.OPERATOR)
    roster.add(jan, "jan's pin", "04A1B2C3", added)
    return roster


def test_a_person_logs_in_by_pin_or_badge(roster: Roster) -> None:
    assert roster.log_in("mei", PIN).role is Role.ADMINISTRATOR
    by_badge = roster.log_in_by_badge("04A1B2C3")
    assert (by_badge.name, by_badge.has_badge) == ("jan", True)


@pytest.mark.parametrize(
    ("name", "pin"), [("mei", "482914"), ("nobody", PIN), ("", "")]
)
def test_it_is_not_told_what_was_wrong(roster: Roster, name: str, pin: str) -> None:
    with pytest.raises(LoginError, match=r"^wrong name or PIN$"):
        roster.log_in(name, pin)


def test_secrets_are_not_in_the_database(roster: Roster, record: Engine) -> None:
    with record.connect() as connection:
        kept = repr(connection.execute(select(people)).all())
    assert PIN not in kept
    assert "04A1B2C3" not in kept
    assert "$argon2id$" in kept


def test_who_tries_too_often_has_to_wait_at_every_console(
    roster: Roster, record: Engine, clock: Clock
) -> None:
    for _ in range(5):
        with pytest.raises(LoginError, match="wrong"):
            roster.log_in("jan", "wrong pin")
    other = Roster(record, "rework 2", utc_ns=clock)
    with pytest.raises(LoginError, match=r"wait 6[01] s"):
        other.log_in("jan", "jan's pin")
    assert roster.log_in("mei", PIN).name == "mei", "others are not locked out"
    clock.now_ns += 61 * NS_PER_S
    assert other.log_in("jan", "jan's pin").name == "jan"
    with pytest.raises(LoginError, match="wrong"):
        roster.log_in("jan", "wrong pin")


def test_badges_cannot_be_tried_out_at_a_console(roster: Roster) -> None:
    for number in range(5):
        with pytest.raises(LoginError, match="not known"):
            roster.log_in_by_badge(f"0000000{number}")
    with pytest.raises(LoginError, match="tried too often"):
        roster.log_in_by_badge("04A1B2C3")


def test_a_disabled_person_is_not_let_in(roster: Roster) -> None:
    mei, jan = roster.person("mei"), roster.person("jan")
    assert mei
    assert jan
    roster.change(replace(jan, is_active=False), mei)
    with pytest.raises(LoginError):
        roster.log_in("jan", "jan's pin")
    with pytest.raises(LoginError):
        roster.log_in_by_badge("04A1B2C3")
    roster.change(jan, mei)
    assert roster.log_in("jan", "jan's pin") == jan


def test_a_role_changes_and_its_past_stays(roster: Roster, record: Engine) -> None:
    mei = roster.person("mei")
    assert mei
    grants = frozenset({Right.OVERRULE})
    roster.change(Person(name="jan", role=Role.OPERATOR, grants=grants), mei)
    jan = roster.log_in("jan", "jan's pin")
    assert jan.may(Right.OVERRULE)
    with record.connect() as connection:
        rows = connection.execute(select(people).where(people.c.name == "jan")).all()
    assert [row.grants for row in rows] == [[], ["overrule"]]
    assert [each.name for each in roster.people()] == ["jan", "mei"]
    assert verify(record) == []
    acts = [link.act for link in trail(record)]
    assert acts == [
        "people: added",
        "rule: badge_salt",
        "people: added",
        "people: changed",
        "logged in",
    ]


def test_pins_change(roster: Roster) -> None:
    mei, jan = roster.person("mei"), roster.person("jan")
    assert mei
    assert jan
    roster.set_secrets("jan", "another one", None, jan)
    assert roster.log_in("jan", "another one")
    with pytest.raises(RightError):
        roster.set_secrets("mei", "another one", None, jan)
    with pytest.raises(RightError):
        roster.set_secrets("jan", None, "FFFF", jan)
    with pytest.raises(InputError, match="badge: it is jan's"):
        roster.set_secrets("mei", None, "04A1B2C3", mei)
    roster.set_secrets("mei", None, "FFFF", mei)
    assert roster.log_in_by_badge("FFFF").name == "mei"


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 65])
def test_a_name_is_a_name(roster: Roster, name: str) -> None:
    with pytest.raises(InputError, match="is no name"):
        roster.add(
            Person(name=name, role=Role.OPERATOR), PIN, None, roster.person("mei")
        )


def test_what_may_not_be_is_refused(roster: Roster) -> None:
    mei, jan = roster.person("mei"), roster.person("jan")
    assert mei
    assert jan
    new = Person(name="new", role=Role.OPERATOR)
    with pytest.raises(RightError, match="an administrator has to"):
        roster.add(new, PIN, None, None)
    with pytest.raises(RightError, match="jan"):
        roster.add(new, PIN, None, jan)
    with pytest.raises(InputError, match="there already"):
        roster.add(jan, PIN, None, mei)
    with pytest.raises(InputError, match="not known"):
        roster.change(new, mei)
    with pytest.raises(InputError, match="last administrator"):
        roster.change(replace(mei, is_active=False), mei)


def test_the_first_person_is_an_administrator(record: Engine) -> None:
    with pytest.raises(InputError, match="must be an administrator"):
        Roster(record, "x").add(Person(name="jan", role=Role.OPERATOR), PIN, None, None)


def test_leaving_is_on_record(roster: Roster, record: Engine) -> None:
    jan = roster.log_in("jan", "jan's pin")
    roster.log_out(jan, "not touched for 300 s")
    assert (
        trail(record)[-1].about
        == '{"console":"rework 1","why":"not touched for 300 s"}'
    )
