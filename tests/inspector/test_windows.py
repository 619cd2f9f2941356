import random
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector import windows
from inspector.settings import LineSettings
from inspector.types import (
    NS_PER_MS,
    NS_PER_S,
    Frame,
    LogContext,
    LogLine,
    Window,
)
from inspector.windows import WindowAssembler
from tests.builders import a_frame, a_log_line

TAKEN_NS = 1_772_431_290 * NS_PER_S
ARRIVED_MONO_NS = 5 * NS_PER_S
WAIT_NS = 25 * NS_PER_MS


def some_settings(**rules: Any) -> LineSettings:
    return LineSettings.model_validate(
        {
            "id": "poly",
            "takt_s": 2.0,
            "camera": "cam-1",
            "classes": ["good", "bad"],
            "stations": [
                {"name": "stringer", "seconds_to_camera": 46},
                {"name": "layup", "seconds_to_camera": 30},
            ],
            "windows": rules,
        }
    )


def an_assembler(has_log: bool = True, **rules: Any) -> WindowAssembler:
    return WindowAssembler(some_settings(**rules), has_log)


def logged(seconds_before: float, **changes: Any) -> LogLine:
    logged_ns = TAKEN_NS - int(seconds_before * NS_PER_S)
    return a_log_line(logged_ns=logged_ns, **{"text": "said", **changes})


def taken(seconds_after: float = 0.0, **changes: Any) -> Frame:
    values = {
        "captured_ns": TAKEN_NS + int(seconds_after * NS_PER_S),
        "received_mono_ns": ARRIVED_MONO_NS,
        "serial": "M0004107",
    }
    return a_frame(**values | changes)


def the_window(assembler: WindowAssembler, frame: Frame | None = None) -> Window:
    """Close one frame after the longest wait."""
    assembler.add_frame(frame or taken())
    [window] = assembler.ready(ARRIVED_MONO_NS + WAIT_NS)
    return window


def texts(window: Window) -> list[str]:
    return [line.text for line in window.log_lines]


class TestWhichLinesConcernAPart:
    @pytest.mark.parametrize(
        ("seconds_before", "concerns"),
        [(30, True), (20, True), (40, True), (19.999, False), (40.001, False)],
    )
    def test_a_station_speaks_of_the_part_that_passes_it(
        self, seconds_before: float, concerns: bool
    ) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(seconds_before, station="layup"))
        assert bool(the_window(assembler).log_lines) is concerns

    @pytest.mark.parametrize(
        ("text", "concerns"),
        [
            ("M0004107 measured", True),
            ("part [M0004107]: measured", True),
            ("M00041075 measured", False),
            ("xM0004107 measured", False),
            ("m0004107 measured", False),
            ("M000410 measured", False),
        ],
    )
    def test_a_serial_counts_as_a_whole_word_however_long_ago(
        self, text: str, concerns: bool
    ) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(4000, station="layup", text=text))
        assert bool(the_window(assembler).log_lines) is concerns

    def test_a_serial_may_hold_any_sign(self) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(900, text="panel A.7/(3) glued"))
        assembler.add_line(logged(900, text="panel A.7/(3x) glued"))
        window = the_window(assembler, taken(serial="A.7/(3)"))
        assert texts(window) == ["panel A.7/(3) glued"]

    @pytest.mark.parametrize("serial", [None, "", "--"])
    def test_a_part_without_a_readable_serial_names_no_line(
        self, serial: str | None
    ) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(900, text="-- None"))
        assert the_window(assembler, taken(serial=serial)).log_lines == ()

    @pytest.mark.parametrize(
        ("seconds_before", "concerns"), [(180, True), (181, False)]
    )
    def test_strangers_to_the_line_count_within_the_horizon(
        self, seconds_before: float, concerns: bool
    ) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(seconds_before, station="mes"))
        assert bool(the_window(assembler).log_lines) is concerns

    @pytest.mark.parametrize("station", ["layup", "mes"])
    def test_nothing_logged_after_the_picture_concerns_it(self, station: str) -> None:
        assembler = an_assembler(travel_tolerance_s=60)
        assembler.add_line(logged(-1, station=station, text="M0004107 rejected"))
        assert the_window(assembler).log_lines == ()

    def test_the_horizon_bounds_far_stations_too(self) -> None:
        assembler = an_assembler(horizon_s=40)
        assembler.add_line(logged(41, station="stringer"))
        assert the_window(assembler).log_lines == ()

    def test_lines_stand_in_order_of_time(self) -> None:
        assembler = an_assembler()
        for seconds, station in ((31, "layup"), (45, "stringer"), (1, "mes")):
            assembler.add_line(logged(seconds, station=station, text=station))
        assert texts(the_window(assembler)) == ["stringer", "layup", "mes"]

    def test_the_bound_keeps_serial_then_station_then_strangers(self) -> None:
        lines = [
            logged(1, station="mes", text="stranger"),
            logged(30, station="layup", text="passing"),
            logged(33, station="layup", text="nearby"),
            logged(900, station="mes", text="M0004107 cut"),
        ]
        for room, expected in (
            (1, {"M0004107 cut"}),
            (2, {"M0004107 cut", "passing"}),
            (3, {"M0004107 cut", "passing", "nearby"}),
            (4, {"M0004107 cut", "passing", "nearby", "stranger"}),
        ):
            assembler = an_assembler(max_lines=room)
            for line in lines:
                assembler.add_line(line)
            assert set(texts(the_window(assembler))) == expected

    def test_the_nearest_are_kept_though_many_name_the_serial(self) -> None:
        assembler = an_assembler(max_lines=4)
        for tenth in range(40):
            before = 30 + tenth / 10
            serial = "M0004107 " if tenth in {5, 6, 7} else ""
            line = logged(before, station="layup", text=f"{serial}n{tenth}")
            assembler.add_line(line)
        expected = ["M0004107 n7", "M0004107 n6", "M0004107 n5", "n0"]
        assert texts(the_window(assembler)) == expected


