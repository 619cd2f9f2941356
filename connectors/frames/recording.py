"""Frames of a recorded line, replayed; every record made of them says so."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from inspector.recording import FrameRow, Recording
from inspector.replay import FRAME_RANK, ReplayClock
from inspector.types import Frame


class ReplayedFrames:
    """Delivers rows of a recording when the replay's clock says they are due.

    Takes its seat at the clock at once: make all sources of a replay before starting
    any of them. `frames()` can be run through once.

    Args:
        recording: the recorded line.
        clock: shared by all sources of this replay.
        rows: what to replay, in order of capture, from `Recording.select`; `None`
            replays all.
    """

    def __init__(
        self,
        recording: Recording,
        clock: ReplayClock,
        rows: Sequence[FrameRow] | None = None,
    ) -> None:
        self._line = recording.settings.id
        self._rows = recording.select() if rows is None else rows
        self._seat = clock.take_seat(FRAME_RANK)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames, files as recorded; a missing file becomes a `problem`."""
        try:
            for row in self._rows:
                # Read ahead of the wait, so that a slow disk does not delay the frame.
                encoded, problem = _read(row)
                if not self._seat.wait(row.captured_ns):
                    return
                yield self._frame(row, encoded, problem)
        finally:
            self._seat.leave()

    def stop(self) -> None:
        """Make `frames()` end."""
        self._seat.leave()

    def _frame(
        self, row: FrameRow, encoded: bytes | None, problem: str | None
    ) -> Frame:
        return Frame(
            line=self._line,
            camera=row.camera,
            frame_id=row.frame_id,
            serial=row.serial,
            captured_ns=row.captured_ns,
            received_mono_ns=time.monotonic_ns(),
            encoded=encoded,
            sha256=row.sha256,
            problem=problem,
            is_simulated=True,
        )


def _read(row: FrameRow) -> tuple[bytes | None, str | None]:
    try:
        return row.file.read_bytes(), None
    except OSError as error:
        return None, f"picture {row.file.name} cannot be read: {error.strerror}"
