"""Opens a database by its URL; passwords never reach a message."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from inspector.errors import MissingExtraError, SettingsError, StoreError
from inspector.types import Problem

KINDS = ("sqlite", "postgresql")
_BUSY_TIMEOUT_MS = 5000
_CONNECT_TIMEOUT_S = 5


def open_engine(database: str) -> Engine:
    """Make an engine for a SQLAlchemy URL; nothing is connected yet.

    SQLite gets a write-ahead log, so that readers never wait for the line, and full
    synchronisation, so that a stored verdict survives a power cut.

    Raises:
        SettingsError: not a URL of SQLite or PostgreSQL.
        MissingExtraError: the driver is not installed.
    """
    url = _read_url(database)
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url)
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        return create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
        )
    except NoSuchModuleError as error:
        raise _not_ours(url) from error
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "psycopg", "postgresql") from error


def shown(database: str | URL) -> str:
    """Show a URL without its password."""
    return make_url(database).render_as_string(hide_password=True)


def store_error(engine: Engine, error: SQLAlchemyError) -> StoreError:
    """Say what failed and where, in one line and without the password."""
    cause = getattr(error, "orig", None) or error
    first = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    password = engine.url.password
    if password:
        first = first.replace(str(password), "***")
    return StoreError(f"database {shown(engine.url)}: {first}")


def _read_url(database: str) -> URL:
    try:
        url = make_url(database)
    except ArgumentError as error:
        what = "is not a database URL: write sqlite:///FILE or postgresql://HOST/NAME"
        raise SettingsError([Problem(where="database", what=what)]) from error
    if url.get_backend_name() not in KINDS:
        raise _not_ours(url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url


def _not_ours(url: URL) -> SettingsError:
    what = f"{url.drivername} is not supported: use {' or '.join(KINDS)}"
    return SettingsError([Problem(where="database", what=what)])


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
