"""`inspector simulate`: a synthetic recording to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def simulate(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="New folder for the recording.")
    ],
    *,
    parts: Annotated[int, typer.Option(min=40, help="Parts in all three shifts.")] = (
        600
    ),
    line: Annotated[str, typer.Option(help="Name of the line.")] = "metal",
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same recording.")
    ] = 0,
    json: Annotated[
        Path | None, typer.Option(help="Also write what was made to this file.")
    ] = None,
) -> None:
    """Write a synthetic recording: pictures, masks, labels and log text.

    Example: inspector simulate recordings/metal --parts 600
    """
    from inspector.commands.line_operation import write_json
    from inspector.simulation.lines import simulate_line

    simulate_line(out, line, parts, seed)
    Console().print(f"{parts} simulated parts of line {line} are in {out}")
    if json is not None:
        write_json(json, {"folder": str(out), "line": line, "parts": parts})
