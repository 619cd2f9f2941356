"""A mailbox with one slot, between a thread that looks and a window that shows."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest thing that was put in; older ones are gone unread."""

    def __init__(self) -> None:
        self._slot: deque[T] = deque(maxlen=1)

    def put(self, thing: T) -> None:
        """Replace what is in it; from any thread."""
        self._slot.append(thing)

    def take(self) -> T | None:
        """Take out what is in it; `None` if nothing is new."""
        try:
            return self._slot.pop()
        except IndexError:
            return None
