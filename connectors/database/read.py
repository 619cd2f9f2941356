"""Questions that reports ask of the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import store_error
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
    """Give a line's parts in the order of capture.

    Raises:
        StoreError: the database cannot be read.
    """
    table = verdicts.c
    question = (
        select(
            table.camera, table.frame_id, table.decision, table.route, table.evidence
        )
        .where(table.line == line)
        .order_by(table.captured_ns, table.id)
    )
    with _reading(engine) as connection:
        for camera, frame_id, decision, route, evidence in connection.execute(question):
            yield Decided(
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
    with _reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(question)}


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error
