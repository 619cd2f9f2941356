"""Puts a stored part together again as it was judged: picture, window, rules, model.

Whatever does not fit the verdict is refused: an explanation by another model, or of
another picture, would be worse than none.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from inspector.errors import InputError, InspectorError
from inspector.evidence import WindowRecord
from inspector.recording import FrameRow, Recording
from inspector.settings import ModelSettings
from inspector.types import Frame, Problem, Verdict, Window
from inspector.windows import WindowAssembler

CLOSE_ENOUGH = 5e-3
"""How far the score of a part judged again may be off: processors round differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A part's window and picture file, and the settings that decided."""

    window: Window = field(repr=False)
    picture: bytes | None = field(repr=False)
    settings: ModelSettings


def from_record(record: WindowRecord, picture: bytes | None) -> Reopened:
    """Reopen a part whose window was kept."""
    window = record.sample(None).window
    return Reopened(window=window, picture=picture, settings=record.settings())


def row_in(recording: Recording, verdict: Verdict) -> FrameRow:
    """Find a verdict's part in the recording it was replayed from.

    Raises:
        InputError: the recording is of another line, or has no such part.
    """
    found = [
        row
        for row in recording.rows
        if (row.camera, row.frame_id) == (verdict.camera, verdict.frame_id)
        and row.captured_ns == verdict.captured_ns
    ]
    if recording.settings.id != verdict.line or not found:
        what = (
            f"has no part {verdict.frame_id} of line {verdict.line}, camera "
            f"{verdict.camera}, that was taken when the verdict says"
        )
        raise InputError.single(recording.folder, what)
    return found[0]


def window_from(recording: Recording, row: FrameRow) -> Window:
    """Pair a recorded part with the log lines that concern it, as a line would."""
    assembler = WindowAssembler(recording.settings, bool(recording.log_files))
    for line in recording.log_lines():
        if line.logged_ns <= row.captured_ns:
            assembler.add_line(line)
    assembler.add_frame(
        Frame(
            line=recording.settings.id,
            camera=row.camera,
            frame_id=row.frame_id,
            serial=row.serial,
            captured_ns=row.captured_ns,
            received_mono_ns=0,
        )
    )
    return assembler.flush(0)[0]


def require_model(
    verdict: Verdict, where: Path, *, trunk_sha256: str, branch_sha256: str
) -> None:
    """Refuse a model that is not the one that gave the verdict.

    Raises:
        InputError: its trunk or branch is another one; names the one that is needed.
    """
    for part, found, wanted in (
        ("trunk", trunk_sha256, verdict.trunk.sha256),
        ("branch", branch_sha256, verdict.branch.sha256),
    ):
        if found != wanted:
            other = Problem(where=f"{where}", what=f"its {part} is {found}")
            raise InputError([other, needed_model(verdict, where)])


def needed_model(verdict: Verdict, where: Path) -> Problem:
    """Name the model that an explanation of a verdict needs."""
    branch = verdict.branch
    what = (
        f"the verdict was given by trunk {verdict.trunk.sha256} and branch "
        f"{branch.sha256} (line {branch.line}, version {branch.version}): give that "
        "model's folder with --model"
    )
    return Problem(where=f"{where}", what=what)


def require_settings(verdict: Verdict, where: Path, found_sha256: str) -> None:
    """Refuse settings that are not those of the verdict.

    Raises:
        InputError: their hash is another one.
    """
    if found_sha256 != verdict.settings_sha256:
        what = (
            f"the line's settings and the model's are {found_sha256[:12]} together, "
            f"but the verdict was given by {verdict.settings_sha256}: restore them"
        )
        raise InputError.single(where, what)


def require_picture(verdict: Verdict, where: Path, picture: bytes) -> None:
    """Refuse a picture that is not the one on record.

    Raises:
        InputError: its sha256 is another one.
    """
    if verdict.evidence is None:
        return
    wanted = Path(verdict.evidence).stem
    found = hashlib.sha256(picture).hexdigest()
    if found != wanted:
        what = f"is not the picture on record: its sha256 is {found}, not {wanted}"
        raise InputError.single(where, what)


def require_same_score(verdict: Verdict, score: float) -> None:
    """Refuse to explain a part that is not judged as it was.

    Raises:
        InspectorError: the score is another one than on record.
    """
    if verdict.score is None or abs(score - verdict.score) <= CLOSE_ENOUGH:
        return
    message = (
        f"part {verdict.frame_id}: judged again its score is {score:.4f}, on record "
        f"{verdict.score:.4f}. Its picture, log lines or settings are not those of the "
        "verdict, so no explanation is given"
    )
    raise InspectorError(message)
