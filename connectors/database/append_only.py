"""Makes a table one that can only be added to; for migrations."""

from __future__ import annotations

from alembic import op


def make_append_only(table: str) -> None:
    """Refuse every change of a row that is there, in SQLite or PostgreSQL.

    SQLite's INSERT OR REPLACE deletes the old row without asking a trigger on DELETE,
    so a row of a number that is taken is refused too.

    Args:
        table: has a column `id`.
    """
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql(table)
    else:
        _guard_sqlite(table)


def drop_append_only(table: str) -> None:
    """Drop a table that `make_append_only` guards, and its guard."""
    op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {table}_are_append_only()")


def _guard_sqlite(table: str) -> None:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {refusal}"
        )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refusal}"
    )


def _guard_postgresql(table: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_are_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{table} are append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only "
        f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_are_append_only()"
    )
