"""Figures of a time from what was gathered: trends, Pareto, routes, latency, reviews.

Counts are of whole five minutes of capture, histograms of whole hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from connectors.database.reading.bins import LATENCY, STAGE, middle_of, percentile
from connectors.database.reading.gathering import MEASURE_S, TALLY_S
from connectors.database.reading.tables import measures, tallies
from connectors.database.tables import verdicts, verifications
from connectors.database.values import reading
from inspector.spc import Reviewed, ShiftFigures, Subgroup, control_chart
from inspector.types import NS_PER_S, Decision
from inspector.verification import (
    Outcome,
    PartKey,
    Verification,
    is_bad,
    words_that_count,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What figures are of; `None` does not narrow.

    `until_ns` does not belong to it. A defect narrows to parts that did not pass.
    """

    line: str
    since_ns: int
    until_ns: int
    branch_version: str | None = None
    defect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What became of the parts of a stretch of time."""

    start_ns: int
    decisions: Mapping[str, int]
    branches: tuple[str, ...]

    @property
    def parts(self) -> int:
        """Parts with a verdict."""
        return sum(self.decisions.values())


def count_by(engine: Engine, scope: Scope, what: str) -> dict[str, int]:
    """Count parts by a column of `tallies`, the most frequent first.

    Args:
        engine: of a database that is up to date.
        scope: which parts.
        what: `decision`, `defect`, `fault`, `route`, `look`, `log_context` or
            `branch_version`; an empty word, which stands for none, is left out.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return _count_by(connection, scope, what)


def trend(engine: Engine, scope: Scope, step_s: int = 900) -> list[Stretch]:
    """Give what became of parts, stretch by stretch; stretches without parts are left.

    Args:
        engine: of a database that is up to date.
        scope: which parts.
        step_s: length of a stretch, a multiple of 300.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return _trend(connection, scope, step_s)


def subgroups(stretches: list[Stretch], decision: Decision) -> list[Subgroup]:
    """Make subgroups of a decision; the first with another branch says so."""
    made, before = [], None
    for each in stretches:
        now = each.branches[-1] if each.branches else None
        changed = before is not None and now != before
        made.append(
            Subgroup(
                start_ns=each.start_ns,
                count=each.decisions.get(decision, 0),
                parts=each.parts,
                mark=f"branch {now}" if changed else "",
            )
        )
        before = now
    return made


def histogram(engine: Engine, scope: Scope, measure: str) -> dict[float, int]:
    """Give how often a measure had which value (the middle of its bin), in order.

    Args:
        engine: of a database that is up to date.
        scope: which parts; a defect does not narrow it.
        measure: `latency`, `stage:decode` and the like, `score`, `picture_score`,
            `log_score`, `log_lines`, `brightness`, `contrast` or `sharpness`.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        counts = _histograms(connection, scope).get(measure, {})
    return {middle_of(measure, number): counts[number] for number in sorted(counts)}


def drift_of(engine: Engine, scope: Scope, measure: str) -> list[tuple[int, float]]:
    """Give the mean of a measure hour by hour: begin of the hour in ns, and mean.

    Raises:
        StoreError: the database cannot be read.
    """
    table = measures.c
    asked = select(table.bucket_ns, table.bin, func.sum(table.parts)).where(
        _measured(scope), table.measure == measure
    )
    sums: dict[int, list[float]] = {}
    with reading(engine) as connection:
        grouped = asked.group_by(table.bucket_ns, table.bin)
        for bucket_ns, number, parts in connection.execute(grouped):
            held = sums.setdefault(bucket_ns, [0.0, 0.0])
            held[0] += middle_of(measure, number) * int(parts)
            held[1] += int(parts)
    return [(at, total / parts) for at, (total, parts) in sorted(sums.items())]


def reviewed(engine: Engine, scope: Scope) -> Reviewed:
    """Give what people found of the parts of a time.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return _reviewed(connection, scope)[0]


def shift_figures(engine: Engine, scope: Scope, step_s: int = 900) -> ShiftFigures:
    """Give everything that a report says of a time.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        found, seconds = _reviewed(connection, scope)
        stretches = _trend(connection, scope, step_s)
        return ShiftFigures(
            line=scope.line,
            since_ns=scope.since_ns,
            until_ns=scope.until_ns,
            is_simulated=_is_simulated(connection, scope),
            reviewed=found,
            faults=_count_by(connection, scope, "fault"),
            defects=_count_by(connection, scope, "defect"),
            routes=_count_by(connection, scope, "route"),
            looks=_count_by(connection, scope, "look"),
            branches=_count_by(connection, scope, "branch_version"),
            latency_ms=_latency(connection, scope),
            rejects=control_chart(subgroups(stretches, Decision.REJECT)),
            seconds_per_part=median(seconds) if seconds else None,
        )


def _count_by(connection: Connection, scope: Scope, what: str) -> dict[str, int]:
    column = tallies.c[what]
    parts = func.sum(tallies.c.parts)
    asked = select(column, parts).where(_tallied(scope)).group_by(column)
    rows = connection.execute(asked.order_by(parts.desc(), column))
    return {word: int(count) for word, count in rows if word}


