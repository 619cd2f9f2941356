"""Which messages of a partition are dealt with, and up to where all of them are."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from inspector.delivery import Claim, Progress


class PartitionProgress:
    """The messages in hand of one partition, under one claim; any thread may call.

    Args:
        claim: under which the partition is read.
        next_offset: of the first message that will be read.
    """

    def __init__(self, claim: Claim, next_offset: int) -> None:
        self.claim = claim
        self._lock = threading.Lock()
        self._open: dict[int, int] = {}
        """Offsets in hand, in order, with the time of each message in ns."""
        self._next = next_offset
        self._newest_ns = claim.message_ns
        self._stored = next_offset

    @property
    def stored(self) -> int:
        """All messages before this offset are dealt with, and that is on record."""
        with self._lock:
            return self._stored

    @property
    def in_hand(self) -> int:
        """How many messages were read and are not dealt with."""
        with self._lock:
            return len(self._open)

    def began(self, offset: int, message_ns: int) -> None:
        """Note that a message was read; offsets come in order."""
        with self._lock:
            self._open[offset] = message_ns
            self._next = offset + 1

    def when_done(self, offsets: Iterable[int]) -> Progress:
        """Say what may be put on record in the commit that deals with these too."""
        with self._lock:
            done = set(offsets)
            first = next((each for each in self._open if each not in done), self._next)
            newest_ns = max(
                (self._open[each] for each in done if each in self._open),
                default=self._newest_ns,
            )
            return Progress(claim=self.claim, next_offset=first, message_ns=newest_ns)

    def done(self, offsets: Iterable[int], progress: Progress) -> None:
        """Note that these are dealt with, and that the progress is on record."""
        with self._lock:
            for offset in offsets:
                self._open.pop(offset, None)
            self._newest_ns = progress.message_ns
            self._stored = max(self._stored, progress.next_offset)
