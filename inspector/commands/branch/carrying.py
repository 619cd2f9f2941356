"""`inspector branch export`, `import`: a version as one file, from plant to plant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inspector.commands.branch.options import (
    Json,
    Line,
    Model,
    Said,
    Settings,
    Store,
    Version,
)

_Package = Annotated[Path, typer.Argument(metavar="FILE", help="The package.")]


def export_branch(
    line: Line,
    version: Version,
    file: _Package,
    *,
    training: Annotated[
        bool, typer.Option("--training", help="Also what only a successor needs.")
    ] = False,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    json: Json = None,
) -> None:
    """Write a version into one file, to carry it to another plant.

    Example: inspector branch export poly 2 poly-2.branch --model M
    """
    from connectors.branches.package import pack
    from connectors.wiring import open_branch_store
    from inspector.commands.line_operation import write_json

    said = Said(model=model, settings=settings, store=store)
    line_settings = said.line_settings(line)
    folder = said.model_folder(line_settings)
    shelf = open_branch_store(folder, said.rules(line_settings))
    size = pack(shelf.fetch(line, version), file, training=training)
    Console().print(
        f"{file}: branch {version} of line {line}, {size / 1e6:.1f} MB",
        soft_wrap=True,
        markup=False,
    )
    if json is not None:
        write_json(json, {"line": line, "version": version, "bytes": size})


def import_branch(
    file: _Package,
    *,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    json: Json = None,
) -> None:
    """Add the version that a file holds, once all of it was checked and it was loaded.

    Nothing that runs is changed: `inspector branch use` does that, through the gate.

    Example: inspector branch import poly-2.branch --model M
    """
    from connectors.branches.package import unpacked
    from connectors.examining import Place, load_version
    from connectors.wiring import open_branch_store
    from inspector.commands.line_operation import write_json
    from inspector.model.artifact import trunk_folder
    from inspector.model.hybrid import Trunk

    said = Said(model=model, settings=settings, store=store)
    line_settings = said.line_settings()
    folder = said.model_folder(line_settings)
    rules = said.rules(line_settings)
    trunk = Trunk(trunk_folder(folder))
    with unpacked(file, rules.public_key) as unpacked_to:
        line = _line_of(unpacked_to)
        own = said.line_settings(line)
        place = Place(line=line, model=folder, rules=rules, settings=own)
        branch = load_version(place, trunk, unpacked_to)
        open_branch_store(folder, rules).add(unpacked_to)
    Console().print(
        f"branch {branch.id.version} of line {line} was added; it judges nothing yet",
        soft_wrap=True,
        markup=False,
    )
    if json is not None:
        named = branch.id
        write_json(
            json,
            {"line": line, "version": named.version, "sha256": named.sha256},
        )


def _line_of(folder: Path) -> str:
    from inspector.model.artifact import Artifact, BranchManifest

    return Artifact.open(folder, BranchManifest).manifest.line
