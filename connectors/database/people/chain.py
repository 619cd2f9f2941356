"""Writes the audit trail in one transaction with the rows it is about, and checks it.

Writers take turns: in PostgreSQL by a lock that lasts as long as the transaction, in
SQLite because there is one writer. Besides, no two links may follow the same one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Table, func, select

from connectors.database.people.tables import (
    alarm_acts,
    audit_trail,
    dispositions,
    house_rules,
    people,
)
from connectors.database.tables import branch_acts, verifications
from connectors.database.values import moment, reading, storable, writing
from inspector.audit import (
    BEGINNING,
    Finding,
    Head,
    Link,
    canonical,
    check_links,
    link_sha256,
    row_sha256,
)

COVERED: Mapping[str, Table] = {
    table.name: table
    for table in (
        people,
        house_rules,
        branch_acts,
        verifications,
        dispositions,
        alarm_acts,
    )
}
"""Tables every row of which has a link."""
_ONE_AT_A_TIME = 7_114_002
_AT_ONCE = 1000


class Chain:
    """Adds links inside one transaction; see `chaining`."""

    def __init__(self, connection: Connection, utc_ns: Callable[[], int]) -> None:
        self.connection = connection
        self._utc_ns = utc_ns

    def insert(
        self, table: Table, values: Mapping[str, Any], *, who: str, act: str
    ) -> RowMapping:
        """Insert a row, give it as it is stored, and link it."""
        statement = table.insert().values(**values).returning(table.c.id)
        number = self.connection.execute(statement).scalar_one()
        # Read back: what SQLite returns at once differs from what it will tell later,
        # 0 for 0.0, and the hash is of the latter.
        stored = select(table).where(table.c.id == number)
        row = self.connection.execute(stored).mappings().one()
        self._add(
            {
                "who": storable(who),
                "act": act,
                "about": canonical({}),
                "table": table.name,
                "row_id": row["id"],
                "row_sha256": row_sha256(dict(row)),
            }
        )
        return row

    def note(self, who: str, act: str, about: Mapping[str, Any]) -> None:
        """Link an act that writes no row of its own."""
        nothing = dict.fromkeys(("table", "row_id", "row_sha256"))
        said = canonical(about)
        self._add({"who": storable(who), "act": act, "about": said} | nothing)

    def _add(self, content: dict[str, Any]) -> None:
        last = select(audit_trail.c.id, audit_trail.c.sha256)
        newest = last.order_by(audit_trail.c.id.desc()).limit(1)
        found = self.connection.execute(newest).one_or_none()
        number, previous = (0, BEGINNING) if found is None else found
        content = content | {"number": number + 1, "chained_ns": self._utc_ns()}
        sha256 = link_sha256(previous, content)
        row = _as_row(content) | {"previous": previous, "sha256": sha256}
        self.connection.execute(audit_trail.insert().values(**row))


@contextmanager
def chaining(
    engine: Engine, utc_ns: Callable[[], int] = time.time_ns
) -> Iterator[Chain]:
    """Open a transaction in which rows are linked; it waits for another such one.

    Raises:
        StoreError: nothing of it is stored.
    """
    with writing(engine.execution_options(begin="IMMEDIATE")) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        yield Chain(connection, utc_ns)


def trail(engine: Engine, after: int = 0, at_most: int = _AT_ONCE) -> list[Link]:
    """Give links in their order, those after a number.

    Raises:
        StoreError: they cannot be read.
    """
    with reading(engine) as connection:
        return _links(connection, after, at_most)


def head(engine: Engine) -> Head | None:
    """Give the newest link, to be written down elsewhere; `None` of an empty trail.

    Raises:
        StoreError: it cannot be read.
    """
    table = audit_trail.c
    newest = select(table.id, table.sha256).order_by(table.id.desc()).limit(1)
    with reading(engine) as connection:
        found = connection.execute(newest).one_or_none()
    return None if found is None else Head(number=found.id, sha256=found.sha256)


def verify(engine: Engine, written_down: Head | None = None) -> list[Finding]:
    """Check the whole trail and every row it is about; an empty list is all well.

    Raises:
        StoreError: they cannot be read.
    """
    linked: dict[str, dict[int, str]] = {name: {} for name in COVERED}
    with reading(engine) as connection:
        found = list(check_links(_noting(connection, linked), written_down))
        for name, table in COVERED.items():
            found += _check_rows(connection, table, linked[name])
    return found


def _noting(
    connection: Connection, linked: dict[str, dict[int, str]]
) -> Iterator[Link]:
    """Give all links, and note on the way which row has which hash."""
    after = 0
    while links := _links(connection, after, _AT_ONCE):
        for link in links:
            if link.table is not None and link.row_id is not None:
                rows = linked.setdefault(link.table, {})
                rows[link.row_id] = link.row_sha256 or ""
            yield link
        after = links[-1].number


def _check_rows(
    connection: Connection, table: Table, linked: dict[int, str]
) -> Iterator[Finding]:
    unseen = dict(linked)
    for row in connection.execute(select(table).order_by(table.c.id)).mappings():
        where = f"{table.name} row {row['id']}"
        expected = unseen.pop(row["id"], None)
        if expected is None:
            yield Finding(where=where, what="was inserted past the audit trail")
        elif row_sha256(dict(row)) != expected:
            yield Finding(where=where, what="was altered")
    for number in sorted(unseen):
        yield Finding(where=f"{table.name} row {number}", what="was deleted")


def _links(connection: Connection, after: int, at_most: int) -> list[Link]:
    table = audit_trail.c
    asked = select(audit_trail).where(table.id > after).order_by(table.id)
    rows = connection.execute(asked.limit(at_most)).mappings()
    return [_as_link(row) for row in rows]


def _as_row(content: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"number": "id", "table": "table_name"}
    row = {renamed.get(name, name): value for name, value in content.items()}
    return row | {"chained_at": moment(content["chained_ns"])}


def _as_link(row: RowMapping) -> Link:
    return Link(
        number=row["id"],
        who=row["who"],
        act=row["act"],
        about=row["about"],
        table=row["table_name"],
        row_id=row["row_id"],
        row_sha256=row["row_sha256"],
        chained_ns=row["chained_ns"],
        previous=row["previous"],
        sha256=row["sha256"],
    )
