"""What was done with branches, and what people said about parts.

Both can be added to and never changed.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connectors.database.append_only import drop_append_only, make_append_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_branch_acts()
    _make_verifications()


def downgrade() -> None:
    drop_append_only("verifications")
    drop_append_only("branch_acts")


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_branch_acts() -> None:
    op.create_table(
        "branch_acts",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("from_version", sa.String(64)),
        sa.Column("every", sa.Integer),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_branch_acts"),
        sa.CheckConstraint(
            "act IN ('live', 'shadow', 'canary', 'rollback', 'withdrawn', 'put_away')",
            name=op.f("ck_branch_acts_act"),
        ),
        sa.CheckConstraint(
            "(act = 'canary') = (every IS NOT NULL)", name=op.f("ck_branch_acts_every")
        ),
        sa.CheckConstraint("who <> ''", name=op.f("ck_branch_acts_who")),
        sa.CheckConstraint("why <> ''", name=op.f("ck_branch_acts_why")),
    )
    op.create_index("ix_branch_acts_line_id", "branch_acts", ["line", "id"])
    make_append_only("branch_acts")


def _make_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("defect", sa.String(64)),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("comment", sa.Text),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_ns", sa.BigInteger, nullable=False),
        sa.Column("seconds_taken", sa.Double),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("withdraws", _row_number()),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verifications"),
        sa.ForeignKeyConstraint(
            ["withdraws"], ["verifications.id"], name="fk_verifications_withdraws"
        ),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'false_call', 'false_call_fix_process', "
            "'other_defect', 'escape', 'withdrawn')",
            name=op.f("ck_verifications_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome = 'withdrawn') = (withdraws IS NOT NULL)",
            name=op.f("ck_verifications_withdraws"),
        ),
        sa.CheckConstraint("who <> ''", name=op.f("ck_verifications_who")),
    )
    op.create_index(
        "ix_verifications_line_camera_frame_id",
        "verifications",
        ["line", "camera", "frame_id"],
    )
    make_append_only("verifications")
