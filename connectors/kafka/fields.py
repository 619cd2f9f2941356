"""Reads the fields of a message, from its headers or from an object in its value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kafka.settings import TimeUnit
from inspector.logtext import parse_utc_ns
from inspector.types import NS_PER_MS, NS_PER_S

LARGEST_NUMBER = 2**63 - 1
"""Databases keep no larger one: of times in nanoseconds, none after 2262-04-11."""
_UNITS_NS = {"ns": 1, "us": 1000, "ms": NS_PER_MS, "s": NS_PER_S}
_MOST_DIGITS = 30


class UndecodableError(ValueError):
    """A message does not say what it must; the message is a reason to read."""


class Fields:
    """What a message says by name: its headers first, then its JSON object."""

    def __init__(
        self, headers: Sequence[tuple[str, bytes | None]], body: Mapping[str, Any]
    ) -> None:
        self._headers = {name.lower(): value for name, value in reversed(headers)}
        self._body = body

    def text(self, name: str, longest: int = 256) -> str | None:
        """Give a field as text, or `None` if it is not there or empty.

        Raises:
            UndecodableError: it is not text, or longer than allowed.
        """
        value = self._value(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | list | dict):
            raise UndecodableError(f"{name} is {_shown(value)}, not text")
        said = str(value)
        if len(said) > longest:
            raise UndecodableError(f"{name} is longer than {longest} signs")
        return said

    def number(self, name: str) -> int | None:
        """Give a field as a whole number from 0 on, or `None` if it is not there.

        Raises:
            UndecodableError: it is no such number.
        """
        said = self.text(name)
        if said is None:
            return None
        if not (said.isascii() and said.isdigit()) or len(said) > _MOST_DIGITS:
            raise UndecodableError(f"{name} is {said!r}, not a whole number")
        number = int(said)
        if number > LARGEST_NUMBER:
            raise UndecodableError(f"{name} is {said}, more than 2^63 - 1")
        return number

    def moment_ns(self, name: str, unit: TimeUnit) -> int | None:
        """Give a time as UTC nanoseconds, or `None` if it is not there.

        Raises:
            UndecodableError: it is no time, or lies after the year 2262.
        """
        said = self.text(name)
        if said is None:
            return None
        moment_ns = _moment_ns(name, said, unit)
        if not 0 <= moment_ns <= LARGEST_NUMBER:
            raise UndecodableError(f"{name} is {said!r}: beyond the year 2262")
        return moment_ns

    def flag(self, name: str) -> bool:
        """Say whether a field is `true` or `1`; absent is false.

        Raises:
            UndecodableError: it is neither true nor false.
        """
        value = self._value(name)
        said = "false" if value is None else str(value).lower()
        if said not in {"true", "false", "1", "0"}:
            raise UndecodableError(f"{name} is {_shown(value)}, not true or false")
        return said in {"true", "1"}

    def _value(self, name: str) -> Any:
        raw = self._headers.get(name.lower())
        if raw is None:
            return _reach(self._body, name)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UndecodableError(f"header {name} is not UTF-8 text") from error


def json_object(raw: bytes) -> Mapping[str, Any]:
    """Read a JSON object; numbers keep every digit, and NaN is refused.

    Raises:
        UndecodableError: it is none.
    """
    try:
        # Python's own reader follows any depth until its stack ends.
        found = json.loads(raw, parse_constant=_refuse, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise UndecodableError(f"the value is not JSON: {error}"[:200]) from error
    if not isinstance(found, dict):
        raise UndecodableError("the value is JSON, but not an object")
    return found


def _refuse(constant: str) -> None:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _reach(body: Mapping[str, Any], path: str) -> Any:
    if path in body:
        return body[path]
    found: Any = body
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _moment_ns(name: str, said: str, unit: TimeUnit) -> int:
    if unit == "iso":
        try:
            return parse_utc_ns(said)
        except ValueError as error:
            raise UndecodableError(f"{name}: {error}") from error
    whole, _, fraction = said.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _MOST_DIGITS:
        raise UndecodableError(f"{name} is {said!r}, not a time in {unit}")
    # Whole numbers throughout: a float has no room for nanoseconds.
    moment_ns: int = int(digits) * _UNITS_NS[unit] // 10 ** len(fraction)
    return moment_ns


def _shown(value: object) -> str:
    return repr(value)[:40]
