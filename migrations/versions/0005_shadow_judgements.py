"""What branches in shadow would have decided, beside what was decided.

It can be added to and never changed: one row for each part and version.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connectors.database.append_only import drop_append_only, make_append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "shadow_judgements",
        sa.Column("id", row_number, primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("branch_sha256", sa.String(64), nullable=False),
        sa.Column("settings_sha256", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("fault", sa.String(32)),
        sa.Column("score", sa.Double),
        sa.Column("defect", sa.String(64)),
        sa.Column("look", sa.String(8), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_ns", sa.BigInteger, nullable=False),
        sa.Column("judged_ms", sa.Double, nullable=False),
        sa.Column("live_version", sa.String(64), nullable=False),
        sa.Column("live_decision", sa.String(8), nullable=False),
        sa.Column("live_score", sa.Double),
        sa.Column("live_fault", sa.String(32)),
        sa.Column("live_decided_ns", sa.BigInteger, nullable=False),
        sa.Column("disagrees", sa.Boolean, nullable=False),
        sa.Column("evidence", sa.Text),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shadow_judgements"),
        sa.UniqueConstraint(
            *("line", "camera", "frame_id", "version"),
            name="uq_shadow_judgements_line_camera_frame_id_version",
        ),
        sa.CheckConstraint(
            "decision IN ('PASS', 'REJECT', 'REVIEW')",
            name=op.f("ck_shadow_judgements_decision"),
        ),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 1", name=op.f("ck_shadow_judgements_score")
        ),
    )
    op.create_index(
        "ix_shadow_judgements_line_version_disagrees",
        "shadow_judgements",
        ["line", "version", "disagrees"],
    )
    make_append_only("shadow_judgements")
    if op.get_bind().dialect.name == "sqlite":
        # REPLACE would delete a part's row by its identity, and ask no trigger.
        op.execute(
            "CREATE TRIGGER shadow_judgements_one_each BEFORE INSERT "
            "ON shadow_judgements WHEN EXISTS (SELECT 1 FROM shadow_judgements "
            "WHERE line = NEW.line AND camera = NEW.camera "
            "AND frame_id = NEW.frame_id AND version = NEW.version) "
            "BEGIN SELECT RAISE(IGNORE); END"
        )


def downgrade() -> None:
    drop_append_only("shadow_judgements")
