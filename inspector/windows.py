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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from typing import Protocol

from inspector.settings import LineSettings
from inspector.types import NS_PER_MS, NS_PER_S, Frame, LogContext, LogLine, Window

_WORD = re.compile(r"\w+")
_FOREVER_NS = 2**63 - 1
_Order = tuple[int, str, str, str]
_Ranked = tuple[tuple[int, _Order], LogLine]
"""How far a line is from its part, in ns and then in order, and the line."""


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


class Witness(Protocol):
    """Is told what the assembler sees; on its thread, so it must not block."""

    def closed(
        self, window: Window, ahead_ns: Mapping[str, int], watermark_ns: int | None
    ) -> None:
        """Take note of a window, and of how far stations that name it were ahead.

        Args:
            window: as it was closed.
            ahead_ns: for each station that names the part's serial, by how much its
                line is later than the part's nominal passing; negative if earlier.
            watermark_ns: the log is read up to here, by its own times.
        """
        ...

    def late(self, line: LogLine) -> None:
        """Take note of a line that came after a part it may concern was closed."""
        ...


@dataclass(slots=True)
class _Waiting:
    frame: Frame
    deadline_mono_ns: int


class WindowAssembler:
    """Takes lines and frames as they come and gives windows, in order of the frames.

    Not thread-safe: one thread owns it.
    """

    def __init__(
        self,
        settings: LineSettings,
        has_log: bool,
        witness: Witness | None = None,
    ) -> None:
        rules = settings.windows
        self._witness = witness
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

    @property
    def watermark_ns(self) -> int | None:
        """The log is taken to be read up to here, by its own times; `None` at first."""
        newest = self._buffer.newest_ns(_FOREVER_NS)
        return None if newest is None else newest - self._out_of_order_ns

    def add_line(self, line: LogLine) -> None:
        """Take a log line; the same line twice counts once."""
        if not self._buffer.add(line):
            return
        closed = self._closed_until_ns
        if closed is not None and line.logged_ns <= self._latest_ns(
            closed, line.station
        ):
            self._late_lines += 1
            if self._witness is not None:
                self._witness.late(line)

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
        window = Window(
            frame=frame,
            log_lines=lines,
            log_context=context,
            closed_mono_ns=now_mono_ns,
        )
        if self._witness is not None:
            self._witness.closed(window, self._ahead_ns(frame), self.watermark_ns)
        return window

    def _ahead_ns(self, frame: Frame) -> dict[str, int]:
        """Say by how much the stations that name a part did so after it passed them.

        Looks beyond the window: a clock that is ahead is later than the picture.
        """
        ahead: dict[str, int] = {}
        for station, track in self._buffer.naming(frame.serial or ""):
            if station in self._travel_ns:
                passed_ns = frame.captured_ns - self._travel_ns[station]
                for _, line in track.outward(passed_ns, None, _FOREVER_NS):
                    ahead[station] = line.logged_ns - passed_ns
                    break
        return ahead

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
        """Choose lazily: what is out of the window's room is never looked at.

        So a window costs the same however many lines lie within its reach.
        """
        chosen: dict[LogLine, None] = {}
        ways = (self._named, self._passed, self._elsewhere)
        for _, line in chain.from_iterable(lines(frame) for lines in ways):
            chosen[line] = None
            if len(chosen) == self._max_lines:
                break
        return tuple(sorted(chosen, key=_order))

    def _named(self, frame: Frame) -> Iterator[_Ranked]:
        """Lines that name the part's serial, nearest to its passing first."""
        captured = frame.captured_ns
        return _nearest_first(
            track.outward(captured - self._travel_ns.get(station, 0), None, captured)
            for station, track in self._buffer.naming(frame.serial or "")
        )

    def _passed(self, frame: Frame) -> Iterator[_Ranked]:
        """What stations logged when the part passed them, nearest first."""
        captured = frame.captured_ns
        oldest = captured - self._horizon_ns
        return _nearest_first(
            self._buffer.track(station).outward(
                captured - travel,
                max(oldest, captured - travel - self._tolerance_ns),
                self._latest_ns(captured, station),
            )
            for station, travel in self._travel_ns.items()
        )

    def _elsewhere(self, frame: Frame) -> Iterator[_Ranked]:
        """What nobody on the line logged, latest first."""
        captured = frame.captured_ns
        oldest = captured - self._horizon_ns
        return self._buffer.track(None).outward(captured, oldest, captured)


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
        self._by_word: dict[str, dict[str, _Track]] = {}
        """For each word the lines that say it, by station; strangers' under ""."""

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
        station = self._station(line)
        for word in words:
            said = self._by_word.setdefault(word, {})
            said.setdefault(station, _Track()).add(line)
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

    def naming(self, serial: str) -> list[tuple[str, _Track | _Saying]]:
        """Lines that say a serial as a whole word, whatever signs the serial has.

        Returns:
            For each station that said it, and "" for all strangers, its lines.
        """
        words = _WORD.findall(serial)
        if not words:
            return []
        found = min((self._by_word.get(word, {}) for word in words), key=_size)
        if words == [serial]:
            return list(found.items())
        exact = re.compile(rf"(?<!\w){re.escape(serial)}(?!\w)")
        return [(station, _Saying(track, exact)) for station, track in found.items()]

    def _station(self, line: LogLine) -> str:
        return line.station if line.station in self._tracks else ""

    def _evict(self) -> None:
        line, words = self._held.popitem(last=False)
        self.evicted += 1
        self.track(line.station).remove(line)
        for word in words:
            self._forget(word, line)

    def _forget(self, word: str, line: LogLine) -> None:
        said, station = self._by_word[word], self._station(line)
        said[station].remove(line)
        if not len(said[station]):
            del said[station]
        if not said:
            del self._by_word[word]


