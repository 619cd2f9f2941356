"""`inspector alarms`: what calls now, and how much alarms asked of people."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database, JsonFile
from inspector.types import NS_PER_S

if TYPE_CHECKING:
    from inspector.alarms import Alarm, AlarmFigures
    from inspector.reporting.tables import Sheet

_HOUR_S = 3600


def alarms(
    hours: Annotated[
        float, typer.Option(min=0.1, help="Measure so many hours up to now.")
    ] = 24.0,
    database: Database = DEFAULT_DATABASE,
    json: JsonFile = None,
) -> None:
    """List the alarms that call, and measure them; exit code 1 if they are too many.

    Example: inspector alarms --hours 8
    """
    from connectors.database.people.alarming import AlarmBoard
    from connectors.database.schema import open_current
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import as_table

    now_ns = time.time_ns()
    board = AlarmBoard(open_current(database))
    board.refresh()
    found = board.figures(now_ns - int(hours * _HOUR_S * NS_PER_S), now_ns)
    console = Console()
    console.print(as_table(_list(board.alarms(), now_ns)), markup=False)
    console.print(as_table(_figures(found, hours)), markup=False)
    for words in found.problems:
        console.print(f"too many: {words}", markup=False)
    if json is not None:
        write_json(json, asdict(found) | {"hours": hours, "problems": found.problems})
    if found.problems:
        raise typer.Exit(1)


def _list(calling: list[Alarm], now_ns: int) -> Sheet:
    from inspector.reporting.tables import sheet

    rows = [
        (
            alarm.state(now_ns).value,
            alarm.priority.value,
            alarm.source,
            alarm.condition.value,
            f"{datetime.fromtimestamp(alarm.raised_ns / NS_PER_S, UTC):%F %T}",
            alarm.words,
        )
        for alarm in calling
    ]
    columns = ("state", "priority", "source", "alarm", "raised, UTC", "what")
    return sheet("Alarms", columns, rows)


def _figures(found: AlarmFigures, hours: float) -> Sheet:
    from inspector.alarms import MOST_CRITICAL, MOST_IN_ANY_10_MIN, MOST_PER_10_MIN
    from inspector.reporting.tables import sheet

    rows = [
        ("raised", f"{found.alarms}", ""),
        ("per 10 min", f"{found.per_10_min:.3f}", f"{MOST_PER_10_MIN:g}"),
        ("most in 10 min", f"{found.most_in_10_min}", f"{MOST_IN_ANY_10_MIN}"),
        ("active for more than a day", f"{found.stale}", "0"),
        ("critical", f"{found.critical} / {found.alarms}", f"{MOST_CRITICAL:.0%}"),
    ]
    rows += [(f"  {name}", f"{n}", "") for name, n in found.by_condition.items()]
    return sheet(f"The last {hours:g} hours", ("figure", "is", "at most"), rows)
