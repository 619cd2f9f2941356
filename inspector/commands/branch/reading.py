"""`inspector branch list`, `show`, `diff`: which versions there are, and what of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from inspector.commands.branch.options import (
    Database,
    Json,
    Line,
    Model,
    Said,
    Settings,
    Store,
    Version,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from inspector.branches import Standing
    from inspector.model.artifact import Artifact, BranchManifest, ShiftFigures
    from inspector.ports import BranchStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """A store of branches, with what the model and the record say of them."""

    model: Path
    store: BranchStore
    engine: Engine | None

    @classmethod
    def of(cls, said: Said, line: str | None = None) -> _Shelf:
        from connectors.wiring import open_branch_store

        settings = said.line_settings(line)
        model = said.model_folder(settings)
        return cls(
            model=model,
            store=open_branch_store(model, said.rules(settings)),
            engine=said.open_record(settings),
        )

    def standing(self, line: str) -> Standing:
        """Say what runs: by the record, or by what the line starts with."""
        from connectors.database.branch_acts import SqlBranchActs
        from connectors.examining import starting_version
        from inspector.branches import standing

        acts = () if self.engine is None else SqlBranchActs(self.engine).acts(line)
        found = standing(line, acts)
        if found.live is not None:
            return found
        return replace(found, live=starting_version(self.model, line))

    def open(self, line: str, version: str) -> Artifact[BranchManifest]:
        from inspector.model.artifact import Artifact, BranchManifest

        return Artifact.open(self.store.fetch(line, version), BranchManifest)


def list_branches(
    line: Annotated[
        str | None, typer.Argument(metavar="[LINE]", help="Of this line alone.")
    ] = None,
    *,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """List the versions of lines' branches, and which of them judge.

    Versions that are altered or incomplete are listed too, with what is wrong.

    Example: inspector branch list --model M --database sqlite:///inspector.db
    """
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show as print_sections

    said = Said(model=model, settings=settings, store=store, database=database)
    shelf = _Shelf.of(said, line)
    lines = shelf.store.lines() if line is None else [line]
    rows = [row for each in lines for row in _rows(shelf, each)]
    print_sections([_table(rows)])
    if json is not None:
        write_json(json, {"branches": rows})


def show(
    line: Line,
    version: Version,
    *,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """Show what a version is, knows, learned from, and was measured to do.

    Example: inspector branch show poly 1 --model M
    """
    from inspector.commands.line_operation import write_json
    from inspector.model.versions import settings_of_version

    said = Said(model=model, settings=settings, store=store, database=database)
    shelf = _Shelf.of(said, line)
    artifact = shelf.open(line, version)
    holding = settings_of_version(shelf.model, line, version, artifact.folder)
    told = _told(artifact) | {"rules": holding.decisions.model_dump()}
    told["role"] = _role(shelf.standing(line), version)
    console = Console()
    for name, value in _flat(told):
        console.print(f"{name}: {value}", soft_wrap=True, markup=False)
    if json is not None:
        write_json(json, told)


def diff(
    line: Line,
    one: Annotated[str, typer.Argument(metavar="VERSION", help="A version.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another version.")],
    *,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    json: Json = None,
) -> None:
    """Show in what two versions differ, by the thresholds that hold for each too.

    Example: inspector branch diff poly 1 2 --model M
    """
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show as print_sections
    from inspector.model.versions import settings_of_version
    from inspector.reporting.tables import Section, sheet

    shelf = _Shelf.of(Said(model=model, settings=settings, store=store), line)
    sides = []
    for version in (one, other):
        artifact = shelf.open(line, version)
        holding = settings_of_version(shelf.model, line, version, artifact.folder)
        told = _told(artifact) | {"rules": holding.decisions.model_dump()}
        sides.append(dict(_flat(told)))
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    rows = [
        (name, sides[0].get(name, ""), sides[1].get(name, ""))
        for name in names
        if sides[0].get(name) != sides[1].get(name)
    ]
    title = f"Branches {one} and {other} of line {line}"
    table = sheet("", ("field", one, other), rows)
    notes = () if rows else ("They are the same.",)
    print_sections([Section(title=title, sheets=(table,) if rows else (), notes=notes)])
    if json is not None:
        write_json(json, {"differences": [list(row) for row in rows]})


def _rows(shelf: _Shelf, line: str) -> Iterator[dict[str, Any]]:
    from inspector.errors import ArtifactError, SettingsError
    from inspector.model.artifact import Artifact, TrunkManifest, trunk_folder

    trunk = Artifact.open(trunk_folder(shelf.model), TrunkManifest).sha256
    stands = shelf.standing(line)
    for version in shelf.store.versions(line):
        row = {"line": line, "version": version, "role": _role(stands, version)}
        try:
            artifact = shelf.open(line, version)
        except (ArtifactError, SettingsError) as error:
            yield row | {"problem": f"{error}"}
            continue
        yield row | _summary(artifact, trunk)


def _summary(artifact: Artifact[BranchManifest], trunk: str) -> dict[str, Any]:
    from inspector.model.artifact import SIGNATURE

    manifest = artifact.manifest
    return {
        "parent": _parent(manifest),
        "classes": [each.id for each in manifest.classes],
        "val": _auroc(manifest.figures.val),
        "test": _auroc(manifest.figures.test),
        "fits": manifest.trunk.sha256 == trunk,
        "signed": (artifact.folder / SIGNATURE).exists(),
        "sha256": artifact.sha256,
        "problem": None,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Any:
    from inspector.reporting.tables import Section, sheet

    columns = ("line", "version", "role", "from", "val", "test", "signed", "state")
    shown = [
        (
            row["line"],
            row["version"],
            row["role"],
            row.get("parent") or "",
            _figure(row.get("val")),
            _figure(row.get("test")),
            "yes" if row.get("signed") else "",
            _state(row),
        )
        for row in rows
    ]
    notes = () if rows else ("There are none.",)
    tables = (sheet("", columns, shown),) if rows else ()
    return Section(title="Branches", sheets=tables, notes=notes)


def _state(row: Mapping[str, Any]) -> str:
    if row["problem"]:
        return str(row["problem"])
    return "sound" if row["fits"] else "of another trunk"


def _role(stands: Standing, version: str) -> str:
    roles = {
        "live": stands.live,
        "before": stands.before,
        "shadow": stands.shadow,
        f"canary, 1 in {stands.every}": stands.canary,
    }
    return ", ".join(role for role, holder in roles.items() if holder == version)


def _told(artifact: Artifact[BranchManifest]) -> dict[str, Any]:
    from inspector.model.artifact import SIGNATURE

    manifest = artifact.manifest.model_dump(exclude={"kind"}, exclude_none=True)
    manifest["classes"] = {
        each.id: f"{each.en} / {each.zh}" for each in artifact.manifest.classes
    }
    signed = (artifact.folder / SIGNATURE).exists()
    return {"sha256": artifact.sha256, "signed": signed} | manifest


def _flat(told: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Write nested content as rows: a name with dots, and a value."""
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    return f"{value}"


def _parent(manifest: BranchManifest) -> str | None:
    parent = manifest.parent
    if parent is None:
        return None
    same = parent.line == manifest.line
    return parent.version if same else f"{parent.line} {parent.version}"


def _auroc(figures: ShiftFigures | None) -> float | None:
    return None if figures is None else figures.auroc


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