class TestHowLongAPartWaits:
    def test_a_log_that_has_moved_on_closes_the_window_at_once(self) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(30, station="layup"))
        assembler.add_frame(taken())
        assert assembler.ready(ARRIVED_MONO_NS) == []
        assembler.add_line(logged(19, station="mes"))
        assert assembler.ready(ARRIVED_MONO_NS) == []
        assembler.add_line(logged(18.999, station="mes"))
        [window] = assembler.ready(ARRIVED_MONO_NS + 7)
        assert window.log_context is LogContext.COMPLETE
        assert window.closed_mono_ns == ARRIVED_MONO_NS + 7

    @pytest.mark.parametrize(
        ("lines", "context"),
        [
            ([logged(30, station="layup")], LogContext.PARTIAL),
            ([logged(500, station="layup")], LogContext.LATE),
            ([], LogContext.MISSING),
        ],
    )
    def test_the_wait_is_bounded(
        self, lines: list[LogLine], context: LogContext
    ) -> None:
        assembler = an_assembler()
        for line in lines:
            assembler.add_line(line)
        assembler.add_frame(taken())
        assert assembler.next_wake_mono_ns() == ARRIVED_MONO_NS + WAIT_NS
        assert assembler.ready(ARRIVED_MONO_NS + WAIT_NS - 1) == []
        [window] = assembler.ready(ARRIVED_MONO_NS + WAIT_NS)
        assert window.log_context is context
        assert assembler.next_wake_mono_ns() is None

    def test_without_a_log_nothing_is_waited_for(self) -> None:
        assembler = an_assembler(has_log=False)
        assembler.add_frame(taken())
        [window] = assembler.ready(ARRIVED_MONO_NS)
        assert window.log_context is LogContext.MISSING

    @pytest.mark.parametrize(
        ("line", "context"),
        [
            (logged(30, station="layup"), LogContext.PARTIAL),
            (logged(500, station="layup"), LogContext.MISSING),
            (logged(1, station="mes"), LogContext.COMPLETE),
        ],
    )
    def test_after_the_end_of_the_log_nothing_is_waited_for(
        self, line: LogLine, context: LogContext
    ) -> None:
        assembler = an_assembler()
        assembler.add_line(line)
        assembler.add_frame(taken())
        assembler.end_log()
        [window] = assembler.ready(ARRIVED_MONO_NS)
        assert window.log_context is context

    def test_a_clock_that_is_a_year_ahead_completes_nothing(self) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(-365 * 86400, station="layup"))
        assert the_window(assembler).log_context is LogContext.LATE

    def test_flush_closes_all_with_what_is_there(self) -> None:
        assembler = an_assembler()
        for number in range(3):
            assembler.add_frame(taken(frame_id=number))
        closed = assembler.flush(ARRIVED_MONO_NS)
        assert [window.frame.frame_id for window in closed] == [0, 1, 2]
        assert assembler.flush(ARRIVED_MONO_NS) == []

    def test_a_frame_does_not_outwait_a_later_one(self) -> None:
        assembler = an_assembler()
        assembler.add_frame(taken(frame_id=1, received_mono_ns=ARRIVED_MONO_NS + 9))
        assembler.add_frame(taken(frame_id=2))
        assert assembler.next_wake_mono_ns() == ARRIVED_MONO_NS + WAIT_NS
        closed = assembler.ready(ARRIVED_MONO_NS + WAIT_NS)
        assert [window.frame.frame_id for window in closed] == [1, 2]


