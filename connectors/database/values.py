"""What rows have in common: moments, text, and what a database's failure becomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import shown, store_error
from inspector.errors import StoreError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(moment_ns: int) -> datetime:
    """Give nanoseconds as a timestamp for people and reports (microseconds)."""
    return _EPOCH + timedelta(microseconds=moment_ns // 1000)


def storable(words: str) -> str:
    """Replace what a database cannot hold: no odd sign may cost a part its row."""
    return words.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that is committed at its end.

    Raises:
        StoreError: nothing of it is stored.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error
    except OverflowError as error:  # SQLite's driver raises it bare
        message = f"database {shown(engine.url)}: {error}"
        raise StoreError(message) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection to ask questions.

    Raises:
        StoreError: the database cannot be read.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error
