"""Questions that reports ask of the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, RowMapping, func, select

from connectors.database.engine import shown
from connectors.database.tables import verdicts
from connectors.database.values import reading
from inspector.errors import InputError
from inspector.types import (
    BranchId,
    Decision,
    Fault,
    LogContext,
    Look,
    Route,
    TrunkId,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the record says of one part; `number` names its verdict."""

    number: int
    camera: str
    frame_id: int
    decision: str
    route: str
    evidence: str | None


def decided(engine: Engine, line: str) -> Iterator[Decided]:
    """Give a line's parts in the order of capture.

    Raises:
        StoreError: the database cannot be read.
    """
    table = verdicts.c
    question = (
        select(
            table.id,
            table.camera,
            table.frame_id,
            table.decision,
            table.route,
            table.evidence,
        )
        .where(table.line == line)
        .order_by(table.captured_ns, table.id)
    )
    with reading(engine) as connection:
        for row in connection.execute(question):
            number, camera, frame_id, decision, route, evidence = row
            yield Decided(
                number=number,
                camera=camera,
                frame_id=frame_id,
                decision=decision,
                route=route,
                evidence=evidence,
            )


def count_by_decision(engine: Engine, line: str) -> dict[str, int]:
    """Count a line's verdicts by decision; what never occurred is absent.

    Raises:
        StoreError: the database cannot be read.
    """
    decision = verdicts.c.decision
    question = (
        select(decision, func.count()).where(verdicts.c.line == line).group_by(decision)
    )
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(question)}


def stored_verdict(engine: Engine, number: int) -> Verdict:
    """Give the verdict in the row of that number.

    Raises:
        InputError: there is no such row.
        StoreError: the database cannot be read.
    """
    question = select(verdicts).where(verdicts.c.id == number)
    with reading(engine) as connection:
        row = connection.execute(question).mappings().one_or_none()
    if row is None:
        what = "is not in the database: take a number from column id of table verdicts"
        where = f"database {shown(engine.url)}, verdict {number}"
        raise InputError.single(where, what)
    return as_verdict(row)


_AS_THEY_ARE = (
    "line",
    "camera",
    "frame_id",
    "serial",
    "captured_ns",
    "decided_ns",
    "reason",
    "score",
    "picture_score",
    "log_score",
    "defect",
    "log_lines",
    "settings_sha256",
    "latency_ms",
    "evidence",
    "is_simulated",
)


def as_verdict(row: Mapping[str, Any] | RowMapping) -> Verdict:
    """Read a row of the table, as `as_row` lays it out, as a verdict."""
    plain: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    fault = row["fault"]
    return Verdict(
        **plain,
        decision=Decision(row["decision"]),
        fault=None if fault is None else Fault(fault),
        route=Route(row["route"]),
        look=_look(row),
        log_context=LogContext(row["log_context"]),
        trunk=TrunkId(version=row["trunk_version"], sha256=row["trunk_sha256"]),
        branch=BranchId(
            line=row["branch_line"],
            version=row["branch_version"],
            sha256=row["branch_sha256"],
        ),
        stage_ms=MappingProxyType(row["stage_ms"]),
    )


def _look(row: Mapping[str, Any] | RowMapping) -> Look:
    """Say how closely the picture was looked at; before there were glances, in full."""
    if row["look"] is not None:
        return Look(row["look"])
    return Look.NONE if row["picture_score"] is None else Look.FULL
