"""What every log source promises, run over each connector that keeps it."""

import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from connectors.logs.replay import ReplayedLog
from connectors.logs.tail import FollowedLog
from inspector.ports import LogSource
from inspector.recording import Recording
from inspector.replay import ReplayClock
from inspector.types import LogLine, MalformedLogLine
from tests.connectors.recorded import a_recording

LINES = 4
Make = Callable[[Path], LogSource]


def a_replay(folder: Path) -> LogSource:
    return ReplayedLog(a_spoilt_recording(folder), ReplayClock(None))


def a_followed_log(folder: Path) -> LogSource:
    path = a_spoilt_recording(folder).log_files[0]
    return FollowedLog(path, "poly", from_start=True)


def a_log_to_come(folder: Path) -> LogSource:
    return FollowedLog(folder / "later.log", "poly")


def a_spoilt_recording(folder: Path) -> Recording:
    recording = a_recording(folder / "rec", LINES)
    with recording.log_files[0].open("ab") as log:
        log.write(b"\xff\n")
    return recording


SPEAKING = pytest.mark.parametrize("make", [a_replay, a_followed_log])
ALL = pytest.mark.parametrize("make", [a_replay, a_followed_log, a_log_to_come])


@SPEAKING
def test_lines_come_once_in_the_order_they_were_written(
    make: Make, tmp_path: Path
) -> None:
    source = make(tmp_path)
    entries = list(islice(source.lines(), LINES + 1))
    source.stop()
    lines = [entry for entry in entries if isinstance(entry, LogLine)]
    assert [line.text for line in lines] == [f"A{n} pressed" for n in range(LINES)]
    assert {entry.line for entry in entries} == {"poly"}


@SPEAKING
def test_unreadable_text_is_delivered_and_named(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    last = list(islice(source.lines(), LINES + 1))[-1]
    source.stop()
    assert isinstance(last, MalformedLogLine)
    assert "line.log" in last.where
    assert "not UTF-8" in last.problem


@ALL
def test_stop_from_another_thread_takes_effect_in_half_a_second(
    make: Make, tmp_path: Path
) -> None:
    source = make(tmp_path)
    ended = threading.Event()

    def drive() -> None:
        for _ in source.lines():
            pass
        ended.set()

    driver = threading.Thread(target=drive)
    driver.start()
    time.sleep(0.1)
    source.stop()
    source.stop()
    assert ended.wait(0.5)
    driver.join()


@ALL
def test_a_source_that_was_stopped_delivers_nothing(make: Make, tmp_path: Path) -> None:
    source = make(tmp_path)
    source.stop()
    assert list(source.lines()) == []
