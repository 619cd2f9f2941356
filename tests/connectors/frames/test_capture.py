import threading
import time
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from connectors.frames import capture as capturing
from connectors.frames.capture import CapturedFrames, open_device
from inspector.errors import SourceError
from inspector.settings import CaptureFrames


def settings(kind: str, address: object, **changes: Any) -> CaptureFrames:
    return CaptureFrames.model_validate(
        {"kind": kind, "address": str(address), **changes}
    )


class ACamera:
    """Gives so many pictures, then falls silent; `None` pictures: does not open."""

    def __init__(self, pictures: int | None) -> None:
        self.is_released = False
        self._left = pictures

    def isOpened(self) -> bool:  # noqa: N802
        return self._left is not None

    def read(self) -> tuple[bool, Any]:
        if not self._left:
            return False, None
        self._left -= 1
        blue = np.zeros((2, 3, 3), np.uint8)
        blue[..., 0] = 255
        return True, blue

    def release(self) -> None:
        self.is_released = True


class AnUnsteadyLine:
    """Opens one camera after the other; the last one again and again."""

    def __init__(self, *pictures: int | None) -> None:
        self.opened: list[ACamera] = []
        self._pictures = list(pictures)

    def __call__(self, _: CaptureFrames) -> ACamera:
        pictures = self._pictures[0]
        if len(self._pictures) > 1:
            self._pictures.pop(0)
        self.opened.append(ACamera(pictures))
        return self.opened[-1]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capturing, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(capturing, "_LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "shift.avi"
    size = (32, 24)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
    for _ in range(5):
        red = np.zeros((24, 32, 3), np.uint8)
        red[..., 2] = 255
        writer.write(red)
    writer.release()
    return path


def test_a_video_file_ends_with_its_last_picture(video: Path) -> None:
    frames = list(CapturedFrames(settings("video", video), "poly", "cam-1").frames())
    assert len(frames) == 5
    first = frames[0]
    assert first.is_simulated
    assert first.pixels is not None
    assert first.pixels.shape == (24, 32, 3)
    assert first.pixels[..., 0].min() > 200
    assert first.pixels[..., 2].max() < 50
    assert all(a.frame_id < b.frame_id for a, b in pairwise(frames))
    assert first.frame_id == first.captured_ns // 1000


@pytest.mark.parametrize(
    ("kind", "address", "problem"),
    [
        ("video", "nowhere.avi", "nowhere.avi: the file does not exist"),
        ("video", __file__, "does not open"),
        ("usb", "front", "usb 'front': give the camera's number"),
    ],
)
def test_what_cannot_be_opened_is_named(kind: str, address: str, problem: str) -> None:
    source = CapturedFrames(settings(kind, address), "poly", "cam-1")
    with pytest.raises(SourceError, match=problem):
        next(iter(source.frames()))


def test_a_camera_is_opened_anew_after_a_silence() -> None:
    line = AnUnsteadyLine(None, 2, None, 0, 3)
    source = CapturedFrames(settings("rtsp", "rtsp://cam"), "poly", "cam-1", line)
    frames = list(islice(source.frames(), 5))
    assert source.reconnects == 1
    assert len(line.opened) == 5
    assert all(camera.is_released for camera in line.opened[:4])
    assert not frames[0].is_simulated
    pixels = frames[0].pixels
    assert pixels is not None
    assert pixels[..., 2].min() == 255
    assert pixels[..., 0].max() == 0


def test_a_camera_that_stays_silent_is_given_up() -> None:
    patience = settings("rtsp", "rtsp://cam", reconnect_for_s=0.1)
    source = CapturedFrames(patience, "poly", "cam-1", AnUnsteadyLine(1, None))
    frames = source.frames()
    next(frames)
    with pytest.raises(SourceError, match=r"rtsp://cam does not open, tried for 0.1 s"):
        next(frames)


def test_stop_ends_the_wait_for_a_camera() -> None:
    source = CapturedFrames(
        settings("rtsp", "rtsp://cam"), "poly", "cam-1", AnUnsteadyLine(None)
    )
    threading.Timer(0.05, source.stop).start()
    assert list(source.frames()) == []


def test_stop_does_not_wait_for_a_read_that_hangs() -> None:
    released = threading.Event()

    class AHangingCamera(ACamera):
        def read(self) -> tuple[bool, Any]:
            released.wait(5)
            return False, None

    source = CapturedFrames(
        settings("usb", "0"), "poly", "cam-1", lambda _: AHangingCamera(1)
    )
    threading.Timer(0.05, source.stop).start()
    started = time.monotonic()
    assert list(source.frames()) == []
    assert time.monotonic() - started < 0.5
    released.set()


def test_ids_grow_even_when_the_clock_steps_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([9_000_000, 5_000_000, 5_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    source = CapturedFrames(settings("usb", "0"), "p", "c", AnUnsteadyLine(3))
    assert [f.frame_id for f in islice(source.frames(), 3)] == [9000, 9001, 9002]


def test_an_address_that_refuses_does_not_open() -> None:
    device = open_device(settings("rtsp", "rtsp://127.0.0.1:9/x", open_timeout_ms=500))
    assert not device.isOpened()
    device.release()
