"""A log line of 10 MB: left out, counted, and the next one is read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from connectors.logs.tail import FollowedLog
from inspector.logtext import read_log_line
from inspector.types import LogFault, LogLine, MalformedLogLine
from tests.faults.log import PREFIX, run_log

TEN_MB = 10_000_000


def test_a_line_of_ten_megabytes_is_counted_and_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "line.log"
    path.write_bytes(PREFIX + b"x" * TEN_MB + b"\n" + PREFIX + b"next\n")
    source = FollowedLog(path, "poly", from_start=True, poll_s=0.01)
    lines = source.lines()
    tracemalloc.start()
    long, following = next(lines), next(lines)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    source.stop()
    assert isinstance(long, MalformedLogLine)
    assert long.fault is LogFault.TOO_LONG
    assert isinstance(following, LogLine)


def test_a_message_of_ten_megabytes_is_counted_by_the_line() -> None:
    long = read_log_line("poly", PREFIX + b"x" * TEN_MB, "offset 7")
    account, verdict = run_log([long])
    assert account.log_faults == {"too_long": 1}
    assert account.malformed_lines == 1
    assert str(verdict.decision) == "PASS"
