"""Replays a recording with a model that needs no training; run as a program of its own.

python -m tests.whole.replaying RECORDING DATABASE_URL EVIDENCE PACE ACCOUNT.json
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from connectors.wiring import (
    Brain,
    Excerpt,
    assemble_line,
    open_archive,
    replay_feed,
)
from inspector.commands.line_operation import AccountFiles, operate_and_report
from inspector.commands.replay import pace
from inspector.recording import Recording
from inspector.settings import DecisionRules, ModelSettings
from inspector.types import Sample, Scores
from tests.builders import some_scores
from tests.inspector.line_fakes import FakeModel

MODEL_MS = 5.0
"""About what a small model takes: long enough to be killed in the middle of a part."""


def by_frame(sample: Sample) -> Scores:
    """Reject every third part, so that there is evidence to keep."""
    time.sleep(MODEL_MS / 1000)
    return some_scores(score=0.9 if sample.window.frame.frame_id % 3 == 0 else 0.1)


def main() -> None:
    folder, database, evidence, rate, account = sys.argv[1:]
    recording = Recording.load(Path(folder))
    rules = DecisionRules(pass_below=0.3, reject_at=0.7, deadline_ms=60_000)
    brain = Brain(
        model=FakeModel(act=by_frame),
        settings=ModelSettings(line=recording.settings.id, branch="1", decisions=rules),
    )
    archive = open_archive(database, Path(evidence), upgrade=True)
    feed = replay_feed(recording, Excerpt(pace=pace(rate)))
    line = assemble_line(recording.settings, feed, brain, archive)
    operate_and_report(line, archive, AccountFiles(json=Path(account)))


if __name__ == "__main__":
    main()
