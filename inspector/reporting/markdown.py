"""Tables as Markdown, with the command that made them and the machine it ran on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import PurePath

from inspector.reporting.machine import Machine
from inspector.reporting.tables import Section, Sheet


def as_markdown(
    title: str, sections: Sequence[Section], command: Sequence[str], machine: Machine
) -> str:
    """Lay sections out as a page of Markdown.

    Args:
        title: of the page.
        sections: in order.
        command: the words that were typed; paths to elsewhere become bare names.
        machine: what it ran on.
    """
    made = f"Made on {date.today().isoformat()} by `{typed(command)}`  "  # noqa: DTZ011
    pieces = [f"# {title}", f"{made}\non {machine}."]
    for section in sections:
        pieces.append(f"## {section.title}")
        pieces += [_table(each) for each in section.sheets]
        pieces += section.notes
    return "\n\n".join(pieces) + "\n"


def typed(command: Sequence[str]) -> str:
    """Write a command as it was typed, without telling where on a disk things lie."""
    program, *rest = command
    name = PurePath(program).stem
    # Run as a module, the program's name is that of its file.
    words = ["inspector" if name == "__main__" else name, *map(_nameless, rest)]
    return shlex.join(words)


def _nameless(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    scheme, colon, place = value.rpartition(":///")
    if colon:
        return f"{option}{equals}{scheme}{colon}{PurePath(place).name}"
    path = PurePath(value)
    if path.is_absolute() or ".." in path.parts:
        return f"{option}{equals}{path.name}"
    return argument


def _table(each: Sheet) -> str:
    rules = ["---", *("--:" for _ in each.columns[1:])]
    lines = [_row(each.columns), _row(rules), *(_row(row) for row in each.rows)]
    title = [f"**{each.title}**", ""] if each.title else []
    return "\n".join([*title, *lines])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
