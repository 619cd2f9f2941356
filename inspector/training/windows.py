"""The log of labelled parts, paired by the very rules that pair it on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inspector.model.lines import (
    CIRCUMSTANCES,
    IntArray,
    LineReader,
    Wordings,
    learn_wordings,
)
from inspector.recording import FrameRow, Recording
from inspector.settings import LineSettings
from inspector.shifts import frame_of
from inspector.types import FloatArray, Frame, LogLine, Window
from inspector.windows import WindowAssembler


@dataclass(frozen=True, slots=True, eq=False)
class LineLog:
    """The log of one line's parts as numbers.

    pieces: `[contents, WORDS, PIECES]` of every different content.
    numbers: `[contents, WORDS, NUMBER_FEATURES]`.
    lines: for each part the contents of its window's lines.
    circumstances: for each part `[lines, CIRCUMSTANCES]`.
    """

    wordings: Wordings
    pieces: IntArray = field(repr=False)
    numbers: FloatArray = field(repr=False)
    lines: list[NDArray[np.int64]] = field(repr=False)
    circumstances: list[FloatArray] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class LogBatch:
    """Windows side by side, padded to the longest.

    pieces, numbers: the different contents among them, as long as the longest is.
    contents: places of those contents in the line's log.
    lines: `[n, k]` which of them each line has.
    circumstances: `[n, k, CIRCUMSTANCES]`.
    present: `[n, k]`, 0 for padding.
    """

    pieces: Tensor
    numbers: Tensor
    contents: Tensor
    lines: Tensor
    circumstances: Tensor
    present: Tensor


def read_log(recording: Recording, rows: Sequence[FrameRow]) -> LineLog:
    """Pair rows with log lines and turn those into numbers."""
    reader, wordings = line_reader(recording)
    return in_numbers(reader, wordings, pair(recording, rows))


def in_numbers(
    reader: LineReader, wordings: Wordings, windows: Sequence[Window]
) -> LineLog:
    """Turn windows into numbers, each different content once."""
    read = [reader.window(window) for window in windows]
    places: dict[str, int] = {}
    for each in read:
        for key in each.keys:
            places.setdefault(key, len(places))
    contents = [reader.content(key) for key in places] or [reader.content("\x1f\x1f")]
    return LineLog(
        wordings,
        np.stack([content.pieces for content in contents]),
        np.stack([content.numbers for content in contents]),
        [np.array([places[key] for key in each.keys], np.int64) for each in read],
        [each.circumstances for each in read],
    )


def line_reader(recording: Recording) -> tuple[LineReader, Wordings]:
    """Learn what a line's log usually says in its training shift."""
    rows = recording.select("train")
    until_ns = max((row.captured_ns for row in rows), default=0)
    lines = [line for line in recording.log_lines() if line.logged_ns <= until_ns]
    serial = next((row.serial for row in rows if row.serial), None)
    wordings = learn_wordings(lines, serial)
    travel_s = {s.name: s.seconds_to_camera for s in recording.settings.stations}
    return LineReader(wordings, travel_s), wordings


def pair(recording: Recording, rows: Sequence[FrameRow]) -> list[Window]:
    """Give each row its window, as a line with a punctual log would."""
    frames = [frame_of(recording.settings, row) for row in rows]
    return pair_frames(recording.settings, frames, recording.log_lines())


def pair_frames(
    settings: LineSettings, frames: Sequence[Frame], lines: Sequence[LogLine]
) -> list[Window]:
    """Give each frame its window out of lines in order of time."""
    assembler = WindowAssembler(settings, bool(lines))
    windows: dict[int, Window] = {}
    log = iter(lines)
    line = next(log, None)
    for frame in sorted(frames, key=lambda frame: frame.captured_ns):
        while line is not None and line.logged_ns <= frame.captured_ns:
            assembler.add_line(line)
            line = next(log, None)
        assembler.add_frame(frame)
        for window in assembler.flush(0):
            windows[window.frame.frame_id] = window
    return [windows[frame.frame_id] for frame in frames]


def batch(
    log: LineLog, parts: NDArray[np.int64], drop: Sequence[bool] = ()
) -> LogBatch:
    """Lay windows side by side.

    Args:
        log: the line's log.
        parts: places of the parts.
        drop: parts whose log is to be left out, if any.
    """
    counts = [
        0 if drop and drop[at] else len(log.lines[part])
        for at, part in enumerate(parts)
    ]
    wide = max(1, *counts)
    lines = np.zeros((len(parts), wide), np.int64)
    circumstances = np.zeros((len(parts), wide, CIRCUMSTANCES), np.float32)
    present = np.zeros((len(parts), wide), np.float32)
    for at, (part, count) in enumerate(zip(parts, counts, strict=True)):
        lines[at, :count] = log.lines[part][:count]
        circumstances[at, :count] = log.circumstances[part][:count]
        present[at, :count] = 1
    contents, lines = np.unique(lines, return_inverse=True)
    pieces = log.pieces[contents]
    longest = max(1, int((pieces[..., 0] > 0).sum(1).max()))
    return LogBatch(
        torch.from_numpy(pieces[:, :longest]),
        torch.from_numpy(log.numbers[contents, :longest]),
        torch.from_numpy(contents),
        torch.from_numpy(lines.reshape(len(parts), wide)),
        torch.from_numpy(circumstances),
        torch.from_numpy(present),
    )
