"""How far the clocks of a line's stations are off from the camera's.

A station that names a part's serial says when the part passed it; its nominal travel
time says when it should have. The median of the differences over the latest parts is
how far the clocks disagree (and, by the same measure, how wrong the travel time is).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from statistics import median

from inspector.types import NS_PER_S

_LATEST = 101
_FEWEST = 20
"""Pairs without which nothing is said."""


class ClockWatch:
    """The clocks of one line; any thread may ask, one thread tells.

    Args:
        limit_s: how far a station's clock may be off before it is an alarm.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._pairs: dict[str, deque[int]] = {}

    def saw(self, ahead_ns: Mapping[str, int]) -> None:
        """Note of one part how far each station that named it was ahead."""
        with self._lock:
            for station, difference_ns in ahead_ns.items():
                pairs = self._pairs.setdefault(station, deque(maxlen=_LATEST))
                pairs.append(difference_ns)

    def ahead_s(self) -> dict[str, float]:
        """Give for each station how far its clock is ahead: the median, in seconds."""
        with self._lock:
            return {
                station: round(median(pairs) / NS_PER_S, 3)
                for station, pairs in sorted(self._pairs.items())
                if len(pairs) >= _FEWEST
            }

    def alarm(self) -> str | None:
        """Name the stations whose clocks are off by more than the limit, or `None`."""
        off = [
            f"the clock of {station} is {abs(ahead):g} s "
            f"{'ahead of' if ahead > 0 else 'behind'} the camera's"
            for station, ahead in self.ahead_s().items()
            if abs(ahead) > self._limit_s
        ]
        return "; ".join(off) or None
