"""`inspector db`: the database's form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Bring the database up to date, or check it.",
)

_URL = Annotated[
    str,
    typer.Option(
        "--database",
        envvar="INSPECTOR_DATABASE_URL",
        help="SQLAlchemy URL; a password belongs into the environment variable.",
    ),
]
_JSON = Annotated[
    Path | None, typer.Option("--json", help="Also write the result to this file.")
]
_DEFAULT = "sqlite:///inspector.db"


@app.command()
def upgrade(database: _URL = _DEFAULT, json: _JSON = None) -> None:
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
def check(database: _URL = _DEFAULT, json: _JSON = None) -> None:
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