class _Track:
    """Lines in order of event time; adding and removing at the ends is cheap."""

    __slots__ = ("_head", "_lines")

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._head = 0
        """Lines before this index are given up, but not yet moved out of the list."""

    def __len__(self) -> int:
        return len(self._lines) - self._head

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

    def outward(
        self, nominal_ns: int, since_ns: int | None, until_ns: int
    ) -> Iterator[_Ranked]:
        """Yield the lines within bounds, both included, nearest to a moment first."""
        first = self._head if since_ns is None else self._after(since_ns - 1)
        last = self._after(until_ns)
        centre = min(max(self._after(nominal_ns), first), last)
        return merge(
            self._earlier(nominal_ns, first, centre),
            self._later(nominal_ns, centre, last),
            key=_rank,
        )

    def _earlier(self, nominal_ns: int, first: int, end: int) -> Iterator[_Ranked]:
        """Walk back; lines of one moment come in their own order nevertheless."""
        while end > first:
            moment_ns = self._lines[end - 1].logged_ns
            start = end - 1
            if start > first and self._lines[start - 1].logged_ns == moment_ns:
                start = bisect_left(
                    self._lines, moment_ns, lo=first, hi=end, key=_logged_ns
                )
            for at in range(start, end):
                line = self._lines[at]
                yield (nominal_ns - moment_ns, _order(line)), line
            end = start

    def _later(self, nominal_ns: int, start: int, last: int) -> Iterator[_Ranked]:
        for at in range(start, last):
            line = self._lines[at]
            yield (line.logged_ns - nominal_ns, _order(line)), line

    def _after(self, moment_ns: int) -> int:
        """Index of the first line that was logged after a moment."""
        return bisect_right(self._lines, moment_ns, lo=self._head, key=_logged_ns)


class _Saying:
    """Those lines of a track that say exactly this."""

    __slots__ = ("_exact", "_track")

    def __init__(self, track: _Track, exact: re.Pattern[str]) -> None:
        self._track = track
        self._exact = exact

    def outward(
        self, nominal_ns: int, since_ns: int | None, until_ns: int
    ) -> Iterator[_Ranked]:
        ranked = self._track.outward(nominal_ns, since_ns, until_ns)
        return (each for each in ranked if self._exact.search(each[1].text))


def _nearest_first(ranked: Iterable[Iterator[_Ranked]]) -> Iterator[_Ranked]:
    return merge(*ranked, key=_rank)


def _rank(ranked: _Ranked) -> tuple[int, _Order]:
    return ranked[0]


def _size(said: Mapping[str, _Track]) -> int:
    return sum(map(len, said.values()))


def _logged_ns(line: LogLine) -> int:
    return line.logged_ns


def _order(line: LogLine) -> _Order:
    """Event time; among equals by what they say, so that arrival does not matter."""
    return line.logged_ns, line.station, line.level, line.text
