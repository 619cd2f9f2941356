"""Who there is, and who is let in.

PINs are kept as Argon2id hashes. A badge has to be found without a name, so it is kept
as an Argon2id key under one salt of this database. Tries are counted where everybody
counts them, in the database, so that another console is no way round the limit.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import Connection, Engine, RowMapping, func, select

from connectors.database.people.chain import Chain, chaining
from connectors.database.people.house_rules import newest_rule, set_rule
from connectors.database.people.tables import logins, people
from connectors.database.values import moment, reading, writing
from inspector.errors import InputError
from inspector.people import (
    LoginError,
    LoginLimits,
    Person,
    Right,
    RightError,
    Role,
    check_pin,
)
from inspector.types import NS_PER_S

_FIRST = "the command line"
"""Who names the first administrator."""
_BADGE_SALT = "badge_salt"
_NOBODY = ""
_REMEMBERED = 50
"""Refused tries in a row that are looked back at."""
_NAME_LENGTH = 64


class Roster:
    """The people of one database.

    Args:
        engine: of a database that is up to date.
        console: where it is used, for the record.
        limits: on tries to log in.
        utc_ns: the wall clock; replaced in tests.
    """

    def __init__(
        self,
        engine: Engine,
        console: str,
        limits: LoginLimits | None = None,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._engine = engine
        self._console = console[:_NAME_LENGTH]
        self.limits = limits or LoginLimits()
        self._utc_ns = utc_ns

    def people(self) -> list[Person]:
        """Give everybody by name, the disabled ones too.

        Raises:
            StoreError: the database cannot be read.
        """
        with reading(self._engine) as connection:
            return [_as_person(row) for row in _newest(connection).values()]

    def person(self, name: str) -> Person | None:
        """Give one person.

        Raises:
            StoreError: the database cannot be read.
        """
        with reading(self._engine) as connection:
            row = _newest(connection, name).get(name)
        return None if row is None else _as_person(row)

    def add(
        self, person: Person, pin: str, badge: str | None, by: Person | None
    ) -> Person:
        """Add a person.

        Args:
            person: name, role and grants.
            pin: hashed before it is kept.
            badge: what a badge's reader types; `None` for none.
            by: an administrator; `None` for the first one, while there is nobody.

        Raises:
            RightError: `by` may not, or is missing.
            InputError: the name is taken, the badge is, or the PIN is too weak.
            StoreError: nothing is stored.
        """
        check_pin(pin)
        _check_name(person.name)
        hashed = _hash(pin)
        with self._chaining() as chain:
            everybody = _newest(chain.connection)
            self._require(by, everybody, person)
            if person.name in everybody:
                raise _wrong(person.name, "is there already: change the role instead")
            values = _as_row(person) | {"pin_hash": hashed}
            values["badge_key"] = self._free_badge(chain, everybody, person.name, badge)
            return self._write(chain, values, _name(by), "people: added")

    def change(self, person: Person, by: Person) -> Person:
        """Give a person another role, other grants, or disable or enable the person.

        Raises:
            RightError: `by` may not.
            InputError: there is no such person, or no administrator would be left.
            StoreError: nothing is stored.
        """
        by.require(Right.PEOPLE)
        with self._chaining() as chain:
            everybody = _newest(chain.connection)
            now = _known(everybody, person.name)
            _keep_an_administrator(everybody, person)
            values = _as_row(person) | _secrets(now)
            act = "people: changed" if person.is_active else "people: disabled"
            return self._write(chain, values, by.name, act)

    def set_secrets(
        self, name: str, pin: str | None, badge: str | None, by: Person
    ) -> Person:
        """Give a person another PIN, or another badge, or both; `None` leaves one.

        Everybody may change an own PIN; an administrator may change anybody's.

        Raises:
            RightError: `by` may not.
            InputError: there is no such person, the badge is taken, the PIN is weak.
            StoreError: nothing is stored.
        """
        if by.name != name or badge is not None:
            by.require(Right.PEOPLE)
        if pin is not None:
            check_pin(pin)
        hashed = None if pin is None else _hash(pin)
        with self._chaining() as chain:
            everybody = _newest(chain.connection)
            now = _known(everybody, name)
            values = _as_row(_as_person(now)) | _secrets(now)
            values["pin_hash"] = hashed or now["pin_hash"]
            if badge is not None:
                values["badge_key"] = self._free_badge(chain, everybody, name, badge)
            return self._write(chain, values, by.name, "people: new PIN or badge")

    def log_in(self, name: str, pin: str) -> Person:
        """Let a person in by name and PIN.

        Raises:
            LoginError: wrong, disabled, or tried too often; it does not say which of
                name and PIN is wrong.
            StoreError: the database cannot be read or written.
        """
        self._refuse_while_locked(logins.c.name == name, name)
        with reading(self._engine) as connection:
            row = _newest(connection, name).get(name)
        right = _is_right(pin, None if row is None else row["pin_hash"])
        if row is None or not right or not row["is_active"]:
            self._note(name, "refused")
            message = "wrong name or PIN"
            raise LoginError(message)
        self._let_in(name)
        return _as_person(row)

    def log_in_by_badge(self, badge: str) -> Person:
        """Let a person in by badge.

        Raises:
            LoginError: nobody's badge, disabled, or tried too often at this console.
            StoreError: the database cannot be read or written.
        """
        here = (logins.c.name == _NOBODY) & (logins.c.console == self._console)
        self._refuse_while_locked(here, _NOBODY)
        with reading(self._engine) as connection:
            salt = newest_rule(connection, _BADGE_SALT)
            key = "" if salt is None else _badge_key(badge, str(salt))
            rows = _newest(connection).values()
        for row in rows:
            if row["badge_key"] and secrets.compare_digest(row["badge_key"], key):
                if row["is_active"]:
                    self._let_in(row["name"])
                    return _as_person(row)
                break
        self._note(_NOBODY, "refused")
        message = "this badge is not known here"
        raise LoginError(message)

    def log_out(self, person: Person, why: str = "") -> None:
        """Note that a person has left, or was locked out by not touching anything.

        Raises:
            StoreError: it is not stored.
        """
        self._note(person.name, "out")
        with self._chaining() as chain:
            about = {"console": self._console, "why": why}
            chain.note(person.name, "logged out", about)

    def _chaining(self) -> Any:
        return chaining(self._engine, self._utc_ns)

    def _write(
        self, chain: Chain, values: Mapping[str, Any], by: str, act: str
    ) -> Person:
        now_ns = self._utc_ns()
        stamped = dict(values) | {
            "changed_by": by,
            "changed_at": moment(now_ns),
            "changed_ns": now_ns,
        }
        return _as_person(chain.insert(people, stamped, who=by, act=act))

    def _require(
        self, by: Person | None, everybody: Mapping[str, Any], person: Person
    ) -> None:
        if by is not None:
            by.require(Right.PEOPLE)
        elif everybody:
            message = "there are people already: an administrator has to add others"
            raise RightError(message)
        elif person.role is not Role.ADMINISTRATOR:
            raise _wrong(person.name, "is the first: must be an administrator")

    def _free_badge(
        self,
        chain: Chain,
        everybody: Mapping[str, RowMapping],
        name: str,
        badge: str | None,
    ) -> str | None:
        if badge is None:
            return None
        salt = newest_rule(chain.connection, _BADGE_SALT)
        if salt is None:
            salt = secrets.token_hex(16)
            set_rule(chain, _BADGE_SALT, salt, who=_FIRST, set_ns=self._utc_ns())
        key = _badge_key(badge, str(salt))
        for other in everybody.values():
            if other["badge_key"] == key and other["name"] != name:
                raise _wrong(name, f"cannot have this badge: it is {other['name']}'s")
        return key

    def _refuse_while_locked(self, which: Any, name: str) -> None:
        with reading(self._engine) as connection:
            refused = _refused_ns(connection, which)
        until_ns = self.limits.wait_until_ns(refused)
        left_ns = until_ns - self._utc_ns()
        if left_ns > 0:
            self._note(name, "locked")
            message = f"tried too often: wait {left_ns // NS_PER_S + 1} s"
            raise LoginError(message)

    def _let_in(self, name: str) -> None:
        self._note(name, "in")
        with self._chaining() as chain:
            chain.note(name, "logged in", {"console": self._console})

    def _note(self, name: str, outcome: str) -> None:
        now_ns = self._utc_ns()
        values = {
            "name": name[:_NAME_LENGTH],
            "console": self._console,
            "outcome": outcome,
            "tried_at": moment(now_ns),
            "tried_ns": now_ns,
        }
        with writing(self._engine) as connection:
            connection.execute(logins.insert().values(**values))


def _newest(connection: Connection, name: str | None = None) -> dict[str, RowMapping]:
    """Give the row that holds for each person, by name."""
    last = select(func.max(people.c.id)).group_by(people.c.name)
    if name is not None:
        last = last.where(people.c.name == name)
    asked = select(people).where(people.c.id.in_(last)).order_by(people.c.name)
    return {row["name"]: row for row in connection.execute(asked).mappings()}


def _refused_ns(connection: Connection, which: Any) -> list[int]:
    """Give the moments of the refused tries since the last that was let in."""
    asked = select(logins.c.outcome, logins.c.tried_ns).where(
        which, logins.c.outcome.in_(("in", "refused"))
    )
    rows = connection.execute(asked.order_by(logins.c.id.desc()).limit(_REMEMBERED))
    refused: list[int] = []
    for outcome, tried_ns in rows:
        if outcome == "in":
            break
        refused.append(tried_ns)
    return refused[::-1]


def _as_row(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "role": person.role.value,
        "grants": sorted(right.value for right in person.grants),
        "is_active": person.is_active,
    }


def _as_person(row: RowMapping) -> Person:
    return Person(
        name=row["name"],
        role=Role(row["role"]),
        grants=frozenset(map(Right, row["grants"])),
        has_pin=row["pin_hash"] is not None,
        has_badge=row["badge_key"] is not None,
        is_active=row["is_active"],
    )


def _secrets(row: RowMapping) -> dict[str, Any]:
    return {"pin_hash": row["pin_hash"], "badge_key": row["badge_key"]}


def _known(everybody: Mapping[str, RowMapping], name: str) -> RowMapping:
    if name not in everybody:
        raise _wrong(name, "is not known: see inspector people list")
    return everybody[name]


def _keep_an_administrator(
    everybody: Mapping[str, RowMapping], changed: Person
) -> None:
    others = [_as_person(row) for row in everybody.values()]
    left = [each for each in others if each.name != changed.name] + [changed]
    if not any(each.may(Right.PEOPLE) for each in left):
        raise _wrong(changed.name, "is the last administrator: name another first")


def _check_name(name: str) -> None:
    sound = name.isprintable() and name == name.strip() and 0 < len(name)
    if not sound or len(name) > _NAME_LENGTH:
        raise _wrong(name[:_NAME_LENGTH], "is no name of 1 to 64 printable signs")


def _name(by: Person | None) -> str:
    return _FIRST if by is None else by.name


def _wrong(name: str, what: str) -> InputError:
    return InputError.single(f"person {name}", what)


def _hash(pin: str) -> str:
    return PasswordHasher().hash(pin)


def _is_right(pin: str, pin_hash: str | None) -> bool:
    """Check a PIN; of nobody it takes as long, so that names cannot be tried out."""
    hasher = PasswordHasher()
    try:
        return hasher.verify(pin_hash or _hash("nobody"), pin) and pin_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def _badge_key(badge: str, salt: str) -> str:
    key = hash_secret_raw(
        badge.encode(),
        bytes.fromhex(salt),
        time_cost=2,
        memory_cost=19_456,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return key.hex()
