"""Rules of the house in the database: shifts, reason codes, limits; each with its past.

A rule is a name and a value that JSON can hold. The newest value holds; who set it and
when stays, and each has its link in the audit trail.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, select

from connectors.database.people.chain import Chain, chaining
from connectors.database.people.tables import house_rules
from connectors.database.values import moment, reading
from inspector.people import Person, Right

AUDIT_EVERY = "audit_every"
"""Every so many-th passed part is looked at by a person who does not see a verdict."""
_NEEDS = {AUDIT_EVERY: Right.SET_AUDIT}
"""Rules that need another right than `RULES`."""


def read_rule(engine: Engine, name: str) -> Any:
    """Give the value that holds, or `None` where none was ever set.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return newest_rule(connection, name)


def write_rule(engine: Engine, name: str, value: Any, by: Person) -> None:
    """Set a rule.

    Raises:
        RightError: the person may not; of the audit only an auditor may.
        StoreError: nothing is stored.
    """
    by.require(_NEEDS.get(name, Right.RULES))
    with chaining(engine) as chain:
        set_rule(chain, name, value, who=by.name, set_ns=time.time_ns())


def audit_every(engine: Engine) -> int | None:
    """Say of every how many-th passed part evidence is kept; `None`: of none.

    Raises:
        StoreError: the database cannot be read.
    """
    value = read_rule(engine, AUDIT_EVERY)
    return value if isinstance(value, int) and value >= 1 else None


def newest_rule(connection: Connection, name: str) -> Any:
    """Give the value that holds, inside a transaction."""
    table = house_rules.c
    newest = select(table.value).where(table.name == name).order_by(table.id.desc())
    return connection.execute(newest.limit(1)).scalar()


def set_rule(chain: Chain, name: str, value: Any, *, who: str, set_ns: int) -> None:
    """Set a rule inside a transaction."""
    values = {
        "name": name,
        "value": value,
        "who": who,
        "set_at": moment(set_ns),
        "set_ns": set_ns,
    }
    chain.insert(house_rules, values, who=who, act=f"rule: {name}")
