"""Tables of people and their acts; all but `presence` and `heartbeats` append-only.

What stands now always follows from the rows in their order: the newest row about a
person holds, a disposition that is taken back is followed by one that says so.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from connectors.database.tables import Moment, metadata, verifications

ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

Index("ix_verifications_withdraws", verifications.c.withdraws)
Index(
    "ix_verifications_line_verified_ns",
    verifications.c.line,
    verifications.c.verified_ns,
)

people = Table(
    "people",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("grants", JSON, nullable=False),
    Column("pin_hash", Text),
    Column("badge_key", String(64)),
    Column("is_active", Boolean, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
    CheckConstraint(
        "role IN ('operator', 'engineer', 'auditor', 'administrator')", name="role"
    ),
    CheckConstraint("name <> ''", name="name"),
    Index(None, "name", "id"),
)
"""Who may do what; the newest row of a name holds."""

logins = Table(
    "logins",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("console", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("tried_at", Moment, nullable=False),
    Column("tried_ns", BigInteger, nullable=False),
    CheckConstraint("outcome IN ('in', 'out', 'refused', 'locked')", name="outcome"),
    Index(None, "name", "id"),
    Index(None, "console", "id"),
)
"""Each try to log in, and each leaving; a badge that nobody has is of no name."""

house_rules = Table(
    "house_rules",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    Column("who", String(64), nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("set_ns", BigInteger, nullable=False),
    Index(None, "name", "id"),
)
"""Shifts, reason codes, audit rate and the like; the newest row of a name holds."""

audit_trail = Table(
    "audit_trail",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("who", Text, nullable=False),
    Column("act", String(64), nullable=False),
    Column("about", Text, nullable=False),
    Column("table_name", String(32)),
    Column("row_id", BigInteger),
    Column("row_sha256", String(64)),
    Column("chained_at", Moment, nullable=False),
    Column("chained_ns", BigInteger, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    UniqueConstraint("previous"),
    UniqueConstraint("sha256"),
    Index(None, "table_name", "row_id"),
)
"""One link for each act; each holds the hash of the one before."""

line_acts = Table(
    "line_acts",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("act", String(16), nullable=False),
    Column("gate", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("acted_at", Moment, nullable=False),
    Column("acted_ns", BigInteger, nullable=False),
    Column("is_simulated", Boolean, nullable=False),
    CheckConstraint(
        "act IN ('commanded', 'confirmed', 'timed_out', 'fault')", name="act"
    ),
    Index(None, "line", "camera", "frame_id"),
    Index(None, "line", "acted_ns"),
)
"""What the line did with a part: its gate was commanded, said so, or did not."""

dispositions = Table(
    "dispositions",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason_code", String(64)),
    Column("comment", Text),
    Column("who", String(64), nullable=False),
    Column("disposed_at", Moment, nullable=False),
    Column("disposed_ns", BigInteger, nullable=False),
    Column(
        "withdraws",
        ROW_NUMBER,
        ForeignKey("dispositions.id", name="fk_dispositions_withdraws"),
    ),
    Column("is_simulated", Boolean, nullable=False),
    CheckConstraint(
        "kind IN ('scrap', 'rework', 're_inspected', 'use_as_is', 'returned', "
        "'withdrawn')",
        name="kind",
    ),
    CheckConstraint("(kind = 'withdrawn') = (withdraws IS NOT NULL)", name="withdraws"),
    CheckConstraint("who <> ''", name="who"),
    Index(None, "line", "camera", "frame_id"),
)
"""What becomes of a part in the end."""

presence = Table(
    "presence",
    metadata,
    Column("line", String(64), nullable=False),
    Column("camera", String(64), nullable=False),
    Column("frame_id", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("console", String(64), nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    PrimaryKeyConstraint("line", "camera", "frame_id", "who", "console"),
)
"""Who has which part open; rows that are over are swept away."""

alarm_acts = Table(
    "alarm_acts",
    metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("condition", String(32), nullable=False),
    Column("source", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("who", String(64)),
    Column("until_ns", BigInteger),
    Column("acted_at", Moment, nullable=False),
    Column("acted_ns", BigInteger, nullable=False),
    CheckConstraint(
        "act IN ('raised', 'returned', 'acknowledged', 'shelved', 'shelved_once', "
        "'unshelved', 'suppressed', 'unsuppressed')",
        name="act",
    ),
    Index(None, "acted_ns"),
)
"""What happened to each alarm; its state follows from its acts in their order."""

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("line", String(64), nullable=False),
    Column("beat_ns", BigInteger, nullable=False),
    Column("said", JSON, nullable=False),
    PrimaryKeyConstraint("line"),
)
"""What a line's program last said of itself; see `inspector.health.Heartbeat`."""
