"""The audit trail in a database: whoever touches a row is found out."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.people.chain import COVERED, chaining, head, trail, verify
from connectors.database.people.house_rules import read_rule, set_rule, write_rule
from connectors.database.people.tables import audit_trail, house_rules
from connectors.database.verifications import SqlVerifications
from inspector.audit import Head
from inspector.errors import StoreError
from inspector.people import Person, RightError, Role
from tests.builders import a_word, an_act

AUDITOR = Person(name="ada", role=Role.AUDITOR)
ENGINEER = Person(name="eli", role=Role.ENGINEER)
GUARDED = ("house_rules", "audit_trail", "verifications", "branch_acts")


@pytest.fixture
def told(record: Engine) -> Engine:
    """A trail of six links over three tables."""
    for number in range(3):
        write_rule(record, "shifts", {"number": number}, ENGINEER)
    SqlVerifications(record).record(a_word())
    SqlBranchActs(record).record(an_act(figures={"auroc": 0.93, "n": [1, 2]}))
    with chaining(record) as chain:
        chain.note("eli", "logged in", {"console": "rework 1"})
    return record


def meddle(engine: Engine, *statements: str) -> None:
    """Change what can only be added to, as somebody could who owns the database."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            names = select(text("name")).select_from(text("sqlite_master"))
            triggers = connection.scalars(names.where(text("type = 'trigger'"))).all()
            for name in triggers:
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def said(engine: Engine, written_down: Head | None = None) -> Sequence[str]:
    return [str(each) for each in verify(engine, written_down)]


def test_what_nobody_touched_is_sound(told: Engine) -> None:
    assert said(told) == []
    assert [link.act for link in trail(told)] == [
        "rule: shifts",
        "rule: shifts",
        "rule: shifts",
        "verification: confirmed",
        "branch: live",
        "logged in",
    ]
    newest = head(told)
    assert newest is not None
    assert newest.number == 6
    assert said(told, newest) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            "UPDATE verifications SET outcome = 'false_call'",
            "verifications row 1: was altered",
        ),
        ("UPDATE branch_acts SET who = 'x'", "branch_acts row 1: was altered"),
        (
            "UPDATE house_rules SET set_ns = set_ns + 1 WHERE id = 2",
            "house_rules row 2: was altered",
        ),
        ("DELETE FROM house_rules WHERE id = 2", "house_rules row 2: was deleted"),
        (
            "INSERT INTO house_rules (id, name, value, who, set_at, set_ns) "
            "SELECT 77, name, value, who, set_at, set_ns FROM house_rules WHERE id = 1",
            "house_rules row 77: was inserted past the audit trail",
        ),
        (
            "UPDATE audit_trail SET who = 'x' WHERE id = 3",
            "audit_trail row 3: was altered: its hash is of other words",
        ),
        ("DELETE FROM audit_trail WHERE id = 6", None),
    ],
)
def test_a_change_is_found_and_named(
    told: Engine, change: str, finding: str | None
) -> None:
    written_down = head(told)
    meddle(told, change)
    if finding is None:
        assert said(told) == [], "the last link of all is missed only by who knew it"
        finding = "audit_trail row 6: was written down, and is gone"
    assert said(told, written_down) == [finding]


def test_a_link_that_is_cut_out_is_found_twice(told: Engine) -> None:
    meddle(told, "DELETE FROM audit_trail WHERE id = 2")
    assert said(told) == [
        "audit_trail row 2: was deleted",
        "house_rules row 2: was inserted past the audit trail",
    ]


@pytest.mark.parametrize("table", GUARDED)
def test_the_tables_themselves_refuse(told: Engine, table: str) -> None:
    rows = COVERED.get(table, audit_trail)
    with pytest.raises(DBAPIError, match="append-only"), told.begin() as connection:
        connection.execute(rows.delete())


def test_writers_at_one_time_make_one_chain(record: Engine) -> None:
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(10):
                with chaining(record) as chain:
                    set_rule(chain, name, number, who=name, set_ns=number)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert said(record) == []
    with record.connect() as connection:
        assert len(connection.execute(select(audit_trail)).all()) == 40


def test_a_row_is_not_there_without_its_link(record: Engine) -> None:
    def break_off() -> None:
        with chaining(record) as chain:
            set_rule(chain, "shifts", 1, who="x", set_ns=1)
            message = "power cut"
            raise ValueError(message)

    with pytest.raises(ValueError, match="power cut"):
        break_off()
    with record.connect() as connection:
        assert connection.execute(select(house_rules)).all() == []
    assert trail(record) == []


def test_only_an_auditor_sets_the_audit(record: Engine) -> None:
    write_rule(record, "audit_every", 50, AUDITOR)
    with pytest.raises(RightError, match=r"eli.*set_audit.*auditor"):
        write_rule(record, "audit_every", 0, ENGINEER)
    assert read_rule(record, "audit_every") == 50
    assert read_rule(record, "never set") is None
