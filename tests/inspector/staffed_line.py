"""A line with a foreman, for tests: versions are fakes that do what they are told."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from inspector.account import Account, Tally
from inspector.branches import Act, BranchAct
from inspector.errors import InputError
from inspector.foreman import Foreman, Load, Orders, Trained, first_on_duty
from inspector.judge import Judge, Rulebook
from inspector.pipeline import Capacities, Pipeline, Sources
from inspector.queues import WhenFull
from inspector.settings import DecisionRules, DriftRules, LineSettings, ModelSettings
from inspector.shadowing import Shadow
from inspector.storing import Archive, Storekeeper
from inspector.types import (
    BranchId,
    Frame,
    Sample,
    Scores,
    ShadowJudgement,
    Verdict,
)
from inspector.windows import WindowAssembler
from tests.builders import a_frame, an_act, some_scores
from tests.fakes import InMemoryBranchActs
from tests.inspector.line_fakes import (
    FakeModel,
    PictureDrawer,
    VerdictShelf,
    always_usable,
    decode_grey,
)

SOON_S = 5.0
LINE = LineSettings.model_validate(
    {"id": "poly", "takt_s": 1.0, "camera": "cam-1", "classes": ["good", "bad"]}
)


class HandFed:
    """A camera that delivers a part when the test says so."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._count = 0

    def feed(self, parts: int = 1) -> None:
        for _ in range(parts):
            frame = a_frame(frame_id=self._count, received_mono_ns=time.monotonic_ns())
            self._waiting.put(frame)
            self._count += 1

    def feed_broken(self) -> None:
        now_ns, number = time.monotonic_ns(), self._count
        self._waiting.put(
            a_frame(frame_id=number, received_mono_ns=now_ns, encoded=b"broken")
        )
        self._count += 1

    def frames(self) -> Iterator[Frame]:
        while (frame := self._waiting.get()) is not None:
            yield frame

    def stop(self) -> None:
        self._waiting.put(None)


class ShadowShelf:
    """Keeps judgements of shadows in memory."""

    def __init__(self) -> None:
        self.rows: list[ShadowJudgement] = []

    def store(self, judgements: Any) -> None:
        self.rows += judgements


@dataclass
class StaffedLine:
    """A line whose versions are told what to do with a part; each may be replaced."""

    versions: dict[str, Callable[[Sample], Scores]]
    drift: DriftRules | None = None
    deadline_ms: float = 400.0
    load: Load | None = None
    acts: InMemoryBranchActs = field(default_factory=InMemoryBranchActs)
    camera: HandFed = field(default_factory=HandFed)
    shelf: VerdictShelf = field(default_factory=VerdictShelf)
    shadows: ShadowShelf = field(default_factory=ShadowShelf)
    evidence: PictureDrawer = field(default_factory=PictureDrawer)
    loaded: list[str] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)
    poll_s: float = 0.01

    def __enter__(self) -> StaffedLine:
        orders = Orders(
            line="poly", acts=self.acts, load=self.load or self.make, default="1"
        )
        first = first_on_duty(orders)
        duty = first.on_duty()
        judge = Judge(
            duty.model, decode_grey, always_usable, rules=duty.rules, drift=duty.drift
        )
        tally, archive = Tally(), self._archive()
        self.foreman = Foreman(
            orders,
            judge,
            first,
            shadow=Shadow(archive, self.shadows, tally),
            tally=tally,
            poll_s=self.poll_s,
        )
        self.pipeline = Pipeline(
            sources=Sources(frames=self.camera, log=None, when_full=WhenFull.WAIT),
            assembler=WindowAssembler(LINE, False),
            judge=judge,
            storekeeper=Storekeeper(archive, tally),
            tally=tally,
            foreman=self.foreman,
            capacities=Capacities(),
        )
        self._pool = ThreadPoolExecutor(1)
        self._running: Future[Account] = self._pool.submit(self.pipeline.run)
        return self

    def __exit__(self, *_raised: object) -> None:
        self.pipeline.stop()
        self._pool.shutdown()

    def _archive(self) -> Archive:
        return Archive(
            verdicts=self.shelf,
            evidence=self.evidence,
            encode_png=lambda _pixels: b"",
        )

    def make(self, version: str) -> Trained:
        """Load a version, as `load` does unless the test says otherwise."""
        self.loaded.append(version)
        if version not in self.versions:
            where, what = f"branch {version}", "there is no such version"
            raise InputError.single(where, what)
        model = FakeModel(act=self.versions[version])
        model.branch = BranchId(line="poly", version=version, sha256=version * 64)
        rules = DecisionRules(
            pass_below=0.5, reject_at=0.5, deadline_ms=self.deadline_ms
        )
        return Trained(
            version=version,
            model=model,
            rules=Rulebook(decisions=rules, settings_sha256=f"settings of {version}"),
            settings=ModelSettings(
                line="poly", branch=version, decisions=rules, drift=self.drift
            ),
            interrupt=lambda: self.interrupted.append(version),
        )

    def act(self, act: Act, version: str, **others: Any) -> BranchAct:
        return self.acts.record(an_act(act=act, version=version, **others))

    def judged(self, parts: int = 1) -> list[Verdict]:
        """Feed parts, and give their verdicts once they are stored."""
        before = len(self.shelf.rows)
        self.camera.feed(parts)
        wait_until(lambda: len(self.shelf.rows) == before + parts)
        return list(self.shelf.rows.values())[before:]

    def judges(self, version: str) -> bool:
        """Feed one part, and say whether that version judged it."""
        return self.judged()[0].branch.version == version

    def finish(self) -> Account:
        self.pipeline.stop()
        return self._running.result(timeout=SOON_S)


def scoring(score: float) -> Callable[[Sample], Scores]:
    return lambda _sample: some_scores(score=score)


def breaking(_sample: Sample) -> Scores:
    message = "a node of the graph failed"
    raise RuntimeError(message)


class Hanging:
    """Does not come back from a part until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, _sample: Sample) -> Scores:
        self.released.wait(20)
        return some_scores(score=0.1)


def wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + SOON_S
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
