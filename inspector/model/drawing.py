"""Pictures for people: the heatmap over a part, and a sheet for each rejected part.

Text is drawn with the Unicode font that OpenCV 5 brings along, so that Chinese log text
is readable on a machine without any font; what the font lacks shows as `?`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from inspector.errors import PictureError
from inspector.evidence import Evidence, line_weights
from inspector.logtext import format_utc_ns
from inspector.model.pictures import decode, encode_png
from inspector.types import FloatArray, Frame, LogLine, Pixels, Verdict

HEAVIEST = 3
"""Log lines on a rejected part's sheet: those that weighed most."""
_SHEET_WIDTH = 820
_MARGIN = 20
_PICTURE_SIDE = 380
_LINE_HEIGHT = 30
_STRONGEST_TINT = 0.6
"""How far the hottest cell hides the picture beneath it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Ink:
    """How words are written: colour, height in pixels, and boldness."""

    colour: tuple[int, int, int]
    size: int
    weight: int = 400


_TEXT = _Ink((25, 25, 25), 18)
_FAINT = _Ink((105, 105, 105), 18)
_TITLE = _Ink((25, 25, 25), 22)
_DECISION = _Ink((176, 22, 22), 30, 700)


def as_rgb(pixels: Pixels) -> Pixels:
    """Give `[height, width]` or `[height, width, 1 or 3]` pixels three channels."""
    shaped = pixels.reshape(*pixels.shape[:2], -1)
    return np.array(np.broadcast_to(shaped, (*shaped.shape[:2], 3)))


def heat_over(pixels: Pixels, defect_map: FloatArray) -> Pixels:
    """Lay a defect map over its picture: the hotter, the redder and the denser.

    Colours run from nothing at 0 to the hottest cell of this very map, so that a faint
    region can be seen too; whoever shows it must name that cell's value.

    Args:
        pixels: `[height, width]` or `[height, width, 3]`.
        defect_map: `[rows, columns]` finite.

    Returns:
        `[height, width, 3]`.
    """
    height, width = pixels.shape[:2]
    hottest = max(float(defect_map.max()), 1e-6)
    scaled = (defect_map / hottest).astype(np.float32)
    smooth = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_CUBIC)
    heat = smooth.clip(0, 1)
    levels = np.rint(heat * 255).astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_TURBO)[:, :, ::-1]
    tint = (_STRONGEST_TINT * heat)[:, :, None]
    blended: Pixels = (as_rgb(pixels) * (1 - tint) + colours * tint).astype(np.uint8)
    return blended


def draw_rejected(verdict: Verdict, evidence: Evidence) -> bytes:
    """Draw a rejected part: picture, heatmap, and the log lines that weighed most.

    Returns:
        A PNG file.

    Raises:
        PictureError: the part's picture cannot be decoded.
    """
    pixels = _pixels(evidence.window.frame)
    defect_map = None if evidence.scores is None else evidence.scores.defect_map
    sheet = _Sheet()
    sheet.heading(f"{verdict.decision}", _title(verdict))
    for words in _facts(verdict):
        sheet.text(words, _FAINT)
    sheet.pictures(_shown(pixels, defect_map))
    sheet.text(_map_caption(defect_map), _FAINT)
    for words in _heaviest(evidence):
        sheet.text(words)
    return encode_png(sheet.finish())


def heaviest_lines(
    lines: Sequence[LogLine], weights: Sequence[float | None], count: int = HEAVIEST
) -> list[tuple[LogLine, float | None]]:
    """Give the lines that weighed most, the heaviest first.

    Without weights they are the latest ones: nobody may take them for the decisive
    ones, so their weight is `None`.
    """
    both = list(zip(lines, weights, strict=True))
    if any(weight is not None for _, weight in both):
        both.sort(key=lambda each: each[1] or 0.0, reverse=True)
    else:
        both.reverse()
    return both[:count]


class _Sheet:
    """Rows of text and pictures, from the top down."""

    def __init__(self) -> None:
        self._rows: list[Pixels] = [_blank(_MARGIN // 2)]

    def heading(self, decision: str, title: str) -> None:
        row = _blank(_DECISION.size + _MARGIN)
        at = _write(row, decision, (_MARGIN, _DECISION.size), _DECISION)
        _write(row, title, (at + _MARGIN, _DECISION.size), _TITLE)
        self._rows.append(row)

    def text(self, words: str, ink: _Ink = _TEXT) -> None:
        row = _blank(_LINE_HEIGHT)
        _write(row, words, (_MARGIN, _LINE_HEIGHT - 9), ink)
        self._rows.append(row)

    def pictures(self, pictures: Sequence[Pixels]) -> None:
        row = _blank(max(each.shape[0] for each in pictures) + _MARGIN)
        left = _MARGIN
        for each in pictures:
            height, width = each.shape[:2]
            row[_MARGIN // 2 : _MARGIN // 2 + height, left : left + width] = each
            left += _PICTURE_SIDE + _MARGIN
        self._rows.append(row)

    def finish(self) -> Pixels:
        return np.concatenate([*self._rows, _blank(_MARGIN // 2)])


def _blank(height: int) -> Pixels:
    return np.full((height, _SHEET_WIDTH, 3), 255, np.uint8)


def _write(row: Pixels, words: str, at: tuple[int, int], ink: _Ink) -> int:
    """Write words with their base line at a point; gives where they end."""
    shown = _cut(words, row.shape[1] - at[0] - _MARGIN, ink)
    cv2.putText(row, shown, at, ink.colour, _font(), ink.size, ink.weight)
    return at[0] + _width(shown, ink)


def _cut(words: str, room: int, ink: _Ink) -> str:
    """Cut words to the room there is, and make every sign one that can be drawn."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in words[:300])
    if _width(shown, ink) <= room:
        return shown
    fits, too_many = 0, len(shown)
    while too_many - fits > 1:
        half = (fits + too_many) // 2
        enough = _width(shown[:half] + "...", ink) <= room
        fits, too_many = (half, too_many) if enough else (fits, half)
    return shown[:fits] + "..."


