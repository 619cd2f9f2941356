"""The labelled parts of a recorded shift, with their log windows and pictures.

Pictures are read when they are needed and not kept: a shift of large ones would not fit
into memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.errors import InputError, PictureError, RecordingError
from inspector.model.pictures import decode
from inspector.recording import FrameRow, Recording
from inspector.settings import LineSettings
from inspector.types import NS_PER_S, Frame, Pixels, Problem, Sample, Window
from inspector.windows import WindowAssembler

_HALF_WHITE = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A labelled part, its window, and the window it would have with a late log."""

    row: FrameRow
    window: Window
    late_window: Window
    is_bad: bool


class Pictures:
    """Reads the pictures and masks of a recording; every error names its row."""

    def __init__(self, recording: Recording) -> None:
        self._table = recording.folder / "frames.csv"

    def encoded(self, row: FrameRow) -> bytes:
        """Read a part's picture file.

        Raises:
            RecordingError: it cannot be read.
        """
        return self._bytes(row, row.file)

    def decoded(self, row: FrameRow, encoded: bytes) -> Pixels:
        """Decode a part's picture.

        Raises:
            RecordingError: it cannot be decoded.
        """
        try:
            return decode(encoded)
        except PictureError as error:
            raise self._problem(row, f"{row.file.name}: {error}") from error

    def pixels(self, row: FrameRow) -> Pixels:
        """Read and decode a part's picture.

        Raises:
            RecordingError: it cannot be read or decoded.
        """
        return self.decoded(row, self.encoded(row))

    def mask(self, row: FrameRow, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Give where a part's defect is, `[height, width]`: nowhere without a mask.

        Raises:
            RecordingError: the mask cannot be read or is not of the picture's size.
        """
        if row.mask is None:
            return np.zeros(size, bool)
        found = self.decoded(row, self._bytes(row, row.mask))
        if found.shape[:2] != size:
            raise self._problem(row, f"{row.mask.name} is not of its picture's size")
        return np.asarray(found.reshape(*size, -1).max(2) > _HALF_WHITE)

    def _bytes(self, row: FrameRow, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            raise self._problem(row, f"{file.name}: {error.strerror}") from error

    def _problem(self, row: FrameRow, what: str) -> RecordingError:
        return RecordingError([Problem.in_file(self._table, what, row.row)])


def cases_of(recording: Recording, split: str) -> list[Case]:
    """Give the labelled parts of a shift, each with the window of a late log too."""
    good = recording.settings.classes[0]
    late = _labelled(recording, split, _beyond_window_s(recording))
    return [
        Case(row=row, window=window, late_window=behind, is_bad=row.label != good)
        for (row, window), (_, behind) in zip(
            _labelled(recording, split), late, strict=True
        )
    ]


def samples_of(
    recording: Recording, split: str, limit: int | None = None
) -> Iterator[Sample]:
    """Give the labelled parts of a shift as the model reads them.

    Raises:
        RecordingError: a picture cannot be read.
    """
    pictures = Pictures(recording)
    for row, window in _labelled(recording, split)[:limit]:
        yield Sample(window=window, pixels=pictures.pixels(row))


def name_modules(recording: Recording, file: Path) -> Recording:
    """Take from a table with the columns `frame_id,module` which part is of which.

    Raises:
        InputError: the table cannot be read, lacks a column, or is of other frames.
    """
    named = _modules_in(file)
    rows = [replace(row, module=named.get(f"{row.frame_id}")) for row in recording.rows]
    if all(row.module is None for row in rows):
        raise InputError.single(file, "names a module for no frame of this recording")
    return replace(recording, rows=tuple(rows))


def _modules_in(file: Path) -> dict[str, str | None]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as table:
            rows = list(csv.DictReader(table, strict=True))
        return {row["frame_id"]: row["module"] or None for row in rows}
    except KeyError as error:
        what = f"row 1: column {error.args[0]} is missing: begin with frame_id,module"
        raise InputError.single(file, what) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError.single(file, f"cannot be read: {error}") from error


def _beyond_window_s(recording: Recording) -> float:
    """Give a delay at which a window finds no line by its time, but by serial alone."""
    rules = recording.settings.windows
    travel_s = [each.seconds_to_camera for each in recording.settings.stations]
    reach_s = max(travel_s, default=0.0) + rules.travel_tolerance_s
    return max(rules.horizon_s, reach_s) + rules.out_of_order_s


def _labelled(
    recording: Recording, split: str, late_s: float = 0.0
) -> list[tuple[FrameRow, Window]]:
    """Pair the labelled parts of a shift with their log, which is so late."""
    late_ns = int(late_s * NS_PER_S)
    assembler = WindowAssembler(recording.settings, bool(recording.log_files))
    log = iter(recording.log_lines())
    line = next(log, None)
    parts = []
    for row in recording.select(split):
        if row.label is None:
            continue
        while line is not None and line.logged_ns <= row.captured_ns - late_ns:
            assembler.add_line(line)
            line = next(log, None)
        assembler.add_frame(frame_of(recording.settings, row))
        parts += [(row, window) for window in assembler.flush(0)]
    return parts


def frame_of(settings: LineSettings, row: FrameRow) -> Frame:
    """Give the frame of a recorded part, without its picture."""
    return Frame(
        line=settings.id,
        camera=row.camera,
        frame_id=row.frame_id,
        serial=row.serial,
        captured_ns=row.captured_ns,
        received_mono_ns=0,
    )