class TestTheAccount:
    def test_a_line_that_comes_twice_counts_once(self) -> None:
        assembler = an_assembler()
        assembler.add_line(logged(30, station="layup"))
        assembler.add_line(logged(30, station="layup"))
        assert len(the_window(assembler).log_lines) == 1
        assert assembler.counts.lines == 1
        assert assembler.counts.duplicate_lines == 1

    def test_a_line_after_its_part_was_closed_is_late(self) -> None:
        assembler = an_assembler()
        the_window(assembler)
        assembler.add_line(logged(30, station="layup"))
        assembler.add_line(logged(10, station="layup"))
        assert assembler.counts.late_lines == 1

    def test_the_oldest_arrivals_are_given_up(self) -> None:
        assembler = an_assembler(max_buffered_lines=100)
        for number in range(103):
            before = 40 - number / 10
            assembler.add_line(logged(before, station="layup", text=f"n{number}"))
        window = the_window(assembler, taken(-10.4))
        assert texts(window)[0] == "n3"
        assert assembler.counts.evicted_lines == 3
        forgotten = the_window(assembler, taken(500, serial="n1"))
        assert forgotten.log_lines == ()

    def test_windows_are_counted_by_their_context(self) -> None:
        assembler = an_assembler()
        the_window(assembler)
        assembler.add_line(logged(500))
        the_window(assembler)
        assembler.add_line(logged(30, station="layup"))
        the_window(assembler)
        assembler.add_line(logged(1, station="mes"))
        the_window(assembler)
        counts = assembler.counts
        found = (counts.missing, counts.late, counts.partial, counts.complete)
        assert found == (1, 1, 1, 1)


some_lines = st.lists(
    st.builds(
        logged,
        st.integers(0, 600).map(lambda tenth: tenth / 10),
        station=st.sampled_from(["stringer", "layup", "mes", "door"]),
        text=st.sampled_from(["said", "M0004107 said", "M0004108 said", ""]),
    ),
    max_size=60,
)


@given(lines=some_lines, seed=st.integers(0, 1000), room=st.integers(1, 12))
def test_the_order_of_arrival_changes_no_window(
    lines: list[LogLine], seed: int, room: int
) -> None:
    """Within `out_of_order_s`; a complete window never needed to wait for more."""
    spread = random.Random(seed)  # noqa: S311 - shuffles test data
    arrival = sorted(lines, key=lambda line: line.logged_ns + spread.random() * 1e9)
    arrival += [logged(-0.5, station="mes", text="the log has moved on")]
    in_order = an_assembler(max_lines=room)
    for line in sorted(lines, key=lambda line: line.logged_ns):
        in_order.add_line(line)
    expected = the_window(in_order)
    shuffled = an_assembler(max_lines=room)
    shuffled.add_frame(taken())
    for line in arrival:
        shuffled.add_line(line)
    [window] = shuffled.ready(ARRIVED_MONO_NS + WAIT_NS)
    assert window.log_lines == expected.log_lines


@given(lines=some_lines, seed=st.integers(0, 1000))
def test_a_complete_window_misses_no_line_of_a_station(
    lines: list[LogLine], seed: int
) -> None:
    """Closed at the first moment it is complete, it holds what all lines would give."""
    spread = random.Random(seed)  # noqa: S311 - shuffles test data
    arrival = sorted(lines, key=lambda line: line.logged_ns + spread.random() * 1e9)
    assembler = an_assembler(max_lines=200)
    assembler.add_frame(taken(serial=None))
    early: list[Window] = []
    for line in arrival:
        assembler.add_line(line)
        early += assembler.ready(ARRIVED_MONO_NS)
    for window in early:
        whole = an_assembler(max_lines=200)
        for line in lines:
            whole.add_line(line)
        stations = {"stringer", "layup"}
        expected = the_window(whole, taken(serial=None)).log_lines
        assert [line for line in window.log_lines if line.station in stations] == [
            line for line in expected if line.station in stations
        ]


