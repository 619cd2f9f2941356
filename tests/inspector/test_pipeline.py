"""The line as a whole: whatever happens, parts = verdicts + counted faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from inspector.account import Account, Tally
from inspector.errors import SourceError, StalledError, StoreError
from inspector.judge import Judge, Rulebook
from inspector.pipeline import Capacities, Pipeline, Sources
from inspector.queues import WhenFull
from inspector.settings import DecisionRules, LineSettings
from inspector.storing import Archive, Storekeeper, StoreLimits
from inspector.types import (
    Fault,
    Frame,
    LogContext,
    MalformedLogLine,
    Sample,
    Scores,
)
from inspector.windows import WindowAssembler
from tests.builders import a_frame, a_log_line, some_scores
from tests.inspector.line_fakes import (
    FakeModel,
    ListedFrames,
    ListedLog,
    PictureDrawer,
    VerdictShelf,
    always_usable,
    decode_grey,
)

SOON_S = 5.0
LINE = LineSettings.model_validate(
    {
        "id": "poly",
        "takt_s": 1.0,
        "camera": "cam-1",
        "classes": ["good", "bad"],
        "windows": {"max_wait_ms": 5},
    }
)


def fresh_frames(count: int, **changes: Any) -> Iterator[Frame]:
    for number in range(count):
        yield a_frame(frame_id=number, received_mono_ns=time.monotonic_ns(), **changes)


@dataclass
class Line:
    """The stations of a line under test; each may be replaced."""

    frames: Any
    log: Any = None
    shelf: VerdictShelf = field(default_factory=VerdictShelf)
    model: FakeModel = field(default_factory=FakeModel)
    when_full: WhenFull = WhenFull.WAIT
    capacities: Capacities = field(default_factory=Capacities)
    deadline_ms: float = 60_000.0

    def pipeline(self) -> Pipeline:
        tally = Tally()
        archive = Archive(
            verdicts=self.shelf,
            evidence=PictureDrawer(),
            encode_png=lambda _pixels: b"",
        )
        rules = DecisionRules(deadline_ms=self.deadline_ms)
        return Pipeline(
            sources=Sources(frames=self.frames, log=self.log, when_full=self.when_full),
            assembler=WindowAssembler(LINE, self.log is not None),
            judge=Judge(
                self.model,
                decode_grey,
                always_usable,
                rules=Rulebook(decisions=rules, settings_sha256="c" * 64),
            ),
            storekeeper=Storekeeper(
                archive, tally, limits=StoreLimits(retry_for_s=0.05)
            ),
            tally=tally,
            capacities=self.capacities,
        )

    def run(self) -> Account:
        return self.pipeline().run()


def test_every_part_of_a_shift_gets_its_verdict() -> None:
    line = Line(ListedFrames(fresh_frames(200)))
    account = line.run()
    assert (account.parts, account.verdicts, account.faults) == (200, 200, {})
    assert {key[2] for key in line.shelf.rows} == set(range(200))
    assert account.decisions == {"PASS": 200}
    assert account.log_context == {"missing": 200}
    assert account.latency.p99 > 0
    assert {"queue", "window", "decode", "decide", "store"} <= set(
        account.latency_by_stage
    )


def test_a_line_without_parts_ends_with_an_empty_account() -> None:
    account = Line(ListedFrames([])).run()
    assert account.balances
    assert account.parts == 0


def test_log_lines_reach_the_parts_they_concern() -> None:
    line = Line(ListedFrames(fresh_frames(3)), log=ListedLog([a_log_line()]))
    line.frames = ListedFrames(after(0.05, fresh_frames(3)))
    line.run()
    assert [row.log_lines for row in line.shelf.rows.values()] == [1, 1, 1]
    contexts = {row.log_context for row in line.shelf.rows.values()}
    assert LogContext.MISSING not in contexts


def after(delay_s: float, frames: Iterator[Frame]) -> Iterator[Frame]:
    time.sleep(delay_s)
    yield from frames


def test_unreadable_log_text_is_counted() -> None:
    bad = MalformedLogLine(line="poly", where="line.log, row 3", problem="no time")
    account = Line(ListedFrames(fresh_frames(1)), log=ListedLog([bad, bad])).run()
    assert account.malformed_lines == 2


def test_a_flood_of_log_text_does_not_crowd_out_frames() -> None:
    flood = [a_log_line(logged_ns=number) for number in range(5000)]
    line = Line(
        ListedFrames(fresh_frames(50)),
        log=ListedLog(flood),
        capacities=Capacities(log_box=10),
    )
    account = line.run()
    assert (account.verdicts, account.faults) == (50, {})


def slowly(_sample: Sample) -> Scores:
    time.sleep(0.02)
    return some_scores()


def test_an_overloaded_camera_gets_a_verdict_for_every_part() -> None:
    line = Line(
        ListedFrames(fresh_frames(40)),
        model=FakeModel(act=slowly),
        when_full=WhenFull.OVERFLOW,
        capacities=Capacities(inbox=2, in_windows=2),
    )
    account = line.run()
    assert (account.parts, account.verdicts) == (40, 40)
    overloaded = account.verdict_faults[Fault.OVERLOAD]
    assert overloaded >= 30
    assert account.decisions["REVIEW"] == overloaded
    reasons = {row.reason for row in line.shelf.rows.values() if row.fault}
    assert reasons == {"2 newer parts were waiting already"}


def test_a_recording_waits_instead() -> None:
    line = Line(
        ListedFrames(fresh_frames(20)),
        model=FakeModel(act=slowly),
        capacities=Capacities.for_recording(),
        deadline_ms=500,
    )
    assert line.run().decisions == {"PASS": 20}


def test_parts_that_wait_too_long_are_reviewed() -> None:
    line = Line(
        ListedFrames(list(fresh_frames(20))),
        model=FakeModel(act=slowly),
        deadline_ms=100,
    )
    account = line.run()
    assert account.balances
    assert account.verdict_faults[Fault.DEADLINE] > 0
    assert account.decisions["REVIEW"] == account.verdict_faults[Fault.DEADLINE]


def test_stopping_finishes_the_parts_in_hand() -> None:
    line = Line(
        ListedFrames(fresh_frames(5), stays_open=True), model=FakeModel(act=slowly)
    )
    pipeline = line.pipeline()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(pipeline.run)
        wait_until(lambda: pipeline.account().parts == 5)
        pipeline.stop()
        pipeline.stop()
        account = running.result(timeout=SOON_S)
    assert (account.parts, account.verdicts) == (5, 5)


class DeafFrames(ListedFrames):
    """Does not end when it is told to."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__([])
        self._release = release

    def frames(self) -> Iterator[Frame]:
        yield from fresh_frames(3)
        self._release.wait()
        yield from fresh_frames(1)


