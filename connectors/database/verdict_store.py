"""Keeps verdicts in a SQL database: each part's exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from connectors.database.tables import verdicts
from connectors.database.values import moment, storable, writing
from inspector.ports import StoreReceipt
from inspector.types import Verdict

_IDENTITY = ("line", "camera", "frame_id")
_ASKED_AT_ONCE = 200
"""Parts in one question: SQLite bounds the parameters of a statement."""

_Identity = tuple[str, str, int]


class SqlVerdictStore:
    """Keeps verdicts through SQLAlchemy; see the port `VerdictStore`.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        """Commit a batch; when this returns, it is durable.

        A part that has a verdict keeps it. The same identity at another moment of
        capture is another part: it is counted as neither inserted nor there.

        Raises:
            StoreError: nothing of the batch is stored.
        """
        if not verdicts:
            return StoreReceipt(inserted=0, already_there=0)
        with writing(self._engine) as connection:
            return self.store_in(connection, verdicts)

    def store_in(
        self, connection: Connection, verdicts: Sequence[Verdict]
    ) -> StoreReceipt:
        """Store a batch within a transaction of the giver's, who ends it.

        Raises:
            SQLAlchemyError: the transaction is of no use any more.
            OverflowError: likewise; a number is beyond what SQLite can hold.
        """
        inserted = self._insert(connection, verdicts)
        there = 0
        if inserted < len(verdicts):
            there = self._same_parts(connection, verdicts) - inserted
        return StoreReceipt(inserted=inserted, already_there=there)

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _insert(self, connection: Connection, batch: Sequence[Verdict]) -> int:
        # In one order everywhere, so that two writers cannot wait for each other.
        rows = [as_row(verdict) for verdict in sorted(batch, key=_identity)]
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = (
            dialect.insert(verdicts)
            .on_conflict_do_nothing(index_elements=_IDENTITY)
            .returning(verdicts.c.id)
        )
        return len(connection.execute(statement, rows).all())

    def _same_parts(self, connection: Connection, batch: Sequence[Verdict]) -> int:
        """Count the verdicts of the batch whose part is the stored one."""
        kept: dict[_Identity, int] = {}
        asked = list({_identity(verdict) for verdict in batch})
        for at in range(0, len(asked), _ASKED_AT_ONCE):
            columns = [verdicts.c[name] for name in _IDENTITY]
            question = select(
                verdicts.c.line,
                verdicts.c.camera,
                verdicts.c.frame_id,
                verdicts.c.captured_ns,
            ).where(tuple_(*columns).in_(asked[at : at + _ASKED_AT_ONCE]))
            for line, camera, frame_id, captured_ns in connection.execute(question):
                kept[line, camera, frame_id] = captured_ns
        return sum(kept[_identity(each)] == each.captured_ns for each in batch)


def as_row(verdict: Verdict) -> dict[str, Any]:
    """Lay a verdict out as a row of the table."""
    return {
        "line": verdict.line,
        "camera": verdict.camera,
        "frame_id": verdict.frame_id,
        "serial": None if verdict.serial is None else storable(verdict.serial),
        "captured_at": moment(verdict.captured_ns),
        "captured_ns": verdict.captured_ns,
        "decided_at": moment(verdict.decided_ns),
        "decided_ns": verdict.decided_ns,
        "decision": verdict.decision.value,
        "reason": storable(verdict.reason),
        "fault": None if verdict.fault is None else verdict.fault.value,
        "score": verdict.score,
        "picture_score": verdict.picture_score,
        "log_score": verdict.log_score,
        "defect": verdict.defect,
        "route": verdict.route.value,
        "look": verdict.look.value,
        "log_context": verdict.log_context.value,
        "log_lines": verdict.log_lines,
        "trunk_version": verdict.trunk.version,
        "trunk_sha256": verdict.trunk.sha256,
        "branch_line": verdict.branch.line,
        "branch_version": verdict.branch.version,
        "branch_sha256": verdict.branch.sha256,
        "settings_sha256": verdict.settings_sha256,
        "latency_ms": verdict.latency_ms,
        "stage_ms": dict(verdict.stage_ms),
        "evidence": verdict.evidence,
        "is_simulated": verdict.is_simulated,
    }


def _identity(verdict: Verdict) -> _Identity:
    return verdict.line, verdict.camera, verdict.frame_id
