"""One line of a worker, from the claim of its partition until it is handed over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.kafka.delivering import Clerk, FedVerdictStore, Patience
from connectors.kafka.feeds import FedFrames, FedLog, FeedTools
from connectors.kafka.settings import FedLineSettings
from inspector.account import Account
from inspector.clockwatch import ClockWatch
from inspector.delivery import Amendment, FencedError
from inspector.errors import InspectorError
from inspector.latecomers import LateLines
from inspector.pipeline import Pipeline, Sources
from inspector.ports import VerdictStore
from inspector.queues import WhenFull
from inspector.types import LogLine, Window
from inspector.windows import Witness

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLine:
    """A line that is put together, and the branch that judges it."""

    pipeline: Pipeline
    branch: str


Build = Callable[[FedLineSettings, Sources, VerdictStore, Witness], BuiltLine]
"""Puts a line together: loads its model, which may take a while.

Raises `InspectorError`: the line cannot be judged, and why.
"""


class LineWitness:
    """Watches one line's clocks, and amends its record with late log lines."""

    def __init__(
        self, settings: FedLineSettings, clocks: ClockWatch, clerk: Clerk
    ) -> None:
        self.clocks = clocks
        self.watermark_ns: int | None = None
        self._late = LateLines(settings)
        self._clerk = clerk

    def closed(
        self, window: Window, ahead_ns: Mapping[str, int], watermark_ns: int | None
    ) -> None:
        """Remember the part, and how far stations that named it were ahead."""
        self.watermark_ns = watermark_ns
        self._late.closed(window)
        self.clocks.saw(ahead_ns)

    def late(self, line: LogLine) -> None:
        """Keep a late line beside the parts it concerns; their verdicts stand."""
        came_ns = time.time_ns()
        amendments = [
            Amendment(
                line=frame.line,
                camera=frame.camera,
                frame_id=frame.frame_id,
                captured_ns=frame.captured_ns,
                log_line=line,
                came_ns=came_ns,
            )
            for frame in self._late.concerned(line)
        ]
        if amendments:
            self._clerk.amend(amendments)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTools:
    """What a line is made with."""

    settings: FedLineSettings
    feed: FeedTools
    patience: Patience
    witness: LineWitness
    build: Build
    verdicts: str
    """The topic of verdicts."""
    wake: Callable[[], None]
    changed: Callable[[FedLine], None]
    """Called when the line has begun or ended, from its own thread."""


class FedLine:
    """A line on threads of its own; starts at once and runs once."""

    def __init__(self, tools: LineTools, number: int) -> None:
        self.name = tools.settings.id
        self.number = number
        self.frames = FedFrames(tools.feed)
        self.log = FedLog(tools.feed)
        self.witness = tools.witness
        self.branch: str | None = None
        self.trouble: str | None = None
        self.fenced = False
        self.account: Account | None = None
        self._tools = tools
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._pipeline: Pipeline | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"line {self.name}", daemon=True
        )

    def start(self) -> None:
        """Load the model and begin, without waiting for either."""
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether the line judges now."""
        return self._ready.is_set() and self.runs

    @property
    def runs(self) -> bool:
        """Whether the line has not ended."""
        return self._thread.is_alive()

    def wait_until_ready(self, within_s: float) -> bool:
        """Wait until the line judges, or has failed to; says whether it does."""
        self._ready.wait(within_s)
        return self.ready

    def so_far(self) -> Account | None:
        """Give the account so far; `None` before the model is loaded."""
        if self.account is not None:
            return self.account
        return None if self._pipeline is None else self._pipeline.account()

    def stop(self) -> None:
        """Begin to end: what is in hand is judged and stored."""
        self._stopping.set()
        self.frames.stop()
        self.log.stop()
        if self._pipeline is not None:
            self._pipeline.stop()

    def join(self, within_s: float) -> bool:
        """Wait for the end; says whether the line has ended."""
        self._thread.join(max(within_s, 0.0))
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """End without storing what is still in hand: it will be read again."""
        self._tools.patience.abandoned.set()

    def _run(self) -> None:
        try:
            self._work()
        except FencedError as error:
            self.fenced = True
            self.trouble = str(error)
        except InspectorError as error:
            self.trouble = str(error)
            _log.error("line %s: %s", self.name, error)
        except Exception as error:  # noqa: BLE001 - at the top of the thread
            self.trouble = f"{type(error).__name__}: {error}"
            _log.exception("line %s", self.name)
        finally:
            self._ready.set()
            self._tools.changed(self)

    def _work(self) -> None:
        tools = self._tools
        store = FedVerdictStore(
            self.frames, tools.patience, tools.verdicts, wake=tools.wake
        )
        # A live line cannot wait; one whose parts can lets them wait in Kafka.
        when_full = WhenFull.WAIT if tools.feed.restamp else WhenFull.OVERFLOW
        sources = Sources(frames=self.frames, log=self.log, when_full=when_full)
        built = tools.build(tools.settings, sources, store, tools.witness)
        self._pipeline = built.pipeline
        self.branch = built.branch
        self._ready.set()
        tools.changed(self)
        if not self._stopping.is_set():
            self.account = built.pipeline.run()
