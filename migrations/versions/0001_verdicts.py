"""The record of verdicts, which can be added to and never changed.

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSAL = "verdicts are append-only"


def upgrade() -> None:
    row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "verdicts",
        sa.Column("id", row_number, primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("serial", sa.Text),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_ns", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("fault", sa.String(32)),
        sa.Column("score", sa.Double),
        sa.Column("picture_score", sa.Double),
        sa.Column("log_score", sa.Double),
        sa.Column("defect", sa.String(64)),
        sa.Column("route", sa.String(8), nullable=False),
        sa.Column("log_context", sa.String(8), nullable=False),
        sa.Column("log_lines", sa.Integer, nullable=False),
        sa.Column("trunk_version", sa.String(64), nullable=False),
        sa.Column("trunk_sha256", sa.String(64), nullable=False),
        sa.Column("branch_line", sa.String(64), nullable=False),
        sa.Column("branch_version", sa.String(64), nullable=False),
        sa.Column("branch_sha256", sa.String(64), nullable=False),
        sa.Column("settings_sha256", sa.String(64), nullable=False),
        sa.Column("latency_ms", sa.Double, nullable=False),
        sa.Column("stage_ms", sa.JSON, nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.UniqueConstraint(
            "line", "camera", "frame_id", name="uq_verdicts_line_camera_frame_id"
        ),
        sa.CheckConstraint(
            "decision IN ('PASS', 'REJECT', 'REVIEW')",
            name=op.f("ck_verdicts_decision"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_verdicts_reason")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_verdicts_score")),
        sa.CheckConstraint(
            "decision <> 'PASS' OR fault IS NULL",
            name=op.f("ck_verdicts_pass_without_fault"),
        ),
    )
    op.create_index("ix_verdicts_serial", "verdicts", ["serial"])
    op.create_index("ix_verdicts_line_captured_ns", "verdicts", ["line", "captured_ns"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    op.drop_table("verdicts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION verdicts_are_append_only()")


def _guard_sqlite() -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER verdicts_no_{act.lower()} BEFORE {act} ON verdicts "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION verdicts_are_append_only() RETURNS trigger "
        f"LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER verdicts_append_only "
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON verdicts "
        "FOR EACH STATEMENT EXECUTE FUNCTION verdicts_are_append_only()"
    )
