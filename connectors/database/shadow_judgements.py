"""Keeps what branches in shadow said in a SQL database, and answers about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from connectors.database.tables import shadow_judgements, verdicts
from connectors.database.values import moment, reading, storable, writing
from inspector.types import ShadowJudgement

_IDENTITY = ("line", "camera", "frame_id", "version")


class SqlShadowStore:
    """Keeps judgements through SQLAlchemy; see the port `ShadowStore`.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store(self, judgements: Sequence[ShadowJudgement]) -> None:
        """Commit a batch; a part that the version judged before keeps what it said.

        Raises:
            StoreError: nothing of the batch is stored.
        """
        if not judgements:
            return
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(shadow_judgements).on_conflict_do_nothing(
            index_elements=_IDENTITY
        )
        with writing(self._engine) as connection:
            connection.execute(statement, [_as_row(each) for each in judgements])


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A part about which the branch in shadow would have decided otherwise."""

    camera: str
    frame_id: int
    live_version: str
    live_decision: str
    live_score: float | None
    decision: str
    score: float | None
    reason: str
    evidence: str | None
    """Path of the picture inside the evidence folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """What is known of a version in shadow since a moment."""

    verdicts: int
    """Parts that got their verdict meanwhile."""
    judged: int
    """Of these, parts that the version judged too."""
    faults: int
    """Of these, parts of which one of the two could not judge."""
    changes: dict[tuple[str, str], int]
    """How many parts, by what was decided and what would have been."""
    judged_ms: tuple[float, float]
    """Median and 99th percentile of what the version takes for a part, in ms."""
    latency_ms: tuple[float, float]
    """The same of the line's own latency, from arrival to decision, meanwhile."""
    latency_before_ms: tuple[float, float]
    """And of as many parts before that."""


def disagreements(
    engine: Engine, line: str, version: str, limit: int
) -> Iterator[Disagreement]:
    """Give the parts about which a version disagrees, the latest first.

    Raises:
        StoreError: the database cannot be read.
    """
    table = shadow_judgements.c
    names = tuple(Disagreement.__dataclass_fields__)
    question = (
        select(*(table[name] for name in names))
        .where(table.line == line, table.version == version, table.disagrees)
        .order_by(table.captured_ns.desc(), table.id.desc())
        .limit(limit)
    )
    with reading(engine) as connection:
        for row in connection.execute(question).mappings():
            yield Disagreement(**row)


def shadow_report(
    engine: Engine, line: str, version: str, since_ns: int
) -> ShadowReport:
    """Say how a version in shadow compares with what runs.

    Args:
        engine: of the database.
        line: name of the line.
        version: of its branch.
        since_ns: when it was put into shadow.

    Raises:
        StoreError: the database cannot be read.
    """
    said = shadow_judgements.c
    its = and_(said.line == line, said.version == version, said.judged_ns >= since_ns)
    after = verdicts.c.line == line, verdicts.c.decided_ns >= since_ns
    with reading(engine) as connection:
        parts = connection.scalar(select(func.count()).where(*after)) or 0
        return ShadowReport(
            verdicts=parts,
            judged=connection.scalar(select(func.count()).where(its)) or 0,
            faults=connection.scalar(
                select(func.count()).where(
                    its, said.fault.is_not(None) | said.live_fault.is_not(None)
                )
            )
            or 0,
            changes=_changes(connection, its),
            judged_ms=_percentiles(
                connection.scalars(select(said.judged_ms).where(its))
            ),
            latency_ms=_percentiles(_latencies(connection, after, parts)),
            latency_before_ms=_percentiles(
                _latencies(connection, (after[0], ~after[1]), parts)
            ),
        )


def _changes(
    connection: Connection, its: ColumnElement[bool]
) -> dict[tuple[str, str], int]:
    said = shadow_judgements.c
    both = said.live_decision, said.decision
    question = select(*both, func.count()).where(its, said.disagrees).group_by(*both)
    return {(was, would): count for was, would, count in connection.execute(question)}


def _latencies(
    connection: Connection, which: Sequence[ColumnElement[bool]], limit: int
) -> Iterator[float]:
    table = verdicts.c
    question = select(table.latency_ms).where(*which)
    return iter(connection.scalars(question.order_by(table.id.desc()).limit(limit)))


def _percentiles(durations_ms: Iterator[float]) -> tuple[float, float]:
    """Give median and 99th percentile; NaN of nothing."""
    found = np.array(list(durations_ms))
    if not len(found):
        return float("nan"), float("nan")
    return float(np.percentile(found, 50)), float(np.percentile(found, 99))


def _as_row(each: ShadowJudgement) -> dict[str, Any]:
    live, shadow = each.live, each.shadow
    return {
        "line": live.line,
        "camera": live.camera,
        "frame_id": live.frame_id,
        "captured_ns": live.captured_ns,
        "version": shadow.branch.version,
        "branch_sha256": shadow.branch.sha256,
        "settings_sha256": shadow.settings_sha256,
        "decision": shadow.decision.value,
        "reason": storable(shadow.reason),
        "fault": None if shadow.fault is None else shadow.fault.value,
        "score": shadow.score,
        "defect": shadow.defect,
        "look": shadow.look.value,
        "judged_at": moment(shadow.decided_ns),
        "judged_ns": shadow.decided_ns,
        "judged_ms": shadow.latency_ms,
        "live_version": live.branch.version,
        "live_decision": live.decision.value,
        "live_score": live.score,
        "live_fault": None if live.fault is None else live.fault.value,
        "live_decided_ns": live.decided_ns,
        "disagrees": each.disagrees,
        "evidence": each.evidence,
        "is_simulated": live.is_simulated,
    }
