"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Database = Annotated[
    str,
    typer.Option(
        "--database",
        envvar="INSPECTOR_DATABASE_URL",
        help="SQLAlchemy URL; a password belongs into the environment variable.",
    ),
]
DEFAULT_DATABASE = "sqlite:///inspector.db"
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Also write the result to this file.")
]
