"""Watches how long a part is being looked at, and takes it away when time is up.

A run of ONNX Runtime cannot be called back from outside: it ends at the next operator
at best, and within one that hangs never. So whoever looks at a part leaves a note of it
on a desk, and a thread beside looks at the desk now and then. A part whose time is up
is taken from the desk; whoever sat there finds that out when it comes back, and must
leave. Nothing of this is in the way of a part that is judged in time: leaving the note
and taking it up again takes microseconds, and no other thread is woken.
"""

from __future__ import annotations

import threading

from inspector.judge import Turn

LOOK_EVERY_S = 0.02
"""How late a part may be noticed: little, against any deadline of a gate."""


class RelievedError(Exception):
    """The part in hand was given up meanwhile: nobody waits for its verdict."""


class Desk:
    """Where one thread at a time judges parts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn: Turn | None = None

    @property
    def is_free(self) -> bool:
        """Whether no part is being looked at."""
        return self._turn is None

    def begin(self, turn: Turn) -> None:
        """Note which part is being looked at from now on."""
        with self._lock:
            self._turn = turn

    def end(self, turn: Turn) -> None:
        """Take the note up again: the part is judged.

        Raises:
            RelievedError: it was taken away; nothing may be done for it any more.
        """
        with self._lock:
            if self._turn is not turn:
                raise RelievedError
            self._turn = None

    def take_overdue(self, now_mono_ns: int) -> Turn | None:
        """Take the part away if its time is up."""
        with self._lock:
            turn = self._turn
            if turn is None or now_mono_ns < turn.until_mono_ns:
                return None
            self._turn = None
            return turn
