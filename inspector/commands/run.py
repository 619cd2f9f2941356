"""`inspector run`: production lines, live, until they are asked to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.staffing import Trunks
    from inspector.commands.hall import Hall, OpenLine


def run(
    lines: Annotated[
        list[Path],
        typer.Argument(
            metavar="LINE.toml...",
            help="Settings of lines, or a folder of them, which is then watched.",
        ),
    ],
    json: Annotated[
        Path | None, typer.Option(help="Also write the accounts to this file.")
    ] = None,
) -> None:
    """Judge every part of one or more lines, until SIGINT or SIGTERM.

    The settings name the camera, the log, the model, the database and the folder for
    evidence; INSPECTOR_DATABASE_URL overrides the database. The database must be
    migrated: inspector db upgrade. While it is away verdicts wait on this machine.

    Lines of one model share its trunk in memory. A line that fails does not take the
    others down. A file that is put into a folder that was given is a new line, without
    a restart; a line that has failed starts anew when its file is changed.

    Example: inspector run lines/poly.toml lines/mono.toml
    """
    from connectors.staffing import Trunks
    from inspector.commands.hall import as_json, exit_code
    from inspector.commands.line_operation import collected_signals, write_json

    trunks = Trunks()
    hall = _hall(lines, trunks)
    with collected_signals() as asked:
        hall.serve(asked)
    runs = list(hall.runs.values())
    _print_accounts(hall)
    if json is not None:
        only = runs[0].account if len(runs) == 1 else None
        write_json(json, as_json(runs) if only is None else only.as_json())
    if code := exit_code(runs):
        _complain(hall)
        raise typer.Exit(code)


def _hall(lines: list[Path], trunks: Trunks) -> Hall:
    """Open the hall, and start what is there."""
    from functools import partial

    from inspector.commands.hall import Hall, settings_files
    from inspector.errors import InputError

    folders = [each for each in lines if each.is_dir()]
    if folders and len(lines) > 1:
        what = "a folder of lines is watched by itself: give no other file or folder"
        raise InputError.single(folders[0], what)
    hall = Hall(partial(open_line, trunks), folders[0] if folders else None)
    hall.start(settings_files(folders[0]) if folders else dict.fromkeys(lines))
    return hall


@contextmanager
def open_line(trunks: Trunks, file: Path) -> Iterator[OpenLine]:
    """Open the line that a settings file describes, and close what it used.

    Raises:
        InspectorError: it cannot be put together.
    """
    import os

    from connectors.pulsing import heard
    from connectors.staffing import Source, load_staffed_brain, open_record
    from connectors.wiring import (
        Spool,
        assemble_line,
        live_feed,
        open_archive,
        open_branch_store,
    )
    from inspector.commands.hall import OpenLine
    from inspector.settings import RunSettings, load_settings

    settings = load_settings(file, RunSettings)
    database = os.environ.get("INSPECTOR_DATABASE_URL") or settings.database
    rules = settings.spool
    archive = open_archive(
        database,
        settings.evidence,
        upgrade=False,
        spool=Spool(name=settings.id, rules=rules) if rules.enabled else None,
    )
    record = open_record(database)
    try:
        store = open_branch_store(settings.model, settings.branches)
        source = Source(model=settings.model, store=store, trunks=trunks)
        brain = load_staffed_brain(settings, source, record)
        kept = database, settings.evidence
        with heard(live_feed(settings), settings, brain, kept) as feed:
            pipeline = assemble_line(settings, feed, brain, archive)
            yield OpenLine(name=settings.id, pipeline=pipeline)
    finally:
        record.close()
        archive.verdicts.close()


def _print_accounts(hall: Hall) -> None:
    from rich.console import Console

    from inspector.commands.line_operation import account_tables

    console = Console()
    runs = hall.runs.values()
    for each in runs:
        if each.account is None:
            continue
        if len(runs) > 1:
            console.rule(f"line {each.name}")
        for table in account_tables(each.account):
            console.print(table)


def _complain(hall: Hall) -> None:
    import sys

    for each in hall.runs.values():
        for words in f"{each.error or ''}".splitlines():
            print(f"inspector: {words}", file=sys.stderr)
