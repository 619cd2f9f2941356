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
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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

branch_acts = Table(
    "branch_acts",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("version", String(64), nullable=False),
    Column("from_version", String(64)),
    Column("every", Integer),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("acted_at", Moment, nullable=False),
    Column("acted_ns", BigInteger, nullable=False),
    CheckConstraint(
        "act IN ('live', 'shadow', 'canary', 'rollback', 'withdrawn', 'put_away')",
        name="act",
    ),
    CheckConstraint("(act = 'canary') = (every IS NOT NULL)", name="every"),
    CheckConstraint("who <> ''", name="who"),
    CheckConstraint("why <> ''", name="why"),
    Index(None, "line", "id"),
)

verifications = Table(
    "verifications",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("defect", String(64)),
    Column("reason_code", String(64)),
    Column("comment", Text),
    Column("who", Text, nullable=False),
    Column("verified_at", Moment, nullable=False),
    Column("verified_ns", BigInteger, nullable=False),
    Column("seconds_taken", Double),
    Column("blind", Boolean, nullable=False),
    Column(
        "withdraws",
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("verifications.id", name="fk_verifications_withdraws"),
    ),
    Column("is_simulated", Boolean, nullable=False),
    CheckConstraint(
        "outcome IN ('confirmed', 'false_call', 'false_call_fix_process', "
        "'other_defect', 'escape', 'withdrawn')",
        name="outcome",
    ),
    CheckConstraint(
        "(outcome = 'withdrawn') = (withdraws IS NOT NULL)", name="withdraws"
    ),
    CheckConstraint("who <> ''", name="who"),
    Index(None, "line", "camera", "frame_id"),
)

shadow_judgements = Table(
    "shadow_judgements",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("version", String(64), nullable=False),
    Column("branch_sha256", String(64), nullable=False),
    Column("settings_sha256", String(64), nullable=False),
    Column("decision", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fault", String(32)),
    Column("score", Double),
    Column("defect", String(64)),
    Column("look", String(8), nullable=False),
    Column("judged_at", Moment, nullable=False),
    Column("judged_ns", BigInteger, nullable=False),
    Column("judged_ms", Double, nullable=False),
    Column("live_version", String(64), nullable=False),
    Column("live_decision", String(8), nullable=False),
    Column("live_score", Double),
    Column("live_fault", String(32)),
    Column("live_decided_ns", BigInteger, nullable=False),
    Column("disagrees", Boolean, nullable=False),
    Column("evidence", Text),
    Column("is_simulated", Boolean, nullable=False),
    UniqueConstraint("line", "camera", "frame_id", "version"),
    CheckConstraint("decision IN ('PASS', 'REJECT', 'REVIEW')", name="decision"),
    CheckConstraint("score BETWEEN 0 AND 1", name="score"),
    Index(None, "line", "version", "disagrees"),
)

consumer_offsets = Table(
    "consumer_offsets",
    metadata,
    Column("consumer_group", String(255), primary_key=True),
    Column("topic", String(255), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("next_offset", BigInteger),
    Column("message_ns", BigInteger),
    Column("changed_at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("lane", String(300), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("key", LargeBinary),
    Column("headers", JSON, nullable=False),
    Column("value", LargeBinary),
    Column("queued_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index(None, "lane", "sent_at", "id"),
)

part_faults = Table(
    "part_faults",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("identity", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("camera", String(64)),
    Column("kind", String(32), nullable=False),
    Column("first_frame", BigInteger),
    Column("last_frame", BigInteger),
    Column("parts", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("noted_at", Moment, nullable=False),
    Column("noted_ns", BigInteger, nullable=False),
    UniqueConstraint("identity"),
    Index(None, "line", "noted_ns"),
)

amendments = Table(
    "amendments",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("identity", String(64), nullable=False),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("logged_at", Moment, nullable=False),
    Column("logged_ns", BigInteger, nullable=False),
    Column("station", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("came_at", Moment, nullable=False),
    UniqueConstraint("identity"),
    Index(None, "line", "camera", "frame_id"),
)
