"""The parts that a model got most wrong, as a person would want to see them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.evaluation import Evaluation
from inspector.recording import Recording
from inspector.shifts import Case, Pictures
from inspector.types import NS_PER_S, FloatArray, LogLine, Pixels, Scores, Window

SIDE = 220
"""Pixels of the longer side of a picture in the page."""
SHOWN = 6
LINES = 3
_HEAT = np.array([213, 94, 0], np.float32)
"""Vermilion, in RGB."""
_OUTLINE = (0, 229, 255)
"""Cyan, which no grey part and no heat has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLine:
    """A log line of a part's window."""

    before_s: float
    """Before the picture was taken."""
    text: str
    weight: float | None
    """Its share of the log's say; `None` if the model does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One part, with what the model saw."""

    frame_id: int
    serial: str
    label: str
    decision: str
    score: float
    picture_score: float | None
    log_score: float | None
    route: str
    plain: str
    """The picture as a data URI."""
    overlaid: str
    """The same with the defect map over it, and the true region outlined."""
    lines: tuple[SaidLine, ...]


def worst_misses(recording: Recording, found: Evaluation) -> list[Example]:
    """Give the bad parts with the lowest scores."""
    return _examples(recording, found, np.flatnonzero(found.found.bad), found.fused)


def worst_false_calls(recording: Recording, found: Evaluation) -> list[Example]:
    """Give the good parts with the highest scores."""
    return _examples(recording, found, np.flatnonzero(~found.found.bad), -found.fused)


def telling_lines(window: Window, weights: FloatArray | None) -> list[SaidLine]:
    """Give the lines that weighed most, or else those nearest to the part.

    Nearest are those that name its serial, then the latest before the picture.
    """
    lines = window.log_lines
    if weights is not None and len(weights) == len(lines):
        order = np.argsort(-weights, kind="stable")[:LINES]
        return [_said(window, lines[at], float(weights[at])) for at in order]
    nearest = sorted(lines, key=lambda line: _distance(window, line))[:LINES]
    return [_said(window, line, None) for line in nearest]


def overlay(pixels: Pixels, heat: FloatArray | None) -> Pixels:
    """Lay a defect map over a picture.

    Args:
        pixels: `[height, width]` or `[height, width, 3]`.
        heat: `[rows, columns]` probabilities, or `None`.

    Returns:
        `[height, width, 3]` RGB.
    """
    coloured: NDArray[np.floating[Any]] = _as_rgb(pixels).astype(np.float32)
    if heat is not None:
        height, width = pixels.shape[:2]
        large = cv2.resize(
            np.asarray(heat, np.float32),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        share = 0.7 * large.clip(0, 1)[:, :, None]
        coloured = coloured * (1 - share) + _HEAT * share
    return coloured.round().astype(np.uint8)


def _examples(
    recording: Recording,
    found: Evaluation,
    among: NDArray[np.int64],
    by: NDArray[np.float64],
) -> list[Example]:
    pictures = Pictures(recording)
    worst = among[np.argsort(by[among], kind="stable")][:SHOWN]
    return [_example(pictures, found, int(at)) for at in worst]


def _example(pictures: Pictures, found: Evaluation, at: int) -> Example:
    case, routed, full = found.cases[at], found.found.fused[at], found.found.full[at]
    pixels = pictures.pixels(case.row)
    small = _small(pixels)
    heat = full.defect_map if routed.defect_map is None else routed.defect_map
    overlaid = overlay(small, heat)
    _outline(overlaid, pictures.mask(case.row, (pixels.shape[0], pixels.shape[1])))
    return Example(
        frame_id=case.row.frame_id,
        serial=case.row.serial or "",
        label=f"{case.row.label}",
        decision=found.verdicts[at].value,
        score=routed.score,
        picture_score=routed.picture_score,
        log_score=routed.log_score,
        route=routed.route.value,
        plain=_uri(_as_rgb(small)),
        overlaid=_uri(overlaid),
        lines=tuple(_lines_of(case, routed)),
    )


def _lines_of(case: Case, scores: Scores) -> Sequence[SaidLine]:
    return telling_lines(case.window, scores.line_weights)


def _said(window: Window, line: LogLine, weight: float | None) -> SaidLine:
    before_ns = window.frame.captured_ns - line.logged_ns
    text = f"{line.station} {line.level} {line.text}"
    return SaidLine(before_s=before_ns / NS_PER_S, text=text, weight=weight)


def _distance(window: Window, line: LogLine) -> tuple[bool, int]:
    serial = window.frame.serial
    names_it = serial is not None and serial in line.text
    return not names_it, window.frame.captured_ns - line.logged_ns


def _small(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def _outline(pixels: Pixels, mask: NDArray[np.bool_]) -> None:
    """Draw the border of a mask into a smaller or larger picture."""
    height, width = pixels.shape[:2]
    fitted = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=0)
    borders, _ = cv2.findContours(fitted, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(pixels, borders, -1, _OUTLINE, 1)


def _as_rgb(pixels: Pixels) -> Pixels:
    grey = pixels if pixels.ndim == 3 else pixels[:, :, None]  # noqa: PLR2004
    return np.ascontiguousarray(np.broadcast_to(grey, (*grey.shape[:2], 3)))


def _uri(pixels: Pixels) -> str:
    """Give a picture as a JPEG inside a data URI: the page asks nobody for it."""
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    text = base64.b64encode(encoded.tobytes()).decode("ascii")
    return f"data:image/jpeg;base64,{text}"
