"""Pictures for people of rejected parts, drawn beside the line and never in its way.

```
storekeeper, after the row is stored ──▶ bounded queue ──▶ a thread that draws ──▶ files
```
A full queue hands its oldest part back, which is counted: its window is kept, so the
picture can still be made by `inspector explain`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from inspector.account import Tally
from inspector.errors import PictureError, StoreError
from inspector.evidence import Evidence, overlay_name
from inspector.ports import EvidenceStore
from inspector.queues import BoundedQueue, QueueClosedError, WhenFull
from inspector.types import Verdict

_log = logging.getLogger(__name__)

WAITING = 16
"""Rejected parts that may wait to be drawn; each holds its picture in memory."""
_YIELDING = 10
"""How much the drawing thread gives way to the line's, in steps of `nice`."""

Draw = Callable[[Verdict, Evidence], bytes]
"""Draws a rejected part as PNG; raises `PictureError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A rejected part whose row is stored."""

    verdict: Verdict
    evidence: Evidence = field(repr=False)


class Illustrator:
    """Draws rejected parts on a thread of its own, while it is entered as a context.

    Leaving the context draws what still waits, at most `waiting` parts.

    Args:
        draw: makes the picture.
        store: keeps it.
        tally: counts what was drawn and what was not.
        waiting: bound of the queue.
    """

    def __init__(
        self, draw: Draw, store: EvidenceStore, tally: Tally, waiting: int = WAITING
    ) -> None:
        self._draw = draw
        self._store = store
        self._tally = tally
        self._queue = BoundedQueue[Rejected](waiting, WhenFull.OVERFLOW)
        self._thread = threading.Thread(
            target=self._work, name="illustrate", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.close()
        self._thread.join()

    def offer(self, rejected: Rejected) -> None:
        """Hand over a rejected part; never waits."""
        try:
            pushed_out = self._queue.put(rejected)
        except QueueClosedError:
            pushed_out = rejected
        if pushed_out is not None:
            self._tally.overlays_lost()

    def _work(self) -> None:
        give_way()
        try:
            with suppress(QueueClosedError):
                while True:
                    self._illustrate(self._queue.get())
        finally:
            # Whatever broke the thread: nobody draws what is offered from now on.
            self._queue.close()
            self._tally.overlays_lost(len(self._queue.take(self._queue.capacity)))

    def _illustrate(self, rejected: Rejected) -> None:
        verdict = rejected.verdict
        name = overlay_name(
            verdict.line, verdict.camera, verdict.frame_id, verdict.decided_ns
        )
        with ExitStack() as unless_drawn:
            unless_drawn.callback(self._tally.overlays_lost)
            try:
                drawn = self._draw(verdict, rejected.evidence)
                self._store.keep_as(name, drawn, durable=False)
            except (PictureError, StoreError) as error:
                _log.error("picture of rejected part %s: %s", verdict.frame_id, error)
                return
            unless_drawn.pop_all()
        self._tally.overlay_drawn()


def give_way() -> None:
    """Let other threads than this go first, where the system can tell them apart."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _YIELDING)
