"""`inspector recording`: look after recorded lines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Check a recorded line."
)


@app.callback()
def group() -> None:
    """Look after recorded lines."""


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the recorded line.")
    ],
    *,
    json: Annotated[
        Path | None, typer.Option(help="Also write the result to this file.")
    ] = None,
) -> None:
    """Read all of a recording and name everything that is wrong; then exit code 2.

    Example: inspector recording check recordings/poly
    """
    from inspector.commands.line_operation import write_json
    from inspector.errors import RecordingError
    from inspector.model.pictures import decode
    from inspector.recording import check as find_problems

    problems = find_problems(folder, decode)
    said = [str(problem) for problem in problems]
    content = {"folder": str(folder), "problems": said}
    if json is not None:
        write_json(json, content if problems else content | _summary(folder))
    if problems:
        raise RecordingError(problems)
    _show(_summary(folder))


def _summary(folder: Path) -> dict[str, Any]:
    from inspector.recording import Recording

    recording = Recording.load(folder)
    shifts: dict[str, Counter[str]] = {}
    for row in recording.select():
        shifts.setdefault(row.split, Counter())[row.label or "unlabelled"] += 1
    return {
        "line": recording.settings.id,
        "parts": len(recording.rows),
        "log_lines": len(recording.log_lines()),
        "shifts": {name: dict(labels) for name, labels in shifts.items()},
    }


def _show(summary: dict[str, Any]) -> None:
    console = Console()
    console.print(
        f"Line {summary['line']} is sound: {summary['parts']} parts, "
        f"{summary['log_lines']} log lines",
        soft_wrap=True,
    )
    table = Table("shift", "label", "parts")
    for shift, labels in summary["shifts"].items():
        for label, parts in labels.items():
            table.add_row(shift, label, f"{parts}")
    console.print(table)