def test_a_camera_that_does_not_end_does_not_hold_the_line_up() -> None:
    release = threading.Event()
    pipeline = Line(DeafFrames(release)).pipeline()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(pipeline.run)
        wait_until(lambda: pipeline.account().verdicts == 3)
        pipeline.stop()
        account = running.result(timeout=SOON_S)
    assert (account.parts, account.verdicts) == (3, 3)
    release.set()
    wait_until(lambda: pipeline.account().parts == 4)
    wait_until(lambda: pipeline.account().faults == {"unjudged": 1})


@pytest.mark.parametrize("parts", [1, 300])
def test_a_failed_store_stops_the_line_and_every_part_is_counted(parts: int) -> None:
    line = Line(
        ListedFrames(fresh_frames(parts), stays_open=True),
        shelf=VerdictShelf(failures=10**9),
    )
    pipeline = line.pipeline()
    with pytest.raises(StoreError, match="locked"):
        pipeline.run()
    account = pipeline.account()
    assert account.balances
    assert (account.verdicts, line.frames.stopped.is_set()) == (0, True)
    assert account.faults["unstored"] >= 1


class Stuck:
    """Hangs on every part from the third on."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, sample: Sample) -> Scores:
        if sample.window.frame.frame_id >= 2:
            self.released.wait(20)
        return some_scores()


def test_parts_that_hang_are_reviewed_in_time_until_only_stopping_helps() -> None:
    stuck = Stuck()
    line = Line(
        ListedFrames(fresh_frames(200)),
        model=FakeModel(act=stuck),
        capacities=Capacities(inbox=1, in_windows=1),
        deadline_ms=100,
    )
    pipeline = line.pipeline()
    with pytest.raises(StalledError, match="5 threads hang"):
        pipeline.run()
    account = pipeline.account()
    stuck.released.set()
    assert account.balances
    assert account.verdict_faults[Fault.STALLED] == 5
    assert account.decisions["PASS"] == 2
    assert {row.fault for row in line.shelf.rows.values()} <= {
        *(None, Fault.STALLED, Fault.DEADLINE)
    }


class BrokenAssembler(WindowAssembler):
    """Breaks at the fifth part."""

    def add_frame(self, frame: Frame) -> None:
        if frame.frame_id == 4:
            message = "the assembler broke"
            raise RuntimeError(message)
        super().add_frame(frame)


def test_a_line_that_breaks_down_accounts_for_the_parts_it_held() -> None:
    line = Line(ListedFrames(fresh_frames(50)))
    pipeline = line.pipeline()
    pipeline._assembler = BrokenAssembler(LINE, False)
    with pytest.raises(RuntimeError, match="broke"):
        pipeline.run()
    account = pipeline.account()
    assert account.balances
    assert account.verdicts == len(line.shelf.rows)
    assert account.faults["unjudged"] >= 1


class LostCamera(ListedFrames):
    def frames(self) -> Iterator[Frame]:
        yield from super().frames()
        message = "camera cam-1 is gone"
        raise SourceError(message)


def test_a_camera_that_is_lost_is_raised_after_its_parts_were_stored() -> None:
    line = Line(LostCamera(fresh_frames(4)))
    pipeline = line.pipeline()
    with pytest.raises(SourceError, match="gone"):
        pipeline.run()
    assert pipeline.account().verdicts == 4
    assert pipeline.account().balances


def test_a_slow_store_makes_the_line_wait_and_loses_nothing() -> None:
    gate = threading.Event()
    line = Line(
        ListedFrames(fresh_frames(30)),
        shelf=VerdictShelf(gate=gate),
        capacities=Capacities(outbox=1),
    )
    pipeline = line.pipeline()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(pipeline.run)
        time.sleep(0.05)
        assert pipeline.account().verdicts == 0
        gate.set()
        assert running.result(timeout=SOON_S).verdicts == 30


def wait_until(done: Any) -> None:
    until = time.monotonic() + SOON_S
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
