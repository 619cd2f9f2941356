"""The record as tables. A verdict is written once and never changed.

Times are kept twice: as the UTC nanoseconds that everything is computed with, and as a
timestamp that a person and a report can read (microseconds).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """A timestamp that is UTC on the way in and out, also where SQLite forgets it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Say of what comes back that it is UTC."""
        if value is None or dialect.name != "sqlite":
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in a column of type INTEGER.
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("serial", Text),
    Column("captured_at", Moment, nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("decided_ns", BigInteger, nullable=False),
    Column("decision", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fault", String(32)),
    Column("score", Double),
    Column("picture_score", Double),
    Column("log_score", Double),
    Column("defect", String(64)),
    Column("route", String(8), nullable=False),
    Column("look", String(8)),
    Column("log_context", String(8), nullable=False),
    Column("log_lines", Integer, nullable=False),
    Column("trunk_version", String(64), nullable=False),
    Column("trunk_sha256", String(64), nullable=False),
    Column("branch_line", String(64), nullable=False),
    Column("branch_version", String(64), nullable=False),
    Column("branch_sha256", String(64), nullable=False),
    Column("settings_sha256", String(64), nullable=False),
    Column("latency_ms", Double, nullable=False),
    Column("stage_ms", JSON, nullable=False),
    Column("evidence", Text),
    Column("is_simulated", Boolean, nullable=False),
    UniqueConstraint("line", "camera", "frame_id"),
    CheckConstraint("decision IN ('PASS', 'REJECT', 'REVIEW')", name="decision"),
    CheckConstraint("reason <> ''", name="reason"),
    CheckConstraint("score BETWEEN 0 AND 1", name="score"),
    CheckConstraint("decision <> 'PASS' OR fault IS NULL", name="pass_without_fault"),
    Index(None, "serial"),
    Index(None, "line", "captured_ns"),
)

prunings = Table(
    "prunings",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("before_ns", BigInteger, nullable=False),
    Column("keep_every", Integer, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("removed_sha256", String(64), nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("pruned_at", Moment, nullable=False),
    Column("pruned_ns", BigInteger, nullable=False),
)
