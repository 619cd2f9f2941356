"""Retraining everything, as a measure of what a new branch costs.

The model of all lines, what it cost, and for some lines a trunk that has never seen
them are kept in a folder, because they take the better part of an hour: lines are
measured one after another beside the same retraining.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from inspector.errors import InputError
from inspector.recording import Recording
from inspector.training.figures import LEARNED_SHIFTS, recording_sha256
from inspector.training.programme import Plan, train

_COST = "retrained.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """What retraining everything took.

    processor_s: processor time of the program; threads: that it ran on.
    recordings: for each line the hash of what was learned from.
    stage_s: wall-clock time of each stage.
    """

    processor_s: float
    threads: int
    recordings: dict[str, str]
    stage_s: dict[str, float]


def model_of_all(work: Path) -> Path:
    """Where the model of all lines is kept."""
    return work / "all"


def trunk_without(work: Path, line: str) -> Path:
    """Where the model of a trunk that has never seen a line is kept."""
    return work / f"without-{line}"


def retrain(recordings: Sequence[Recording], work: Path, plan: Plan) -> Retrained:
    """Train all lines together, unless the folder keeps that already.

    Args:
        recordings: of all lines.
        work: folder that keeps the result.
        plan: what is trained, and for how long.

    Raises:
        InputError: the folder keeps what was made of other recordings.
        RecordingError: a recording cannot be learned from.
    """
    told = {each.settings.id: _learned(each) for each in recordings}
    kept = work / _COST
    if kept.exists():
        found = Retrained(**json.loads(kept.read_text()))
        if found.recordings != told:
            what = "keeps a model of other recordings: name a new folder"
            raise InputError.single(str(work), what)
        return found
    work.mkdir(parents=True, exist_ok=True)
    without = {line: trunk_without(work, line) for line in told}
    report = train(recordings, model_of_all(work), plan, without=without)
    cost = Retrained(
        processor_s=report.processor_s,
        threads=_threads(),
        recordings=told,
        stage_s=report.stage_s,
    )
    kept.write_text(json.dumps(asdict(cost), indent=1))
    return cost


def _learned(recording: Recording) -> str:
    rows = [row for row in recording.select() if row.split in LEARNED_SHIFTS]
    return recording_sha256(recording, [row for row in rows if row.label is not None])


def _threads() -> int:
    import torch  # noqa: PLC0415 - after training has loaded it

    return torch.get_num_threads() if os.environ.get("OMP_NUM_THREADS") else 0
