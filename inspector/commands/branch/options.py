"""What the commands on branches have in common: where a line's branches are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.commands.options import JsonFile
from inspector.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connectors.examining import Place
    from inspector.settings import BranchRules, RunSettings

Line = Annotated[str, typer.Argument(metavar="LINE", help="Name of the line.")]
Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="Version of its branch.")
]
Model = Annotated[
    Path | None, typer.Option(help="Folder of the model; else as --settings says.")
]
Settings = Annotated[
    Path | None,
    typer.Option(
        metavar="LINE.toml",
        help="The line's settings: its model, store, key, classes and gate.",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Folder or URL that holds branches; else the model's."
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="INSPECTOR_DATABASE_URL",
        help="The record of verdicts and branches; else as --settings says.",
    ),
]
Evidence = Annotated[
    Path | None, typer.Option(help="Folder of evidence; else as --settings says.")
]
Json = JsonFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of the places on the command line."""

    model: Path | None = None
    settings: Path | None = None
    store: str | None = None
    database: str | None = None
    evidence: Path | None = None

    def line_settings(self, line: str | None = None) -> RunSettings | None:
        """Read the line's settings, if a file was named.

        Raises:
            SettingsError: they cannot be used.
            InputError: they are of another line.
        """
        from inspector.settings import RunSettings, load_settings

        if self.settings is None:
            return None
        found = load_settings(self.settings, RunSettings)
        if line is not None and found.id != line:
            what = f"is of line {found.id}, not of line {line}"
            raise InputError.single(self.settings, what)
        return found

    def rules(self, settings: RunSettings | None) -> BranchRules:
        """Give what the line says of its branches; the store may be named beside."""
        from inspector.settings import BranchRules

        rules = BranchRules() if settings is None else settings.branches
        changed = {} if self.store is None else {"store": self.store}
        return rules.model_copy(update=changed)

    def model_folder(self, settings: RunSettings | None) -> Path:
        """Give the folder of the model.

        Raises:
            InputError: nothing says which, or it holds no model.
        """
        folder = self.model or (None if settings is None else settings.model)
        if folder is None:
            where, what = "--model", "name the model's folder, or --settings LINE.toml"
            raise InputError.single(where, what)
        if not (folder / "trunk").is_dir():
            what = "is no folder of a model: it has no trunk"
            raise InputError.single(folder, what)
        return folder

    def place(self, line: str, *, record: bool) -> Place:
        """Put together all that is known of a line.

        Args:
            line: its name.
            record: whether the record is needed too.

        Raises:
            InputError: what was named cannot be used.
        """
        from connectors.examining import Place

        settings = self.line_settings(line)
        evidence = Path("evidence") if settings is None else settings.evidence
        return Place(
            line=line,
            model=self.model_folder(settings),
            rules=self.rules(settings),
            settings=settings,
            engine=self.open_record(settings) if record else None,
            evidence=self.evidence or evidence,
        )

    def record_url(self, line: str) -> str:
        """Say where the record is.

        Raises:
            InputError: nothing says where, or the settings are of another line.
        """
        settings = None if self.database else self.line_settings(line)
        named = self.database or (None if settings is None else settings.database)
        if named is None:
            where, what = f"line {line}", "name its record: --database, or --settings"
            raise InputError.single(where, what)
        return named

    def open_record(self, settings: RunSettings | None) -> Engine | None:
        """Open the record, if any was named; it must be up to date.

        A line that has not run yet has no record, though its settings name one.

        Raises:
            SettingsError: it cannot be used.
            StoreError: it cannot be reached.
        """
        from connectors.database.engine import is_absent, open_engine
        from connectors.database.schema import require_current

        named = self.database or (None if settings is None else settings.database)
        if named is None:
            return None
        engine = open_engine(named)
        if self.database is None and is_absent(engine):
            return None
        require_current(engine)
        return engine
