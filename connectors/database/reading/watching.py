"""What each line shows now: its last part, and the counters of its shift.

Made once and refreshed as often as a screen likes. A refresh asks one question for the
verdicts that are new, whatever the number of lines and however long the record is.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine, func, select

from connectors.database.reading.arrivals import Arrivals
from connectors.database.reading.bins import LATENCY, bin_of, percentile
from connectors.database.reading.gathering import MEASURE_S
from connectors.database.reading.queries import (
    Listed,
    VerdictQuery,
    ordered,
    question,
)
from connectors.database.reading.tables import gathered, measures, tallies
from connectors.database.tables import verdicts
from connectors.database.values import reading
from inspector.measures.estimates import Rate
from inspector.types import NS_PER_S, Decision, Fault

ShiftStart = Callable[[str, int], int]
"""Says when the shift began in which a line is at a moment, both in UTC ns."""

OVERRUNS = frozenset({Fault.DEADLINE, Fault.OVERLOAD})
_STRIP = 20
"""Last rejects that are kept at hand."""
_SPEED_OVER_S = 60.0


@dataclass(slots=True)
class ShiftCounts:
    """Counters of a line's shift so far."""

    since_ns: int
    decisions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    """By bin of `bins.LATENCY`; what was counted by the hour begins with the hour."""

    @property
    def parts(self) -> int:
        """Parts with a verdict."""
        return self.decisions.total()

    @property
    def overruns(self) -> int:
        """Parts that were late, or handed back by a full inbox."""
        return sum(self.faults[fault] for fault in OVERRUNS)

    @property
    def passed(self) -> Rate:
        """The yield: parts that passed at once, of all parts."""
        return Rate(count=self.decisions[Decision.PASS], of=self.parts)

    @property
    def undecided(self) -> Rate:
        """Parts left to a person, of all parts."""
        return Rate(count=self.decisions[Decision.REVIEW], of=self.parts)

    @property
    def p99_ms(self) -> float | None:
        """The latency that 99 % of the parts do not exceed, exact to 5 %."""
        return percentile(LATENCY, self.latency, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line as its tile shows it."""

    line: str
    last: Listed | None
    """The newest part."""
    counts: ShiftCounts
    parts_per_min: float
    """Over the last minute of capture before the newest part."""
    rejects: Sequence[Listed]
    """The last rejects, the newest first."""


class _Line:
    """What is known of a line, and goes on counting."""

    def __init__(self, line: str, since_ns: int) -> None:
        self.line = line
        self.counts = ShiftCounts(since_ns=since_ns)
        self.last: Listed | None = None
        self.rejects: deque[Listed] = deque(maxlen=_STRIP)
        self._moments: deque[int] = deque()

    def take(self, row: Listed) -> None:
        """Count a new verdict; one of an earlier shift is shown, not counted."""
        if self.last is None or row.captured_ns >= self.last.captured_ns:
            self.last = row
        if row.decision == Decision.REJECT:
            self.rejects.appendleft(row)
        if row.captured_ns >= self.counts.since_ns:
            self.counts.decisions[row.decision] += 1
            self.counts.latency[bin_of(LATENCY, row.latency_ms)] += 1
            if row.fault is not None:
                self.counts.faults[row.fault] += 1
        self._pace(row.captured_ns)

    def state(self) -> LineState:
        counts = self.counts
        return LineState(
            line=self.line,
            last=self.last,
            counts=replace(
                counts,
                decisions=Counter(counts.decisions),
                faults=Counter(counts.faults),
                latency=Counter(counts.latency),
            ),
            parts_per_min=self._per_min(),
            rejects=tuple(self.rejects),
        )

    def _pace(self, captured_ns: int) -> None:
        moments = self._moments
        moments.append(captured_ns)
        while moments[0] < captured_ns - _SPEED_OVER_S * NS_PER_S:
            moments.popleft()

    def _per_min(self) -> float:
        """Take the pace from the spaces between parts, so that one part has none."""
        if len(self._moments) < 2:  # noqa: PLR2004
            return 0.0
        took_s = (self._moments[-1] - self._moments[0]) / NS_PER_S
        return 60 * (len(self._moments) - 1) / took_s if took_s > 0 else 0.0


class LineWatch:
    """Watches every line of a database; not for several threads.

    Args:
        engine: of a database that is up to date.
        shift_start: when the shift of a line at a moment began.

    Raises:
        StoreError: the database cannot be read.
    """

    def __init__(self, engine: Engine, shift_start: ShiftStart) -> None:
        self._engine = engine
        self._shift_start = shift_start
        self._lines: dict[str, _Line] = {}
        with reading(engine) as connection:
            counted = _counted_to(connection)
            for line in _line_names(connection):
                self._lines[line] = self._begin(connection, line)
        self._arrivals = Arrivals(engine, after_id=counted)

    def refresh(self) -> list[Listed]:
        """Take in what is new; gives it in order of arrival, at most some thousands.

        Call again at once while it gives something, at most each 100 ms otherwise.

        Raises:
            StoreError: the database cannot be read; the next call makes up for it.
        """
        rows = self._arrivals.take()
        for row in rows:
            line = self._lines.get(row.line)
            if line is None:
                since_ns = self._shift_start(row.line, row.captured_ns)
                line = self._lines[row.line] = _Line(row.line, since_ns)
            self._turn_over(line, row.captured_ns)
            line.take(row)
        return rows

    def states(self) -> Mapping[str, LineState]:
        """Give each line's state, by its name."""
        return {name: self._lines[name].state() for name in sorted(self._lines)}

    def _turn_over(self, line: _Line, captured_ns: int) -> None:
        """Begin new counters where a part is the first of a new shift."""
        since_ns = self._shift_start(line.line, captured_ns)
        if since_ns > line.counts.since_ns:
            line.counts = ShiftCounts(since_ns=since_ns)

    def _begin(self, connection: Connection, name: str) -> _Line:
        last = _last_rows(connection, name, 1)
        newest_ns = last[0].captured_ns if last else 0
        line = _Line(name, self._shift_start(name, newest_ns))
        line.last = last[0] if last else None
        line.rejects.extend(_last_rows(connection, name, _STRIP, Decision.REJECT))
        line.counts = shift_counts(connection, name, line.counts.since_ns)
        return line


def lines(engine: Engine) -> list[str]:
    """Name the lines that have verdicts, in order.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return _line_names(connection)


def shift_counts(
    connection: Connection, line: str, since_ns: int, until_ns: int | None = None
) -> ShiftCounts:
    """Count a line's shift from what was gathered; whole five minutes of capture.

    Latency is gathered by the hour: of the hour in which the shift began, all counts.
    """
    counts = ShiftCounts(since_ns=since_ns)
    until_ns = 2**62 if until_ns is None else until_ns
    table = tallies.c
    asked = select(table.decision, table.fault, func.sum(table.parts)).where(
        table.line == line, table.bucket_ns >= since_ns, table.bucket_ns < until_ns
    )
    for decision, fault, parts in connection.execute(
        asked.group_by(table.decision, table.fault)
    ):
        counts.decisions[decision] += int(parts)
        if fault:
            counts.faults[fault] += int(parts)
    hour_ns = since_ns - since_ns % (MEASURE_S * NS_PER_S)
    measured = measures.c
    histogram = select(measured.bin, func.sum(measured.parts)).where(
        measured.line == line,
        measured.bucket_ns >= hour_ns,
        measured.bucket_ns < until_ns,
        measured.measure == LATENCY,
    )
    for number, parts in connection.execute(histogram.group_by(measured.bin)):
        counts.latency[number] += int(parts)
    return counts


def _counted_to(connection: Connection) -> int:
    asked = select(gathered.c.last_id).where(gathered.c.name == "counted")
    return int(connection.execute(asked).scalar_one())


def _line_names(connection: Connection) -> list[str]:
    """Step from name to name along the index, past all the rows of each."""
    names: list[str] = []
    column = verdicts.c.line
    while True:
        rest = select(func.min(column))
        if names:
            rest = rest.where(column > names[-1])
        name = connection.execute(rest).scalar()
        if name is None:
            return names
        names.append(name)


def _last_rows(
    connection: Connection, line: str, count: int, decision: Decision | None = None
) -> list[Listed]:
    query = VerdictQuery(line=line, decision=decision)
    dialect = connection.dialect
    asked = ordered(question(query, dialect), query, dialect, newest_first=True)
    return [Listed(*row) for row in connection.execute(asked.limit(count))]