@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["frame", "line", "ready", "end", "jump"]),
            st.integers(-200, 200),
        ),
        max_size=80,
    )
)
def test_every_frame_closes_once_in_order_and_never_waits_too_long(
    events: list[tuple[str, int]],
) -> None:
    assembler = an_assembler(max_buffered_lines=100)
    now, offset_s = ARRIVED_MONO_NS, 0.0
    arrived: list[int] = []
    closed: list[Window] = []
    for what, number in events:
        now += abs(number) * NS_PER_MS // 20
        while (wake := assembler.next_wake_mono_ns() or now) < now:
            closed += assembler.ready(wake)
        if what == "frame":
            frame_id = len(arrived)
            arrived.append(frame_id)
            frame = taken(offset_s, frame_id=frame_id, received_mono_ns=now)
            assembler.add_frame(frame)
        elif what == "line":
            assembler.add_line(logged(number - offset_s, text=f"M0004107 {number}"))
        elif what == "ready":
            closed += assembler.ready(now)
        elif what == "end":
            assembler.end_log()
        else:
            offset_s += number * 100
    closed += assembler.flush(now)
    assert [window.frame.frame_id for window in closed] == arrived
    for window in closed:
        assert window.closed_mono_ns <= window.frame.received_mono_ns + WAIT_NS
        ordered = [line.logged_ns for line in window.log_lines]
        assert all(first <= second for first, second in pairwise(ordered))
        assert not ordered or ordered[-1] <= window.frame.captured_ns
    counts = assembler.counts
    total = counts.complete + counts.partial + counts.late + counts.missing
    assert total == len(arrived)


def by_looking_at_every_line(lines: list[LogLine], room: int) -> set[LogLine]:
    """Choose lines for `taken()` the slow way: the rules, spelled out again."""
    travel_s = {"stringer": 46, "layup": 30}

    def rank(line: LogLine) -> tuple[object, ...] | None:
        before = (TAKEN_NS - line.logged_ns) / NS_PER_S
        off = abs(before - travel_s.get(line.station, 0))
        tie = (line.logged_ns, line.station, line.level, line.text)
        if before < 0:
            return None
        if "M0004107" in line.text.split():
            return 0, off, tie
        if line.station in travel_s:
            return (1, off, tie) if off <= 10 else None
        return (2, off, tie) if before <= 180 else None

    ranked = {line: found for line in lines if (found := rank(line)) is not None}
    return set(sorted(ranked, key=lambda line: ranked[line])[:room])


@given(
    lines=st.lists(
        st.builds(
            logged,
            st.integers(-50, 2500).map(lambda tenth: tenth / 10),
            station=st.sampled_from(["stringer", "layup", "mes"]),
            text=st.sampled_from(["said", "M0004107 said", "again"]),
        ),
        unique=True,
        max_size=250,
    ),
    room=st.integers(1, 50),
)
def test_a_window_holds_what_a_look_at_every_held_line_would_choose(
    lines: list[LogLine], room: int
) -> None:
    """In any order of arrival, and after the oldest arrivals were given up."""
    assembler = an_assembler(max_lines=room, max_buffered_lines=100)
    for line in lines:
        assembler.add_line(line)
    window = the_window(assembler)
    assert set(window.log_lines) == by_looking_at_every_line(lines[-100:], room)
    assert assembler.counts.evicted_lines == max(0, len(lines) - 100)


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_run_holds_only_the_latest_lines(order: int) -> None:
    assembler = an_assembler(max_lines=100, max_buffered_lines=100)
    lines = [
        logged(30 + order * n / 100, station="layup", text=f"n{n}") for n in range(400)
    ]
    for line in lines:
        assembler.add_line(line)
    assert set(the_window(assembler).log_lines) == set(lines[-100:])


def test_a_full_buffer_stays_cheap() -> None:
    """10^5 lines in memory, 10^4 within the window's reach."""
    assembler = an_assembler(max_buffered_lines=100_000, travel_tolerance_s=10)
    for number in range(110_000):
        before = 130 - number / 1000
        text = f"M{number:07d} solder tip temp {number % 977} C"
        assembler.add_line(logged(before, station="layup", text=text))
    started = time.perf_counter()
    for number in range(50):
        the_window(assembler, taken(number / 1000, serial="M0100000"))
    assert (time.perf_counter() - started) / 50 < 0.02


@pytest.mark.parametrize("station", ["layup", "mes"])
@pytest.mark.parametrize("text", ["said", "M0004107 said"])
def test_lines_out_of_the_windows_room_are_never_looked_at(
    station: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 lines within reach cost what 100 do: counted, for clocks are noisy."""
    looked_at: list[LogLine] = []

    def noting(line: LogLine) -> tuple[int, str, str, str]:
        looked_at.append(line)
        return line.logged_ns, line.station, line.level, line.text

    def cost(lines: int) -> int:
        assembler = an_assembler(max_buffered_lines=20_000)
        for number in range(lines):
            before = 39 - 18 * number / lines
            line = logged(before, station=station, text=f"{text} {number}")
            assembler.add_line(line)
        with monkeypatch.context() as patch:
            patch.setattr(windows, "_order", noting)
            assert len(the_window(assembler).log_lines) == 48
        counted = len(looked_at)
        looked_at.clear()
        return counted

    assert cost(10_000) <= cost(100) <= 3 * 48
