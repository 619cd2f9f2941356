"""A trigger whose picture has no bytes, or no picture at all."""

from __future__ import annotations

import time

from inspector.types import Fault
from tests.builders import a_frame
from tests.faults.line import StoringLine, judge_pictures, only_fault
from tests.inspector.line_fakes import ListedFrames, VerdictShelf


def test_a_file_of_no_bytes_is_reviewed() -> None:
    account, verdicts = judge_pictures(b"", b"")
    assert only_fault(account, verdicts) == "picture_empty"
    assert verdicts[0].reason == "the file is empty"
    assert verdicts[0].evidence is None, "there is nothing to keep"


def test_a_trigger_without_a_picture_is_a_part_nevertheless() -> None:
    frame = a_frame(
        encoded=None, problem="cable pulled", received_mono_ns=time.monotonic_ns()
    )
    shelf = VerdictShelf()
    account = StoringLine(ListedFrames([frame]), shelf, real_pictures=True).run()
    (verdict,) = shelf.rows.values()
    assert (verdict.fault, verdict.reason) == (Fault.PICTURE_MISSING, "cable pulled")
    assert account.verdict_faults == {"picture_missing": 1}
