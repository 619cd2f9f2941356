"""Lets a line say how it is: listens to its sources, and beats once a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.database.engine import open_engine
from connectors.database.people.heartbeats import beating
from connectors.wiring import Brain, Feed
from inspector.health import Pulse
from inspector.ports import FrameSource, LogSource
from inspector.settings import LineSettings
from inspector.types import Frame, LogLine, MalformedLogLine


@contextmanager
def heard(
    feed: Feed, line: LineSettings, brain: Brain, kept: tuple[str, Path]
) -> Iterator[Feed]:
    """Give a feed that is listened to, and say how the line is while it is used.

    Args:
        feed: the line's sources.
        line: its settings.
        brain: whose deadline the line keeps.
        kept: the database's URL, and the evidence folder, whose disk is watched.
    """
    database, evidence = kept
    pulse = Pulse(
        line=line.id,
        takt_s=line.takt_s,
        deadline_ms=brain.settings.decisions.deadline_ms,
        has_log=feed.sources.log is not None,
    )
    engine = open_engine(database)
    try:
        with beating(engine, pulse, evidence):
            yield _listened(feed, pulse)
    finally:
        engine.dispose()


def _listened(feed: Feed, pulse: Pulse) -> Feed:
    sources = feed.sources
    log = None if sources.log is None else HeardLog(sources.log, pulse)
    frames = HeardFrames(sources.frames, pulse)
    return replace(feed, sources=replace(sources, frames=frames, log=log))


class HeardFrames:
    """Frames of another source, each noted as it comes; see the port `FrameSource`."""

    def __init__(self, source: FrameSource, pulse: Pulse) -> None:
        self._source = source
        self._pulse = pulse

    def frames(self) -> Iterator[Frame]:
        """Yield what the source yields.

        Raises:
            SourceError: the camera is gone and every retry has failed.
        """
        for frame in self._source.frames():
            self._pulse.frame(is_simulated=frame.is_simulated)
            yield frame

    def stop(self) -> None:
        """Make `frames()` end."""
        self._source.stop()


class HeardLog:
    """Lines of another source, each noted as it comes; see the port `LogSource`."""

    def __init__(self, source: LogSource, pulse: Pulse) -> None:
        self._source = source
        self._pulse = pulse

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        """Yield what the source yields.

        Raises:
            SourceError: the log is gone and every retry has failed.
        """
        for line in self._source.lines():
            if isinstance(line, LogLine):
                self._pulse.log_line(line.logged_ns)
            yield line

    def stop(self) -> None:
        """Make `lines()` end."""
        self._source.stop()
