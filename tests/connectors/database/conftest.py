"""Databases that are up to date, for the suites of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade


@pytest.fixture
def record(database: str) -> Iterator[Engine]:
    """An empty record, in SQLite and in PostgreSQL."""
    engine = open_engine(database)
    upgrade(engine)
    yield engine
    engine.dispose()
