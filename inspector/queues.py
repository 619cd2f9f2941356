"""The one way that threads hand things over: a bounded queue with a named rule.

Nothing is dropped here. A full queue either makes the giver wait, or hands the oldest
item back to the giver, who must account for it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class WhenFull(StrEnum):
    """What a full queue does with one more item."""

    WAIT = "wait"
    """The giver waits for room: recordings and logs, which can wait as well."""
    OVERFLOW = "overflow"
    """The oldest item goes back to the giver: cameras, which cannot wait."""


class QueueClosedError(Exception):
    """The queue takes nothing more, or has nothing more to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """How much went through a queue so far."""

    put: int
    got: int
    overflowed: int
    high_water: int
    """The most items that ever waited at one time."""


class BoundedQueue(Generic[T]):
    """Hands items from one thread to another, first in, first out.

    Args:
        capacity: the most items that wait.
        when_full: what happens to one more.
        bell: rung for each item and for the end, for a taker who minds several queues.
    """

    def __init__(
        self, capacity: int, when_full: WhenFull, bell: threading.Event | None = None
    ) -> None:
        if capacity < 1:
            message = f"a queue needs room for one item, not {capacity}"
            raise ValueError(message)
        self.capacity = capacity
        self._when_full = when_full
        self._bell = bell
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._put = self._got = self._overflowed = self._high_water = 0

    def put(self, item: T) -> T | None:
        """Give an item; the oldest comes back if the rule is OVERFLOW and it is full.

        Raises:
            QueueClosedError: the queue is closed, and the giver still has the item.
        """
        with self._changed:
            if self._when_full is WhenFull.WAIT:
                self._changed.wait_for(self._has_room_or_is_closed)
            if self._closed:
                raise QueueClosedError
            pushed_out = self._push_out()
            self._items.append(item)
            self._put += 1
            self._high_water = max(self._high_water, len(self._items))
            self._ring()
        return pushed_out

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest item, waiting for one if need be.

        Raises:
            TimeoutError: none came in time.
            QueueClosedError: the queue is closed and empty.
        """
        with self._changed:
            if not self._changed.wait_for(self._has_item_or_is_closed, timeout_s):
                raise TimeoutError
            if not self._items:
                raise QueueClosedError
            return self._take(1)[0]

    def take(self, limit: int) -> list[T]:
        """Take what is there now, at most `limit` items, without waiting."""
        with self._changed:
            return self._take(limit)

    def close(self) -> None:
        """Take nothing more; what waits can still be got."""
        with self._changed:
            self._closed = True
            self._ring()

    @property
    def exhausted(self) -> bool:
        """Whether the queue is closed and empty."""
        with self._changed:
            return self._closed and not self._items

    def counts(self) -> QueueCounts:
        """Say how much went through so far."""
        with self._changed:
            return QueueCounts(
                put=self._put,
                got=self._got,
                overflowed=self._overflowed,
                high_water=self._high_water,
            )

    def _has_room_or_is_closed(self) -> bool:
        return self._closed or len(self._items) < self.capacity

    def _has_item_or_is_closed(self) -> bool:
        return self._closed or bool(self._items)

    def _push_out(self) -> T | None:
        if len(self._items) < self.capacity:
            return None
        self._overflowed += 1
        return self._items.popleft()

    def _take(self, limit: int) -> list[T]:
        count = min(limit, len(self._items))
        taken = [self._items.popleft() for _ in range(count)]
        self._got += count
        self._changed.notify_all()
        return taken

    def _ring(self) -> None:
        self._changed.notify_all()
        if self._bell is not None:
            self._bell.set()
