"""How long a console's questions take: `python -m bench.console_database URL...`.

Example: python -m bench.console_database sqlite:///big.db postgresql://HOST/NAME

Databases are filled before, by `python -m bench.fill_database`. Each question is asked
several times, of connections that were opened before; told are the first time, which
finds cold caches of this program, and the slowest. A start is a fresh engine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from connectors.database.engine import open_engine
from connectors.database.reading.arrivals import newest_id
from connectors.database.reading.pages import PAGE, Landmarks, VerdictPages
from connectors.database.reading.queries import Key, VerdictQuery
from connectors.database.reading.watching import LineWatch
from inspector.commands.line_operation import write_text
from inspector.commands.printing import show
from inspector.reporting.machine import this_machine
from inspector.reporting.markdown import as_markdown
from inspector.reporting.tables import Section, Sheet, sheet
from inspector.types import NS_PER_S, Decision

_TIMES = 7
_SHIFT_NS = 8 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A question, and how long it took."""

    what: str
    ms: tuple[float, ...]
    found: str

    @property
    def row(self) -> tuple[str, ...]:
        """Its row in the table."""
        return self.what, f"{self.ms[0]:.1f}", f"{max(self.ms):.1f}", self.found


def searches(engine: Engine) -> dict[str, VerdictQuery]:
    """Name the searches; serial and time are of a part in the middle of the record."""
    newest = VerdictPages(engine, VerdictQuery()).first(1)[0]
    oldest = VerdictPages(engine, VerdictQuery()).before(Key(0, 0), 1)[0]
    middle_ns = (newest.captured_ns + oldest.captured_ns) // 2
    middle = VerdictPages(engine, VerdictQuery(since_ns=middle_ns)).before(Key(0, 0), 1)
    serial = (middle or [newest])[0].serial or ""
    return {
        "newest of all lines": VerdictQuery(),
        "newest of a line": VerdictQuery(line="poly"),
        "a serial": VerdictQuery(serial=serial),
        "beginning of a serial": VerdictQuery(serial=serial[:-2]),
        "a minute in the middle": VerdictQuery(
            since_ns=middle_ns, until_ns=middle_ns + 60 * NS_PER_S
        ),
        "rejects of a line": VerdictQuery(line="poly", decision=Decision.REJECT),
        "a kind of defect": VerdictQuery(defect="chip"),
        "rejects of a line with a kind": VerdictQuery(
            line="mono", defect="chip", decision=Decision.REJECT
        ),
        "a station": VerdictQuery(station="stringer-2"),
        "a station of a line": VerdictQuery(station="stringer-2", line="mono"),
        "a common word": VerdictQuery(text="vision"),
        "a common word, line and decision": VerdictQuery(
            text="vision", line="poly", decision=Decision.REJECT
        ),
        "a phrase in Chinese": VerdictQuery(text="层压温度"),
        "two words": VerdictQuery(text="solder temperature"),
        "a serial in the log": VerdictQuery(text=serial),
        "a word that is nowhere": VerdictQuery(text="nowherefound"),
        "the oldest branch of a line": VerdictQuery(line="poly", branch_version="1"),
    }


def measure(database: str) -> list[Timed]:
    """Ask one database everything."""
    found = [_timed("start: counters of each line's shift", lambda: _start(database))]
    engine = open_engine(database)
    watch = LineWatch(engine, _shift_start)
    found.append(_timed("look for new verdicts", watch.refresh))
    for name, query in searches(engine).items():
        pages = VerdictPages(engine, query)
        found.append(_timed(name, pages.first))
    marks, mapping = Landmarks(engine, VerdictQuery()), []
    while not marks.is_complete:
        mapping.append(_ms(marks.advance)[0])
    whole = f"{len(mapping)} pieces, {sum(mapping):.0f} ms in all"
    found.append(Timed(what="map a piece of rows", ms=tuple(mapping), found=whole))
    last = max(0, marks.rows // PAGE - 1)
    for name, number in (("first", 0), ("middle", last // 2), ("last", last)):
        asked = _timed(f"{name} page of all rows", lambda at=number: marks.page(at))  # type: ignore[misc]
        found.append(asked)
    engine.dispose()
    return found


def _start(database: str) -> LineWatch:
    engine = open_engine(database)
    watch = LineWatch(engine, _shift_start)
    while watch.refresh():
        pass
    engine.dispose()
    return watch


def _shift_start(_line: str, moment_ns: int) -> int:
    return moment_ns - _SHIFT_NS


def _ms(ask: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = ask()
    return 1000 * (time.perf_counter() - started), found


def _timed(what: str, ask: Callable[[], Any]) -> Timed:
    asked = [_ms(ask) for _ in range(_TIMES)]
    rows = asked[-1][1]
    found = f"{len(rows)} rows" if isinstance(rows, list) else ""
    return Timed(what=what, ms=tuple(took for took, _ in asked), found=found)


def _sheet(database: str) -> Sheet:
    engine = open_engine(database)
    title = f"{engine.dialect.name}, {newest_id(engine):,} verdicts"
    engine.dispose()
    rows = [each.row for each in measure(database)]
    return sheet(title, ("question", "first ms", "slowest ms", "found"), rows)


def main(
    databases: list[str],
    markdown: Annotated[Path | None, typer.Option(help="Also write it here.")] = None,
) -> None:
    """Time a console's questions."""
    sheets = tuple(_sheet(each) for each in databases)
    section = Section(title=f"Slowest of {_TIMES} times each", sheets=sheets)
    show([section])
    if markdown is not None:
        title = "A console's questions to the database"
        command = ["console_database", *sys.argv[1:]]
        write_text(markdown, as_markdown(title, [section], command, this_machine()))


if __name__ == "__main__":
    typer.run(main)
