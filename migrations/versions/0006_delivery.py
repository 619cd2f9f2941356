"""Message-fed lines: claims and offsets, the outbox, part faults, late log lines.

Offsets and the outbox change as the line runs; faults and amendments are part of the
record and can be added to only.

Revision: 0006, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connectors.database.append_only import drop_append_only, make_append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_consumer_offsets()
    _make_outbox()
    _make_part_faults()
    _make_amendments()


def downgrade() -> None:
    drop_append_only("amendments")
    drop_append_only("part_faults")
    op.drop_table("outbox")
    op.drop_table("consumer_offsets")


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_consumer_offsets() -> None:
    op.create_table(
        "consumer_offsets",
        sa.Column("consumer_group", sa.String(255), nullable=False),
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("next_offset", sa.BigInteger),
        sa.Column("message_ns", sa.BigInteger),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "consumer_group", "topic", "partition", name="pk_consumer_offsets"
        ),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("lane", sa.String(300), nullable=False),
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("value", sa.LargeBinary),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_lane_sent_at_id", "outbox", ["lane", "sent_at", "id"])


def _make_part_faults() -> None:
    op.create_table(
        "part_faults",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("camera", sa.String(64)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("first_frame", sa.BigInteger),
        sa.Column("last_frame", sa.BigInteger),
        sa.Column("parts", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_part_faults"),
        sa.UniqueConstraint("identity", name="uq_part_faults_identity"),
    )
    op.create_index("ix_part_faults_line_noted_ns", "part_faults", ["line", "noted_ns"])
    make_append_only("part_faults")


def _make_amendments() -> None:
    op.create_table(
        "amendments",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("logged_ns", sa.BigInteger, nullable=False),
        sa.Column("station", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_amendments"),
        sa.UniqueConstraint("identity", name="uq_amendments_identity"),
    )
    op.create_index(
        "ix_amendments_line_camera_frame_id",
        "amendments",
        ["line", "camera", "frame_id"],
    )
    make_append_only("amendments")
