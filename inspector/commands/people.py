"""`inspector people`: who there is, and who may do what."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from inspector.commands.options import DEFAULT_DATABASE, Database

if TYPE_CHECKING:
    from connectors.database.people.roster import Roster
    from inspector.people import Person

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Name people and their roles; PINs are asked for, or come from INSPECTOR_PIN "
    "(yours) and INSPECTOR_NEW_PIN (that of the person who is added).",
)

_AS = Annotated[
    str | None,
    typer.Option("--as", help="Your own name; you have to be an administrator."),
]
_GRANT = Annotated[
    list[str],
    typer.Option(help="A right beside those of an operator: overrule, audit, shelve."),
]
OWN_PIN, _NEW_PIN = "INSPECTOR_PIN", "INSPECTOR_NEW_PIN"


@app.command()
def add(
    name: str,
    role: Annotated[
        str, typer.Option(help="operator, engineer, auditor or administrator.")
    ] = "operator",
    grant: _GRANT = [],  # noqa: B006 - typer makes a new list each time
    as_: _AS = None,
    *,
    badge: Annotated[
        bool, typer.Option(help="Also read a badge, from a prompt.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Add a person; the first one must be an administrator.

    Example: inspector people add mei --role administrator
    """
    roster = _roster(database)
    by = _administrator(roster, as_)
    person = _person(name, role, grant)
    pin = secret(_NEW_PIN, f"PIN of {name}", confirm=True)
    read = typer.prompt("Badge", hide_input=True) if badge else None
    roster.add(person, pin, read, by)
    Console().print(f"{name}: {role}")


@app.command("list")
def list_people(database: Database = DEFAULT_DATABASE) -> None:
    """List everybody with role and rights.

    Example: inspector people list
    """
    from inspector.commands.printing import as_table
    from inspector.reporting.tables import sheet

    rows = [
        (
            person.name,
            person.role.value,
            " ".join(sorted(person.rights)),
            "yes" if person.has_badge else "no",
            "" if person.is_active else "disabled",
        )
        for person in _roster(database).people()
    ]
    columns = ("name", "role", "rights", "badge", "state")
    Console().print(as_table(sheet("People", columns, rows)))


@app.command()
def role(
    name: str,
    new_role: Annotated[str, typer.Argument(metavar="ROLE")],
    grant: _GRANT = [],  # noqa: B006 - typer makes a new list each time
    as_: _AS = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Give a person another role; grants are those that are named, and no others.

    Example: inspector people role jan operator --grant overrule --as mei
    """
    roster = _roster(database)
    by = _required(_administrator(roster, as_))
    roster.change(_person(name, new_role, grant), by)
    Console().print(f"{name}: {new_role}")


@app.command()
def disable(
    name: str,
    as_: _AS = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let in again.")] = False,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Let a person in no more; what the person did stays on record.

    Example: inspector people disable jan --as mei
    """
    from dataclasses import replace

    from inspector.errors import InputError

    roster = _roster(database)
    by = _required(_administrator(roster, as_))
    person = roster.person(name)
    if person is None:
        where = f"person {name}"
        raise InputError.single(where, "is not known: see inspector people list")
    roster.change(replace(person, is_active=enable), by)
    Console().print(f"{name} is {'enabled' if enable else 'disabled'}")


@app.command()
def pin(
    name: str,
    as_: _AS = None,
    badge: Annotated[bool, typer.Option(help="Set a badge instead.")] = False,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Set a person's PIN or badge; your own PIN needs no administrator.

    Example: inspector people pin jan --as mei
    """
    roster = _roster(database)
    by = _required(_administrator(roster, as_ or name))
    if badge:
        read = typer.prompt("Badge", hide_input=True)
        roster.set_secrets(name, None, read, by)
    else:
        new = secret(_NEW_PIN, f"New PIN of {name}", confirm=True)
        roster.set_secrets(name, new, None, by)
    Console().print(f"{name}: {'badge' if badge else 'PIN'} set")


def _roster(database: str) -> Roster:
    from connectors.database.people.roster import Roster
    from connectors.database.schema import open_current

    return Roster(open_current(database), "command line")


def _person(name: str, role: str, grants: list[str]) -> Person:
    from inspector.errors import InputError
    from inspector.people import GRANTABLE, Person, Right, Role

    if role not in set(Role):
        what = f"is none: choose one of {', '.join(Role)}"
        where = f"role {role}"
        raise InputError.single(where, what)
    unknown = set(grants) - GRANTABLE
    if unknown:
        what = f"cannot be granted: choose of {', '.join(sorted(GRANTABLE))}"
        where = f"right {sorted(unknown)[0]}"
        raise InputError.single(where, what)
    return Person(name=name, role=Role(role), grants=frozenset(map(Right, grants)))


def _administrator(roster: Roster, name: str | None) -> Person | None:
    """Log in who acts; nobody has to while there is nobody."""
    if name is None:
        return None
    return roster.log_in(name, secret(OWN_PIN, f"PIN of {name}"))


def _required(person: Person | None) -> Person:
    from inspector.errors import InputError

    if person is None:
        where, what = "--as", "is needed: say who you are"
        raise InputError.single(where, what)
    return person


def secret(variable: str, prompt: str, *, confirm: bool = False) -> str:
    """Take a secret from the environment, or ask for it; never from an argument."""
    given = os.environ.get(variable)
    if given is not None:
        return given
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm))
