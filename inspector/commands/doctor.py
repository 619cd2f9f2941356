"""`inspector doctor`: what is wrong with a line on this machine, and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from inspector.settings import RunSettings

_LOW_DISK_GB = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was checked, whether it is well, and what was found or is to be done."""

    what: str
    ok: bool
    words: str


def doctor(
    line: Annotated[
        Path, typer.Argument(metavar="LINE.toml", help="The line's settings.")
    ],
    json: Annotated[
        Path | None, typer.Option(help="Also write what was found to this file.")
    ] = None,
) -> None:
    """Check a line's database, disk, source and model, and say what to do.

    Exit code 1 if something is wrong.

    Example: inspector doctor lines/poly.toml
    """
    from rich.console import Console

    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import as_table
    from inspector.reporting.tables import sheet
    from inspector.settings import RunSettings, load_settings

    settings = load_settings(line, RunSettings)
    found = [_checked(what, check) for what, check in _checks(settings)]
    rows = [(each.what, "well" if each.ok else "WRONG", each.words) for each in found]
    columns = ("what", "is", "found, or what to do")
    Console().print(as_table(sheet(f"Line {settings.id}", columns, rows)))
    if json is not None:
        write_json(json, {"findings": [asdict(each) for each in found]})
    if not all(each.ok for each in found):
        raise typer.Exit(1)


def _checks(settings: RunSettings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "database", lambda: _database(settings)
    yield "disk", lambda: _disk(settings)
    yield "source", lambda: _source(settings)
    yield "model", lambda: _model(settings)


def _checked(what: str, check: Callable[[], str]) -> Finding:
    from inspector.errors import InspectorError

    try:
        return Finding(what=what, ok=True, words=check())
    except InspectorError as error:
        return Finding(what=what, ok=False, words=str(error))


def _database(settings: RunSettings) -> str:
    from connectors.database.engine import open_engine
    from connectors.database.roles import problems
    from connectors.database.schema import require_current

    engine = open_engine(os.environ.get("INSPECTOR_DATABASE_URL") or settings.database)
    require_current(engine)
    return "; ".join(["is up to date", *problems(engine)])


def _disk(settings: RunSettings) -> str:
    from inspector.errors import InspectorError

    wanted = settings.evidence.absolute()
    folder = next(each for each in (wanted, *wanted.parents) if each.exists())
    free_gb = shutil.disk_usage(folder).free / 1e9
    words = f"{free_gb:.1f} GB free at {folder}"
    if free_gb < _LOW_DISK_GB:
        message = f"{words}: make room, {_LOW_DISK_GB:g} GB are wanted"
        raise InspectorError(message)
    return words


def _source(settings: RunSettings) -> str:
    from inspector.errors import InspectorError

    path = getattr(settings.frames, "path", None)
    if path is not None and not path.exists():
        message = f"{path} does not exist: correct [frames] path"
        raise InspectorError(message)
    if settings.log is not None and not settings.log.path.exists():
        message = f"{settings.log.path} does not exist yet: is the log being written?"
        raise InspectorError(message)
    return f"{settings.frames.kind}: what it names is there; no picture was asked for"


def _model(settings: RunSettings) -> str:
    from connectors.wiring import load_brain

    brain = load_brain(settings.model, settings.id, settings.picture)
    return f"branch {brain.model.branch.version} is loaded and verified"
