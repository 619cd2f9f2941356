"""`inspector console`: the operator's window beside the lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def console(
    *,
    database: Annotated[
        str,
        typer.Option(
            envvar="INSPECTOR_DATABASE_URL", help="Where the verdicts are stored."
        ),
    ] = "sqlite:///inspector.db",
    evidence: Annotated[
        Path | None,
        typer.Option(help="Folder with the pictures; else `evidence` by the database."),
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="To begin with.")] = (
        "en"
    ),
    dark: Annotated[bool, typer.Option("--dark", help="For a dim hall.")] = False,
    kiosk: Annotated[
        bool, typer.Option("--kiosk", help="Fill the screen; engineers may close it.")
    ] = False,
    name: Annotated[
        str, typer.Option(help="Of this console, in the record; else the machine's.")
    ] = "",
    scanner_prefix: Annotated[
        str, typer.Option(help="The sign that begins a scan; else STX.")
    ] = "\x02",
) -> None:
    """Show every line of a database: watch, review, search, alarms, figures.

    It never touches a line: start and close it as you like.

    Example: inspector console --database sqlite:///demo/verdicts.db --evidence
    demo/evidence
    """
    from inspector.errors import InspectorError
    from ui.app import ConsoleApp, Place, has_display
    from ui.languages import LANGUAGES
    from ui.window import Look

    if language not in LANGUAGES:
        message = f"{language!r} is not one of {', '.join(LANGUAGES)}"
        raise typer.BadParameter(message)
    if len(scanner_prefix) != 1:
        message = "--scanner-prefix must be one sign"
        raise typer.BadParameter(message)
    if not has_display():
        message = "there is no display: start it on a desktop, or set DISPLAY"
        raise InspectorError(message)
    place = Place(
        database=database,
        evidence=evidence if evidence is not None else _beside(database),
        console=name,
    )
    look = Look(
        language=language, dark=dark, kiosk=kiosk, scanner_prefix=scanner_prefix
    )
    raise typer.Exit(ConsoleApp(place, look).run())


def _beside(database: str) -> Path:
    """Give the folder `evidence` beside a SQLite file, or in this folder."""
    file = Path(database.removeprefix("sqlite:///"))
    beside = file.parent / "evidence"
    return (
        beside
        if database.startswith("sqlite:///") and beside.is_dir()
        else (Path("evidence"))
    )
