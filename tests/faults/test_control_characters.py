"""Log text with control characters: kept as written, harmless where it is shown."""

from __future__ import annotations

import logging

import pytest

from inspector.logtext import read_log_line
from inspector.types import LogLine
from tests.faults.log import PREFIX, run_log

NASTY = b"M0004107 \x1b[2J\x07\x00\x9d\x08 done".replace(b"\x9d", "\x9d".encode())


def test_a_line_with_control_characters_is_a_line() -> None:
    entry = read_log_line("poly", PREFIX + NASTY, "offset 7")
    assert isinstance(entry, LogLine)
    assert entry.text == NASTY.decode(), "evidence keeps what was written"
    account, verdict = run_log([entry])
    assert (verdict.log_lines, account.log_faults) == (1, {})


def test_what_cannot_be_read_reaches_the_terminal_without_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = read_log_line("poly", b"\x1b[2J\x07 press INFO text", "offset 7")
    with caplog.at_level(logging.WARNING):
        account, _ = run_log([entry])
    assert account.log_faults == {"time": 1}
    assert caplog.messages
    assert all(message.isprintable() for message in caplog.messages)
