"""Ten thousand log lines in a second: parts are judged in time all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator

from inspector.types import Frame, LogLine
from tests.builders import a_frame, a_log_line
from tests.faults.line import StoringLine
from tests.inspector.line_fakes import ListedFrames, VerdictShelf

LINES = 10_000
PARTS = 30
AT_NS = 1_772_431_290_000_000_000


def paced(count: int) -> Iterator[float]:
    """Count through one second, sleeping where the count is ahead of the clock."""
    started = time.monotonic()
    for number in range(count):
        early = number / count - (time.monotonic() - started)
        if early > 0.001:
            time.sleep(early)
        yield number / count


class Flood:
    """Ten thousand lines in a second, each naming a part of its own."""

    def lines(self) -> Iterator[LogLine]:
        for number, share in enumerate(paced(LINES)):
            at_ns = AT_NS + int(share * 1e9) - 30_000_000_000
            yield a_log_line(logged_ns=at_ns, text=f"M{number:07d} vacuum {number} kPa")

    def stop(self) -> None:
        pass


def parts() -> Iterator[Frame]:
    for number, share in enumerate(paced(PARTS)):
        yield a_frame(
            frame_id=number,
            captured_ns=AT_NS + int(share * 1e9),
            received_mono_ns=time.monotonic_ns(),
        )


def test_a_flood_of_log_text_crowds_out_no_part() -> None:
    shelf = VerdictShelf()
    line = StoringLine(ListedFrames(parts()), shelf, log=Flood(), deadline_ms=1000)
    account = line.run()
    assert (account.parts, account.verdicts) == (PARTS, PARTS)
    assert account.verdict_faults == {}
    assert line.pipeline.counts.lines + line.pipeline.counts.duplicate_lines > LINES / 2
    waits = [dict(row.stage_ms)["queue"] for row in shelf.rows.values()]
    assert sorted(waits)[PARTS // 2] < 200
