"""Pages of a search, by place and never by number, and a map from row to page.

A page costs the same at the beginning of ten million verdicts as at their end. A table
with a scroll bar needs numbers all the same: `Landmarks` notes the place of every 256th
row, a bounded piece at a time, so that the table grows while it is already in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select, text

from connectors.database.reading.queries import (
    Key,
    Listed,
    VerdictQuery,
    beyond,
    order_columns,
    ordered,
    question,
)
from connectors.database.tables import verdicts
from connectors.database.values import reading

PAGE = 256
"""Rows of a page."""


class VerdictPages:
    """Reads pages of one search, the newest row first.

    Args:
        engine: of a database that is up to date.
        query: the search.
    """

    def __init__(self, engine: Engine, query: VerdictQuery) -> None:
        self._engine = engine
        self.query = query

    def first(self, size: int = PAGE) -> list[Listed]:
        """Give the newest rows.

        Raises:
            StoreError: the database cannot be read.
        """
        return self._read(self._asked(), size, newest_first=True)

    def after(self, key: Key, size: int = PAGE) -> list[Listed]:
        """Give the rows below a place: the next older ones.

        Raises:
            StoreError: the database cannot be read.
        """
        older = beyond(self.query, key, self._engine.dialect, newest_first=True)
        return self._read(self._asked().where(older), size, newest_first=True)

    def before(self, key: Key, size: int = PAGE) -> list[Listed]:
        """Give the rows above a place, the newest first.

        Raises:
            StoreError: the database cannot be read.
        """
        newer = beyond(self.query, key, self._engine.dialect, newest_first=False)
        found = self._read(self._asked().where(newer), size, newest_first=False)
        return found[::-1]

    def count(self, at_most: int = 10_000) -> int:
        """Count the rows, but no further than that.

        Raises:
            StoreError: the database cannot be read.
        """
        rows = self._asked().with_only_columns(
            order_columns(self.query, self._engine.dialect)[-1]
        )
        counted = select(func.count()).select_from(rows.limit(at_most).subquery())
        with _browsing(self._engine) as connection:
            return connection.execute(counted).scalar_one()

    def _asked(self) -> Select[Any]:
        return question(self.query, self._engine.dialect)

    def _read(
        self, asked: Select[Any], size: int, *, newest_first: bool
    ) -> list[Listed]:
        dialect = self._engine.dialect
        asked = ordered(asked, self.query, dialect, newest_first=newest_first)
        with _browsing(self._engine) as connection:
            return [Listed(*row) for row in connection.execute(asked.limit(size))]


class Landmarks:
    """Knows which page holds a row of a search, from the newest at the opening down.

    Row 0 is the newest row when it was made; what arrives later is above it
    (`VerdictPages.before` the first row). `advance` may run on another thread than the
    rest, because it only ever adds.

    Args:
        engine: of a database that is up to date.
        query: the search.

    Raises:
        StoreError: the database cannot be read.
    """

    def __init__(self, engine: Engine, query: VerdictQuery) -> None:
        self._engine = engine
        self._query = query
        self.pages = VerdictPages(engine, query)
        top = self.pages.first(1)
        self._starts = [Key(row.captured_ns, row.id + 1) for row in top]
        """Just above the first row of each page that is known."""
        self._rest = 0
        self.is_complete = not top

    @property
    def rows(self) -> int:
        """How many rows are mapped so far."""
        return max(0, len(self._starts) - 1) * PAGE + self._rest

    def advance(self, pages: int = 100) -> bool:
        """Map so many more pages; says whether all rows are mapped now.

        Raises:
            StoreError: the database cannot be read.
        """
        if self.is_complete:
            return True
        found = self._ends(pages)
        if len(found) < pages:
            below = found[-1] if found else self._starts[-1]
            self._rest = len(self.pages.after(below))
            self.is_complete = True
        self._starts += found
        return self.is_complete

    def page(self, number: int) -> list[Listed]:
        """Read a page that is mapped: the rows from `256 * number` on.

        Raises:
            StoreError: the database cannot be read.
        """
        if number >= len(self._starts):
            return []
        return self.pages.after(self._starts[number])

    def _ends(self, pages: int) -> list[Key]:
        """Find the last row of each of the next full pages."""
        dialect = self._engine.dialect
        place = order_columns(self._query, dialect)
        down = [column.desc() for column in place]
        numbered = (
            question(self._query, dialect)
            .with_only_columns(
                verdicts.c.captured_ns,
                verdicts.c.id,
                func.row_number().over(order_by=down).label("row"),
            )
            .where(beyond(self._query, self._starts[-1], dialect, newest_first=True))
            .order_by(*down)
            .limit(pages * PAGE)
            .subquery()
        )
        every = select(numbered.c.captured_ns, numbered.c.id).where(
            numbered.c.row % PAGE == 0
        )
        with _browsing(self._engine) as connection:
            found = connection.execute(every.order_by(numbered.c.row))
            return [Key(*row) for row in found]


@contextmanager
def _browsing(engine: Engine) -> Iterator[Connection]:
    """Connect to read pages.

    PostgreSQL is told that its pages are no farther than on a solid-state disk: with
    its default for turning disks it rather reads all parts in their order than the few
    that an index names.
    """
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL random_page_cost = 1.1"))
        yield connection
