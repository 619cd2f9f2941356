"""Every table of the database, wherever it is defined."""

from __future__ import annotations

from connectors.database.people import tables as _people
from connectors.database.reading import tables as _reading
from connectors.database.tables import metadata

__all__ = ["metadata"]

_KNOWN = (_people.people, _reading.tallies)
"""Naming one table of a module is enough to have all of them defined."""
