"""Indexes for a console's questions, and tables that count and index the record.

The tables are empty at first; `inspector gather`, and every console, fills them.

Revision: 0008, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

_NOT_PASSED = sa.text("decision <> 'PASS'")
_AUDITED = sa.text("decision = 'PASS' AND evidence IS NOT NULL")
_INDEXES = {
    "ix_verdicts_captured_ns": (["captured_ns"], None),
    "ix_verdicts_line_branch": (["line", "branch_version", "captured_ns"], None),
    "ix_verdicts_decision_captured_ns": (["decision", "captured_ns"], _NOT_PASSED),
    "ix_verdicts_line_decision_captured_ns": (
        ["line", "decision", "captured_ns"],
        _NOT_PASSED,
    ),
    "ix_verdicts_defect_captured_ns": (["defect", "captured_ns"], _NOT_PASSED),
    "ix_verdicts_line_defect_captured_ns": (
        ["line", "defect", "captured_ns"],
        _NOT_PASSED,
    ),
    "ix_verdicts_not_passed": (["captured_ns"], _NOT_PASSED),
    "ix_verdicts_line_not_passed": (["line", "captured_ns"], _NOT_PASSED),
    "ix_verdicts_audited": (["line", "captured_ns"], _AUDITED),
}
_TABLES = ("log_stations", "measures", "tallies", "gathered")


def upgrade() -> None:
    for name, (columns, where) in _INDEXES.items():
        op.create_index(
            name, "verdicts", columns, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "gathered",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_gathered"),
    )
    names = sa.table("gathered", sa.column("name"), sa.column("last_id"))
    op.bulk_insert(
        names, [{"name": name, "last_id": 0} for name in ("counted", "read")]
    )
    _make_tallies()
    _make_measures()
    op.create_table(
        "log_stations",
        sa.Column("verdict_id", sa.BigInteger, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("verdict_id", "station", name="pk_log_stations"),
    )
    op.create_index(
        "ix_log_stations_station",
        "log_stations",
        ["station", "captured_ns", "verdict_id"],
    )
    if op.get_bind().dialect.name == "postgresql":
        _finish_postgresql()
    else:
        op.execute("CREATE VIRTUAL TABLE log_text USING fts5(words, content='')")


def downgrade() -> None:
    op.drop_table("log_text")
    for table in _TABLES:
        op.drop_table(table)
    for name in _INDEXES:
        op.drop_index(name, "verdicts")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_verdicts_serial", "verdicts")
        op.create_index("ix_verdicts_serial", "verdicts", ["serial"])


def _make_tallies() -> None:
    words = {
        "branch_version": 64,
        "decision": 8,
        "defect": 64,
        "fault": 32,
        "route": 8,
        "look": 8,
        "log_context": 8,
    }
    op.create_table(
        "tallies",
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("bucket_ns", sa.BigInteger, nullable=False),
        *(sa.Column(word, sa.String(n), nullable=False) for word, n in words.items()),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.Column("parts", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "line", "bucket_ns", *words, "is_simulated", name="pk_tallies"
        ),
    )


def _make_measures() -> None:
    op.create_table(
        "measures",
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("bucket_ns", sa.BigInteger, nullable=False),
        sa.Column("branch_version", sa.String(64), nullable=False),
        sa.Column("measure", sa.String(64), nullable=False),
        sa.Column("bin", sa.Integer, nullable=False),
        sa.Column("parts", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "line",
            "bucket_ns",
            "branch_version",
            "measure",
            "bin",
            name="pk_measures",
        ),
    )


def _finish_postgresql() -> None:
    """Index words, and serials so that their beginning is found in any locale."""
    op.create_table(
        "log_text",
        sa.Column("verdict_id", sa.BigInteger, nullable=False),
        sa.Column("words", TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("verdict_id", name="pk_log_text"),
    )
    op.create_index("ix_log_text_words", "log_text", ["words"], postgresql_using="gin")
    op.drop_index("ix_verdicts_serial", "verdicts")
    op.create_index(
        "ix_verdicts_serial",
        "verdicts",
        ["serial"],
        postgresql_ops={"serial": "text_pattern_ops"},
    )
