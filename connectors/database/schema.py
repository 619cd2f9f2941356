"""The database's form: bring it up to date, or say how it differs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import shown, store_error
from connectors.database.tables import metadata
from inspector.errors import SettingsError, StoreError
from inspector.types import Problem


def upgrade(engine: Engine) -> str:
    """Bring a database up to date, all of it or nothing; returns its revision.

    Raises:
        StoreError: it cannot be reached or changed.
        SettingsError: it is newer than this program.
    """
    try:
        with engine.begin() as connection:
            config = _config(connection)
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error
    except CommandError as error:
        raise _newer(engine, error) from error
    return _head()


def problems(engine: Engine) -> list[Problem]:
    """List how a database differs from what this program needs.

    Raises:
        StoreError: it cannot be reached.
    """
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found != _head():
                return [_behind(engine, found)]
            return [
                Problem(where=f"database {shown(engine.url)}", what=f"differs: {each}")
                for each in differences(connection)
            ]
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


def differences(connection: Connection) -> list[object]:
    """Compare a database with `tables.py`, as `alembic check` does."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def _config(connection: Connection | None = None) -> Config:
    package = importlib.util.find_spec("migrations")
    if package is None or package.origin is None:
        message = "the migrations are not installed: install the product again"
        raise StoreError(message)
    config = Config()
    config.set_main_option(
        "script_location", str(Path(package.origin).parent).replace("%", "%%")
    )
    config.attributes["connection"] = connection
    return config


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def _behind(engine: Engine, found: str | None) -> Problem:
    state = "has no tables yet" if found is None else f"is at revision {found}"
    command_line = f"inspector db upgrade --database {shown(engine.url)}"
    what = f"{state}, this program needs {_head()}: run  {command_line}"
    return Problem(where=f"database {shown(engine.url)}", what=what)


def _newer(engine: Engine, error: CommandError) -> SettingsError:
    what = f"{error}; it was made by a newer version: update this program"
    return SettingsError([Problem(where=f"database {shown(engine.url)}", what=what)])
