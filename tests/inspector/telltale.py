"""A model whose every reason is known: log lines count by what they say, pixels by how
bright they are. What explains it truly can be told without guessing.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from inspector.types import (
    BranchId,
    LogLine,
    Look,
    Pixels,
    Route,
    Sample,
    Scores,
    TrunkId,
)
from tests.builders import BRANCH, TRUNK, a_frame, a_log_line, a_window, some_scores

GRID = (6, 8)
CELL = 10
GREY, BRIGHT = 100, 250


class TelltaleModel:
    """Log-odds: a bias, what each line says (`adds +1.5`), and each bright cell."""

    def __init__(self, bias: float = -4.0, cell: float = 2.0, *, weighs: bool = True):
        self.trunk: TrunkId = TRUNK
        self.branch: BranchId = BRANCH
        self.verified = True
        self._bias, self._cell, self._weighs = bias, cell, weighs
        self.asked = 0

    def score(self, sample: Sample) -> Scores:
        self.asked += 1
        said = np.array([_adds(line) for line in sample.window.log_lines], np.float32)
        cells = _bright_cells(sample.pixels)
        seen = 0.0 if cells is None else self._cell * float(cells.sum())
        total = float(np.abs(said).sum())
        return some_scores(
            score=_probability(self._bias + float(said.sum()) + seen),
            picture_score=None if cells is None else _probability(self._bias + seen),
            log_score=_probability(self._bias + float(said.sum())) if total else None,
            route=Route.PICTURE if cells is not None and not len(said) else Route.BOTH,
            defect_map=None if cells is None else (0.1 + 0.8 * cells).astype("f4"),
            look=Look.NONE if cells is None else Look.FULL,
            line_weights=np.abs(said) / total if self._weighs and total else None,
        )


def lines_adding(*amounts: float) -> tuple[LogLine, ...]:
    return tuple(
        a_log_line(logged_ns=1_772_431_260_000_000_000 + at, text=f"adds {amount:+}")
        for at, amount in enumerate(amounts)
    )


def a_picture(*bright: tuple[int, int]) -> Pixels:
    pixels = np.full((GRID[0] * CELL, GRID[1] * CELL), GREY, np.uint8)
    for row, column in bright:
        pixels[row * CELL :, column * CELL :][:CELL, :CELL] = BRIGHT
    return pixels


def a_sample(pixels: Pixels | None, *amounts: float) -> Sample:
    window = a_window(frame=a_frame(), log_lines=lines_adding(*amounts))
    return Sample(window=window, pixels=pixels)


def with_grey(pixels: Pixels, mask: NDArray[np.bool_]) -> Pixels:
    """Cover a region as good surface would look."""
    return np.where(mask, GREY, pixels).astype(np.uint8)


def _adds(line: LogLine) -> float:
    found = re.search(r"adds ([-+][\d.]+)", line.text)
    return float(found.group(1)) if found else 0.0


def _bright_cells(pixels: Pixels | None) -> NDArray[np.float32] | None:
    if pixels is None:
        return None
    blocks = pixels.reshape(GRID[0], CELL, GRID[1], CELL).mean((1, 3))
    brightness = (blocks - GREY) / (BRIGHT - GREY)
    return np.asarray(brightness.clip(0, 1), np.float32)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
