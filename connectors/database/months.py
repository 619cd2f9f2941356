"""The months in which a PostgreSQL database keeps its verdicts, and what is pruned.

Pruning keeps every part that did not pass, every part that a person has spoken about,
and a sample of those that passed: the same parts whoever asks, by a hash of their
identity. It is an act of its own, recorded in `prunings` with a digest of what went.

On PostgreSQL a month is replaced by a smaller one; on SQLite rows are deleted, in one
transaction that lays the guard against deletion down and sets it up again.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import store_error
from connectors.database.tables import prunings
from inspector.errors import InputError

_MONTH = re.compile(r"verdicts_(\d{4})_(\d{2})|verdicts_rest|verdicts_pruned")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = 3
_SPOKEN_ABOUT = ("verifications", "dispositions", "amendments")
"""Tables in which people, or late log lines, said something about a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """One act of pruning, as it is recorded."""

    before_ns: int
    """Verdicts of parts taken before this moment were pruned."""
    keep_every: int
    """Of the parts that passed, about one of so many stays."""
    who: str
    why: str
    removed: int = 0
    kept: int = 0
    """Verdicts from before that moment which stay."""
    removed_sha256: str = ""
    """Over the removed identities, in order; see `_digest`."""


def is_month(table: str) -> bool:
    """Whether a table is a partition of the verdicts."""
    return _MONTH.fullmatch(table) is not None


def make_months(engine: Engine) -> None:
    """Make the partitions of this month and the next three, where there are any.

    Raises:
        StoreError: the database cannot be reached or does not let us.
    """
    if engine.dialect.name != "postgresql":
        return
    try:
        with engine.begin() as connection:
            asked = text("SELECT make_verdict_months(:ahead)")
            connection.execute(asked, {"ahead": _AHEAD})
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error


def start_of_month_ns(now: datetime, months_ago: int) -> int:
    """The first moment, in UTC nanoseconds, of the month so many months ago."""
    month = now.year * 12 + now.month - 1 - months_ago
    first = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int((first - _EPOCH) / timedelta(microseconds=1)) * 1000


def is_in_sample(line: str, camera: str, frame_id: int, every: int) -> bool:
    """Whether a part that passed stays: about one of so many, always the same ones."""
    digest = hashlib.sha256(f"{line}/{camera}/{frame_id}".encode()).hexdigest()
    return int(digest[:8], 16) % every == 0


def prune(engine: Engine, wanted: Pruning) -> Pruning:
    """Remove old verdicts of parts that passed, except a sample, and record the act.

    Returns:
        The act with what it removed and kept.

    Raises:
        InputError: there is nobody or no reason given.
        StoreError: the database cannot be reached or does not let us; nothing is done.
    """
    if not wanted.who.strip() or not wanted.why.strip():
        where = "db prune"
        raise InputError.single(where, "say who prunes and why: --who NAME --why WORDS")
    try:
        with engine.execution_options(begin="IMMEDIATE").begin() as connection:
            return _prune(connection, wanted)
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error


def _prune(connection: Connection, wanted: Pruning) -> Pruning:
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE verdicts IN SHARE MODE"))
    going = _going(connection, wanted)
    if going:
        _mark(connection, going)
        if connection.dialect.name == "postgresql":
            _replace_months(connection)
        else:
            _delete(connection)
        connection.execute(text("DROP TABLE going"))
    old = text("SELECT count(*) FROM verdicts WHERE captured_ns < :before")
    done = Pruning(
        before_ns=wanted.before_ns,
        keep_every=wanted.keep_every,
        who=wanted.who,
        why=wanted.why,
        removed=len(going),
        kept=connection.scalar(old, {"before": wanted.before_ns}) or 0,
        removed_sha256=_digest(going),
    )
    _record(connection, done)
    return done


def _going(connection: Connection, wanted: Pruning) -> list[Any]:
    """Choose the verdicts that go: id, line, camera, number, month of capture."""
    there = set(inspect(connection).get_table_names())
    spoken = "".join(
        f" AND NOT EXISTS (SELECT 1 FROM {table} said WHERE said.line = v.line "  # noqa: S608 - names from this file
        "AND said.camera = v.camera AND said.frame_id = v.frame_id)"
        for table in _SPOKEN_ABOUT
        if table in there
    )
    asked = text(
        "SELECT v.id, v.line, v.camera, v.frame_id FROM verdicts v "  # noqa: S608
        f"WHERE v.captured_ns < :before AND v.decision = 'PASS'{spoken} ORDER BY v.id"
    )
    rows = connection.execute(asked, {"before": wanted.before_ns})
    every = wanted.keep_every
    return [row for row in rows if not is_in_sample(row[1], row[2], row[3], every)]


def _mark(connection: Connection, going: Sequence[Any]) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE going (id BIGINT PRIMARY KEY)"))
    insert = text("INSERT INTO going (id) VALUES (:id)")
    connection.execute(insert, [{"id": row[0]} for row in going])


def _delete(connection: Connection) -> None:
    """SQLite: its changes of form are part of the transaction as well."""
    asked = text("SELECT sql FROM sqlite_master WHERE name = 'verdicts_no_delete'")
    guard = connection.scalar(asked)
    connection.execute(text("DROP TRIGGER verdicts_no_delete"))
    connection.execute(text("DELETE FROM verdicts WHERE id IN (SELECT id FROM going)"))
    connection.execute(text(str(guard)))


def _replace_months(connection: Connection) -> None:
    """PostgreSQL: put a table without the rows that go in the place of each month."""
    for month, bounds in list(_months_of(connection)):
        fresh = "verdicts_pruned"
        for statement in (
            f"CREATE TABLE {fresh} (LIKE verdicts INCLUDING DEFAULTS "
            "INCLUDING CONSTRAINTS)",
            f"INSERT INTO {fresh} SELECT * FROM {month} "  # noqa: S608 - our own names
            "WHERE id NOT IN (SELECT id FROM going)",
            f"ALTER TABLE verdicts DETACH PARTITION {month}",
            f"DROP TABLE {month}",
            f"ALTER TABLE {fresh} RENAME TO {month}",
            f"ALTER TABLE verdicts ATTACH PARTITION {month} {bounds}",
            f"CREATE TRIGGER {month}_whole BEFORE TRUNCATE ON {month} "
            "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()",
        ):
            connection.execute(text(statement))


def _months_of(connection: Connection) -> Iterator[tuple[str, str]]:
    """Name the partitions that hold what goes, and their bounds as they are written."""
    asked = text(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c "
        "WHERE c.oid IN (SELECT DISTINCT v.tableoid FROM verdicts v "
        "JOIN going ON going.id = v.id)"
    )
    for name, bounds in connection.execute(asked).all():
        yield str(name), str(bounds)


def _digest(going: Sequence[Any]) -> str:
    """Hash what went: a line `LINE/CAMERA/NUMBER` for each verdict, in order of id."""
    digest = hashlib.sha256()
    for _, line, camera, frame_id in going:
        digest.update(f"{line}/{camera}/{frame_id}\n".encode())
    return digest.hexdigest()


def _record(connection: Connection, done: Pruning) -> None:
    now_ns = time.time_ns()
    connection.execute(
        prunings.insert(),
        {
            "before_ns": done.before_ns,
            "keep_every": done.keep_every,
            "removed": done.removed,
            "kept": done.kept,
            "removed_sha256": done.removed_sha256,
            "who": done.who,
            "why": done.why,
            "pruned_at": _EPOCH + timedelta(microseconds=now_ns // 1000),
            "pruned_ns": now_ns,
        },
    )
