"""Clocks jump by an hour, either way: no window stalls, none holds another's lines.

What happens: a part whose clock disagrees with the log's is judged after its bounded
wait with the lines that name its serial, and its verdict says PARTIAL or LATE. Jumps
are counted. A part never gets lines by a time that means something else now.
"""

from __future__ import annotations

import pytest

from inspector.settings import LineSettings
from inspector.types import NS_PER_MS, NS_PER_S, LogContext, LogLine, Window
from inspector.windows import WindowAssembler
from tests.builders import a_frame, a_log_line

HOUR_S = 3600
TAKT_S = 2
TRAVEL_S = 30
AT_NS = 1_772_431_290_000_000_000
WAIT_NS = 25 * NS_PER_MS
LINE = LineSettings.model_validate(
    {
        "id": "poly",
        "takt_s": TAKT_S,
        "camera": "cam-1",
        "classes": ["good", "bad"],
        "stations": [{"name": "layup-1", "seconds_to_camera": TRAVEL_S}],
        "windows": {"max_wait_ms": 25, "travel_tolerance_s": 0.9},
    }
)


class Shift:
    """A shift of parts, each with one line of the station it passed; clocks may jump.

    The true time goes on evenly; what a clock shows is that and its error.
    """

    def __init__(self, named: bool) -> None:
        self.assembler = WindowAssembler(LINE, has_log=True)
        self.windows: list[Window] = []
        self._named = named
        self._part = 0

    def run(self, parts: int, camera_s: float = 0, log_s: float = 0) -> list[Window]:
        """Let so many parts pass; every window must close within its wait."""
        begun = len(self.windows)
        for _ in range(parts):
            self._pass(camera_s, log_s)
        return self.windows[begun:]

    def _pass(self, camera_s: float, log_s: float) -> None:
        self._part += 1
        true_ns = AT_NS + self._part * TAKT_S * NS_PER_S
        mono_ns = self._part * TAKT_S * NS_PER_S
        self.assembler.add_line(self._line(true_ns + int(log_s * NS_PER_S)), mono_ns)
        frame = a_frame(
            frame_id=self._part,
            serial=f"M{self._part:07d}",
            captured_ns=true_ns + int(camera_s * NS_PER_S),
            received_mono_ns=mono_ns,
        )
        self.assembler.add_frame(frame)
        self.windows += self.assembler.ready(mono_ns)
        self.windows += self.assembler.ready(mono_ns + WAIT_NS)
        assert self.windows[-1].frame is frame, "no window waits longer than its wait"

    def _line(self, logged_ns: int) -> LogLine:
        """The station speaks of the part that passes it: half a minute early."""
        passing = self._part + TRAVEL_S // TAKT_S
        serial = f"M{passing:07d} " if self._named else ""
        return a_log_line(logged_ns=logged_ns, text=f"{serial}part {passing} passed")


def own_and_others(windows: list[Window]) -> tuple[int, int]:
    """Count the lines that are of the window's own part, and of others."""
    own = others = 0
    for window in windows:
        for line in window.log_lines:
            mine = f"part {window.frame.frame_id} passed" in line.text
            own, others = own + mine, others + (not mine)
    return own, others


@pytest.mark.parametrize("named", [True, False])
def test_without_a_jump_every_part_has_its_own_line(named: bool) -> None:
    windows = Shift(named).run(200)
    assert own_and_others(windows[50:]) == (150, 0)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("clock", ["camera_s", "log_s"])
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_jump_of_an_hour_stalls_nothing_and_mispairs_nothing(
    named: bool, clock: str, jump_s: int
) -> None:
    """An hour before, an hour with the wrong clock, and an hour after."""
    shift, parts = Shift(named), HOUR_S // TAKT_S + 100
    before = shift.run(parts)
    wrong = shift.run(parts, **{clock: jump_s})
    after = shift.run(parts)
    assert own_and_others(before + wrong + after)[1] == 0
    assert own_and_others(after[200:])[0] == len(after) - 200, "all is well again"
    contexts = {window.log_context for window in wrong[50:200]}
    assert LogContext.COMPLETE not in contexts or not named or clock == "log_s"
    assert shift.assembler.counts.clock_jumps >= 1


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_both_clocks_together_lose_half_a_minute_at_most(jump_s: int) -> None:
    """The station's own clock, on which camera and log hang, is set."""
    shift = Shift(named=False)
    shift.run(2000)
    wrong = shift.run(500, camera_s=jump_s, log_s=jump_s)
    assert own_and_others(wrong)[1] == 0
    assert own_and_others(wrong)[0] >= 500 - TRAVEL_S // TAKT_S - 1


def test_a_jump_back_does_not_count_every_line_as_late_for_an_hour() -> None:
    shift = Shift(named=True)
    shift.run(500)
    shift.run(500, camera_s=HOUR_S)
    late = shift.assembler.counts.late_lines
    shift.run(500)
    assert shift.assembler.counts.late_lines - late <= 1


def test_frames_of_a_backlog_are_no_jump() -> None:
    """A camera's frames that arrive all at once were taken a takt apart."""
    assembler = WindowAssembler(LINE, has_log=True)
    for number in range(99):
        at_ns = AT_NS + number * TAKT_S * NS_PER_S
        assembler.add_frame(a_frame(frame_id=number, captured_ns=at_ns))
    assert assembler.counts.clock_jumps == 0


def test_frames_that_lag_behind_their_log_are_no_jump() -> None:
    """An hour of log is read at once, and its frames come after it."""
    assembler = WindowAssembler(LINE, has_log=True)
    assembler.add_frame(a_frame(captured_ns=AT_NS, received_mono_ns=0))
    for number in range(1800):
        at_ns = AT_NS + (number * TAKT_S - TRAVEL_S) * NS_PER_S
        assembler.add_line(a_log_line(logged_ns=at_ns, text=f"part {number}"), number)
    at_ns = AT_NS + 1700 * TAKT_S * NS_PER_S
    late = a_frame(frame_id=1700, captured_ns=at_ns, received_mono_ns=NS_PER_S)
    assembler.add_frame(late)
    window = assembler.flush(NS_PER_S)[-1]
    assert [line.text for line in window.log_lines] == ["part 1700"]
