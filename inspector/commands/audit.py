"""`inspector audit`: the chain of hashes over what people did."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database, JsonFile

if TYPE_CHECKING:
    from inspector.audit import Head

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Check that nobody has altered what people did, and read it.",
)


@app.command()
def verify(
    head: Annotated[
        Path | None,
        typer.Option(help="A head that `inspector audit head` wrote once."),
    ] = None,
    database: Database = DEFAULT_DATABASE,
    json: JsonFile = None,
) -> None:
    """Find what was altered, deleted or inserted; exit code 1 if anything was.

    Example: inspector audit verify --head /media/safe/head.json
    """
    from connectors.database.people.chain import head as newest
    from connectors.database.people.chain import verify as check
    from connectors.database.schema import open_current
    from inspector.commands.line_operation import write_json
    from inspector.errors import InspectorError

    engine = open_current(database)
    found = check(engine, None if head is None else _read_head(head))
    last = newest(engine)
    links = 0 if last is None else last.number
    if json is not None:
        said = [{"where": each.where, "what": each.what} for each in found]
        write_json(json, {"links": links, "findings": said})
    if found:
        raise InspectorError("\n".join(map(str, found)))
    Console().print(f"{links} links, nothing altered, deleted or inserted")


@app.command()
def head(
    out: Annotated[
        Path | None, typer.Option(help="Write it to this file, to be kept elsewhere.")
    ] = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Give the newest link's number and hash; keep them where the database is not.

    Example: inspector audit head --out /media/safe/head.json
    """
    from dataclasses import asdict

    from connectors.database.people.chain import head as newest
    from connectors.database.schema import open_current
    from inspector.commands.line_operation import write_json
    from inspector.errors import InspectorError

    found = newest(open_current(database))
    if found is None:
        message = "the audit trail is empty: there is no head yet"
        raise InspectorError(message)
    if out is not None:
        write_json(out, asdict(found))
    Console().print(f"{found.number} {found.sha256}")


@app.command()
def sample(
    every: Annotated[int, typer.Argument(min=0, help="0 audits no passed part.")],
    as_: Annotated[
        str, typer.Option("--as", help="Your own name; you have to be an auditor.")
    ],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Keep evidence of every so many-th passed part, for people to look at blindly.

    Lines take it up when they start. Your PIN is asked for, or is INSPECTOR_PIN.

    Example: inspector audit sample 100 --as ada
    """
    from connectors.database.people.house_rules import AUDIT_EVERY, write_rule
    from connectors.database.people.roster import Roster
    from connectors.database.schema import open_current
    from inspector.commands.people import OWN_PIN, secret

    engine = open_current(database)
    pin = secret(OWN_PIN, f"PIN of {as_}")
    person = Roster(engine, "command line").log_in(as_, pin)
    write_rule(engine, AUDIT_EVERY, every, person)
    which = f"one in {every} passed parts" if every else "no passed part"
    Console().print(f"evidence of {which} is kept once a line starts anew")


@app.command("list")
def list_links(
    last: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 40,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """List the newest acts: when, who, what.

    Example: inspector audit list --last 100
    """
    from datetime import UTC, datetime

    from connectors.database.people.chain import head as newest
    from connectors.database.people.chain import trail
    from connectors.database.schema import open_current
    from inspector.commands.printing import as_table
    from inspector.reporting.tables import sheet
    from inspector.types import NS_PER_S

    engine = open_current(database)
    found = newest(engine)
    before = 0 if found is None else max(0, found.number - last)
    links = trail(engine, after=before, at_most=last)
    rows = [
        (
            f"{link.number}",
            f"{datetime.fromtimestamp(link.chained_ns / NS_PER_S, UTC):%F %T}",
            link.who,
            link.act,
            "" if link.table is None else f"{link.table} {link.row_id}",
        )
        for link in links
    ]
    columns = ("link", "UTC", "who", "act", "row")
    Console().print(as_table(sheet("Audit trail", columns, rows)), markup=False)


def _read_head(path: Path) -> Head:
    from inspector.audit import Head
    from inspector.errors import InputError

    try:
        said = json_format.loads(path.read_text(encoding="utf-8"))
        return Head(number=int(said["number"]), sha256=str(said["sha256"]))
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError.single(path, what) from error
    except (ValueError, KeyError, TypeError) as error:
        what = "is no head: write one with  inspector audit head --out FILE"
        raise InputError.single(path, what) from error
