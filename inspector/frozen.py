"""Notices a camera that hangs: it delivers the very same picture again and again.

Two pictures of a live sensor are never the same: its noise alone makes them differ. So
pictures are compared byte by byte, which costs nothing where they differ early, and no
likeness is ever mistaken for sameness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.deciding import Trouble
from inspector.types import Fault, Frame, Pixels


@dataclass(slots=True)
class _Latest:
    encoded: bytes | None
    pixels: Pixels | None
    times: int


class FrozenWatch:
    """Counts how often each camera of a line delivered the same picture in a row.

    Args:
        limit: the picture that comes for this time, and every further one, shows no
            part; 0 never says so.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._latest: dict[str, _Latest] = {}

    def look(self, frame: Frame) -> Trouble | None:
        """Take note of a camera's next picture; say so if it hangs."""
        if not self._limit:
            return None
        latest = self._latest.get(frame.camera)
        if latest is None or not _same(latest, frame):
            latest = _Latest(frame.encoded, frame.pixels, 0)
            self._latest[frame.camera] = latest
        latest.times += 1
        if latest.times < self._limit:
            return None
        words = f"frozen: camera {frame.camera} sent this picture {latest.times} times"
        return Trouble(fault=Fault.PICTURE_FROZEN, words=words)


def _same(latest: _Latest, frame: Frame) -> bool:
    if frame.encoded is not None or latest.encoded is not None:
        return frame.encoded == latest.encoded
    if frame.pixels is None or latest.pixels is None:
        return False
    return np.array_equal(frame.pixels, latest.pixels)
