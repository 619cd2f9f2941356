"""Tables beside the record that answer a console's questions quickly.

They hold nothing that the record and the evidence do not hold; `gathering` fills them,
and they can be emptied and filled again at any time.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from connectors.database.tables import metadata, verdicts

_NOT_PASSED = text("decision <> 'PASS'")
"""As indexes and questions both write it: SQLite compares the words."""

_AUDITED = text("decision = 'PASS' AND evidence IS NOT NULL")
for _name, _columns, _where in (
    ("captured_ns", ("captured_ns",), None),
    ("line_branch", ("line", "branch_version", "captured_ns"), None),
    ("decision_captured_ns", ("decision", "captured_ns"), _NOT_PASSED),
    ("line_decision_captured_ns", ("line", "decision", "captured_ns"), _NOT_PASSED),
    ("defect_captured_ns", ("defect", "captured_ns"), _NOT_PASSED),
    ("line_defect_captured_ns", ("line", "defect", "captured_ns"), _NOT_PASSED),
    ("not_passed", ("captured_ns",), _NOT_PASSED),
    ("line_not_passed", ("line", "captured_ns"), _NOT_PASSED),
    ("audited", ("line", "captured_ns"), _AUDITED),
):
    Index(
        f"ix_verdicts_{_name}",
        *(verdicts.c[column] for column in _columns),
        sqlite_where=_where,
        postgresql_where=_where,
    )

gathered = Table(
    "gathered",
    metadata,
    Column("name", String(32), nullable=False),
    Column("last_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)
"""Up to which verdict each of the tables below is filled."""

tallies = Table(
    "tallies",
    metadata,
    Column("line", String(64), nullable=False),
    Column("bucket_ns", BigInteger, nullable=False),
    Column("branch_version", String(64), nullable=False),
    Column("decision", String(8), nullable=False),
    Column("defect", String(64), nullable=False),
    Column("fault", String(32), nullable=False),
    Column("route", String(8), nullable=False),
    Column("look", String(8), nullable=False),
    Column("log_context", String(8), nullable=False),
    Column("is_simulated", Boolean, nullable=False),
    Column("parts", BigInteger, nullable=False),
    PrimaryKeyConstraint(
        "line",
        "bucket_ns",
        "branch_version",
        "decision",
        "defect",
        "fault",
        "route",
        "look",
        "log_context",
        "is_simulated",
    ),
)
"""Verdicts counted in five minutes of capture; an empty word stands for none."""

measures = Table(
    "measures",
    metadata,
    Column("line", String(64), nullable=False),
    Column("bucket_ns", BigInteger, nullable=False),
    Column("branch_version", String(64), nullable=False),
    Column("measure", String(64), nullable=False),
    Column("bin", Integer, nullable=False),
    Column("parts", BigInteger, nullable=False),
    PrimaryKeyConstraint("line", "bucket_ns", "branch_version", "measure", "bin"),
)
"""Scores, latencies and picture statistics, as histograms of an hour of capture."""

log_stations = Table(
    "log_stations",
    metadata,
    Column("verdict_id", BigInteger, nullable=False),
    Column("station", String(64), nullable=False),
    Column("captured_ns", BigInteger, nullable=False),
    Column("share", Double, nullable=False),
    PrimaryKeyConstraint("verdict_id", "station"),
    Index("ix_log_stations_station", "station", "captured_ns", "verdict_id"),
)
"""Stations whose log lines weighed in a part that did not pass, or warned of it."""

LOG_TEXT = "log_text"
"""The index of words: FTS5 in SQLite, a `tsvector` with a GIN index in PostgreSQL."""

log_text = Table(
    LOG_TEXT,
    metadata,
    Column("verdict_id", BigInteger, nullable=False),
    Column("words", TSVECTOR().with_variant(Text(), "sqlite"), nullable=False),
    PrimaryKeyConstraint("verdict_id"),
    Index("ix_log_text_words", "words", postgresql_using="gin"),
    info={"dialect": "postgresql"},
)
log_words = table(LOG_TEXT)
"""The same name as SQLite's virtual table has it."""
