"""Opens a database by its URL; passwords never reach a message."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError

from inspector.errors import (
    MissingExtraError,
    SettingsError,
    StoreAwayError,
    StoreError,
)
from inspector.types import Problem

_BUSY_TIMEOUT_MS = 5000
_CONNECT_TIMEOUT_S = 5
_SILENT_FOR_MS = 10_000
"""A server that answers nothing for so long is gone; the line must not hang on it."""
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_DRIVER_AND_EXTRA = ("psycopg", "postgresql")
_SECRETS = ("password", "sslpassword")
_HIDDEN = "hidden"
_AWAY_IN_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_AWAY_IN_POSTGRESQL = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes: connection, rollback (deadlock), resources, locks, operator, system."""
_READ_ONLY = "25006"
"""A standby that is not yet the primary."""


def open_engine(database: str) -> Engine:
    """Make an engine for a SQLAlchemy URL; nothing is connected yet.

    SQLite gets a write-ahead log, so that readers never wait for the line, and full
    synchronisation, so that a stored verdict survives a power cut.

    Raises:
        SettingsError: not a URL of a SQLite file or of PostgreSQL.
        MissingExtraError: the driver is not installed.
    """
    url = _read_url(database)
    return _open_sqlite(url) if _is_sqlite(url) else _open_postgresql(url)


def shown(database: str | URL) -> str:
    """Show a URL without its password, wherever that stands in it."""
    url = make_url(database)
    hidden = {name: _HIDDEN for name in _SECRETS if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def is_absent(engine: Engine) -> bool:
    """Whether this is a SQLite file that nobody has made yet; connecting makes it."""
    file = _sqlite_file(engine)
    return file is not None and not file.exists()


def folder_is_absent(engine: Engine) -> bool:
    """Whether this is a SQLite file that cannot be made where it should be."""
    file = _sqlite_file(engine)
    return file is not None and not file.parent.is_dir()


def store_error(engine: Engine, error: SQLAlchemyError) -> StoreError:
    """Say what failed and where, in one line and without the password."""
    cause = getattr(error, "orig", None) or error
    first = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    secrets = [engine.url.password, *map(engine.url.query.get, _SECRETS)]
    for secret in filter(None, secrets):
        first = first.replace(str(secret), _HIDDEN)
    kind = StoreAwayError if _is_away(error) else StoreError
    return kind(f"database {shown(engine.url)}: {first}")


def _is_away(error: SQLAlchemyError) -> bool:
    """Whether the database, and not what was asked of it, is to blame."""
    if isinstance(error, NoConnectionLeftError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # Of an extended code, such as "I/O error: read", the last byte is the kind.
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _AWAY_IN_SQLITE
    state = getattr(cause, "sqlstate", None)
    if state is None:  # the connection broke, or never was
        return isinstance(error, OperationalError | InterfaceError)
    return state[:2] in _AWAY_IN_POSTGRESQL or state == _READ_ONLY


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(url: URL) -> Engine:
    wanted = {
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "tcp_user_timeout": _SILENT_FOR_MS,
    }
    unsaid = {name: value for name, value in wanted.items() if name not in url.query}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=unsaid)
    except ImportError as error:
        raise MissingExtraError(*_DRIVER_AND_EXTRA) from error


def _read_url(database: str) -> URL:
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        what = "is not a database URL: write sqlite:///FILE or postgresql://HOST/NAME"
        raise _wrong(what) from None  # which might quote a password
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        message = f"{url.drivername} is not supported: use sqlite or postgresql"
        raise _wrong(message)
    if _is_sqlite(url) and url.database in {None, "", ":memory:"}:
        message = f"{url} names no file, so it would keep nothing: use sqlite:///FILE"
        raise _wrong(message)
    return url if _is_sqlite(url) else url.set(drivername=driver)


def _wrong(what: str) -> SettingsError:
    return SettingsError([Problem(where="database", what=what)])


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _sqlite_file(engine: Engine) -> Path | None:
    """Where a SQLite database lies; `None` if it is none, or named as a SQLite URI."""
    name = engine.url.database or ""
    return Path(name) if _is_sqlite(engine.url) and name[:5] != "file:" else None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's own way begins no transaction before a CREATE TABLE, so that a migration
    # that is cut off would leave half a database. `_begin_sqlite` begins each instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    # The file remembers it, so it can be left to whoever is just setting it: SQLite
    # does not wait for that, however long it waits for a transaction.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    how = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {how}")
