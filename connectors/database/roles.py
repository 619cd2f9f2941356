"""Who may do what in a PostgreSQL database: three roles, each with the least it needs.

The roles are groups without a login. Grants are written down here by table, because
other revisions bring tables of their own; a table that is not there yet is left out,
and one that nobody names can be read by the auditor alone.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import store_error
from connectors.database.months import is_month

_log = logging.getLogger(__name__)

WORKER, CONSOLE, AUDITOR = "inspector_worker", "inspector_console", "inspector_auditor"
ROLES = (WORKER, CONSOLE, AUDITOR)

_ADD = "SELECT, INSERT"
_KEEP = "SELECT, INSERT, UPDATE, DELETE"
_WORKER = {
    "verdicts": _ADD,
    "verdict_identities": _ADD,
    "shadow_judgements": _ADD,
    "branch_acts": _ADD,
    "part_faults": _ADD,
    "amendments": _ADD,
    "consumer_offsets": _KEEP,
    "outbox": _KEEP,
    "verifications": "SELECT",
    "heartbeats": "SELECT, INSERT, UPDATE",
    "alembic_version": "SELECT",
    "prunings": "SELECT",
}
_CONSOLE = {
    "verdicts": "SELECT",
    "shadow_judgements": "SELECT",
    "part_faults": "SELECT",
    "amendments": "SELECT",
    "alembic_version": "SELECT",
    "prunings": "SELECT",
    "branch_acts": _ADD,
    "verifications": _ADD,
    "dispositions": _ADD,
    "line_acts": _ADD,
    "alarm_acts": _ADD,
    "audit_trail": _ADD,
    "people": _ADD,
    "logins": _ADD,
    "house_rules": _ADD,
    "presence": _KEEP,
    "heartbeats": "SELECT",
    "gathered": _KEEP,
    "tallies": _KEEP,
    "measures": _KEEP,
    "log_stations": _KEEP,
    "log_text": _KEEP,
}
_SECRETS = frozenset({"people"})
"""Tables with hashes of secrets: not the auditor's, whose record is the audit."""
_FUNCTIONS = ("make_verdict_months(integer)",)


def apply(connection: Connection) -> list[str]:
    """Make the roles and grant them what they need; a second time changes nothing.

    Returns:
        What could not be done, and who has to do it; empty if all is done.
    """
    if connection.dialect.name != "postgresql":
        return []
    missing = _missing(connection)
    if missing and not _may_create(connection):
        words = _advice(missing)
        _log.warning("%s", words)
    else:
        for role in missing:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        missing = []
    _grant(connection, [role for role in ROLES if role not in missing])
    return [_advice(missing)] if missing else []


def renew(engine: Engine) -> list[str]:
    """Make and grant the roles in a transaction of its own; see `apply`.

    Raises:
        StoreError: the database cannot be reached or does not let us.
    """
    try:
        with engine.begin() as connection:
            return apply(connection)
    except SQLAlchemyError as error:
        raise store_error(engine, error) from error


def problems(engine: Engine) -> list[str]:
    """Name the roles that are not there."""
    if engine.dialect.name != "postgresql":
        return []
    with engine.connect() as connection:
        missing = _missing(connection)
    return [_advice(missing)] if missing else []


def _advice(missing: list[str]) -> str:
    made = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing)
    return (
        f"role {', '.join(missing)} is missing and this account may not create roles: "
        f"let an administrator run  {made}  and then run  inspector db roles"
    )


def _missing(connection: Connection) -> list[str]:
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    return [role for role in ROLES if role not in there]


def _may_create(connection: Connection) -> bool:
    asked = (
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    return bool(connection.scalar(text(asked)))


def _grant(connection: Connection, roles: list[str]) -> None:
    tables = [
        name for name in inspect(connection).get_table_names() if not is_month(name)
    ]
    for role in roles:
        for table in tables:
            wanted = _privileges(role, table)
            connection.execute(text(f"REVOKE ALL ON {table} FROM {role}"))
            if wanted:
                connection.execute(text(f"GRANT {wanted} ON {table} TO {role}"))
        connection.execute(
            text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        )
    for function in _FUNCTIONS:
        connection.execute(text(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"))
        if WORKER in roles:
            connection.execute(
                text(f"GRANT EXECUTE ON FUNCTION {function} TO {WORKER}")
            )


def _privileges(role: str, table: str) -> str:
    if role == AUDITOR:
        return "" if table in _SECRETS else "SELECT"
    return (_WORKER if role == WORKER else _CONSOLE).get(table, "")
