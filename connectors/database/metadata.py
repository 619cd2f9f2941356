"""Every table of the database, wherever it is defined."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from connectors.database.people import tables as _people
from connectors.database.reading import tables as _reading
from connectors.database.reading.tables import LOG_TEXT
from connectors.database.tables import metadata

__all__ = ["compared", "metadata"]

_KNOWN = (_people.people, _reading.tallies)
"""Naming one table of a module is enough to have all of them defined."""


def compared(connection: Connection) -> Callable[..., bool] | None:
    """Say which things of a database are compared with the tables.

    SQLite's index of words is many tables of its own kinds, and is left out.
    """
    return _is_no_index_of_words if connection.dialect.name == "sqlite" else None


def _is_no_index_of_words(_thing: object, name: str | None, *about: object) -> bool:
    kind = about[0] if about else ""
    return kind == "column" or LOG_TEXT not in (name or "")
