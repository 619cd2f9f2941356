"""`inspector work`: judge the lines that Kafka hands to this worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.kafka.worker import WorkerCounts


def work(
    worker: Annotated[
        Path, typer.Argument(metavar="WORKER.toml", help="The worker's settings.")
    ],
    json: Annotated[
        Path | None, typer.Option(help="Also write what went on to this file.")
    ] = None,
) -> None:
    """Judge lines whose frames and logs come by Kafka, until SIGINT or SIGTERM.

    Every worker of a group gets its share of the lines, and theirs when they end. It
    starts without a broker and waits for it. INSPECTOR_DATABASE_URL overrides the
    database, which must be migrated: inspector db upgrade.

    Example: inspector work worker.toml
    """
    import os
    from dataclasses import asdict

    from rich.console import Console

    from connectors.kafka.settings import WorkerSettings
    from connectors.wiring import assemble_worker
    from inspector.commands.line_operation import run_until_asked, write_json
    from inspector.settings import load_settings

    settings = load_settings(worker, WorkerSettings)
    database = os.environ.get("INSPECTOR_DATABASE_URL") or settings.database
    running = assemble_worker(settings, database)
    counts = run_until_asked(running.run, running.stop)
    Console().print(_report(counts))
    if json is not None:
        accounts = {name: each.as_json() for name, each in counts.accounts.items()}
        lags = {f"{number}": asdict(lag) for number, lag in counts.lags.items()}
        plain = {name: getattr(counts, name) for name in _COUNTED}
        write_json(json, {"lines": accounts, "lags": lags, **plain})


_COUNTED = (
    "published",
    "publishing_failures",
    "dead_letters",
    "dead_letters_lost",
    "amendments",
    "amendments_lost",
    "duplicates",
    "misplaced",
    "unknown_lines",
    "fenced",
)


def _report(counts: WorkerCounts) -> str:
    lines = [
        f"line {name}: {each.parts} parts, {each.verdicts} verdicts stored"
        for name, each in sorted(counts.accounts.items())
    ]
    words = [f"{name.replace('_', ' ')}: {getattr(counts, name)}" for name in _COUNTED]
    return "\n".join([*lines, ", ".join(words)])
