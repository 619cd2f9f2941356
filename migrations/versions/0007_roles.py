"""PostgreSQL roles with the least they need: a worker, a console, an auditor.

They are groups without a login: an administrator gives each account one of them. Who
may not create roles leaves that to an administrator; nothing else depends on them, and
`inspector db roles` makes up for it. Grants follow the tables there are, so they are
renewed after every upgrade (`connectors.database.roles`).

Revision: 0007_roles, after 0007
"""

from __future__ import annotations

from alembic import op

from connectors.database.roles import apply

revision = "0007_roles"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    apply(op.get_bind())


def downgrade() -> None:
    """Leave the roles: they belong to the server, where other databases may use them.

    What they were granted goes with the tables.
    """
