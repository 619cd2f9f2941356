"""One clock for all sources of a replayed recording.

Frames and log lines of a recording must reach the program in the order in which they
happened, at whatever pace. Each source takes a seat at the clock and, before it
delivers something, waits there until the moment is due:

- `own` pace: as recorded, except that a pause between shifts takes one takt;
- a rate in parts per second: the time between two frames is stretched or shrunk to one
  interval, and log lines come at the interpolated moments between them;
- `max`: in lock-step. A source goes on once every other one has announced something
  that happens later; log lines go before frames of the same moment. The order is the
  same on every run, and no source runs ahead.

All seats must be taken before the first source starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.types import NS_PER_S

Pace = float | Literal["own", "max"]

SHIFT_BREAK_TAKTS = 60
"""A gap this many times the takt is a pause of the line, and is not sat through."""
LOG_RANK, FRAME_RANK = 0, 1
"""Which of two sources goes first at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When each moment of a recording is due, in seconds after the replay's start.

    Before the first frame and after the last one there is one interval: what was
    logged while the line was empty does not keep anybody waiting.
    """

    origin_ns: int
    event_s: NDArray[np.float64]
    """`[knots]` increasing event times, counted from the origin."""
    due_s: NDArray[np.float64]
    """`[knots]` seconds after the start."""

    @classmethod
    def of(cls, captured_ns: Sequence[int], takt_s: float, pace: Pace) -> Timetable:
        """Lay out the capture times of a recording at its own pace or a rate.

        Args:
            captured_ns: when the frames were taken, in any order; at least one.
            takt_s: the line's nominal seconds per part.
            pace: `own`, or parts per second.
        """
        moments, parts = np.unique(np.asarray(captured_ns), return_counts=True)
        event_s = (moments - moments[0]) / NS_PER_S
        if isinstance(pace, str):
            gaps = np.diff(event_s)
            gaps[gaps > SHIFT_BREAK_TAKTS * takt_s] = takt_s
            interval, due_s = takt_s, takt_s + np.append(0.0, np.cumsum(gaps))
        else:
            # Due times are multiples of the interval from the start: they do not drift.
            interval, due_s = 1 / pace, np.cumsum(parts) / pace
        return cls(
            origin_ns=int(moments[0]),
            event_s=np.array([-takt_s, *event_s, event_s[-1] + takt_s]),
            due_s=np.array([0.0, *due_s, due_s[-1] + interval]),
        )

    def due_after_s(self, event_ns: int) -> float:
        """Seconds after the start at which a moment is due."""
        event_s = (event_ns - self.origin_ns) / NS_PER_S
        return float(np.interp(event_s, self.event_s, self.due_s))


class ReplayClock:
    """Tells the sources of one replay when each of their moments is due.

    Args:
        timetable: when moments are due; `None` replays in lock-step, without pauses.
        monotonic: seconds of a clock that never steps.
        pause: waits at most so many seconds; the default wakes up when stopped.
    """

    def __init__(
        self,
        timetable: Timetable | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._timetable = timetable
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._pause = pause or self._changed.wait
        self._seats: list[ReplaySeat] = []
        self._started_s: float | None = None

    @classmethod
    def at_pace(
        cls, pace: Pace, captured_ns: Sequence[int], takt_s: float
    ) -> ReplayClock:
        """Make the clock for the frames that will be replayed."""
        if pace == "max" or not captured_ns:
            return cls(None)
        return cls(Timetable.of(captured_ns, takt_s, pace))

    def take_seat(self, rank: int) -> ReplaySeat:
        """Join as a source, before any source has started."""
        seat = ReplaySeat(self, rank, len(self._seats))
        with self._changed:
            self._seats.append(seat)
        return seat

    def stop(self) -> None:
        """Release every source: none delivers anything any more."""
        with self._changed:
            for seat in self._seats:
                seat.has_left = True
            self._changed.notify_all()

    def leave(self, seat: ReplaySeat) -> None:
        """Let go of one source; the others no longer wait for it."""
        with self._changed:
            seat.has_left = True
            self._changed.notify_all()

    def wait(self, seat: ReplaySeat, event_ns: int) -> bool:
        """Announce a source's next moment and wait until it is due."""
        with self._changed:
            seat.next_ns = event_ns
            self._changed.notify_all()
            if self._timetable is None:
                self._changed.wait_for(lambda: seat.has_left or self._is_next(seat))
            else:
                self._wait_until(seat, self._timetable.due_after_s(event_ns))
            return not seat.has_left

    def _is_next(self, seat: ReplaySeat) -> bool:
        others = (other for other in self._seats if other is not seat)
        return all(
            other.has_left or (other.next_ns is not None and seat.order < other.order)
            for other in others
        )

    def _wait_until(self, seat: ReplaySeat, due_s: float) -> None:
        if self._started_s is None:
            self._started_s = self._monotonic()
        while not seat.has_left:
            left_s = self._started_s + due_s - self._monotonic()
            if left_s <= 0:
                return
            self._pause(left_s)


class ReplaySeat:
    """One source's place at the clock."""

    def __init__(self, clock: ReplayClock, rank: int, number: int) -> None:
        self.next_ns: int | None = None
        self.has_left = False
        self._clock = clock
        self._tie = (rank, number)

    @property
    def order(self) -> tuple[int, int, int]:
        """Who goes first: the earlier moment, the rank, then who sat down first."""
        return self.next_ns or 0, *self._tie

    def wait(self, event_ns: int) -> bool:
        """Wait until a moment is due; `False` if the replay was stopped meanwhile.

        Moments of one source must not go back in time.
        """
        return self._clock.wait(self, event_ns)

    def leave(self) -> None:
        """Say that nothing comes any more; a wait under way ends."""
        self._clock.leave(self)
