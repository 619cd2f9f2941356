"""`inspector branch check`: is a version sound, and would the gate let it in?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inspector.commands.branch.options import (
    Database,
    Evidence,
    Json,
    Line,
    Model,
    Said,
    Settings,
    Store,
)

if TYPE_CHECKING:
    from connectors.examining import Place
    from inspector.types import Problem


def check(
    line: Line,
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="If not every one of the line's."),
    ] = None,
    *,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="Also say whether it may judge the line now."),
    ] = False,
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    database: Database = None,
    evidence: Evidence = None,
    json: Json = None,
) -> None:
    """Check all of a version: hashes, signature, contract, trunk, golden samples.

    With --gate, it judges known parts again beside the branch that runs, as before
    `inspector branch use`; nothing is changed by that. Exit code 2 if it is refused.

    Example: inspector branch check poly 2 --model M --gate
    """
    said = Said(
        model=model,
        settings=settings,
        store=store,
        database=database,
        evidence=evidence,
    )
    place = said.place(line, record=gate)
    if gate:
        _examine(place, _required(version), json)
        return
    _check_all(place, version, json)


def _check_all(place: Place, version: str | None, json: Json) -> None:
    from connectors.examining import load_version
    from connectors.wiring import open_branch_store
    from inspector.commands.line_operation import write_json
    from inspector.errors import ArtifactError, SettingsError
    from inspector.model.artifact import trunk_folder
    from inspector.model.hybrid import Trunk

    store = open_branch_store(place.model, place.rules)
    trunk = Trunk(trunk_folder(place.model))
    versions = store.versions(place.line) if version is None else [version]
    problems: list[Problem] = []
    for each in versions:
        try:
            load_version(place, trunk, store.fetch(place.line, each))
            Console().print(f"branch {each} of line {place.line} is sound")
        except (ArtifactError, SettingsError) as error:
            problems.extend(error.problems)
    if json is not None:
        said = [str(problem) for problem in problems]
        write_json(json, {"line": place.line, "problems": said})
    if problems:
        raise ArtifactError(problems)


def _examine(place: Place, version: str, json: Json) -> None:
    from connectors.examining import examine_version
    from inspector.commands.branch.gate_tables import gate_section
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show
    from inspector.gate import admit

    report = examine_version(place, version)
    show([gate_section(report)])
    if json is not None:
        write_json(json, report.as_json())
    admit(report)


def _required(version: str | None) -> str:
    if version is None:
        message = "--gate needs a VERSION"
        raise typer.BadParameter(message)
    return version
