"""A line that says how it is while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.database.engine import open_engine
from connectors.database.people.heartbeats import read_heartbeats
from connectors.database.schema import upgrade
from connectors.pulsing import heard
from connectors.wiring import Brain, Feed
from inspector.pipeline import Capacities, Sources
from inspector.queues import WhenFull
from inspector.settings import DecisionRules, LineSettings, ModelSettings
from inspector.types import Frame, LogLine, MalformedLogLine
from tests.builders import a_frame, a_log_line
from tests.inspector.line_fakes import FakeModel


class OneFrame:
    stopped = False

    def frames(self) -> Iterator[Frame]:
        yield a_frame()

    def stop(self) -> None:
        self.stopped = True


class TwoLines:
    stopped = False

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        yield MalformedLogLine(line="poly", where="row 1", problem="no time")
        yield a_log_line()

    def stop(self) -> None:
        self.stopped = True


def test_what_camera_and_log_say_is_passed_on_and_noted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    engine = open_engine(url)
    upgrade(engine)
    camera, log = OneFrame(), TwoLines()
    sources = Sources(frames=camera, log=log, when_full=WhenFull.WAIT)
    line = LineSettings(id="poly", takt_s=2, camera="c", classes=["good", "bad"])
    brain = Brain(
        model=FakeModel(),
        settings=ModelSettings(
            line="poly", branch="1", decisions=DecisionRules(deadline_ms=300)
        ),
    )
    feed = Feed(sources=sources, capacities=Capacities())
    with heard(feed, line, brain, (url, tmp_path)) as listened:
        assert list(listened.sources.frames.frames()) == [a_frame()]
        assert listened.sources.log is not None
        assert len(list(listened.sources.log.lines())) == 2
        listened.sources.frames.stop()
        listened.sources.log.stop()
    assert camera.stopped
    assert log.stopped
    beat = read_heartbeats(engine)["poly"]
    engine.dispose()
    assert (beat.takt_s, beat.deadline_ms, beat.has_log) == (2, 300, True)
    assert beat.frame_ns is not None
    assert beat.log_ns is not None
    assert beat.stopped is not None
