"""`inspector shift-report`: what became of a line's parts in a time, on one page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database
from inspector.errors import InputError

if TYPE_CHECKING:
    from inspector.spc import ShiftFigures

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shift_report(
    line: str,
    out: Annotated[Path, typer.Option(help="A file that ends in .pdf or .csv.")],
    from_: Annotated[
        str | None,
        typer.Option("--from", help="UTC, such as 2026-03-02T06:00; else the shift."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="UTC; this moment does not belong to it.")
    ] = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Report a line's shift: yield, rejects, defects, false calls, escapes, latency.

    Example: inspector shift-report poly --from 2026-03-02T06:00 --to 2026-03-02T14:00
    --out shift.pdf
    """
    if out.suffix not in {".pdf", ".csv"}:
        raise InputError.single(out, "must end in .pdf or .csv")
    figures = _figures(database, line, (from_, to))
    if out.suffix == ".pdf":
        from inspector.reporting.shift import write_pdf

        write_pdf(figures, out)
    else:
        from inspector.commands.line_operation import write_text
        from inspector.reporting.shift import as_csv

        write_text(out, as_csv(figures))
    Console().print(f"{figures.parts} parts of line {line}: {out}", markup=False)


def _figures(
    database: str, line: str, asked: tuple[str | None, str | None]
) -> ShiftFigures:
    from connectors.database.people.house_rules import read_rule
    from connectors.database.reading.figures import Scope, shift_figures
    from connectors.database.reading.gathering import Gatherer
    from connectors.database.reading.pages import VerdictPages
    from connectors.database.reading.queries import VerdictQuery
    from connectors.database.schema import open_current
    from inspector.shift_calendar import ShiftCalendar

    engine = open_current(database)
    last = VerdictPages(engine, VerdictQuery(line=line)).first(1)
    if not last:
        where = f"line {line}"
        raise InputError.single(where, "has no verdict in this database")
    gatherer = Gatherer(engine)
    while gatherer.count():
        pass
    calendar = ShiftCalendar.from_rule(read_rule(engine, "shifts"))
    shift = calendar.shift_at(last[0].captured_ns)
    since_ns = shift.start_ns if asked[0] is None else _moment_ns("--from", asked[0])
    until_ns = shift.end_ns if asked[1] is None else _moment_ns("--to", asked[1])
    if until_ns <= since_ns:
        where = "--to"
        raise InputError.single(where, "must be later than --from")
    return shift_figures(engine, Scope(line=line, since_ns=since_ns, until_ns=until_ns))


def _moment_ns(where: str, said: str) -> int:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        what = f"{said} is no time: write 2026-03-02T06:00"
        raise InputError.single(where, what) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
