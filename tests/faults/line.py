"""A line whose store is the one under test."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from inspector.account import Account, Tally
from inspector.frozen import FrozenWatch
from inspector.judge import Judge, Rulebook
from inspector.model.pictures import decode, encode_png, unusable
from inspector.pipeline import Pipeline, Sources
from inspector.ports import (
    EvidenceStore,
    FrameSource,
    LogSource,
    VerdictStore,
    Watcher,
)
from inspector.queues import WhenFull
from inspector.settings import DecisionRules
from inspector.storing import Archive, Storekeeper, StoreLimits
from inspector.types import Decision, Verdict
from inspector.windows import WindowAssembler
from tests.builders import a_frame
from tests.inspector.line_fakes import (
    FakeModel,
    ListedFrames,
    PictureDrawer,
    VerdictShelf,
    always_usable,
    decode_grey,
)
from tests.inspector.test_pipeline import LINE


class StoringLine:
    """A line with a model that passes everything, and a real store."""

    def __init__(  # noqa: PLR0913 - what a fault may be in
        self,
        frames: FrameSource,
        store: VerdictStore,
        watchers: Sequence[Watcher] = (),
        evidence: EvidenceStore | None = None,
        *,
        log: LogSource | None = None,
        real_pictures: bool = False,
        when_full: WhenFull = WhenFull.WAIT,
        deadline_ms: float = 60_000,
    ) -> None:
        archive = Archive(
            verdicts=store,
            evidence=evidence or PictureDrawer(),
            encode_png=lambda _pixels: b"",
        )
        self.tally = Tally()
        rules = DecisionRules(deadline_ms=deadline_ms)
        self.pipeline = Pipeline(
            sources=Sources(frames=frames, log=log, when_full=when_full),
            assembler=WindowAssembler(LINE, has_log=log is not None),
            judge=Judge(
                FakeModel(),
                decode if real_pictures else decode_grey,
                unusable if real_pictures else always_usable,
                rules=Rulebook(decisions=rules, settings_sha256="c" * 64),
                frozen=FrozenWatch(10 if real_pictures else 0),
            ),
            storekeeper=Storekeeper(
                archive, self.tally, watchers, StoreLimits(batch=4, retry_for_s=0.2)
            ),
            tally=self.tally,
        )

    def run(self) -> Account:
        """Run to the end."""
        return self.pipeline.run()


def judge_pictures(*pictures: bytes) -> tuple[Account, list[Verdict]]:
    """Run pictures through a line that would pass them all, a good one at the end.

    Returns:
        The account and the verdicts, without the good one's.
    """
    frames = [
        a_frame(frame_id=number, encoded=picture, received_mono_ns=time.monotonic_ns())
        for number, picture in enumerate([*pictures, a_good_picture()])
    ]
    shelf = VerdictShelf()
    account = StoringLine(ListedFrames(frames), shelf, real_pictures=True).run()
    *judged, good = shelf.rows.values()
    assert account.balances
    assert good.decision is Decision.PASS, "one bad picture costs the next part nothing"
    return account, judged


def a_good_picture() -> bytes:
    """A small grey PNG with something on it."""
    pixels = (np.arange(48 * 64) % 251).astype(np.uint8).reshape(48, 64)
    return encode_png(pixels)


def only_fault(account: Account, verdicts: Sequence[Verdict]) -> str:
    """Name the one fault that all parts got, each as a REVIEW, and its counter."""
    (fault,) = {str(verdict.fault) for verdict in verdicts}
    assert {verdict.decision for verdict in verdicts} == {Decision.REVIEW}
    assert account.verdict_faults == {fault: len(verdicts)}
    return fault
