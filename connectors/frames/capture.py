"""Frames through OpenCV: a video file, a USB camera by number, or an RTSP address.

A camera that falls silent is opened anew, with growing, jittered pauses so that a
switch which comes back is not met by all its cameras at once. A video file has no
triggers to lose: it ends with its last picture, and its frames are simulated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import cv2
import tenacity

from inspector.errors import SourceError
from inspector.settings import CaptureFrames
from inspector.types import Frame, Pixels

_LOOK_UP_S = 0.1
"""How often a wait for the camera looks whether it should stop."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0

Result = TypeVar("Result")


class Capture(Protocol):
    """What is needed of `cv2.VideoCapture`."""

    def isOpened(self) -> bool:  # noqa: D102, N802
        ...

    def read(self) -> tuple[bool, Any]:  # noqa: D102
        ...

    def release(self) -> None:  # noqa: D102
        ...


class _SilentCameraError(Exception):
    """The camera did not open, or opened and gave no picture."""


class _StoppedError(Exception):
    """`stop()` was called during a wait for the camera."""


class CapturedFrames:
    """Delivers what a capture device sees, as RGB or grey pixels.

    Args:
        settings: what to open, and how patiently.
        line: the production line.
        camera: the camera's name in the records.
        open_capture: opens the device; another one than OpenCV's for tests.
    """

    def __init__(
        self,
        settings: CaptureFrames,
        line: str,
        camera: str,
        open_capture: Callable[[CaptureFrames], Capture] | None = None,
    ) -> None:
        self._settings = settings
        self._line = line
        self._camera = camera
        self._open_capture = open_capture or open_device
        self._stopping = threading.Event()
        self._last_captured_ns = 0
        self._reconnects = 0

    @property
    def reconnects(self) -> int:
        """How often the camera fell silent and delivered again."""
        return self._reconnects

    def frames(self) -> Iterator[Frame]:
        """Yield frames as they come; after a silence, from the camera opened anew.

        Raises:
            SourceError: a video file cannot be opened, or a camera gave no picture
                for `reconnect_for_s`.
        """
        # OpenCV cannot be interrupted: it works in a thread that may be left waiting.
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="capture")
        try:
            if self._settings.kind == "video":
                yield from self._video(worker)
            else:
                yield from self._live(worker)
        except _StoppedError:
            return
        finally:
            worker.shutdown(wait=False, cancel_futures=False)

    def stop(self) -> None:
        """Make `frames()` end."""
        self._stopping.set()

    def _video(self, worker: ThreadPoolExecutor) -> Iterator[Frame]:
        try:
            capture = self._wait_for(worker.submit(self._open))
        except _SilentCameraError as error:
            raise SourceError(str(error)) from error
        yield from self._until_silent(worker, capture)

    def _live(self, worker: ThreadPoolExecutor) -> Iterator[Frame]:
        capture, first = self._connect(worker)
        while True:
            yield self._frame(first)
            yield from self._until_silent(worker, capture)
            capture, first = self._connect(worker)
            self._reconnects += 1

    def _until_silent(
        self, worker: ThreadPoolExecutor, capture: Capture
    ) -> Iterator[Frame]:
        try:
            while not self._stopping.is_set():
                seen, picture = self._wait_for(worker.submit(capture.read))
                if not seen:
                    return
                yield self._frame(picture)
        finally:
            # In the same thread as the reads: releasing during a read crashes OpenCV.
            worker.submit(capture.release)

    def _connect(self, worker: ThreadPoolExecutor) -> tuple[Capture, Any]:
        """Open the camera and see a first picture, again and again if need be."""
        limit_s = self._settings.reconnect_for_s
        give_up = tenacity.stop_after_delay(limit_s) if limit_s else tenacity.stop_never
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_SilentCameraError),
            wait=tenacity.wait_random_exponential(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
            stop=give_up,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return attempts(lambda: self._wait_for(worker.submit(self._open_and_see)))
        except _SilentCameraError as error:
            message = f"{error}, tried for {limit_s:g} s"
            raise SourceError(message) from error

    def _open(self) -> Capture:
        capture = self._open_capture(self._settings)
        if not capture.isOpened():
            capture.release()
            message = f"{self._settings.kind} {self._settings.address} does not open"
            raise _SilentCameraError(message)
        return capture

    def _open_and_see(self) -> tuple[Capture, Any]:
        capture = self._open()
        seen, picture = capture.read()
        if not seen:
            capture.release()
            message = f"{self._settings.kind} {self._settings.address} gives no picture"
            raise _SilentCameraError(message)
        return capture, picture

    def _wait_for(self, future: Future[Result]) -> Result:
        while not self._stopping.is_set():
            try:
                return future.result(timeout=_LOOK_UP_S)
            except NotDone:
                continue
        raise _StoppedError

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _StoppedError

    def _frame(self, picture: Any) -> Frame:
        # The frame id is the time in microseconds: it must grow even if a clock steps.
        captured_ns = max(time.time_ns(), self._last_captured_ns + 1000)
        self._last_captured_ns = captured_ns
        return Frame(
            line=self._line,
            camera=self._camera,
            frame_id=captured_ns // 1000,
            serial=None,
            captured_ns=captured_ns,
            received_mono_ns=time.monotonic_ns(),
            pixels=_as_grey_or_rgb(picture),
            is_simulated=self._settings.kind == "video",
        )


def open_device(settings: CaptureFrames) -> Capture:
    """Open a device through OpenCV; whether it opened is asked of the result.

    Raises:
        SourceError: a USB camera is not given by its number, or a video file is not
            there.
    """
    address = settings.address
    if settings.kind == "usb":
        if not address.isdecimal():
            message = f"usb {address!r}: give the camera's number, such as 0"
            raise SourceError(message)
        return cast("Capture", cv2.VideoCapture(int(address)))
    if settings.kind == "video" and not Path(address).is_file():
        message = f"video {address}: the file does not exist"
        raise SourceError(message)
    time_limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        settings.open_timeout_ms,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        settings.read_timeout_ms,
    ]
    return cast("Capture", cv2.VideoCapture(address, cv2.CAP_FFMPEG, time_limits))


def _as_grey_or_rgb(picture: Any) -> Pixels:
    if picture.ndim == 2:  # noqa: PLR2004
        # OpenCV may fill the same buffer again with the next picture.
        return cast("Pixels", picture.copy())
    return cast("Pixels", cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
