"""People and their acts, the audit trail, alarms, and what lines say of themselves.

All but who has a part open, and what a line last said, can be added to and never
changed.

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connectors.database.append_only import drop_append_only, make_append_only

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_APPEND_ONLY = (
    "people",
    "logins",
    "house_rules",
    "audit_trail",
    "line_acts",
    "dispositions",
    "alarm_acts",
)


def upgrade() -> None:
    _make_people()
    _make_audit_trail()
    _make_acts_on_parts()
    _make_alarms()
    for table in _APPEND_ONLY:
        make_append_only(table)
    op.create_index("ix_verifications_withdraws", "verifications", ["withdraws"])
    op.create_index(
        "ix_verifications_line_verified_ns", "verifications", ["line", "verified_ns"]
    )


def downgrade() -> None:
    op.drop_index("ix_verifications_line_verified_ns", "verifications")
    op.drop_index("ix_verifications_withdraws", "verifications")
    for table in reversed(_APPEND_ONLY):
        drop_append_only(table)
    op.drop_table("heartbeats")
    op.drop_table("presence")


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("grants", sa.JSON, nullable=False),
        sa.Column("pin_hash", sa.Text),
        sa.Column("badge_key", sa.String(64)),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "role IN ('operator', 'engineer', 'auditor', 'administrator')",
            name=op.f("ck_people_role"),
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_people_name")),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_name_id", "people", ["name", "id"])
    op.create_table(
        "logins",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("console", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_ns", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('in', 'out', 'refused', 'locked')",
            name=op.f("ck_logins_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
    )
    op.create_index("ix_logins_name_id", "logins", ["name", "id"])
    op.create_index("ix_logins_console_id", "logins", ["console", "id"])
    op.create_table(
        "house_rules",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_house_rules"),
    )
    op.create_index("ix_house_rules_name_id", "house_rules", ["name", "id"])


def _make_audit_trail() -> None:
    op.create_table(
        "audit_trail",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("table_name", sa.String(32)),
        sa.Column("row_id", sa.BigInteger),
        sa.Column("row_sha256", sa.String(64)),
        sa.Column("chained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chained_ns", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.UniqueConstraint("previous", name="uq_audit_trail_previous"),
        sa.UniqueConstraint("sha256", name="uq_audit_trail_sha256"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_trail"),
    )
    op.create_index(
        "ix_audit_trail_table_name_row_id", "audit_trail", ["table_name", "row_id"]
    )


def _make_acts_on_parts() -> None:
    op.create_table(
        "line_acts",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("gate", sa.String(64), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_ns", sa.BigInteger, nullable=False),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.CheckConstraint(
            "act IN ('commanded', 'confirmed', 'timed_out', 'fault')",
            name=op.f("ck_line_acts_act"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_line_acts"),
    )
    op.create_index(
        "ix_line_acts_line_camera_frame_id", "line_acts", ["line", "camera", "frame_id"]
    )
    op.create_index("ix_line_acts_line_acted_ns", "line_acts", ["line", "acted_ns"])
    op.create_table(
        "dispositions",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("captured_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.String(64)),
        sa.Column("comment", sa.Text),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disposed_ns", sa.BigInteger, nullable=False),
        sa.Column(
            "withdraws",
            _row_number(),
            sa.ForeignKey("dispositions.id", name="fk_dispositions_withdraws"),
        ),
        sa.Column("is_simulated", sa.Boolean, nullable=False),
        sa.CheckConstraint(
            "kind IN ('scrap', 'rework', 're_inspected', 'use_as_is', 'returned', "
            "'withdrawn')",
            name=op.f("ck_dispositions_kind"),
        ),
        sa.CheckConstraint(
            "(kind = 'withdrawn') = (withdraws IS NOT NULL)",
            name=op.f("ck_dispositions_withdraws"),
        ),
        sa.CheckConstraint("who <> ''", name=op.f("ck_dispositions_who")),
        sa.PrimaryKeyConstraint("id", name="pk_dispositions"),
    )
    op.create_index(
        "ix_dispositions_line_camera_frame_id",
        "dispositions",
        ["line", "camera", "frame_id"],
    )
    op.create_table(
        "presence",
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("frame_id", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("console", sa.String(64), nullable=False),
        sa.Column("until_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "line", "camera", "frame_id", "who", "console", name="pk_presence"
        ),
    )


def _make_alarms() -> None:
    op.create_table(
        "alarm_acts",
        sa.Column("id", _row_number(), primary_key=True, autoincrement=True),
        sa.Column("condition", sa.String(32), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("who", sa.String(64)),
        sa.Column("until_ns", sa.BigInteger),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acted_ns", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "act IN ('raised', 'returned', 'acknowledged', 'shelved', 'shelved_once', "
            "'unshelved', 'suppressed', 'unsuppressed')",
            name=op.f("ck_alarm_acts_act"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_acts"),
    )
    op.create_index("ix_alarm_acts_acted_ns", "alarm_acts", ["acted_ns"])
    op.create_table(
        "heartbeats",
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("beat_ns", sa.BigInteger, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_heartbeats"),
    )
