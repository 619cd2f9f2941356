"""SQLite's INSERT OR REPLACE is no way round the record either.

It deletes the old row without asking the trigger on DELETE. An insert of a part that
has a verdict does nothing instead, whoever inserts it.

Revision: 0002, after 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER verdicts_no_replace BEFORE INSERT ON verdicts "
            "WHEN EXISTS (SELECT 1 FROM verdicts WHERE line = NEW.line "
            "AND camera = NEW.camera AND frame_id = NEW.frame_id) "
            "BEGIN SELECT RAISE(IGNORE); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER verdicts_no_replace")
