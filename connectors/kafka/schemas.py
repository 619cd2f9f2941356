"""JSON Schemas of all messages: those that are sent, and headers of those that come."""

from __future__ import annotations

from typing import Any

from connectors.kafka.verdict_messages import schemas as sent

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_TEXT = {"type": "string"}


def schemas() -> dict[str, dict[str, Any]]:
    """Give the schemas by name; those of headers see them as an object of text."""
    return {**sent(), "frame-headers": _frame_headers(), "log": _log()}


def _frame_headers() -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": "FrameHeaders",
        "description": "Headers of a frame message, by the names documented; its "
        "value is the picture.",
        "type": "object",
        "required": ["frameid", "capturedns"],
        "properties": {
            "ce_id": _TEXT,
            "ce_source": _TEXT,
            "ce_type": _TEXT,
            "ce_time": _TEXT,
            "ce_specversion": {"const": "1.0"},
            "content-type": _TEXT,
            "frameid": _NUMBER,
            "camera": {"type": "string", "pattern": r"^\w[\w.\-]{0,63}$"},
            "serial": {"type": "string", "maxLength": 256},
            "capturedns": _NUMBER,
            "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
            "crc32c": {"type": "string", "pattern": "^[0-9a-fA-F]{1,8}$"},
            "shape": {"type": "string", "pattern": "^[0-9]{1,5}x[0-9]{1,5}(x[13])?$"},
            "dataref": {"type": "string", "maxLength": 4096},
            "issimulated": {"enum": ["true", "false", "1", "0"]},
            "traceparent": _TEXT,
        },
    }


def _log() -> dict[str, Any]:
    return {
        "$schema": _DRAFT,
        "title": "LogMessage",
        "description": "A log message in JSON; text and syslog are taken as well.",
        "type": "object",
        "required": ["time", "station"],
        "properties": {
            "time": {"type": "string", "description": "RFC 3339, in UTC"},
            "station": {"type": "string", "maxLength": 255},
            "level": _TEXT,
            "text": _TEXT,
        },
    }
