"""`inspector gather`: count and index the record, for consoles and reports."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database

_LOOK_EVERY_S = 0.5


def gather(
    database: Database = DEFAULT_DATABASE,
    evidence: Annotated[
        Path | None,
        typer.Option(help="The evidence folder; without it, log text is not indexed."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until SIGINT or SIGTERM.")
    ] = False,
) -> None:
    """Count verdicts and index log text, outside the verdict path; consoles do it too.

    Example: inspector gather --database sqlite:///inspector.db --evidence evidence
    """
    from connectors.database.reading.gathering import EvidencePlace, Gatherer
    from connectors.database.schema import open_current
    from inspector.commands.line_operation import collected_signals

    engine = open_current(database)
    place = None
    if evidence is not None:
        from inspector.model.pictures import decode

        place = EvidencePlace(folder=evidence, decode=decode)
    gatherer = Gatherer(engine, place)
    with collected_signals() as asked:
        while not asked:
            if gatherer.count() + gatherer.read():
                continue
            if not follow:
                break
            time.sleep(_LOOK_EVERY_S)
    at = gatherer.progress()
    Console().print(
        f"{at.newest} verdicts: counted up to {at.counted}, log text up to {at.read}"
    )
    if gatherer.unreadable:
        Console().print(f"evidence of {gatherer.unreadable} parts could not be read")
