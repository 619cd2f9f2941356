"""Questions that reports ask of the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from connectors.database.tables import verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the record says of one part."""

    camera: str
    frame_id: int
    decision: str
    route: str
    evidence: str | None


def decided(engine: Engine, line: str) -> Iterator[Decided]:
    """Give a line's parts in the order of capture."""
    table = verdicts.c
    question = (
        select(
            table.camera, table.frame_id, table.decision, table.route, table.evidence
        )
        .where(table.line == line)
        .order_by(table.captured_ns)
    )
    with engine.connect() as connection:
        for camera, frame_id, decision, route, evidence in connection.execute(question):
            yield Decided(
                camera=camera,
                frame_id=frame_id,
                decision=decision,
                route=route,
                evidence=evidence,
            )


def count(engine: Engine, line: str) -> int:
    """Count a line's verdicts."""
    question = select(func.count()).where(verdicts.c.line == line)
    with engine.connect() as connection:
        return int(connection.execute(question).scalar_one())
