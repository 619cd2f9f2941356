"""A line whose store is the one under test."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.account import Tally
from inspector.judge import Judge, Rulebook
from inspector.pipeline import Pipeline, Sources
from inspector.ports import EvidenceStore, FrameSource, VerdictStore, Watcher
from inspector.queues import WhenFull
from inspector.settings import DecisionRules
from inspector.storing import Archive, Storekeeper, StoreLimits
from inspector.windows import WindowAssembler
from tests.inspector.line_fakes import (
    FakeModel,
    PictureDrawer,
    always_usable,
    decode_grey,
)
from tests.inspector.test_pipeline import LINE


class StoringLine:
    """A line with a model that passes everything, and a real store."""

    def __init__(
        self,
        frames: FrameSource,
        store: VerdictStore,
        watchers: Sequence[Watcher] = (),
        evidence: EvidenceStore | None = None,
    ) -> None:
        archive = Archive(
            verdicts=store,
            evidence=evidence or PictureDrawer(),
            encode_png=lambda _pixels: b"",
        )
        self.tally = Tally()
        rules = DecisionRules(deadline_ms=60_000)
        self.pipeline = Pipeline(
            sources=Sources(frames=frames, log=None, when_full=WhenFull.WAIT),
            assembler=WindowAssembler(LINE, has_log=False),
            judge=Judge(
                FakeModel(),
                decode_grey,
                always_usable,
                rules=Rulebook(decisions=rules, settings_sha256="c" * 64),
            ),
            storekeeper=Storekeeper(
                archive, self.tally, watchers, StoreLimits(batch=4, retry_for_s=0.2)
            ),
            tally=self.tally,
        )
