"""Half of a UTF-8 sequence: the line is left out and counted, the next one is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.logs.tail import FollowedLog
from inspector.logtext import read_log_line
from inspector.types import LogFault, LogLine, MalformedLogLine
from tests.faults.log import PREFIX, run_log


@pytest.mark.parametrize(
    "half", ["温".encode()[:2], "é".encode()[1:], b"\xed\xa0\x80", b"\xc0\xaf"]
)
def test_half_a_sign_is_counted(half: bytes) -> None:
    entry = read_log_line("poly", PREFIX + b"temp " + half, "offset 7")
    assert isinstance(entry, MalformedLogLine)
    account, verdict = run_log([entry])
    assert account.log_faults == {"not_utf8": 1}
    assert str(verdict.decision) == "PASS"


def test_a_sign_that_is_written_in_two_halves_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "line.log"
    path.write_bytes(PREFIX + "温".encode()[:1])
    source = FollowedLog(path, "poly", from_start=True, poll_s=0.01)
    with path.open("ab") as log:
        log.write("温".encode()[1:] + b"\n" + PREFIX + "温".encode()[:2] + b"\n")
    lines = source.lines()
    whole, half = next(lines), next(lines)
    source.stop()
    assert isinstance(whole, LogLine)
    assert isinstance(half, MalformedLogLine)
    assert half.fault is LogFault.NOT_UTF8
