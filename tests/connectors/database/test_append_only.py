"""Acts and words can be added to and never changed, whoever tries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Table, select, text
from sqlalchemy.exc import DatabaseError

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.engine import open_engine
from connectors.database.schema import problems, upgrade
from connectors.database.tables import branch_acts, verifications
from connectors.database.verifications import SqlVerifications
from inspector.errors import StoreError
from tests.builders import a_word, an_act


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    upgrade(engine)
    SqlBranchActs(engine).record(an_act())
    SqlVerifications(engine).record(a_word())
    yield engine
    engine.dispose()


def rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [{**row} for row in connection.execute(select(table)).mappings()]


@pytest.mark.parametrize("table", [branch_acts, verifications])
@pytest.mark.parametrize("change", ["UPDATE {} SET who = 'x'", "DELETE FROM {}"])
def test_no_row_can_be_changed(engine: Engine, table: Table, change: str) -> None:
    before = rows(engine, table)
    with engine.connect() as connection, pytest.raises(DatabaseError, match="append"):
        connection.execute(text(change.format(table.name)))
    assert rows(engine, table) == before


@pytest.mark.parametrize("table", [branch_acts, verifications])
def test_no_row_can_be_replaced(engine: Engine, table: Table) -> None:
    before = rows(engine, table)
    again = table.insert().values({**before[0], "who": "x"})
    if engine.dialect.name == "sqlite":
        again = again.prefix_with("OR REPLACE")
    with engine.connect() as connection, pytest.raises(DatabaseError):
        connection.execute(again)
    assert rows(engine, table) == before


@pytest.mark.parametrize("table", [branch_acts, verifications])
def test_a_lost_guard_is_named(engine: Engine, table: Table) -> None:
    name = f"{table.name}_append_only"
    drop = f"DROP TRIGGER {name} ON {table.name}"
    if engine.dialect.name == "sqlite":
        name = f"{table.name}_no_replace"
        drop = f"DROP TRIGGER {name}"
    with engine.begin() as connection:
        connection.execute(text(drop))
    assert [f"trigger {name} is gone" in str(each) for each in problems(engine)] == [
        True
    ]


def test_a_moment_beyond_the_centuries_is_a_store_error(engine: Engine) -> None:
    with pytest.raises(StoreError):
        SqlVerifications(engine).record(a_word(captured_ns=2**63))
