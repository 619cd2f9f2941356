import threading
from collections.abc import Callable, Sequence

import pytest

from inspector.replay import FRAME_RANK, LOG_RANK, ReplayClock, ReplaySeat, Timetable
from inspector.types import NS_PER_S

START_NS = 1_772_431_290 * NS_PER_S
DAY_S = 86_400


def at(*seconds: float) -> list[int]:
    return [START_NS + int(second * NS_PER_S) for second in seconds]


class ATimepiece:
    """A monotonic clock that moves only when somebody pauses, and then too far."""

    def __init__(self, oversleep_s: float = 0.0) -> None:
        self.now_s = 100.0
        self._oversleep_s = oversleep_s

    def monotonic(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds + self._oversleep_s


def due_times(timetable: Timetable, moments: Sequence[int]) -> list[float]:
    return [round(timetable.due_after_s(moment), 6) for moment in moments]


def test_own_pace_keeps_the_gaps_and_skips_the_night() -> None:
    frames = at(0, 2, 5, DAY_S, DAY_S + 2)
    timetable = Timetable.of(frames, 2.0, "own")
    assert due_times(timetable, frames) == [2, 4, 7, 9, 11]


def test_a_rate_gives_each_frame_one_interval_nights_too() -> None:
    frames = at(0, 2, 5, DAY_S, DAY_S + 2)
    timetable = Timetable.of(frames, 2.0, 10.0)
    assert due_times(timetable, frames) == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_log_lines_come_at_the_interpolated_moments() -> None:
    timetable = Timetable.of(at(0, 2, 4), 2.0, 10.0)
    assert due_times(timetable, at(1, 2.5, 3)) == [0.15, 0.225, 0.25]


def test_an_empty_line_keeps_nobody_waiting() -> None:
    timetable = Timetable.of(at(0, 2), 2.0, 10.0)
    assert due_times(timetable, [0, *at(-500, -1, 3, 9000)]) == [0, 0, 0.05, 0.25, 0.3]


def test_frames_of_two_cameras_at_one_moment_count_twice() -> None:
    timetable = Timetable.of(at(0, 0, 2, 2), 2.0, 10.0)
    assert due_times(timetable, at(0, 2)) == [0.2, 0.4]


def test_due_times_do_not_drift_when_every_pause_is_too_long() -> None:
    frames = at(*range(0, 2000, 2))
    timepiece = ATimepiece(oversleep_s=0.003)
    clock = ReplayClock(
        Timetable.of(frames, 2.0, 100.0),
        monotonic=timepiece.monotonic,
        pause=timepiece.pause,
    )
    seat = clock.take_seat(FRAME_RANK)
    assert all(seat.wait(moment) for moment in frames)
    assert timepiece.now_s - 100.0 == pytest.approx(10.003)


def in_threads(*jobs: Callable[[], None]) -> None:
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.mark.parametrize("attempt", range(5))
def test_lock_step_gives_one_order_log_lines_first(attempt: int) -> None:
    clock = ReplayClock.at_pace("max", at(0), 2.0)
    log, camera = clock.take_seat(LOG_RANK), clock.take_seat(FRAME_RANK)
    delivered: list[tuple[int, str]] = []

    def deliver(seat: ReplaySeat, name: str, moments: list[int]) -> Callable[[], None]:
        def job() -> None:
            for moment in moments:
                assert seat.wait(moment)
                delivered.append((moment, name))
            seat.leave()

        return job

    logged, taken = at(*range(0, 300, 3)), at(*range(0, 300, 2))
    in_threads(deliver(camera, "z frame", taken), deliver(log, "log", logged))
    assert len(delivered) == len(logged) + len(taken)
    assert delivered == sorted(delivered)


def test_a_source_that_has_not_announced_holds_the_others_back() -> None:
    clock = ReplayClock(None)
    clock.take_seat(LOG_RANK)
    camera = clock.take_seat(FRAME_RANK)
    went_on = threading.Event()

    def deliver() -> None:
        if camera.wait(START_NS):
            went_on.set()

    waiting = threading.Thread(target=deliver)
    waiting.start()
    assert not went_on.wait(0.05)
    clock.stop()
    waiting.join(timeout=5)
    assert not waiting.is_alive()
    assert not went_on.is_set()


@pytest.mark.parametrize("pace", ["max", "own", 0.001])
def test_stop_releases_every_source(pace: float) -> None:
    clock = ReplayClock.at_pace(pace, at(0, 1000), 1000.0)
    seats = [clock.take_seat(FRAME_RANK), clock.take_seat(LOG_RANK)]
    clock.take_seat(LOG_RANK)
    results: list[bool] = []
    stopper = threading.Timer(0.05, clock.stop)
    stopper.start()
    in_threads(
        *(lambda seat=seat: results.append(seat.wait(at(1000)[0])) for seat in seats)
    )
    stopper.join()
    assert results == [False, False]
    assert not seats[0].wait(START_NS)


def test_a_source_that_leaves_is_not_waited_for() -> None:
    clock = ReplayClock(None)
    log, camera = clock.take_seat(LOG_RANK), clock.take_seat(FRAME_RANK)
    log.leave()
    assert camera.wait(START_NS)
