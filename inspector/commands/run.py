"""`inspector run`: a production line, live, until it is asked to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    line: Annotated[
        Path, typer.Argument(metavar="LINE.toml", help="The line's settings.")
    ],
    json: Annotated[
        Path | None, typer.Option(help="Also write the account to this file.")
    ] = None,
) -> None:
    """Judge every part of a line and store its verdict, until SIGINT or SIGTERM.

    The settings name the camera, the log, the model, the database and the folder for
    evidence; INSPECTOR_DATABASE_URL overrides the database. The database must be
    migrated: inspector db upgrade. While it is away verdicts wait on this machine.

    Example: inspector run lines/poly.toml
    """
    import os

    from connectors.wiring import (
        Spool,
        live_feed,
        load_brain,
        metered_line,
        open_archive,
    )
    from inspector.commands.line_operation import AccountFiles, operate_and_report
    from inspector.settings import RunSettings, load_settings

    settings = load_settings(line, RunSettings)
    brain = load_brain(settings.model, settings.id, settings.picture)
    database = os.environ.get("INSPECTOR_DATABASE_URL") or settings.database
    rules = settings.spool
    archive = open_archive(
        database,
        settings.evidence,
        upgrade=False,
        spool=Spool(name=settings.id, rules=rules) if rules.enabled else None,
    )
    with metered_line(settings, live_feed(settings), brain, archive) as running:
        operate_and_report(running, archive, AccountFiles(json=json))
