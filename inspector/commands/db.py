"""`inspector db`: the database's form."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database, JsonFile

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Bring the database up to date, or check it.",
)


@app.command()
def upgrade(database: Database = DEFAULT_DATABASE, json: JsonFile = None) -> None:
    """Bring a database up to date; a SQLite file is made if need be.

    Example: inspector db upgrade --database sqlite:///inspector.db
    """
    from connectors.database.engine import open_engine, shown
    from connectors.database.schema import upgrade as bring_up_to_date
    from inspector.commands.line_operation import write_json

    engine = open_engine(database)
    revision = bring_up_to_date(engine)
    Console().print(f"{shown(database)} is up to date: revision {revision}")
    if json is not None:
        write_json(json, {"database": shown(database), "revision": revision})


@app.command()
def prune(
    *,
    who: Annotated[str, typer.Option(help="Who prunes: it is recorded.")],
    why: Annotated[str, typer.Option(help="Why: it is recorded.")],
    keep_months: Annotated[
        int, typer.Option(min=1, help="Full months that keep every verdict.")
    ] = 24,
    keep_every: Annotated[
        int,
        typer.Option(min=1, help="Keep one of so many older parts that passed."),
    ] = 100,
    database: Database = DEFAULT_DATABASE,
    json: JsonFile = None,
) -> None:
    """Remove old verdicts of parts that passed, and record that.

    Every part that did not pass stays, and every part that people spoke about, and a
    sample of the others, the same ones whoever asks. Needs the database's owner.

    Example: inspector db prune --keep-months 24 --who ann --why "disk at 80 %"
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from connectors.database import months
    from connectors.database.engine import open_engine, shown
    from connectors.database.schema import require_current
    from inspector.commands.line_operation import write_json

    engine = open_engine(database)
    require_current(engine)
    before_ns = months.start_of_month_ns(datetime.now(UTC), keep_months)
    wanted = months.Pruning(
        before_ns=before_ns, keep_every=keep_every, who=who, why=why
    )
    done = months.prune(engine, wanted)
    said = f"{done.removed} verdicts removed, {done.kept} older ones kept"
    Console().print(f"{shown(database)}: {said}")
    if json is not None:
        write_json(json, asdict(done))


@app.command()
def roles(database: Database = DEFAULT_DATABASE, json: JsonFile = None) -> None:
    """Make and grant the roles of PostgreSQL: worker, console, auditor.

    Example: inspector db roles --database postgresql://HOST/NAME
    """
    from connectors.database import roles as given
    from connectors.database.engine import open_engine, shown
    from inspector.commands.line_operation import write_json
    from inspector.errors import InputError

    engine = open_engine(database)
    missing = given.renew(engine)
    if json is not None:
        write_json(json, {"database": shown(database), "missing": missing})
    if missing:
        raise InputError.single(shown(database), missing[0])
    Console().print(
        f"{shown(database)}: {', '.join(given.ROLES)} are as they should be"
    )


@app.command()
def check(database: Database = DEFAULT_DATABASE, json: JsonFile = None) -> None:
    """Say whether a database is up to date; exit code 2 if it is not.

    Example: inspector db check --database sqlite:///inspector.db
    """
    from connectors.database.engine import open_engine, shown
    from connectors.database.schema import problems
    from inspector.commands.line_operation import write_json
    from inspector.errors import SettingsError

    found = problems(open_engine(database))
    if json is not None:
        said = [str(problem) for problem in found]
        write_json(json, {"database": shown(database), "problems": said})
    if found:
        raise SettingsError(found)
    Console().print(f"{shown(database)} is up to date")
