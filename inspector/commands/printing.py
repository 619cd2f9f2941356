"""Sections of tables and sentences on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from inspector.reporting.tables import Section, Sheet


def show(sections: Sequence[Section]) -> None:
    """Print sections for a person."""
    console = Console()
    for section in sections:
        console.rule(section.title, align="left")
        for each in section.sheets:
            console.print(as_table(each))
        for note in section.notes:
            console.print(note, markup=False)


def as_table(each: Sheet) -> Table:
    """Lay a sheet out for a terminal."""
    table = Table(*each.columns, title=each.title or None)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in each.rows:
        table.add_row(*row)
    return table
