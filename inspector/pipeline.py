"""The whole program on one page: frames and log lines in, durable verdicts out.

```
frame source ──▶ inbox ─┐
                        ├─▶ windows ─▶ judge ──▶ outbox ──▶ storekeeper ──▶ watchers
log source ──▶ log box ─┘             ▲ │                         └──▶ illustrator
 a thread each            the line's  │ │                  the store's thread, and one
                          thread      │ ▼                  that draws rejected parts
                                     foreman
                exchanges the branch between two parts, on a thread of its own
```
Frames and log lines come through queues of their own, so that no flood of log text can
crowd out a part, and the line's thread reads a bounded piece of each in turn. A full
inbox of a live camera hands its oldest frame back, which becomes REVIEW at once; every
other full queue makes its giver wait.

A part that its branch does not finish in time is taken from the line's thread by the
timekeeper: it becomes REVIEW, and another thread takes over the line.

Whatever ends the run, every part that was triggered has a verdict or a counted fault.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass

from inspector.account import Account, Loss, Tally
from inspector.deciding import Trouble
from inspector.errors import StalledError
from inspector.foreman import Foreman
from inspector.judge import Clocks, Judge, Judged, Turn
from inspector.ports import FrameSource, LogSource
from inspector.queues import BoundedQueue, QueueClosedError, WhenFull
from inspector.storing import Storekeeper
from inspector.timekeeping import LOOK_EVERY_S, Desk, RelievedError
from inspector.types import (
    NS_PER_S,
    Fault,
    Frame,
    LogLine,
    MalformedLogLine,
    Window,
)
from inspector.windows import WindowAssembler

_log = logging.getLogger(__name__)

_SOURCE_STOPS_WITHIN_S = 1.0
_MAY_HANG = 4
"""Threads that may hang in a branch at one time; with more, the line has to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a line's frames and log text come from."""

    frames: FrameSource
    log: LogSource | None
    when_full: WhenFull
    """What a full inbox does: a recording waits, a camera cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacities:
    """How many of each may wait between threads."""

    inbox: int = 32
    in_windows: int = 8
    """Frames that wait for their log lines at one time."""
    log_box: int = 1024
    outbox: int = 64

    @classmethod
    def for_recording(cls) -> Capacities:
        """Keep few frames waiting: a recording can wait, and parts grow old."""
        return cls(inbox=2, in_windows=4)


class Pipeline:
    """One line, from its sources to its store; runs once.

    Args:
        sources: frames and log text.
        assembler: pairs them.
        judge: gives each window its verdict.
        storekeeper: makes verdicts durable; shares `tally`.
        tally: counts every part.
        foreman: follows which branch the line is to run; `None`: always the judge's.
        capacities: bounds of the queues.
        clocks: replaced in tests.
    """

    def __init__(  # noqa: PLR0913 - the stations of the line, each named once
        self,
        *,
        sources: Sources,
        assembler: WindowAssembler,
        judge: Judge,
        storekeeper: Storekeeper,
        tally: Tally,
        foreman: Foreman | None = None,
        capacities: Capacities | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._sources = sources
        self._assembler = assembler
        self._judge = judge
        self._storekeeper = storekeeper
        self._tally = tally
        self._foreman = foreman
        self._capacities = room = capacities or Capacities()
        self._mono_ns = (clocks or Clocks()).mono_ns
        self._bell = threading.Event()
        self._inbox = BoundedQueue[Frame](room.inbox, sources.when_full, self._bell)
        self._log_box = BoundedQueue[LogLine](room.log_box, WhenFull.WAIT, self._bell)
        self._outbox = BoundedQueue[Judged](room.outbox, WhenFull.WAIT)
        self._taken_ns: dict[int, int] = {}
        """When each frame that waits in the assembler was taken, by its `id()`."""
        self._ready: deque[Window] = deque()
        """Closed, and not yet judged."""
        self._desk = Desk()
        self._line: threading.Thread | None = None
        self._relieved: list[threading.Thread] = []
        """Threads that a branch has not let go of yet."""
        self._line_ended = threading.Event()
        self._stopping = False
        self._failure: BaseException | None = None

    def run(self) -> Account:
        """Work until the frame source ends or `stop` is called, and close the books.

        Raises:
            StoreError: verdicts could not be stored.
            SourceError: the camera or the log failed for good.
        """
        feeders = [self._thread(self._feed_frames), self._thread(self._feed_log)]
        storing = self._thread(self._serve_store)
        with self._foreman or nullcontext():
            self._line = self._thread(self._work)
            timekeeper = self._thread(self._keep_time)
            timekeeper.join()
            if self._line not in self._relieved:
                self._line.join()
        self._close_inbox()
        self._stop_sources()
        self._log_box.close()
        for feeder in feeders:
            feeder.join(_SOURCE_STOPS_WITHIN_S)
        self._outbox.close()
        storing.join()
        if self._failure is not None:
            raise self._failure
        return self.account()

    def stop(self) -> None:
        """Stop the sources; the parts in hand are judged and stored."""
        self._stopping = True
        self._stop_sources()
        # A source that does not keep its promise to end must not hold the line up.
        overdue = threading.Timer(_SOURCE_STOPS_WITHIN_S, self._inbox.close)
        overdue.daemon = True
        overdue.start()

    def account(self) -> Account:
        """Say what became of every part so far; also after `run` has raised."""
        return self._tally.account(late_lines=self._assembler.counts.late_lines)

    # The frame source's thread.

    def _feed_frames(self) -> None:
        try:
            for frame in self._sources.frames.frames():
                self._tally.triggered()
                self._receive(frame)
        finally:
            self._inbox.close()

    def _receive(self, frame: Frame) -> None:
        try:
            pushed_out = self._inbox.put(frame)
        except QueueClosedError:
            self._tally.lost(Loss.UNJUDGED)
            return
        if pushed_out is not None:
            words = f"{self._capacities.inbox} newer parts were waiting already"
            trouble = Trouble(fault=Fault.OVERLOAD, words=words)
            self._send(self._judge.refuse(pushed_out, trouble))

    # The log source's thread.

    def _feed_log(self) -> None:
        try:
            if self._sources.log is not None:
                for entry in self._sources.log.lines():
                    self._receive_line(entry)
        except QueueClosedError:
            return  # The last part is judged: nobody needs the log any more.
        finally:
            self._log_box.close()

    def _receive_line(self, entry: LogLine | MalformedLogLine) -> None:
        if isinstance(entry, LogLine):
            self._log_box.put(entry)
            return
        self._tally.malformed_line()
        _log.warning("%s: %s", entry.where, entry.problem)

    # The line's thread.

    def _work(self) -> None:
        with ExitStack() as at_the_end:
            at_the_end.callback(self._end_line)
            try:
                self._serve_line()
            except RelievedError:  # Another thread has taken the line over.
                at_the_end.pop_all()

    def _serve_line(self) -> None:
        while not self._is_done():
            self._take_in()
            self._ready += self._assembler.ready(self._mono_ns())
            if not self._ready:
                self._rest()
            self._judge_ready()
        self._ready += self._assembler.flush(self._mono_ns())
        self._judge_ready()

    def _end_line(self) -> None:
        self._tally.lost(Loss.UNJUDGED, len(self._taken_ns))
        self._line_ended.set()

    def _is_done(self) -> bool:
        """No part will come, and none waits that would still be worth its wait."""
        return self._inbox.exhausted and (self._stopping or not self._taken_ns)

    def _take_in(self) -> None:
        """Take in frames and then the log: all that came before a frame goes along."""
        self._bell.clear()
        frames = self._inbox.take(self._capacities.in_windows - len(self._taken_ns))
        now_ns = self._mono_ns()
        self._taken_ns.update((id(frame), now_ns) for frame in frames)
        for line in self._log_box.take(self._capacities.log_box):
            self._assembler.add_line(line)
        if self._log_box.exhausted:
            self._assembler.end_log()
        for frame in frames:
            self._assembler.add_frame(frame)

    def _judge_ready(self) -> None:
        while self._ready:
            window = self._ready.popleft()
            turn = self._judge.turn(window, self._taken_ns[id(window.frame)])
            self._desk.begin(turn)
            judged = self._judge.take(turn)
            self._desk.end(turn)
            self._finish(turn, judged)

    def _finish(self, turn: Turn, judged: Judged) -> None:
        del self._taken_ns[id(turn.window.frame)]
        self._send(judged)
        if self._foreman is not None:
            self._foreman.saw(turn, judged)

    def _rest(self) -> None:
        """Sleep until something comes or the oldest part has waited long enough."""
        wake_ns = self._assembler.next_wake_mono_ns()
        if wake_ns is None:
            self._bell.wait()
        elif (rest_ns := wake_ns - self._mono_ns()) > 0:
            self._bell.wait(rest_ns / NS_PER_S)

    # The timekeeper's thread.

    def _keep_time(self) -> None:
        while not self._line_ended.wait(LOOK_EVERY_S):
            turn = self._desk.take_overdue(self._mono_ns())
            if turn is not None:
                self._relieve(turn)

    def _relieve(self, turn: Turn) -> None:
        """Give up a part that its branch does not finish, and go on without it."""
        self._finish(turn, self._judge.stalled(turn))
        before = (*self._relieved, self._line)
        self._relieved = [each for each in before if each and each.is_alive()]
        if len(self._relieved) > _MAY_HANG:
            self._end_line()
            message = f"{len(self._relieved)} threads hang in a branch of this line"
            raise StalledError(message)
        self._line = self._thread(self._work)

    # Between the line and the store.

    def _send(self, judged: Judged) -> None:
        try:
            self._outbox.put(judged)
        except QueueClosedError:
            self._storekeeper.give_up([judged])

    def _serve_store(self) -> None:
        try:
            self._storekeeper.serve(self._outbox)
        finally:
            self._outbox.close()
            self._storekeeper.give_up(self._outbox.take(self._capacities.outbox))

    # How it starts, fails and ends.

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def top_of_the_thread() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - raised again by run()
                self._fail(error)

        name = work.__name__.removeprefix("_")
        thread = threading.Thread(target=top_of_the_thread, name=name, daemon=True)
        thread.start()
        return thread

    def _fail(self, error: Exception) -> None:
        """Stop the line loudly; the first failure is the one that is raised."""
        _log.error("the line stops: %s", error)
        if self._failure is None:
            self._failure = error
        self.stop()

    def _stop_sources(self) -> None:
        self._sources.frames.stop()
        if self._sources.log is not None:
            self._sources.log.stop()

    def _close_inbox(self) -> None:
        """Close what nobody serves any more, and account for what waits."""
        self._inbox.close()
        left = self._inbox.take(self._capacities.inbox)
        self._tally.lost(Loss.UNJUDGED, len(left))
