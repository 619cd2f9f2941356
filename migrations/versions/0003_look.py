"""Each verdict says how closely its picture was looked at.

Verdicts from before glances existed keep nothing there.

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("look", sa.String(8)))


def downgrade() -> None:
    op.drop_column("verdicts", "look")
