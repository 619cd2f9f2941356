"""`inspector explain`: why a part got its verdict, as one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from inspector.evidence import WindowRecord
    from inspector.explaining import Explanation, Flip
    from inspector.explanation_page.page import Subject
    from inspector.explanation_page.words import Language
    from inspector.model.hybrid import HybridModel
    from inspector.reopening import Reopened
    from inspector.settings import ModelSettings
    from inspector.types import Pixels, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where to look for what led to a verdict."""

    evidence: Path
    model: Path | None
    picture: Path | None
    recording: Path | None


def explain(
    verdict_id: Annotated[
        int, typer.Argument(metavar="VERDICT_ID", help="Number of the row: column id.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="The HTML page to write.")],
    database: Annotated[
        str,
        typer.Option(
            envvar="INSPECTOR_DATABASE_URL", help="Where the verdict is stored."
        ),
    ] = "sqlite:///inspector.db",
    evidence: Annotated[
        Path, typer.Option(help="Folder with what was kept of the part.")
    ] = Path("evidence"),
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of the model that judged; else as it was then."),
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of the page.")] = "en",
    picture: Annotated[
        Path | None, typer.Option(help="The part's picture, if it was not kept.")
    ] = None,
    recording: Annotated[
        Path | None,
        typer.Option(help="The recording it came from: for a part that passed."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write the findings to this file.")
    ] = None,
) -> None:
    """Show why a part got its verdict, and what would have changed it.

    The part is judged again by the very model of its verdict, hundreds of times, with
    log lines taken out and regions of its picture covered. Needs what the line kept in
    the evidence folder; a part that passed needs the recording.

    Example: inspector explain 17 --out report.html
    """
    from connectors.database.engine import open_engine
    from connectors.database.read import stored_verdict
    from connectors.database.schema import require_current
    from inspector.commands.line_operation import write_json
    from inspector.explanation_page.page import render

    spoken = _language(language)
    engine = open_engine(database)
    require_current(engine)
    verdict = stored_verdict(engine, verdict_id)
    places = _Places(
        evidence=evidence, model=model, picture=picture, recording=recording
    )
    subject = _explained(verdict_id, verdict, places)
    _write(out, render(subject, spoken))
    _say(subject, out)
    if json is not None:
        write_json(json, _as_json(subject))


def _language(language: str) -> Language:
    if language == "en":
        return "en"
    if language == "zh":
        return "zh"
    message = f"--language {language}: the page speaks en and zh"
    raise typer.BadParameter(message)


def _explained(verdict_id: int, verdict: Verdict, places: _Places) -> Subject:
    """Reopen the part, load its model, and find out what the verdict rests on."""
    from inspector.explaining import explain as find_out
    from inspector.explanation_page.page import Subject
    from inspector.model.covering import cover
    from inspector.reopening import require_same_score
    from inspector.types import Sample

    record = _record(verdict, places.evidence)
    model_folder = _model_folder(verdict, record, places)
    part = _reopen(verdict, record, places, model_folder)
    sample = Sample(window=part.window, pixels=_pixels(verdict, part))
    found: Explanation | None = None
    if verdict.fault is None:
        rules = part.settings.decisions
        model = _model(verdict, part.settings, model_folder)
        require_same_score(verdict, model.score(sample).score)
        found = find_out(model, sample, rules, cover)
    return Subject(
        verdict_id=verdict_id,
        verdict=verdict,
        rules=part.settings.decisions,
        sample=sample,
        explanation=found,
        cover=cover,
    )


def _pixels(verdict: Verdict, part: Reopened) -> Pixels | None:
    """Decode the part's picture; one that made it REVIEW need not be readable."""
    from inspector.errors import PictureError
    from inspector.model.pictures import decode

    if part.picture is None:
        return None
    try:
        return decode(part.picture)
    except PictureError:
        if verdict.fault is None:
            raise
        return None


def _record(verdict: Verdict, evidence: Path) -> WindowRecord | None:
    """Read the part's window; `None` for a part of which nothing was kept."""
    from connectors.database.evidence import read_evidence
    from inspector.evidence import WindowRecord, record_name

    name = record_name(
        verdict.line, verdict.camera, verdict.frame_id, verdict.decided_ns
    )
    if verdict.evidence is None and not (evidence / name).exists():
        return None
    content = read_evidence(evidence, name)
    return WindowRecord.from_json(content, str(evidence / name))


def _model_folder(
    verdict: Verdict, record: WindowRecord | None, places: _Places
) -> Path:
    from inspector.errors import InputError

    if places.model is not None:
        return places.model
    if record is None or not record.model.folder:
        what = "where its model lies was not kept: give its folder with --model"
        raise InputError.single(_named(verdict), what)
    return Path(record.model.folder)


def _reopen(
    verdict: Verdict,
    record: WindowRecord | None,
    places: _Places,
    model_folder: Path,
) -> Reopened:
    from inspector.reopening import from_record

    if record is not None:
        return from_record(record, _picture(verdict, places))
    return _reopen_recorded(verdict, places, model_folder)


def _picture(verdict: Verdict, places: _Places) -> bytes | None:
    """Read the part's picture from where it is given, else from the evidence."""
    from connectors.database.evidence import read_evidence
    from inspector.errors import InputError
    from inspector.reopening import require_picture

    if places.picture is not None:
        content = _read(places.picture)
        require_picture(verdict, places.picture, content)
        return content
    if verdict.evidence is None and verdict.fault is None:
        what = "its picture could not be kept then: give it with --picture"
        raise InputError.single(_named(verdict), what)
    if verdict.evidence is None:
        return None
    return read_evidence(places.evidence, verdict.evidence)


def _reopen_recorded(verdict: Verdict, places: _Places, model_folder: Path) -> Reopened:
    """Reopen a part of which nothing was kept from the recording it came from."""
    from inspector.errors import InputError
    from inspector.model.artifact import settings_file
    from inspector.recording import Recording
    from inspector.reopening import Reopened, require_settings, row_in, window_from
    from inspector.settings import ModelSettings, load_settings, settings_sha256

    if places.recording is None:
        what = (
            "nothing was kept of it, as of every part that passes: give the recording "
            "it came from with --recording"
        )
        raise InputError.single(_named(verdict), what)
    recording = Recording.load(places.recording)
    row = row_in(recording, verdict)
    path = settings_file(model_folder, verdict.line)
    settings = load_settings(path, ModelSettings)
    together = settings_sha256(recording.settings, settings)
    require_settings(verdict, path, together)
    return Reopened(
        window=window_from(recording, row),
        picture=_read(places.picture or row.file),
        settings=settings,
    )


def _model(verdict: Verdict, settings: ModelSettings, folder: Path) -> HybridModel:
    """Load the model that gave the verdict; every other one is refused first."""
    from inspector.errors import ArtifactError
    from inspector.model.hybrid import load_model
    from inspector.reopening import needed_model, require_model

    try:
        trunk_sha256, branch_sha256 = _hashes(verdict, folder)
    except ArtifactError as error:
        needed = needed_model(verdict, folder)
        raise ArtifactError([*error.problems, needed]) from error
    require_model(
        verdict, folder, trunk_sha256=trunk_sha256, branch_sha256=branch_sha256
    )
    same = settings.model_copy(update={"branch": verdict.branch.version})
    return load_model(folder, verdict.branch.line, settings=same)


def _hashes(verdict: Verdict, folder: Path) -> tuple[str, str]:
    """Name the trunk and the branch that a folder holds for a verdict's line."""
    from inspector.model.artifact import (
        Artifact,
        BranchManifest,
        TrunkManifest,
        branch_folder,
        trunk_folder,
    )

    branch = branch_folder(folder, verdict.branch.line, verdict.branch.version)
    return (
        Artifact.open(trunk_folder(folder), TrunkManifest).sha256,
        Artifact.open(branch, BranchManifest).sha256,
    )


def _named(verdict: Verdict) -> str:
    return f"part {verdict.frame_id} of line {verdict.line}"


def _read(path: Path) -> bytes:
    from inspector.errors import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError.single(path, f"cannot be read: {error.strerror}") from error


def _write(path: Path, page: str) -> None:
    from inspector.errors import InputError

    try:
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise InputError.single(path, what) from error


def _say(subject: Subject, out: Path) -> None:
    console = Console()
    verdict = subject.verdict
    console.print(f"{verdict.decision}: {verdict.reason}", markup=False)
    for flip in subject.explanation.flips if subject.explanation else ():
        console.print(_in_words(flip), markup=False)
    console.print(f"The whole explanation is in {out}", markup=False)


def _in_words(flip: Flip) -> str:
    goal = f"{flip.goal.means}, to {flip.goal.decision}"
    if flip.outcome is None:
        return f"{goal}: nothing that was tried"
    removal = flip.outcome.removal
    lines = ", ".join(f"{at + 1}" for at in sorted(removal.lines))
    taken = [f"log lines {lines}"] if lines else []
    taken += [f"{len(removal.cells)} cells"] if removal.cells else []
    score = f"score {flip.outcome.score:.3f}"
    return f"{goal}: without {' and '.join(taken)}: {flip.outcome.decision}, {score}"


def _as_json(subject: Subject) -> dict[str, Any]:
    verdict, found = subject.verdict, subject.explanation
    head = {
        "verdict_id": subject.verdict_id,
        "line": verdict.line,
        "frame_id": verdict.frame_id,
        "decision": verdict.decision.value,
        "score": verdict.score,
        "is_simulated": verdict.is_simulated,
    }
    if found is None:
        return head | {"fault": verdict.fault}
    return head | {
        "judged_again": found.scores.score,
        "reruns": found.reruns,
        "line_weights": list(found.line_weights),
        "line_effects": [float(each) for each in found.line_effects],
        "flips": [_flip_as_json(flip) for flip in found.flips],
    }


def _flip_as_json(flip: Flip) -> dict[str, Any]:
    outcome = flip.outcome
    wanted = {"wanted": flip.goal.decision.value, "means": flip.goal.means.value}
    if outcome is None:
        return wanted | {"found": False}
    return wanted | {
        "found": True,
        "lines": sorted(outcome.removal.lines),
        "cells": sorted(map(list, outcome.removal.cells)),
        "decision": outcome.decision.value,
        "score": outcome.score,
        "is_smallest": flip.is_smallest,
    }
