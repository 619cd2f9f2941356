"""Fills the tables that answer a console quickly, outside the verdict path.

Whoever looks at the record may gather: every console does, and `inspector gather`.
Each verdict is taken exactly once, whoever takes it, because what was gathered and up
to where is one transaction. Transactions are short, for SQLite has one writer at a
time, and that should be the line.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Table, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import store_error
from connectors.database.evidence import read_evidence
from connectors.database.reading.bins import (
    LATENCY,
    LOG_LINES,
    PICTURE,
    SCORES,
    STAGE,
    bin_of,
)
from connectors.database.reading.tables import (
    LOG_TEXT,
    gathered,
    log_stations,
    measures,
    tallies,
)
from connectors.database.reading.words import tsvector, words_of
from connectors.database.tables import verdicts
from connectors.database.values import reading
from inspector.drift import describe_picture
from inspector.errors import InputError, PictureError
from inspector.evidence import WindowRecord, record_name
from inspector.ports import PictureDecoder
from inspector.types import NS_PER_S, Decision

TALLY_S = 300
"""Seconds of capture that are counted together."""
MEASURE_S = 3600
_COUNTED, _READ = "counted", "read"
"""Which verdicts are counted, and of which the evidence was read."""
_SETTLED_S = 10.0
"""A number missing between others is waited for this long: its row may yet come."""
_WEIGHS = 0.05
"""A station with at least this share of the log's say is one that weighed."""
_LOUD = frozenset({"WARN", "WARNING", "ERROR", "FATAL", "CRITICAL", "ALARM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePlace:
    """Where the evidence lies, and how its pictures are decoded."""

    folder: Path
    decode: PictureDecoder | None = None
    """`None` leaves picture statistics out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far gathering has come."""

    counted: int
    """The number of the last verdict that was counted."""
    read: int
    """The number of the last verdict whose evidence was looked for."""
    newest: int
    """The number of the newest verdict."""


class Gatherer:
    """Counts verdicts and indexes the log text around parts that did not pass.

    Args:
        engine: of a database that is up to date.
        evidence: where it lies; `None` leaves log text and picture statistics to a
            program that can reach it.
        utc_ns: the wall clock; replaced in tests.
    """

    def __init__(
        self,
        engine: Engine,
        evidence: EvidencePlace | None = None,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._engine = engine
        self._evidence = evidence
        self._utc_ns = utc_ns
        self.unreadable = 0
        """Parts whose evidence should have been there and could not be read."""

    def count(self, at_most: int = 2000) -> int:
        """Count the next verdicts; gives how many were taken, 0 when all are counted.

        Raises:
            StoreError: the database cannot be read or written; nothing is counted.
        """
        with reading(self._engine) as connection:
            last, rows = _next(connection, _COUNTED, at_most, self._utc_ns())
        if not rows:
            return 0
        counts, histograms = _tally(rows)
        with _gathering(self._engine, _COUNTED, last, rows[-1].id) as connection:
            if connection is not None:
                _add(connection, tallies, counts)
                _add(connection, measures, histograms)
        return len(rows)

    def read(self, at_most: int = 64) -> int:
        """Index the evidence of the next verdicts; gives how many verdicts were taken.

        Raises:
            StoreError: the database cannot be read or written; nothing is indexed.
        """
        if self._evidence is None:
            return 0
        with reading(self._engine) as connection:
            last, rows = _next(connection, _READ, 50 * at_most, self._utc_ns())
        rows = _with_evidence(rows, at_most)
        if not rows:
            return 0
        texts = [found for row in rows if (found := self._text(row, self._evidence))]
        statistics = self._statistics(rows, self._evidence)
        with _gathering(self._engine, _READ, last, rows[-1].id) as connection:
            if connection is not None:
                index_texts(connection, texts)
                _add(connection, measures, statistics)
        return len(rows)

    def progress(self) -> Progress:
        """Say how far it has come.

        Raises:
            StoreError: the database cannot be read.
        """
        with reading(self._engine) as connection:
            newest = connection.execute(select(func.max(verdicts.c.id))).scalar() or 0
            at = {row.name: row.last_id for row in connection.execute(select(gathered))}
        return Progress(counted=at[_COUNTED], read=at[_READ], newest=newest)

    def _text(self, row: Row[Any], place: EvidencePlace) -> PartText | None:
        if row.decision == Decision.PASS or row.evidence is None:
            return None
        name = record_name(row.line, row.camera, row.frame_id, row.decided_ns)
        try:
            content = read_evidence(place.folder, name)
            record = WindowRecord.from_json(content, name)
        except InputError:
            self.unreadable += 1
            return None
        return part_text(row.id, record)

    def _statistics(
        self, rows: Sequence[Row[Any]], place: EvidencePlace
    ) -> Counter[_Measured]:
        counts: Counter[_Measured] = Counter()
        for row in rows:
            if row.decision == Decision.PASS or not row.evidence or not place.decode:
                continue
            try:
                pixels = place.decode(read_evidence(place.folder, row.evidence))
            except (InputError, PictureError):
                continue
            for name, value in zip(PICTURE, describe_picture(pixels), strict=True):
                counts[_measured(row, name, value)] += 1
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class PartText:
    """What is indexed of a part: its log's words, and which stations weighed."""

    verdict_id: int
    captured_ns: int
    words: Sequence[str]
    shares: dict[str, float]
    """Share of the log's say by station, 0 to 1."""


def part_text(verdict_id: int, record: WindowRecord) -> PartText:
    """Take from a part's window what is indexed of it."""
    words: list[str] = []
    shares: dict[str, float] = {}
    loud: set[str] = set()
    for line in record.log_lines:
        words += words_of(f"{line.station} {line.level} {line.text}")
        shares[line.station] = shares.get(line.station, 0.0) + (line.weight or 0.0)
        if line.level.upper() in _LOUD:
            loud.add(line.station)
    weighed = {
        station: min(share, 1.0)
        for station, share in shares.items()
        if share >= _WEIGHS or station in loud
    }
    return PartText(
        verdict_id=verdict_id,
        captured_ns=record.captured_ns,
        words=words,
        shares=weighed,
    )


class _Tallied(NamedTuple):
    line: str
    bucket_ns: int
    branch_version: str
    decision: str
    defect: str
    fault: str
    route: str
    look: str
    log_context: str
    is_simulated: bool


class _Measured(NamedTuple):
    line: str
    bucket_ns: int
    branch_version: str
    measure: str
    bin: int


_TAKEN = tuple(
    verdicts.c[name]
    for name in (
        "id",
        "line",
        "camera",
        "frame_id",
        "captured_ns",
        "decided_ns",
        "branch_version",
        "decision",
        "defect",
        "fault",
        "route",
        "look",
        "log_context",
        "log_lines",
        "is_simulated",
        "latency_ms",
        "stage_ms",
        "score",
        "picture_score",
        "log_score",
        "evidence",
    )
)


def _next(
    connection: Connection, name: str, at_most: int, now_ns: int
) -> tuple[int, list[Row[Any]]]:
    """Give up to where was gathered, and the rows after it that are settled."""
    asked = select(gathered.c.last_id).where(gathered.c.name == name)
    last = connection.execute(asked).scalar_one()
    after = select(*_TAKEN).where(verdicts.c.id > last).order_by(verdicts.c.id)
    rows = connection.execute(after.limit(at_most)).all()
    return last, list(_settled(last, rows, now_ns))


def _settled(last: int, rows: Iterable[Row[Any]], now_ns: int) -> Iterable[Row[Any]]:
    """Stop before a gap that may still close."""
    settled_ns = now_ns - int(_SETTLED_S * NS_PER_S)
    for row in rows:
        if row.id != last + 1 and row.decided_ns > settled_ns:
            return
        last = row.id
        yield row


def _with_evidence(rows: list[Row[Any]], at_most: int) -> list[Row[Any]]:
    """Keep the first rows, so that so many of them may have evidence to read."""
    found = 0
    for place, row in enumerate(rows):
        found += row.decision != Decision.PASS
        if found == at_most:
            return rows[: place + 1]
    return rows


def _tally(
    rows: Iterable[Row[Any]],
) -> tuple[Counter[_Tallied], Counter[_Measured]]:
    counts: Counter[_Tallied] = Counter()
    histograms: Counter[_Measured] = Counter()
    for row in rows:
        counts[_tallied(row)] += 1
        for measure, value in _measurements(row):
            histograms[_measured(row, measure, value)] += 1
    return counts, histograms


def _tallied(row: Row[Any]) -> _Tallied:
    passed = row.decision == Decision.PASS
    return _Tallied(
        line=row.line,
        bucket_ns=_bucket(row.captured_ns, TALLY_S),
        branch_version=row.branch_version,
        decision=row.decision,
        defect="" if passed else row.defect or "",
        fault=row.fault or "",
        route=row.route,
        look=row.look or "",
        log_context=row.log_context,
        is_simulated=row.is_simulated,
    )


def _measurements(row: Row[Any]) -> Iterable[tuple[str, float]]:
    yield LATENCY, row.latency_ms
    yield LOG_LINES, row.log_lines
    for stage, duration_ms in row.stage_ms.items():
        yield f"{STAGE}{stage[:48]}", duration_ms
    for name, value in zip(
        SCORES, (row.score, row.picture_score, row.log_score), strict=True
    ):
        if value is not None:
            yield name, value


def _measured(row: Row[Any], measure: str, value: float) -> _Measured:
    return _Measured(
        line=row.line,
        bucket_ns=_bucket(row.captured_ns, MEASURE_S),
        branch_version=row.branch_version,
        measure=measure,
        bin=bin_of(measure, value),
    )


def _bucket(moment_ns: int, seconds: int) -> int:
    return moment_ns - moment_ns % (seconds * NS_PER_S)


@contextmanager
def _gathering(
    engine: Engine, name: str, last: int, now: int
) -> Iterator[Connection | None]:
    """Write from one row to another in one transaction; `None` if another was faster.

    Raises:
        StoreError: it cannot be written.
    """
    forward = (
        update(gathered)
        .where(gathered.c.name == name, gathered.c.last_id == last)
        .values(last_id=now)
    )
    try:
        with engine.execution_options(begin="IMMEDIATE").begin() as connection:
            first = connection.execute(forward).rowcount == 1
            yield connection if first else None
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error


def _add(connection: Connection, table: Table, counts: Mapping[Any, int]) -> None:
    if not counts:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    adding = insert.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={"parts": table.c.parts + insert.excluded.parts},
    )
    rows = [key._asdict() | {"parts": parts} for key, parts in sorted(counts.items())]
    connection.execute(adding, rows)


def index_texts(connection: Connection, texts: Sequence[PartText]) -> None:
    """Add parts to the index of words and to that of stations."""
    if not texts:
        return
    if connection.dialect.name == "postgresql":
        statement = text(
            f"INSERT INTO {LOG_TEXT} (verdict_id, words) "  # noqa: S608 - a constant
            "VALUES (:id, CAST(:words AS tsvector)) ON CONFLICT DO NOTHING"
        )
        words = [tsvector(each.words) for each in texts]
    else:
        statement = text(
            f"INSERT INTO {LOG_TEXT} (rowid, words) VALUES (:id, :words)"  # noqa: S608
        )
        words = [" ".join(each.words) for each in texts]
    connection.execute(
        statement,
        [
            {"id": each.verdict_id, "words": said}
            for each, said in zip(texts, words, strict=True)
        ],
    )
    shares = [
        {
            "verdict_id": each.verdict_id,
            "station": station,
            "captured_ns": each.captured_ns,
            "share": share,
        }
        for each in texts
        for station, share in each.shares.items()
    ]
    if shares:
        connection.execute(log_stations.insert(), shares)
