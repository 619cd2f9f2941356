"""Alembic's entry: runs on a connection that is given, or on INSPECTOR_DATABASE_URL."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from connectors.database.engine import open_engine
from connectors.database.metadata import compared, metadata


def run_on(connection: Connection) -> None:
    """Run the migrations in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=compared(connection),
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    engine = open_engine(
        os.environ.get("INSPECTOR_DATABASE_URL", "sqlite:///inspector.db")
    )
    with engine.begin() as opened:
        run_on(opened)
    engine.dispose()
