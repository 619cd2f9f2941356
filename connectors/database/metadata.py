"""Every table of the database, wherever it is defined."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from connectors.database.months import is_month
from connectors.database.people import tables as _people
from connectors.database.reading import tables as _reading
from connectors.database.reading.tables import LOG_TEXT
from connectors.database.tables import metadata

__all__ = ["compared", "metadata"]

_KNOWN = (_people.people, _reading.tallies)
"""Naming one table of a module is enough to have all of them defined."""


def compared(connection: Connection) -> Callable[..., bool]:
    """Say which things of a database are compared with the tables.

    SQLite's index of words is many tables of its own kinds, and is left out. So are
    PostgreSQL's months, which come and go, and the identities, which a trigger holds.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    return _is_no_index_of_words if is_sqlite else _is_no_month


def _is_no_month(_thing: object, name: str | None, *_about: object) -> bool:
    return name is None or not (is_month(name) or name == "verdict_identities")


def _is_no_index_of_words(_thing: object, name: str | None, *about: object) -> bool:
    kind = about[0] if about else ""
    return kind == "column" or LOG_TEXT not in (name or "")
