"""`inspector account`: what became of a line's parts, minute by minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.database.account import MinuteAccount
    from inspector.reporting.tables import Sheet


def account(
    line: Annotated[str, typer.Argument(help="The line's id.")],
    since: Annotated[
        str,
        typer.Option(help="A time such as 2026-03-02T06:00:00Z, or 90s, 30m, 8h, 2d."),
    ] = "8h",
    database: Annotated[
        str,
        typer.Option(
            envvar="INSPECTOR_DATABASE_URL",
            help="SQLAlchemy URL; a password belongs into the environment variable.",
        ),
    ] = "sqlite:///inspector.db",
    json: Annotated[
        Path | None, typer.Option(help="Also write the account to this file.")
    ] = None,
) -> None:
    """Account for every frame number of a line: a verdict, or a fault by its kind.

    Exit code 1 if a number has neither.

    Example: inspector account poly --since 8h --json account.json
    """
    import time

    from rich.console import Console

    from connectors.database.account import line_account
    from connectors.database.engine import open_engine
    from connectors.database.schema import require_current
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import as_table
    from inspector.errors import InspectorError

    since_ns = _since_ns(since, time.time_ns())
    engine = open_engine(database)
    require_current(engine)
    minutes = line_account(engine, line, since_ns)
    Console().print(as_table(_sheet(line, minutes)))
    if json is not None:
        listed = [each.as_json() for each in minutes]
        write_json(json, {"line": line, "since_ns": since_ns, "minutes": listed})
    gone = sum(each.unaccounted for each in minutes)
    if gone:
        message = (
            f"line {line}: {gone} frame numbers have neither a verdict nor a fault yet"
        )
        raise InspectorError(message)


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _since_ns(since: str, now_ns: int) -> int:
    from inspector.errors import InputError
    from inspector.logtext import parse_utc_ns
    from inspector.types import NS_PER_S

    number, unit = since[:-1], since[-1:]
    if number.isascii() and number.isdigit() and unit in _SECONDS:
        return max(now_ns - int(number) * _SECONDS[unit] * NS_PER_S, 0)
    try:
        return parse_utc_ns(since)
    except ValueError as error:
        what = f"{error}, and not 90s, 30m, 8h or 2d either"
        where = "--since"
        raise InputError.single(where, what) from error


def _sheet(line: str, minutes: Sequence[MinuteAccount]) -> Sheet:
    from inspector.reporting.tables import sheet

    names = ("minute", "parts", "PASS", "REJECT", "REVIEW", "faults", "neither", "late")
    rows = [
        (
            f"{each.minute:%Y-%m-%d %H:%M}",
            f"{each.triggered}",
            *(f"{each.decisions.get(name, 0)}" for name in names[2:5]),
            _named({**each.faults, **each.other_faults}),
            f"{each.unaccounted}",
            f"{each.amended}",
        )
        for each in minutes
    ]
    title = f"Account of line {line}: parts = verdicts + faults, by minute of capture"
    return sheet(title, names, rows)


def _named(faults: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in faults.items()) or "0"
