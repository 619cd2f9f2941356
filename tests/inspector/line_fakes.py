"""Stations of a line for tests, each as simple as its promise allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from inspector.deciding import Trouble
from inspector.errors import PictureError, StoreError
from inspector.ports import StoreReceipt
from inspector.types import (
    BranchId,
    Frame,
    LogLine,
    MalformedLogLine,
    Pixels,
    Sample,
    Scores,
    TrunkId,
    Verdict,
)
from tests.builders import BRANCH, TRUNK, some_scores

GREY = np.full((2, 2), 128, dtype=np.uint8)


def decode_grey(encoded: bytes) -> Pixels:
    """Decode anything but `b"broken"`."""
    if encoded == b"broken":
        message = "the picture is cut off"
        raise PictureError(message)
    return GREY


def always_usable(_pixels: Pixels) -> Trouble | None:
    return None


class SteppedClock:
    """A monotonic clock that moves only when told."""

    def __init__(self, now_ns: int = 1_010_000_000) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def step_ms(self, duration_ms: float) -> None:
        self.now_ns += int(duration_ms * 1e6)


class FakeModel:
    """Gives the scores it was given, or does what it was told to do."""

    def __init__(
        self,
        scores: Scores | None = None,
        verified: bool = True,
        act: Callable[[Sample], Scores] | None = None,
    ) -> None:
        self._scores = scores or some_scores()
        self._act = act
        self.verified = verified
        self.trunk: TrunkId = TRUNK
        self.branch: BranchId = BRANCH
        self.samples: list[Sample] = []

    def score(self, sample: Sample) -> Scores:
        self.samples.append(sample)
        return self._act(sample) if self._act else self._scores


class FakeWatch:
    """Says of every part what it was told to say, and remembers the parts."""

    def __init__(self, words: str | None, error: Exception | None = None) -> None:
        self._words = words
        self._error = error
        self.seen: list[tuple[Sample, Scores]] = []

    def look(self, sample: Sample, scores: Scores) -> str | None:
        self.seen.append((sample, scores))
        if self._error is not None:
            raise self._error
        return self._words


class ListedFrames:
    """Gives frames from a list; with `stays_open` it then waits to be stopped."""

    def __init__(self, frames: Iterable[Frame], stays_open: bool = False) -> None:
        self._frames = frames
        self._stays_open = stays_open
        self.stopped = threading.Event()

    def frames(self) -> Iterator[Frame]:
        for frame in self._frames:
            if self.stopped.is_set():
                return
            yield frame
        if self._stays_open:
            self.stopped.wait()

    def stop(self) -> None:
        self.stopped.set()


class ListedLog:
    """Gives log entries from a list."""

    def __init__(self, entries: Sequence[LogLine | MalformedLogLine]) -> None:
        self._entries = entries
        self.stopped = threading.Event()

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        yield from self._entries

    def stop(self) -> None:
        self.stopped.set()


class VerdictShelf:
    """Keeps each part's first verdict in memory."""

    def __init__(self, failures: int = 0, gate: threading.Event | None = None) -> None:
        self.rows: dict[tuple[str, str, int], Verdict] = {}
        self.batches: list[int] = []
        self._failures = failures
        self._gate = gate

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        if self._gate is not None:
            self._gate.wait()
        if self._failures > 0:
            self._failures -= 1
            message = "database is locked"
            raise StoreError(message)
        before = len(self.rows)
        for verdict in verdicts:
            key = (verdict.line, verdict.camera, verdict.frame_id)
            self.rows.setdefault(key, verdict)
        self.batches.append(len(verdicts))
        inserted = len(self.rows) - before
        return StoreReceipt(inserted=inserted, already_there=len(verdicts) - inserted)

    def close(self) -> None:
        pass


class PictureDrawer:
    """Keeps evidence in memory, or fails as a full disk does."""

    def __init__(self, full: bool = False) -> None:
        self.kept: dict[str, bytes] = {}
        self.named: dict[str, bytes] = {}
        self._full = full

    def keep(self, picture: bytes, suffix: str) -> str:
        self._refuse_if_full()
        path = f"{len(self.kept):02d}{suffix}"
        self.kept[path] = picture
        return path

    def keep_as(self, name: str, content: bytes, *, durable: bool) -> None:
        self._refuse_if_full()
        self.named[name] = content

    def _refuse_if_full(self) -> None:
        if self._full:
            message = "no space left on device"
            raise StoreError(message)
