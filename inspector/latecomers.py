"""Log lines that come after the verdicts of the parts that they concern.

Such a line amends the record: it is kept beside the verdict, which stands as it was.
"""

from __future__ import annotations

import re
from collections import deque

from inspector.settings import LineSettings
from inspector.types import NS_PER_S, Frame, LogLine, Window

_REMEMBERED = 512
"""Parts whose windows were closed; a line later than that amends none."""
_MOST_PARTS = 16
"""A line that would concern more parts than that tells little about each."""


class LateLines:
    """Says which closed parts of a line a log line concerns; one thread owns it."""

    def __init__(self, settings: LineSettings) -> None:
        self._tolerance_ns = int(settings.windows.travel_tolerance_s * NS_PER_S)
        self._travel_ns = {
            station.name: int(station.seconds_to_camera * NS_PER_S)
            for station in settings.stations
        }
        self._closed: deque[Frame] = deque(maxlen=_REMEMBERED)

    def closed(self, window: Window) -> None:
        """Remember a part whose window was closed, without its picture."""
        frame = window.frame
        self._closed.append(
            Frame(
                line=frame.line,
                camera=frame.camera,
                frame_id=frame.frame_id,
                serial=frame.serial,
                captured_ns=frame.captured_ns,
                received_mono_ns=frame.received_mono_ns,
            )
        )

    def concerned(self, late: LogLine) -> list[Frame]:
        """Give the closed parts that a line names, or that passed its station then."""
        words = set(re.findall(r"\w+", late.text))
        found = [
            frame
            for frame in reversed(self._closed)
            if late.logged_ns <= frame.captured_ns
            and (self._names(frame, late, words) or self._passed(frame, late))
        ]
        return found[:_MOST_PARTS]

    def _names(self, frame: Frame, late: LogLine, words: set[str]) -> bool:
        serial = frame.serial
        if not serial:
            return False
        if re.fullmatch(r"\w+", serial):
            return serial in words
        pattern = rf"(?<!\w){re.escape(serial)}(?!\w)"
        return re.search(pattern, late.text) is not None

    def _passed(self, frame: Frame, late: LogLine) -> bool:
        travel_ns = self._travel_ns.get(late.station)
        if travel_ns is None:
            return False
        off_ns = late.logged_ns - (frame.captured_ns - travel_ns)
        return abs(off_ns) <= self._tolerance_ns
