"""Pairs each frame with the log lines that concern its part, in event time.

A line concerns a part, in this order of trust, if

1. it names the part's serial as a whole word, however long ago it was logged;
2. a station of the line logged it when the part passed that station: its nominal
   travel time before the picture, give or take `travel_tolerance_s`;
3. nobody on the line logged it (a door, the MES): such lines fill what room is left,
   the latest before the picture first, as far back as `horizon_s`.

Nothing logged after the picture was taken concerns it: training must not learn from
what the live line cannot know yet. What a window holds depends on the lines that were
there when it closed and not on the order in which they came.

Lines are never judged by the wall clock. A frame waits for lines on their way until
the log has moved past every moment that can concern it, and no longer than
`max_wait_ms` of the monotonic clock: a quiet log never stops the line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort_right
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from inspector.settings import LineSettings
from inspector.types import NS_PER_MS, NS_PER_S, Frame, LogContext, LogLine, Window

_WORD = re.compile(r"\w+")
_Order = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCounts:
    """What became of the frames and lines so far."""

    complete: int
    partial: int
    late: int
    missing: int
    lines: int
    """Lines taken in, without the ones that came twice."""
    duplicate_lines: int
    late_lines: int
    """Lines that came after a part they may concern was closed."""
    evicted_lines: int
    """Lines given up for want of room, the oldest arrivals first."""


@dataclass(slots=True)
class _Waiting:
    frame: Frame
    deadline_mono_ns: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """A line that concerns a part: the lower in order, the more."""

    trust: int
    distance_ns: int
    line: LogLine

    @property
    def rank(self) -> tuple[int, int, _Order]:
        return self.trust, self.distance_ns, _order(self.line)


class WindowAssembler:
    """Takes lines and frames as they come and gives windows, in order of the frames.

    Not thread-safe: one thread owns it.
    """

    def __init__(self, settings: LineSettings, has_log: bool) -> None:
        rules = settings.windows
        self._has_log = has_log
        self._max_lines = rules.max_lines
        self._max_wait_ns = int(rules.max_wait_ms * NS_PER_MS)
        self._tolerance_ns = int(rules.travel_tolerance_s * NS_PER_S)
        self._out_of_order_ns = int(rules.out_of_order_s * NS_PER_S)
        self._horizon_ns = int(rules.horizon_s * NS_PER_S)
        self._travel_ns = {
            station.name: int(station.seconds_to_camera * NS_PER_S)
            for station in settings.stations
        }
        self._buffer = _LineBuffer(self._travel_ns, rules.max_buffered_lines)
        self._waiting: deque[_Waiting] = deque()
        self._contexts: Counter[LogContext] = Counter()
        self._late_lines = 0
        self._closed_until_ns: int | None = None

    @property
    def counts(self) -> WindowCounts:
        """The account so far."""
        return WindowCounts(
            complete=self._contexts[LogContext.COMPLETE],
            partial=self._contexts[LogContext.PARTIAL],
            late=self._contexts[LogContext.LATE],
            missing=self._contexts[LogContext.MISSING],
            lines=self._buffer.taken,
            duplicate_lines=self._buffer.duplicates,
            late_lines=self._late_lines,
            evicted_lines=self._buffer.evicted,
        )

    def add_line(self, line: LogLine) -> None:
        """Take a log line; the same line twice counts once."""
        if not self._buffer.add(line):
            return
        closed = self._closed_until_ns
        if closed is not None and line.logged_ns <= self._latest_ns(
            closed, line.station
        ):
            self._late_lines += 1

    def add_frame(self, frame: Frame) -> None:
        """Take a frame; it is closed by `ready` or `flush`, exactly once."""
        deadline = frame.received_mono_ns + self._max_wait_ns
        # Windows close in order of arrival, so no frame may outwait a later one.
        for earlier in reversed(self._waiting):
            if earlier.deadline_mono_ns <= deadline:
                break
            earlier.deadline_mono_ns = deadline
        self._waiting.append(_Waiting(frame, deadline))

    def end_log(self) -> None:
        """Note that no line will come any more: nothing is worth waiting for."""
        self._has_log = False

    def ready(self, now_mono_ns: int) -> list[Window]:
        """Close every frame whose log is complete or whose wait is over."""
        closed = []
        while self._waiting and self._may_close(self._waiting[0], now_mono_ns):
            closed.append(self._close(self._waiting.popleft().frame, now_mono_ns))
        return closed

    def next_wake_mono_ns(self) -> int | None:
        """When `ready` must be called next if nothing comes before; `None` if idle."""
        return self._waiting[0].deadline_mono_ns if self._waiting else None

    def flush(self, now_mono_ns: int) -> list[Window]:
        """Close every frame with what is there: the line is stopping."""
        closed = [self._close(each.frame, now_mono_ns) for each in self._waiting]
        self._waiting.clear()
        return closed

    def _may_close(self, waiting: _Waiting, now_mono_ns: int) -> bool:
        return (
            not self._has_log
            or waiting.deadline_mono_ns <= now_mono_ns
            or self._is_complete(waiting.frame)
        )

    def _close(self, frame: Frame, now_mono_ns: int) -> Window:
        lines = self._lines_for(frame)
        context = self._context(frame, bool(lines))
        self._contexts[context] += 1
        self._closed_until_ns = max(self._closed_until_ns or 0, frame.captured_ns)
        return Window(
            frame=frame,
            log_lines=lines,
            log_context=context,
            closed_mono_ns=now_mono_ns,
        )

    def _context(self, frame: Frame, found_lines: bool) -> LogContext:
        if self._buffer.taken == 0:
            return LogContext.MISSING
        if self._is_complete(frame):
            return LogContext.COMPLETE
        if found_lines:
            return LogContext.PARTIAL
        return LogContext.LATE if self._has_log else LogContext.MISSING

    def _is_complete(self, frame: Frame) -> bool:
        """Whether the log has moved past all that can concern the part by time.

        Only lines near the picture's own time show that: one line of a station whose
        clock is a year ahead would otherwise make every window look complete.
        """
        newest = self._buffer.newest_ns(frame.captured_ns + self._horizon_ns)
        needed = max(
            (self._latest_ns(frame.captured_ns, name) for name in self._travel_ns),
            default=frame.captured_ns,
        )
        return newest is not None and newest - self._out_of_order_ns > needed

    def _latest_ns(self, captured_ns: int, station: str) -> int:
        """The last moment at which a line of a station may concern a part."""
        travel = self._travel_ns.get(station)
        if travel is None:
            return captured_ns
        return min(captured_ns, captured_ns - travel + self._tolerance_ns)

    def _lines_for(self, frame: Frame) -> tuple[LogLine, ...]:
        chosen: dict[LogLine, _Choice] = {}
        for choice in self._choices(frame):
            chosen.setdefault(choice.line, choice)
        nearest = nsmallest(
            self._max_lines, chosen.values(), key=lambda choice: choice.rank
        )
        return tuple(sorted((choice.line for choice in nearest), key=_order))

    def _choices(self, frame: Frame) -> Iterable[_Choice]:
        """All lines that may enter the window, the most trusted first."""
        captured = frame.captured_ns
        if frame.serial:
            for line in self._buffer.naming(frame.serial):
                if line.logged_ns <= captured:
                    yield _Choice(0, self._distance_ns(captured, line), line)
        oldest = captured - self._horizon_ns
        for station, travel in self._travel_ns.items():
            nominal = captured - travel
            since = max(oldest, nominal - self._tolerance_ns)
            until = self._latest_ns(captured, station)
            for line in self._nearest(station, nominal, since, until):
                yield _Choice(1, abs(line.logged_ns - nominal), line)
        for line in self._nearest(None, captured, oldest, captured):
            yield _Choice(2, captured - line.logged_ns, line)

    def _nearest(
        self, station: str | None, nominal_ns: int, since_ns: int, until_ns: int
    ) -> list[LogLine]:
        # Twice the room: those that name the serial may be chosen already.
        track = self._buffer.track(station)
        return track.around(nominal_ns, since_ns, until_ns, 2 * self._max_lines)

    def _distance_ns(self, captured_ns: int, line: LogLine) -> int:
        nominal = captured_ns - self._travel_ns.get(line.station, 0)
        return abs(line.logged_ns - nominal)


class _LineBuffer:
    """Lines in memory: by station in order of event time, and by the words they say.

    The bound gives up the oldest arrivals, not the oldest event times: a station whose
    clock is ahead would otherwise fill the buffer for ever.
    """

    def __init__(self, stations: Iterable[str], max_lines: int) -> None:
        self.taken = 0
        self.duplicates = 0
        self.evicted = 0
        self._max_lines = max_lines
        self._tracks = {station: _Track() for station in stations}
        self._elsewhere = _Track()
        self._held: OrderedDict[LogLine, frozenset[str]] = OrderedDict()
        self._by_word: dict[str, dict[LogLine, None]] = {}

    def track(self, station: str | None) -> _Track:
        """Lines of one station; of `None` or a stranger, those of all strangers."""
        return self._tracks.get(station or "", self._elsewhere)

    def add(self, line: LogLine) -> bool:
        """Hold a line; `False` if it is held already."""
        if line in self._held:
            self.duplicates += 1
            return False
        self.taken += 1
        words = frozenset(_WORD.findall(line.text))
        self._held[line] = words
        self.track(line.station).add(line)
        for word in words:
            self._by_word.setdefault(word, {})[line] = None
        if len(self._held) > self._max_lines:
            self._evict()
        return True

    def newest_ns(self, until_ns: int) -> int | None:
        """The newest event time that is not after a moment."""
        found = (
            track.newest_ns(until_ns)
            for track in (*self._tracks.values(), self._elsewhere)
        )
        return max((newest for newest in found if newest is not None), default=None)

    def naming(self, serial: str) -> list[LogLine]:
        """Lines that say a serial as a whole word, whatever signs the serial has."""
        words = _WORD.findall(serial)
        if not words:
            return []
        lists = [self._by_word.get(word, {}) for word in words]
        exact = re.compile(rf"(?<!\w){re.escape(serial)}(?!\w)")
        return [line for line in min(lists, key=len) if exact.search(line.text)]

    def _evict(self) -> None:
        line, words = self._held.popitem(last=False)
        self.evicted += 1
        self.track(line.station).remove(line)
        for word in words:
            said = self._by_word[word]
            del said[line]
            if not said:
                del self._by_word[word]


class _Track:
    """Lines in order of event time; adding and removing at the ends is cheap."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._head = 0
        """Lines before this index are given up, but not yet moved out of the list."""

    def add(self, line: LogLine) -> None:
        if not self._lines or _order(self._lines[-1]) <= _order(line):
            self._lines.append(line)
        else:
            insort_right(self._lines, line, lo=self._head, key=_order)

    def remove(self, line: LogLine) -> None:
        at = bisect_left(self._lines, _order(line), lo=self._head, key=_order)
        if at != self._head:
            del self._lines[at]
            return
        self._head += 1
        if self._head * 2 > len(self._lines):
            del self._lines[: self._head]
            self._head = 0

    def newest_ns(self, until_ns: int) -> int | None:
        at = self._after(until_ns)
        return self._lines[at - 1].logged_ns if at > self._head else None

    def around(
        self, nominal_ns: int, since_ns: int, until_ns: int, each_side: int
    ) -> list[LogLine]:
        """Lines nearest to a moment, at most so many on each side, within bounds."""
        centre = self._after(nominal_ns)
        first = max(self._after(since_ns - 1), centre - each_side)
        last = min(self._after(until_ns), centre + each_side)
        return self._lines[first:last]

    def _after(self, moment_ns: int) -> int:
        """Index of the first line that was logged after a moment."""
        return bisect_right(self._lines, moment_ns, lo=self._head, key=_logged_ns)


def _logged_ns(line: LogLine) -> int:
    return line.logged_ns


def _order(line: LogLine) -> _Order:
    """Event time; among equals by what they say, so that arrival does not matter."""
    return line.logged_ns, line.station, line.level, line.text
