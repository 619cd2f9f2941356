"""Log text of a recorded line, replayed in step with its frames."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.recording import LogEntry, Recording
from inspector.replay import LOG_RANK, ReplayClock
from inspector.types import LogLine, MalformedLogLine


class ReplayedLog:
    """Delivers a recording's log when the replay's clock says it is due.

    Takes its seat at the clock at once: make all sources of a replay before starting
    any of them. `lines()` can be run through once.

    Args:
        recording: the recorded line.
        clock: shared by all sources of this replay.
        since_ns: leave out what was due before; event time in UTC nanoseconds.
        until_ns: leave out what was due after.
    """

    def __init__(
        self,
        recording: Recording,
        clock: ReplayClock,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> None:
        self._entries = [
            entry
            for entry in recording.log_entries()
            if _is_within(entry, since_ns, until_ns)
        ]
        self._seat = clock.take_seat(LOG_RANK)

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        """Yield what the log files hold, in the order in which it was written."""
        try:
            for entry in self._entries:
                if not self._seat.wait(entry.due_ns):
                    return
                yield entry.entry
        finally:
            self._seat.leave()

    def stop(self) -> None:
        """Make `lines()` end."""
        self._seat.leave()


def _is_within(entry: LogEntry, since_ns: int | None, until_ns: int | None) -> bool:
    after = since_ns is None or entry.due_ns >= since_ns
    return after and (until_ns is None or entry.due_ns <= until_ns)
