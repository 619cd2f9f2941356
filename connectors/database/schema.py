"""The database's form: bring it up to date, or say how it differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import (
    folder_is_absent,
    is_absent,
    open_engine,
    shown,
    store_error,
)
from connectors.database.metadata import compared, metadata
from inspector.errors import SettingsError, StoreError
from inspector.types import Problem

_ONE_AT_A_TIME = 7_114_001
"""Names the lock under which a PostgreSQL database is upgraded."""
_APPEND_ONLY = (
    "verdicts",
    "branch_acts",
    "verifications",
    "shadow_judgements",
    "people",
    "logins",
    "house_rules",
    "audit_trail",
    "line_acts",
    "dispositions",
    "alarm_acts",
    "part_faults",
    "amendments",
)
"""Tables that can only be added to; each has triggers that see to it."""
_SQLITE_ACTS = ("update", "delete", "replace")
_GUARDS = {
    "sqlite": (
        {f"{table}_no_{act}" for table in _APPEND_ONLY for act in _SQLITE_ACTS},
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    ),
    "postgresql": (
        {f"{table}_append_only" for table in _APPEND_ONLY},
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE tgenabled <> 'D' AND tgname = relname || '_append_only' "
        "AND pg_table_is_visible(tgrelid)",
    ),
}
"""The triggers that keep the record append-only, and how to list those there are."""


def upgrade(engine: Engine) -> str:
    """Bring a database up to date, all of it or nothing; returns its revision.

    Raises:
        StoreError: it cannot be reached or changed.
        SettingsError: it is newer than this program, or its folder is not there.
    """
    if folder_is_absent(engine):
        what = "its folder does not exist: make it first"
        raise SettingsError([_problem(engine, what)])
    try:
        with _alone(engine) as connection:
            command.upgrade(_config(connection), "head")
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error
    except CommandError as error:
        raise SettingsError([_newer(engine, str(error))]) from error
    return _head()


def problems(engine: Engine) -> list[Problem]:
    """List how a database differs from what this program needs.

    Raises:
        StoreError: it cannot be reached.
    """
    if is_absent(engine):
        return [_behind(engine, "does not exist yet")]
    try:
        with engine.connect() as connection:
            return _problems(engine, connection)
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error


def require_current(engine: Engine) -> None:
    """Refuse a database that is not up to date.

    Raises:
        SettingsError: it needs `inspector db upgrade`, or this program is too old.
        StoreError: it cannot be reached.
    """
    found = problems(engine)
    if found:
        raise SettingsError(found)


def open_current(database: str) -> Engine:
    """Open a database that has to be up to date.

    Raises:
        SettingsError: not a URL of a database, or it needs `inspector db upgrade`.
        StoreError: it cannot be reached.
        MissingExtraError: its driver is not installed.
    """
    engine = open_engine(database)
    require_current(engine)
    return engine


def differences(connection: Connection) -> list[object]:
    """Compare a database with `tables.py`, as `alembic check` does."""
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_object": compared(connection),
        },
    )
    return list(compare_metadata(context, metadata))


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Connect for an upgrade; another one that begins meanwhile waits for this."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        yield connection


def _problems(engine: Engine, connection: Connection) -> list[Problem]:
    found = MigrationContext.configure(connection).get_current_revision()
    if found != _head():
        return [_other_revision(engine, found)]
    differing = [f"differs: {each}" for each in differences(connection)]
    unguarded = [f"trigger {name} is gone" for name in _missing_guards(connection)]
    return [_problem(engine, what) for what in (*differing, *unguarded)]


def _missing_guards(connection: Connection) -> list[str]:
    """Name the triggers without which the record could be changed."""
    wanted, question = _GUARDS[connection.dialect.name]
    return sorted(wanted.difference(connection.scalars(text(question))))


def _config(connection: Connection | None = None) -> Config:
    # Beside this package, in a checkout as in an installation; a search by name could
    # find somebody else's `migrations` in the current folder.
    migrations = Path(__file__).parents[2] / "migrations"
    if not (migrations / "env.py").is_file():
        message = "the migrations are not installed: install the product again"
        raise StoreError(message)
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def _is_known(revision: str) -> bool:
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return revision in {each.revision for each in scripts}


def _problem(engine: Engine, what: str) -> Problem:
    return Problem(where=f"database {shown(engine.url)}", what=what)


def _other_revision(engine: Engine, found: str | None) -> Problem:
    if found is None:
        return _behind(engine, "has no tables yet")
    if not _is_known(found):
        return _newer(engine, f"is at revision {found}, which this program lacks")
    return _behind(engine, f"is at revision {found}")


def _behind(engine: Engine, state: str) -> Problem:
    command_line = f"inspector db upgrade --database {shown(engine.url)}"
    what = f"{state}, this program needs {_head()}: run  {command_line}"
    return _problem(engine, what)


def _newer(engine: Engine, state: str) -> Problem:
    what = f"{state}; it was made by a newer version: update this program"
    return _problem(engine, what)