def _width(words: str, ink: _Ink) -> int:
    box = cv2.getTextSize((0, 0), words, (0, 0), _font(), ink.size, ink.weight)
    return int(box[0] + box[2])


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("uni")


def _pixels(frame: Frame) -> Pixels:
    if frame.pixels is not None:
        return frame.pixels
    if frame.encoded is None:
        message = f"part {frame.frame_id} has no picture"
        raise PictureError(message)
    return decode(frame.encoded)


def _shown(pixels: Pixels, defect_map: FloatArray | None) -> list[Pixels]:
    plain = _fitted(as_rgb(pixels))
    if defect_map is None or not np.isfinite(defect_map).all():
        return [plain]
    return [plain, heat_over(plain, defect_map)]


def _fitted(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = _PICTURE_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=how).astype(np.uint8)


def _title(verdict: Verdict) -> str:
    score = "no score" if verdict.score is None else f"score {verdict.score:.3f}"
    simulated = "  IS SIMULATED" if verdict.is_simulated else ""
    return f"{verdict.serial or 'no serial'}  {score}{simulated}"


def _facts(verdict: Verdict) -> list[str]:
    when = format_utc_ns(verdict.captured_ns)
    return [
        f"line {verdict.line}, {verdict.camera}, frame {verdict.frame_id}, {when}",
        f"{verdict.reason}; route {verdict.route}, branch {verdict.branch.version} "
        f"{verdict.branch.sha256[:12]}, trunk {verdict.trunk.sha256[:12]}",
    ]


def _map_caption(defect_map: FloatArray | None) -> str:
    if defect_map is None or not np.isfinite(defect_map).all():
        return "The picture was not looked at, or not with success: no defect map."
    return f"Right: defect map over the picture, hottest cell {defect_map.max():.3f}."


def _heaviest(evidence: Evidence) -> list[str]:
    lines = evidence.window.log_lines
    weights = line_weights(evidence.window, evidence.scores)
    if not lines:
        return ["No log lines."]
    known = any(weight is not None for weight in weights)
    title = "weighed most" if known else "latest (the log was not weighed)"
    chosen = heaviest_lines(lines, weights)
    return [f"Log lines, {title}:", *(_line(*each) for each in chosen)]


def _line(line: LogLine, weight: float | None) -> str:
    shown = "" if weight is None else f"{weight:.0%}  "
    when = format_utc_ns(line.logged_ns)[11:23]
    return f"{shown}{when}  {line.station}  {line.level}  {line.text}"
