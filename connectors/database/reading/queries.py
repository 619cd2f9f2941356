"""A search: what a row of the result holds, and which verdicts are in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, lt
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    and_,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from connectors.database.reading.tables import (
    LOG_TEXT,
    log_stations,
    log_text,
    log_words,
)
from connectors.database.reading.words import fts5_query, phrases_of, tsquery
from connectors.database.tables import verdicts
from inspector.errors import InputError
from inspector.types import Decision

MOST_SERIALS = 2000
"""Parts that a search by the beginning of a serial gives at the most."""


class Listed(NamedTuple):
    """A verdict as a list shows it; a tuple, because thousands are made at once."""

    id: int
    line: str
    camera: str
    frame_id: int
    serial: str | None
    captured_ns: int
    decided_ns: int
    decision: str
    reason: str
    fault: str | None
    score: float | None
    defect: str | None
    route: str
    look: str | None
    branch_version: str
    latency_ms: float
    evidence: str | None
    is_simulated: bool


LISTED = tuple(verdicts.c[name] for name in Listed._fields)


class Key(NamedTuple):
    """Where a verdict stands in the order of capture."""

    captured_ns: int
    id: int

    @classmethod
    def of(cls, row: Listed) -> Key:
        """Give a row's place."""
        return cls(row.captured_ns, row.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictQuery:
    """Which verdicts are looked for; `None` and empty do not narrow.

    `since_ns` belongs to the time asked for, `until_ns` does not.
    """

    line: str | None = None
    decision: Decision | None = None
    """A decision, or `None`; see also `not_passed`."""
    not_passed: bool = False
    """REJECT and REVIEW."""
    defect: str | None = None
    """The kind of parts that did not pass."""
    serial: str | None = None
    """The whole serial or its beginning."""
    station: str | None = None
    """A station whose log lines weighed in a part that did not pass, or warned."""
    text: str | None = None
    """Words of the log around parts that did not pass; "in quotes" for a phrase."""
    branch_version: str | None = None
    """Of the line that is named."""
    since_ns: int | None = None
    until_ns: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be looked for.

        Raises:
            InputError: there is no word in the text, or no line to the branch.
        """
        if self.branch_version and not self.line:
            what = "is a version of one line's branch: name the line too"
            where = f"search branch {self.branch_version}"
            raise InputError.single(where, what)
        if self.text and not phrases_of(self.text):
            what = "holds no word: write letters or digits that the log contains"
            where = f"search text {self.text!r}"
            raise InputError.single(where, what)

    @property
    def by_arrival(self) -> bool:
        """Whether the result is in the order of arrival: the text index knows no other.

        Parts arrive in the order of capture but for what the line held back.
        """
        return bool(self.text)


def question(query: VerdictQuery, dialect: Dialect) -> Select[Any]:
    """Write a search as SQL that gives `Listed` rows, in no order yet."""
    asked = select(*LISTED).select_from(_source(query, dialect))
    return asked.where(*_conditions(query, dialect))


def ordered(
    asked: Select[Any], query: VerdictQuery, dialect: Dialect, *, newest_first: bool
) -> Select[Any]:
    """Put a search in order, by an index."""
    columns = order_columns(query, dialect)
    return asked.order_by(*(c.desc() if newest_first else c.asc() for c in columns))


def order_columns(
    query: VerdictQuery, dialect: Dialect
) -> tuple[ColumnElement[int], ...]:
    """Give the columns that a search is ordered by."""
    if query.by_arrival:
        return (_text_id(dialect),)
    if query.station:
        return log_stations.c.captured_ns, log_stations.c.verdict_id
    if query.serial:  # a few parts: found by the serial's index, then put in order
        return verdicts.c.captured_ns + 0, verdicts.c.id + 0
    return verdicts.c.captured_ns, verdicts.c.id


def beyond(
    query: VerdictQuery, key: Key, dialect: Dialect, *, newest_first: bool
) -> ColumnElement[bool]:
    """Narrow a search to what comes after a place in its order."""
    columns = order_columns(query, dialect)
    if query.by_arrival:
        return columns[0] < key.id if newest_first else columns[0] > key.id
    place = tuple(key)
    left, right = tuple_(*columns), tuple_(*map(literal, place))
    return left < right if newest_first else left > right


def _source(query: VerdictQuery, dialect: Dialect) -> FromClause:
    source: FromClause = verdicts
    if query.station:
        on = log_stations.c.verdict_id == verdicts.c.id
        source = log_stations.join(source, on)
    if query.text:
        index = log_text if dialect.name == "postgresql" else log_words
        source = source.join(index, _text_id(dialect) == verdicts.c.id)
    return source


def _text_id(dialect: Dialect) -> ColumnElement[int]:
    """Give the number of a verdict as the index of words knows it."""
    if dialect.name == "postgresql":
        return log_text.c.verdict_id
    return literal_column(f"{LOG_TEXT}.rowid", BigInteger)


def _conditions(query: VerdictQuery, dialect: Dialect) -> list[ColumnElement[bool]]:
    found = _plain(query, dialect)
    if _needs_not_passed(query):
        found.append(NOT_PASSED)
    if query.serial:
        found.append(_serial(query.serial, dialect))
    if query.text:
        found.append(_match(phrases_of(query.text), dialect))
    return found


def _needs_not_passed(query: VerdictQuery) -> bool:
    """Whether to say it; words and stations are of no other parts anyway."""
    if query.text or query.station:
        return False
    decided = query.decision not in {None, Decision.PASS}
    return query.not_passed or bool(query.defect) or decided


def _plain(query: VerdictQuery, dialect: Dialect) -> list[ColumnElement[bool]]:
    """Narrow by columns; where SQLite is to begin with words, not by their indexes."""
    words_lead = bool(query.text) and dialect.name == "sqlite"
    table = verdicts.c
    moment = log_stations.c.captured_ns if query.station else table.captured_ns
    wanted: tuple[tuple[object, Any, Callable[[Any, Any], Any]], ...] = (
        (query.line, table.line, eq),
        (query.decision, table.decision, eq),
        (query.defect, table.defect, eq),
        (query.branch_version, table.branch_version, eq),
        (query.station, log_stations.c.station, eq),
        (query.since_ns, moment, ge),
        (query.until_ns, moment, lt),
    )
    return [
        compare(func.coalesce(column, None) if words_lead else column, value)
        for value, column, compare in wanted
        if value not in {None, ""}
    ]


NOT_PASSED: ColumnElement[bool] = literal_column("verdicts.decision <> 'PASS'", Boolean)
"""In the words of the partial indexes, so that they are used."""


def _serial(beginning: str, dialect: Dialect) -> ColumnElement[bool]:
    """Narrow to the first serials that begin so, found by their index alone."""
    candidates = select(verdicts.c.id).where(_begins(beginning, dialect))
    by_sign: ColumnElement[str] = verdicts.c.serial
    if dialect.name == "postgresql":  # in the order of its index, in any locale
        by_sign = literal_column("verdicts.serial USING ~<~")
    first = candidates.order_by(by_sign).limit(MOST_SERIALS)
    return verdicts.c.id.in_(first)


def _begins(beginning: str, dialect: Dialect) -> ColumnElement[bool]:
    serial = verdicts.c.serial
    if dialect.name == "postgresql":
        return serial.startswith(beginning, autoescape=True)
    after = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    return and_(serial >= beginning, serial < after)


def _match(phrases: Sequence[list[str]], dialect: Dialect) -> ColumnElement[bool]:
    if dialect.name == "postgresql":
        wanted = cast(literal(tsquery(phrases)), TSQUERY)
        return log_text.c.words.op("@@", return_type=Boolean())(wanted)
    index: ColumnElement[str] = literal_column(LOG_TEXT)
    return index.op("MATCH", return_type=Boolean())(fts5_query(phrases))
