"""`inspector branch use`, `canary`, `shadow`, `withdraw`, `rollback`: steps on record.

A step is one row in the database, and nothing else: workers of the line read it within
a tenth of a second and do what it says, between two parts. So a step that returned is
made, and one that was killed is made as a whole or not at all.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.branches import Act, BranchAct, Standing, standing
from inspector.commands.shadow_report import disagreements
from inspector.errors import InputError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from inspector.ports import BranchActs

Line = Annotated[str, typer.Argument(metavar="LINE", help="Name of the line.")]
Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="Version of its branch.")
]
Model = Annotated[Path, typer.Option(help="Folder of the line's model.")]
Database = Annotated[
    str,
    typer.Option(
        envvar="INSPECTOR_DATABASE_URL", help="Where the line's verdicts are."
    ),
]
Who = Annotated[
    str | None, typer.Option(help="Who does it; the user of this machine if not said.")
]
Reason = Annotated[str | None, typer.Option(help="Why; kept on record.")]
DATABASE = "sqlite:///inspector.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who makes a step, and why."""

    who: str
    why: str

    @classmethod
    def of(cls, who: str | None, reason: str | None, unsaid: str) -> Person:
        """Take the user of this machine and a plain reason where nothing is said."""
        return cls(who=who or getpass.getuser(), why=reason or unsaid)


def rollback(
    line: Line,
    *,
    database: Database = DATABASE,
    who: Who = None,
    reason: Reason = None,
) -> None:
    """Let the branch judge again that judged before; workers have it in memory.

    Example: inspector branch rollback poly --reason "too many false rejects"
    """
    with open_acts(database) as (acts, _):
        stands = standing(line, acts.acts(line))
        if stands.live is None or stands.before is None:
            what = "there is no branch before the one that runs: nothing to go back to"
            raise refusal(line, what)
        person = Person.of(who, reason, f"back from {stands.live}")
        _step(acts, stands, Act.ROLLBACK, stands.before, person)
    print(f"line {line}: branch {stands.before} judges again, instead of {stands.live}")


def shadow(
    line: Line,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Version of its branch.")
    ] = None,
    *,
    show: Annotated[
        bool, typer.Option("--show", help="Say how the branch in shadow compares.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the line's model.")
    ] = None,
    database: Database = DATABASE,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many parts.")] = 20,
    who: Who = None,
    reason: Reason = None,
    json: Annotated[
        Path | None, typer.Option(help="With --show, also write it to this file.")
    ] = None,
) -> None:
    """Let a branch judge every part beside the one that runs; its word decides nothing.

    With --show: how often the two disagree, about which parts, and what it costs.

    Example: inspector branch shadow poly 2 --model M
    """
    if show:
        disagreements(line, version, database=database, limit=limit, json=json)
        return
    if version is None or model is None:
        what = "give a version and --model to put one into shadow, or --show"
        raise refusal(line, what)
    with open_acts(database) as (acts, _):
        stands = _with_live(standing(line, acts.acts(line)), model)
        _require_other(stands, version)
        _require_version(model, line, version)
        person = Person.of(who, reason, "to see how it judges")
        _step(acts, stands, Act.SHADOW, version, person)
    print(f"line {line}: branch {version} judges in shadow of {stands.live}")


def withdraw(
    line: Line,
    version: Version,
    *,
    database: Database = DATABASE,
    who: Who = None,
    reason: Reason = None,
) -> None:
    """End a branch's time in shadow or as a canary.

    Example: inspector branch withdraw poly 2
    """
    with open_acts(database) as (acts, _):
        stands = standing(line, acts.acts(line))
        if version not in {stands.shadow, stands.canary}:
            what = f"branch {version} is neither in shadow nor a canary"
            raise refusal(line, what)
        person = Person.of(who, reason, "its trial is over")
        _step(acts, stands, Act.WITHDRAWN, version, person)
    print(f"line {line}: branch {version} is withdrawn")


@contextmanager
def open_acts(database: str) -> Iterator[tuple[BranchActs, Engine]]:
    """Open the record of branches.

    The database's form is looked at only when it does not answer: a rollback is in a
    hurry.

    Raises:
        SettingsError: no database, or one that is not up to date.
        StoreError: it cannot be read or written.
    """
    from connectors.database.branch_acts import SqlBranchActs
    from connectors.database.engine import is_absent, open_engine

    engine = open_engine(database)
    try:
        if is_absent(engine):
            _require_current(engine)
        yield SqlBranchActs(engine), engine
    except StoreError:
        _require_current(engine)
        raise
    finally:
        engine.dispose()


def _require_current(engine: Engine) -> None:
    from connectors.database.schema import require_current

    require_current(engine)


def refusal(line: str, what: str) -> InputError:
    """Say why nothing was done to a line."""
    return InputError.single(f"line {line}", what)


def _step(
    acts: BranchActs, stands: Standing, act: Act, version: str, person: Person
) -> None:
    acts.record(
        BranchAct(
            line=stands.line,
            act=act,
            version=version,
            from_version=stands.live,
            who=person.who,
            why=person.why,
            acted_ns=time.time_ns(),
        )
    )


def _with_live(stands: Standing, model: Path) -> Standing:
    """Name what runs where nobody has acted yet: what the model's settings say."""
    from dataclasses import replace

    from inspector.model.artifact import settings_file
    from inspector.settings import ModelSettings, load_settings

    if stands.live is not None:
        return stands
    settings = load_settings(settings_file(model, stands.line), ModelSettings)
    return replace(stands, live=settings.branch)


def _require_other(stands: Standing, version: str) -> None:
    if version == stands.live:
        raise refusal(stands.line, f"branch {version} judges now")


def _require_version(model: Path, line: str, version: str) -> None:
    """Refuse a version that is not there, or is not what was written."""
    from connectors.wiring import open_branch_store

    open_branch_store(model).fetch(line, version)
