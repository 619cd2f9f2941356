"""Log text: `<UTC timestamp> <station> <LEVEL> <text>`, one line each.

Times keep every digit that was written: they are integers of nanoseconds, never floats.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from inspector.types import NS_PER_S, LogFault, LogLine, MalformedLogLine

MAX_LINE_BYTES = 64 * 1024
"""Longer lines are a fault of the writer; reading them whole would exhaust memory."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_FORM = re.compile(r"(\S+) (\S+) ([A-Z]+)(?: (.*))?", re.ASCII | re.DOTALL)


def parse_utc_ns(text: str) -> int:
    """Read a timestamp such as `2026-03-02T06:01:30.000Z` as UTC nanoseconds.

    Raises:
        ValueError: not a timestamp, or not marked as UTC; the message says which.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError(_not_a_timestamp(text))
    day, clock, fraction, zone = found.groups()
    if zone not in ("Z", "+00:00"):
        message = f"time {text!r} is not marked as UTC: end it with Z"
        raise ValueError(message)
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError as error:
        raise ValueError(_not_a_timestamp(text)) from error
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def format_utc_ns(moment_ns: int) -> str:
    """Write UTC nanoseconds so that `parse_utc_ns` reads the same number back."""
    seconds, fraction = divmod(moment_ns, NS_PER_S)
    digits = f"{fraction:09d}"
    shown = digits[:3] if digits.endswith("000000") else digits
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{shown}Z"


def format_log_line(entry: LogLine) -> str:
    """Write a log line as text, without the line feed at its end."""
    stamp = format_utc_ns(entry.logged_ns)
    return f"{stamp} {entry.station} {entry.level} {entry.text}"


def parse_log_line(line: str, text: str, where: str) -> LogLine | MalformedLogLine:
    """Read one line of log text of a production line.

    The text after the level is kept as it was written, control characters included.

    Args:
        line: the production line.
        text: the log text, with or without its line feed.
        where: the file and row (or byte) for the report, should it be malformed.
    """
    found = _FORM.fullmatch(text.rstrip("\r\n"))
    if found is None:
        form = "is not '<UTC timestamp> <station> <LEVEL> <text>'"
        return MalformedLogLine(line=line, where=where, problem=form)
    stamp, station, level, said = found.groups()
    try:
        logged_ns = parse_utc_ns(stamp)
    except ValueError as error:
        return MalformedLogLine(
            line=line, where=where, problem=str(error), fault=LogFault.TIME
        )
    return LogLine(
        line=line, logged_ns=logged_ns, station=station, level=level, text=said or ""
    )


def read_log_line(line: str, raw: bytes, where: str) -> LogLine | MalformedLogLine:
    """Read one line of log text from the bytes of a file: bounded and UTF-8."""
    if len(raw) > MAX_LINE_BYTES:
        return too_long(line, where)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text: byte {error.start + 1} of the line"
        return MalformedLogLine(
            line=line, where=where, problem=problem, fault=LogFault.NOT_UTF8
        )
    return parse_log_line(line, text, where)


def too_long(line: str, where: str) -> MalformedLogLine:
    """Report a line that is longer than `MAX_LINE_BYTES`."""
    problem = f"is longer than {MAX_LINE_BYTES} bytes and was left out"
    return MalformedLogLine(
        line=line, where=where, problem=problem, fault=LogFault.TOO_LONG
    )


def _not_a_timestamp(text: str) -> str:
    shown = text if len(text) <= 40 else f"{text[:40]}..."  # noqa: PLR2004
    return f"{shown!r} is not a time such as 2026-03-02T06:01:30.000Z"
