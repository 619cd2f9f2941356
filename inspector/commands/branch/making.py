"""`inspector branch train`: a new version of a line's branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.commands.branch.options import Json, Said, Store
from inspector.errors import InputError

if TYPE_CHECKING:
    from inspector.model.artifact import Parent
    from inspector.ports import BranchStore
    from inspector.reporting.tables import Section
    from inspector.training.good_only import GoodReport
    from inspector.training.successor import BranchReport


def train(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of the recorded line.")
    ],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model with the trunk.")],
    start_from: Annotated[
        str | None,
        typer.Option("--from", metavar="LINE", help="Start from this line's heads."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0.5, metavar="MIN", help="Minutes that it may take."),
    ] = None,
    good_only: Annotated[
        bool,
        typer.Option(
            "--good-only", help="Learn from good parts alone: no defect is known yet."
        ),
    ] = False,
    good_parts: Annotated[
        int | None,
        typer.Option(min=20, help="With --good-only: the first so many good parts."),
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Its name; else the next free number.")
    ] = None,
    escape_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of bad parts that may pass, on val."),
    ] = 0.02,
    store: Store = None,
    json: Json = None,
) -> None:
    """Train a new version of a line's branch; the trunk and other lines stay as is.

    Nothing judges by it yet: inspector branch shadow, canary or use.

    Example: inspector branch train recordings/tile --model M --from poly
    """
    from tempfile import TemporaryDirectory

    from connectors.wiring import open_branch_store
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show
    from inspector.model.artifact import settings_file
    from inspector.recording import Recording
    from inspector.training.good_only import GoodOrder, train_good_only
    from inspector.training.settling import write_settings
    from inspector.training.successor import Order, train_successor

    said = Said(model=model, store=store)
    shelf = open_branch_store(said.model_folder(None), said.rules(None))
    recorded = Recording.load(recording)
    line = recorded.settings.id
    name = version or _next_version(shelf.versions(line))
    _refuse_taken(shelf, line, name)
    parent = _parent(shelf, model, line)
    with TemporaryDirectory() as folder:
        made = Path(folder) / name
        if good_only:
            good = GoodOrder(version=name, parent=parent, parts=good_parts)
            learned = train_good_only(recorded, model, made, good)
            settings, found = learned.settings, _of_good_parts(learned)
        else:
            order = Order(
                version=name,
                parent=parent,
                start_from=_heads(shelf, model, start_from),
                budget_s=None if budget is None else 60 * budget,
                wanted_escape_rate=escape_rate,
            )
            report = train_successor(recorded, model, made, order)
            settings, found = report.settings, _of_labels(report)
        shelf.add(made)
    if parent is None:
        write_settings(settings_file(model, line), settings)
    title = f"Branch {name} of line {line}"
    show([_section(title, parent, found)])
    if json is not None:
        write_json(json, {"line": line, "version": name, **found})


def _refuse_taken(shelf: BranchStore, line: str, version: str) -> None:
    """Refuse a version before minutes are spent on it."""
    from connectors.branches.naming import require_names, there_already

    require_names(line, version)
    if version in shelf.versions(line):
        where = f"line {line}"
        raise there_already(where, version)


def _next_version(versions: Sequence[str]) -> str:
    taken = [int(each) for each in versions if each.isdigit()]
    return str(max(taken, default=0) + 1)


def _parent(shelf: BranchStore, model: Path, line: str) -> Parent | None:
    """Name the version that the line starts with, if it has one."""
    from connectors.examining import starting_version
    from inspector.model.artifact import Artifact, BranchManifest, Parent

    version = starting_version(model, line)
    if version is None:
        return None
    found = Artifact.open(shelf.fetch(line, version), BranchManifest)
    return Parent(line=line, version=version, sha256=found.sha256)


def _heads(shelf: BranchStore, model: Path, line: str | None) -> Path | None:
    """Find the branch to start from: the one that its line starts with.

    Raises:
        InputError: the line has none, or it has no heads.
    """
    from connectors.examining import starting_version
    from inspector.model.artifact import Artifact, BranchManifest
    from inspector.training.good_only import UNKNOWN_KIND

    if line is None:
        return None
    where, version = f"--from {line}", starting_version(model, line)
    if version is None:
        have = ", ".join(shelf.lines()) or "none"
        what = f"the model has no branch of that line; it has: {have}"
        raise InputError.single(where, what)
    folder = shelf.fetch(line, version)
    if UNKNOWN_KIND in Artifact.open(folder, BranchManifest).manifest.classes:
        what = f"branch {version} knows good parts alone and has no heads to start from"
        raise InputError.single(where, what)
    return folder


def _of_labels(report: BranchReport) -> dict[str, Any]:
    decisions = report.found.decisions
    return {
        "learned_from": report.parts,
        "epochs": report.epochs,
        "orientations": report.views,
        "numbers_learned": report.parameters,
        "processor_s": report.processor_s,
        "stage_s": report.stage_s,
        "pass_below": decisions.pass_below,
        "reject_at": decisions.reject_at,
    }


def _of_good_parts(report: GoodReport) -> dict[str, Any]:
    rules, test = report.settings.decisions, report.figures.test
    return {
        "learned_from": report.parts,
        "took_s": report.took_s,
        "pass_below": rules.pass_below,
        "reject_at": rules.reject_at,
        "good_parts_rejected": report.false_rejects,
        "good_parts_not_passed": report.not_passed,
        "auroc_on_test": None if test is None else test.auroc,
    }


def _section(title: str, parent: Parent | None, found: Mapping[str, Any]) -> Section:
    from inspector.reporting.tables import Section, sheet

    rows = [
        (
            name.replace("_", " "),
            f"{value:.3f}" if isinstance(value, float) else f"{value}",
        )
        for name, value in found.items()
        if not isinstance(value, dict)
    ]
    note = "The line starts with it."
    if parent is not None:
        title = f"{title}, after {parent.version}"
        note = "It judges nothing yet: inspector branch shadow, canary or use."
    return Section(
        title=title, sheets=(sheet("", ("what", "figure"), rows),), notes=(note,)
    )
