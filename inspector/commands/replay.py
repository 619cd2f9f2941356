"""`inspector replay`: a recorded line through the live pipeline into a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.replay import Pace


def pace(text: str) -> Pace:
    """Read `own`, `max` or a number of parts per second."""
    named: dict[str, Pace] = {"own": "own", "max": "max"}
    if text in named:
        return named[text]
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        message = f"{text!r} is not a number of parts per second above 0, own or max"
        raise typer.BadParameter(message)
    return rate


def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of the recorded line.")
    ],
    *,
    model: Annotated[
        Path, typer.Option(help="Folder of the model that `inspector train` wrote.")
    ],
    database: Annotated[
        str,
        typer.Option(
            envvar="INSPECTOR_DATABASE_URL",
            help="Where verdicts go; a SQLite file is made and migrated if need be.",
        ),
    ] = "sqlite:///inspector.db",
    rate: Annotated[
        str,
        typer.Option(
            metavar="N|own|max",
            help="Parts per second; `own`: as recorded; `max`: as fast as possible.",
        ),
    ] = "own",
    evidence: Annotated[
        Path, typer.Option(help="Folder for the pictures of parts that did not pass.")
    ] = Path("evidence"),
    limit: Annotated[
        int | None, typer.Option(min=0, help="Replay at most so many parts.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Replay one shift only: train, val or test.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the account's tables to this file.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write the account to this file.")
    ] = None,
) -> None:
    """Judge a recorded line as if it ran now, and store every verdict.

    What the database's record of branches says is followed as in `inspector run`. Each
    part is stored once: replaying again changes nothing, and continues where an
    interrupted replay ended. Exit code 1 if any part is unaccounted for.

    Example: inspector replay recordings/poly --model M --rate 30 --json account.json
    """
    from connectors.pulsing import heard
    from connectors.staffing import Source, Trunks, load_staffed_brain, open_record
    from connectors.wiring import (
        Excerpt,
        assemble_line,
        open_archive,
        open_branch_store,
        replay_feed,
    )
    from inspector.commands.line_operation import AccountFiles, operate_and_report
    from inspector.recording import Recording

    at = pace(rate)
    recorded = Recording.load(recording)
    archive = open_archive(database, evidence, upgrade=True)
    record = open_record(database)
    files = AccountFiles(json=json, markdown=markdown)
    kept = database, evidence
    try:
        source = Source(model=model, store=open_branch_store(model), trunks=Trunks())
        brain = load_staffed_brain(recorded.settings, source, record)
        feed = replay_feed(recorded, Excerpt(pace=at, split=split, limit=limit))
        with heard(feed, recorded.settings, brain, kept) as listened:
            line = assemble_line(recorded.settings, listened, brain, archive)
            operate_and_report(line, archive, files)
    finally:
        record.close()
