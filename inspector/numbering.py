"""Watches the numbers of a camera's frames: what is skipped and never comes is a fault.

Frames may come out of order, so that a skipped number is only missing when so many
later ones have come, or after some time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

_RESTARTED_BELOW = 10_000
"""A number so far below the highest one is a counter that began anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A run of frame numbers, both ends included, that were skipped."""

    first: int
    last: int
    captured_ns: int
    """When the frame that came instead was captured."""
    noticed_mono_ns: int


class NumberWatch:
    """The numbers of one camera of one line; one thread owns it.

    Args:
        known: the newest numbers that were accounted for before, if any.
        now_mono_ns: when the watch begins.
        within: a frame that is later by so many numbers does not come any more.
        after_ns: nor does one that has not come after so long.
    """

    def __init__(
        self,
        known: Iterable[int] = (),
        now_mono_ns: int = 0,
        *,
        within: int = 32,
        after_ns: int = 5_000_000_000,
    ) -> None:
        self._within = within
        self._after_ns = after_ns
        numbers = sorted(known)
        self._highest = numbers[-1] if numbers else None
        self._missing = [
            Missing(first=a + 1, last=b - 1, captured_ns=0, noticed_mono_ns=now_mono_ns)
            for a, b in pairwise(numbers)
            if a + 1 < b <= a + _RESTARTED_BELOW
        ]

    def saw(self, number: int, captured_ns: int, now_mono_ns: int) -> list[Missing]:
        """Note a frame, and give the runs of which it is now certain.

        Args:
            number: of the frame.
            captured_ns: when it was captured.
            now_mono_ns: the monotonic time.
        """
        highest = self._highest
        if highest is None or number < highest - _RESTARTED_BELOW:
            self._highest = number
        elif number > highest:
            if number > highest + 1:
                self._missing.append(
                    Missing(
                        first=highest + 1,
                        last=number - 1,
                        captured_ns=captured_ns,
                        noticed_mono_ns=now_mono_ns,
                    )
                )
            self._highest = number
        else:
            self._came_late(number)
        self._date(captured_ns)
        return self.overdue(now_mono_ns)

    def overdue(self, now_mono_ns: int) -> list[Missing]:
        """Give the runs that are missing for good by now, each once."""
        gone = [run for run in self._missing if self._is_gone(run, now_mono_ns)]
        if gone:
            self._missing = [run for run in self._missing if run not in gone]
        return gone

    def _is_gone(self, run: Missing, now_mono_ns: int) -> bool:
        if run.captured_ns == 0:  # known from before, and no frame has come since
            return False
        passed = (self._highest or 0) - run.last >= self._within
        return passed or now_mono_ns - run.noticed_mono_ns >= self._after_ns

    def _came_late(self, number: int) -> None:
        """Take a number out of the run in which it was missing."""
        left: list[Missing] = []
        for run in self._missing:
            if not run.first <= number <= run.last:
                left.append(run)
                continue
            before, after = (
                replace(run, last=number - 1),
                replace(run, first=number + 1),
            )
            left += [each for each in (before, after) if each.first <= each.last]
        self._missing = left

    def _date(self, captured_ns: int) -> None:
        """Give runs from before this start the moment of the first frame since."""
        self._missing = [
            replace(run, captured_ns=captured_ns) if run.captured_ns == 0 else run
            for run in self._missing
        ]