def _trend(connection: Connection, scope: Scope, step_s: int) -> list[Stretch]:
    table = tallies.c
    asked = select(
        table.bucket_ns, table.decision, table.branch_version, func.sum(table.parts)
    ).where(_tallied(scope))
    grouped = asked.group_by(table.bucket_ns, table.decision, table.branch_version)
    decisions: dict[int, Counter[str]] = {}
    branches: dict[int, dict[str, None]] = {}
    for bucket_ns, decision, branch, parts in connection.execute(
        grouped.order_by(table.bucket_ns)
    ):
        start_ns = bucket_ns - (bucket_ns - scope.since_ns) % (step_s * NS_PER_S)
        decisions.setdefault(start_ns, Counter())[decision] += int(parts)
        branches.setdefault(start_ns, {})[branch] = None
    return [
        Stretch(start_ns=at, decisions=counts, branches=tuple(branches[at]))
        for at, counts in sorted(decisions.items())
    ]


def _latency(connection: Connection, scope: Scope) -> dict[str, tuple[float, float]]:
    found = {}
    for measure, counts in sorted(_histograms(connection, scope).items()):
        if measure == LATENCY or measure.startswith(STAGE):
            p50, p99 = (percentile(measure, counts, each) for each in (50, 99))
            found[measure.removeprefix(STAGE)] = (p50 or 0.0, p99 or 0.0)
    return found


def _histograms(connection: Connection, scope: Scope) -> dict[str, dict[int, int]]:
    table = measures.c
    asked = select(table.measure, table.bin, func.sum(table.parts)).where(
        _measured(scope)
    )
    found: dict[str, dict[int, int]] = {}
    grouped = asked.group_by(table.measure, table.bin)
    for measure, number, parts in connection.execute(grouped):
        found.setdefault(measure, {})[number] = int(parts)
    return found


def _reviewed(connection: Connection, scope: Scope) -> tuple[Reviewed, list[float]]:
    """Give what people found, and how long each part took them."""
    said = _words(connection, scope)
    decisions: dict[PartKey, str] = {word.part: decision for word, decision in said}
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    audited: Counter[bool] = Counter()
    for part, word in words_that_count(each for each, _ in said).items():
        decision = decisions[part]
        found_bad = is_bad(Decision(decision), word.outcome)
        (bad if found_bad else good)[decision] += 1
        if word.blind and decision == Decision.PASS:
            audited[bool(found_bad)] += 1
    found = Reviewed(
        decided=_count_by(connection, scope, "decision"),
        good=good,
        bad=bad,
        audited_good=audited[False],
        audited_bad=audited[True],
    )
    return found, [w.seconds_taken for w, _ in said if w.seconds_taken is not None]


def _words(connection: Connection, scope: Scope) -> list[tuple[Verification, str]]:
    """Give the words about the parts of a time, each with the part's decision."""
    word, verdict = verifications.c, verdicts.c
    same = and_(
        word.line == verdict.line,
        word.camera == verdict.camera,
        word.frame_id == verdict.frame_id,
    )
    wanted = [
        word.line == scope.line,
        verdict.captured_ns >= scope.since_ns,
        verdict.captured_ns < scope.until_ns,
    ]
    if scope.branch_version is not None:
        wanted.append(verdict.branch_version == scope.branch_version)
    if scope.defect is not None:
        wanted.append(verdict.defect == scope.defect)
    names = [n for n in Verification.__dataclass_fields__ if n != "outcome"]
    asked = select(
        *(word[name] for name in names), word.outcome, verdict.decision
    ).select_from(verifications.join(verdicts, same))
    rows = connection.execute(asked.where(*wanted).order_by(word.id)).mappings()
    return [
        (
            Verification(
                **{name: row[name] for name in names},
                outcome=Outcome(row["outcome"]),
            ),
            str(row["decision"]),
        )
        for row in rows
    ]


def _is_simulated(connection: Connection, scope: Scope) -> bool:
    asked = select(func.count()).where(_tallied(scope), tallies.c.is_simulated)
    return bool(connection.execute(asked).scalar())


def _tallied(scope: Scope) -> ColumnElement[bool]:
    table = tallies.c
    step_ns = TALLY_S * NS_PER_S
    wanted = [
        table.line == scope.line,
        table.bucket_ns >= scope.since_ns - scope.since_ns % step_ns,
        table.bucket_ns < scope.until_ns,
    ]
    if scope.branch_version is not None:
        wanted.append(table.branch_version == scope.branch_version)
    if scope.defect is not None:
        wanted.append(table.defect == scope.defect)
    return and_(*wanted)


def _measured(scope: Scope) -> ColumnElement[bool]:
    table = measures.c
    step_ns = MEASURE_S * NS_PER_S
    wanted = [
        table.line == scope.line,
        table.bucket_ns >= scope.since_ns - scope.since_ns % step_ns,
        table.bucket_ns < scope.until_ns,
    ]
    if scope.branch_version is not None:
        wanted.append(table.branch_version == scope.branch_version)
    return and_(*wanted)
