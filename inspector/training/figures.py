"""What a branch's manifest says of its making: data with their hash, and figures."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.measures.ranking import auroc
from inspector.model.artifact import BranchClass, LearnedFrom, ShiftFigures
from inspector.recording import FrameRow, Recording
from inspector.settings import DecisionRules, LineSettings
from inspector.training.views import SamplesOnDisk
from inspector.training.windows import pair as pair_windows
from inspector.types import Sample

LEARNED_SHIFTS = ("train", "val")


def classes_of(settings: LineSettings) -> list[BranchClass]:
    """Name a line's classes; those that nobody named are called by their ids."""
    found = []
    for name in settings.classes:
        said = settings.class_names.get(name)
        english, chinese = (said.en, said.zh) if said else (None, None)
        found.append(BranchClass(id=name, en=english or name, zh=chinese or name))
    return found


def learned_from(recording: Recording) -> LearnedFrom:
    """Say what a branch was trained on: the labelled parts of two shifts, and the log.

    Raises:
        OSError: a picture or a log cannot be read.
    """
    rows = [row for split in LEARNED_SHIFTS for row in _labelled(recording, split)]
    return LearnedFrom(
        recording=recording.settings.id,
        parts=dict(Counter(row.split for row in rows)),
        sha256=recording_sha256(recording, rows),
    )


def recording_sha256(recording: Recording, rows: Sequence[FrameRow]) -> str:
    """Hash parts of a recording: identity, label, picture and mask, and all of the log.

    The place of the folder and the layout of its tables do not count.

    Raises:
        OSError: a picture or a log cannot be read.
    """
    digest = hashlib.sha256(recording.settings.id.encode())
    for row in sorted(rows, key=lambda row: (row.camera, row.frame_id)):
        told = row.camera, row.frame_id, row.captured_ns, row.label, row.split
        digest.update(repr((*told, row.defect_probability)).encode())
        for path in (row.file, row.mask):
            digest.update(b"" if path is None else _sha256(path))
    for path in recording.log_files:
        digest.update(path.name.encode() + _sha256(path))
    return digest.hexdigest()


def shift_figures(
    scores: NDArray[np.float64], bad: NDArray[np.bool_], rules: DecisionRules
) -> ShiftFigures:
    """Measure scores `[parts]` of a labelled shift; `bad` says which are defects."""
    passed, rejected = scores < rules.pass_below, scores >= rules.reject_at
    area = None
    if bad.any() and not bad.all():
        area = float(auroc(scores, bad, np.ones((1, len(bad))))[0])
    return ShiftFigures(
        parts=len(bad),
        bad=int(bad.sum()),
        auroc=area,
        escapes=int((passed & bad).sum()),
        false_rejects=int((rejected & ~bad).sum()),
        reviews=int((~passed & ~rejected).sum()),
    )


def measure_shift(
    recording: Recording,
    split: str,
    score: Callable[[Sample], float],
    rules: DecisionRules,
) -> ShiftFigures | None:
    """Measure a model on a labelled shift; `None` if it has no labelled part.

    Raises:
        PictureError: a picture cannot be read.
    """
    rows = _labelled(recording, split)
    if not rows:
        return None
    samples = SamplesOnDisk(rows, pair_windows(recording, rows))
    good = recording.settings.classes[0]
    bad = np.array([row.label != good for row in rows])
    return shift_figures(np.array([score(each) for each in samples]), bad, rules)


def _labelled(recording: Recording, split: str) -> list[FrameRow]:
    return [row for row in recording.select(split) if row.label is not None]


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
