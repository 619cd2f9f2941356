"""What has been stored since the last look, each verdict exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from connectors.database.reading.queries import LISTED, Listed
from connectors.database.tables import verdicts
from connectors.database.values import reading

_AT_ONCE = 5000
_GAP_WAITS_S = 30.0
"""A number that did not come within this time never will."""
_GAPS = 1000
"""Most numbers that are waited for."""


class Arrivals:
    """Follows the record by the numbers of its rows.

    In PostgreSQL a row may become visible after rows with higher numbers did, and some
    numbers never come. So numbers that were passed over are asked for again for a
    while.

    Args:
        engine: of a database that is up to date.
        after_id: the row after which it begins; `None`: after what is there now.
        mono: a monotonic clock in seconds; replaced in tests.

    Raises:
        StoreError: the database cannot be read.
    """

    def __init__(
        self,
        engine: Engine,
        after_id: int | None = None,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._mono = mono
        self.last_id = newest_id(engine) if after_id is None else after_id
        self._missing: dict[int, float] = {}
        """When each number that was passed over was missed."""

    def take(self, at_most: int = _AT_ONCE) -> list[Listed]:
        """Give what is new, in order of arrival, some thousands at the most.

        Raises:
            StoreError: the database cannot be read; the next call gives what this one
                would have given.
        """
        late, new = self._awaited(), verdicts.c.id > self.last_id
        with reading(self._engine) as connection:
            # Two questions, because SQLite would read the whole table for one with OR.
            rows = _rows(connection, verdicts.c.id.in_(late), at_most) if late else []
            rows += _rows(connection, new, at_most)
        self._note([row.id for row in rows])
        return rows

    def _awaited(self) -> list[int]:
        given_up = self._mono() - _GAP_WAITS_S
        self._missing = {
            number: since for number, since in self._missing.items() if since > given_up
        }
        return list(self._missing)

    def _note(self, numbers: list[int]) -> None:
        now = self._mono()
        for number in numbers:
            self._missing.pop(number, None)
        new = [self.last_id, *(each for each in numbers if each > self.last_id)]
        for before, after in pairwise(new):
            for number in range(max(before + 1, after - _GAPS), after):
                self._missing[number] = now
        for number in list(self._missing)[:-_GAPS]:
            del self._missing[number]
        self.last_id = new[-1]


def _rows(
    connection: Connection, which: ColumnElement[bool], at_most: int
) -> list[Listed]:
    asked = select(*LISTED).where(which).order_by(verdicts.c.id).limit(at_most)
    return [Listed(*row) for row in connection.execute(asked)]


def newest_id(engine: Engine) -> int:
    """Give the number of the newest row; 0 where there is none.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        return connection.execute(select(func.max(verdicts.c.id))).scalar() or 0
