"""`inspector db`: the database's form."""

from __future__ import annotations

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
