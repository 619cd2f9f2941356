"""What every frame source promises, run over each connector that keeps it."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from connectors.frames.capture import CapturedFrames
from connectors.frames.folder import PictureFolder
from connectors.frames.recording import ReplayedFrames
from inspector.ports import FrameSource
from inspector.replay import ReplayClock
from inspector.settings import CaptureFrames
from tests.connectors.recorded import a_recording

PARTS = 4
Make = Callable[[Path], FrameSource]


def a_replay(folder: Path) -> FrameSource:
    return ReplayedFrames(a_recording(folder / "rec", PARTS), ReplayClock(None))


def a_slow_replay(folder: Path) -> FrameSource:
    recording = a_recording(folder / "rec", PARTS)
    moments = [row.captured_ns for row in recording.rows]
    return ReplayedFrames(recording, ReplayClock.at_pace(0.01, moments, 2.0))


def a_folder(folder: Path, watch: bool = False) -> FrameSource:
    for number in range(PARTS):
        (folder / f"{number}.png").write_bytes(b"picture")
    return PictureFolder(folder, "poly", "cam-1", watch=watch)


def a_watched_folder(folder: Path) -> FrameSource:
    return a_folder(folder, watch=True)


def a_video(folder: Path) -> FrameSource:
    path = str(folder / "shift.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 25, (16, 16))
    for _ in range(PARTS):
        writer.write(np.zeros((16, 16, 3), np.uint8))
    writer.release()
    return CapturedFrames(CaptureFrames(kind="video", address=path), "poly", "cam-1")


ENDING = pytest.mark.parametrize("make", [a_replay, a_folder, a_video])
ALL = pytest.mark.parametrize(
    "make", [a_replay, a_slow_replay, a_folder, a_watched_folder, a_video]
)


@ENDING
def test_each_trigger_comes_exactly_once_in_order(make: Make, tmp_path: Path) -> None:
    frames = list(make(tmp_path).frames())
    assert len(frames) == PARTS
    assert len({(frame.camera, frame.frame_id) for frame in frames}) == PARTS
    assert all(a.captured_ns <= b.captured_ns for a, b in pairwise(frames))


@ENDING
def test_a_frame_has_one_picture_and_a_recent_arrival(
    make: Make, tmp_path: Path
) -> None:
    before = time.monotonic_ns()
    for frame in make(tmp_path).frames():
        assert before <= frame.received_mono_ns <= time.monotonic_ns()
        assert (frame.encoded is None) != (frame.pixels is None)
        assert frame.line == "poly"


@ALL
def test_stop_from_another_thread_takes_effect_in_half_a_second(
    make: Make, tmp_path: Path
) -> None:
    source = make(tmp_path)
    ended = threading.Event()

    def drive() -> None:
        for _ in source.frames():
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
    assert list(source.frames()) == []
