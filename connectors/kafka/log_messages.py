"""Reads a log message: text, JSON, or a syslog line of RFC 5424.

No living library reads RFC 5424 in Python; its header is one regular expression, and of
its structured data only the end must be found.
"""

from __future__ import annotations

import re

from connectors.kafka.fields import Fields, UndecodableError, json_object
from connectors.kafka.settings import LogShape
from inspector.logtext import MAX_LINE_BYTES, parse_log_line, too_long
from inspector.types import NS_PER_S, LogLine, MalformedLogLine

_SYSLOG = re.compile(
    r"<(\d{1,3})>1 (\S{1,64}) (\S{1,255}) (\S{1,48}) \S{1,128} \S{1,32} "
    r"(?:-|(?:\[(?:[^\]\"\\]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (.*))?",
    re.ASCII | re.DOTALL,
)
_ZONED = re.compile(r"(.*)([+-])(\d{2}):(\d{2})", re.ASCII)
_LEVELS = ("FATAL", "FATAL", "FATAL", "ERROR", "WARN", "INFO", "INFO", "DEBUG")
"""By syslog's severity, 0 to 7."""
_MOST_PRIORITY = 191
_LONGEST_NAME = 255
_BOM = "\ufeff"

Entry = LogLine | MalformedLogLine


def decode_log(line: str, value: bytes | None, where: str, shape: LogShape) -> Entry:
    """Read one log message; whatever stands in it, the answer says what it is.

    Args:
        line: the production line.
        value: the message's value.
        where: names the message in reports.
        shape: what is called how.
    """
    if not value:
        return MalformedLogLine(line=line, where=where, problem="is empty")
    if len(value) > MAX_LINE_BYTES:
        return too_long(line, where)
    try:
        text = value.decode("utf-8").rstrip("\r\n")
        return _decode(line, text, where, shape)
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text: byte {error.start + 1} of the line"
    except UndecodableError as error:
        problem = str(error)
    return MalformedLogLine(line=line, where=where, problem=problem)


def _decode(line: str, text: str, where: str, shape: LogShape) -> Entry:
    form = _form(text) if shape.form == "auto" else shape.form
    if form == "json":
        return _from_json(line, text, shape)
    if form == "syslog":
        return _from_syslog(line, text, shape)
    return parse_log_line(line, text, where)


def _form(text: str) -> str:
    if text.startswith("{"):
        return "json"
    return "syslog" if text.startswith("<") and text[1:2].isdigit() else "text"


def _from_json(line: str, text: str, shape: LogShape) -> LogLine:
    fields = Fields((), json_object(text.encode("utf-8")))
    logged_ns = fields.moment_ns(shape.time, shape.time_unit)
    station = fields.text(shape.station, longest=_LONGEST_NAME)
    if logged_ns is None or station is None:
        missing = shape.time if logged_ns is None else shape.station
        raise UndecodableError(f"{missing} is missing")
    level = fields.text(shape.level) or shape.default_level
    return LogLine(
        line=line,
        logged_ns=logged_ns,
        station=station,
        level=level.upper(),
        text=fields.text(shape.text, longest=MAX_LINE_BYTES) or "",
    )


def _from_syslog(line: str, text: str, shape: LogShape) -> LogLine:
    """Read `<PRI>1 TIMESTAMP HOST APP PROCID MSGID [DATA] TEXT` (RFC 5424, 6)."""
    found = _SYSLOG.fullmatch(text)
    if found is None or int(found[1]) > _MOST_PRIORITY:
        raise UndecodableError("is not a syslog line of RFC 5424")
    priority, stamp, host, app, said = found.groups()
    station = app if shape.syslog_station == "app" else host
    if stamp == "-" or station == "-":
        missing = "time" if stamp == "-" else "station"
        raise UndecodableError(f"the syslog line names no {missing}")
    return LogLine(
        line=line,
        logged_ns=_zoned_ns(stamp),
        station=station,
        level=_LEVELS[int(priority) % 8],
        text=(said or "").removeprefix(_BOM),
    )


def _zoned_ns(stamp: str) -> int:
    """Read a time of RFC 3339 with any offset; log text itself must be in UTC."""
    found = _ZONED.fullmatch(stamp)
    utc, behind_s = stamp, 0
    if found is not None:
        sign = -1 if found[2] == "-" else 1
        behind_s = sign * (int(found[3]) * 3600 + int(found[4]) * 60)
        utc = f"{found[1]}Z"
    moment_ns = Fields((), {"time": utc}).moment_ns("time", "iso")
    return (moment_ns or 0) - behind_s * NS_PER_S
