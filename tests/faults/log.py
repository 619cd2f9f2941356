"""A line with one part whose log is the one under test."""

from __future__ import annotations

import time
from collections.abc import Sequence

from inspector.account import Account
from inspector.types import LogLine, MalformedLogLine, Verdict
from tests.builders import a_frame
from tests.faults.line import StoringLine
from tests.inspector.line_fakes import ListedFrames, ListedLog, VerdictShelf

PREFIX = b"2026-03-02T06:01:00.000Z layup-1 INFO "
"""30 s before the part of `a_frame`."""


def run_log(entries: Sequence[LogLine | MalformedLogLine]) -> tuple[Account, Verdict]:
    """Judge one part beside a log; the log is read whole before the line ends."""
    frame = a_frame(received_mono_ns=time.monotonic_ns())
    shelf = VerdictShelf()
    account = StoringLine(ListedFrames([frame]), shelf, log=ListedLog(entries)).run()
    (verdict,) = shelf.rows.values()
    return account, verdict
