"""Charts of the report as SVG that can stand inside a page, drawn by matplotlib.

Log text is hostile input: it is drawn as plain text, never read as mathematics, and
matplotlib escapes it for SVG. Text stays text, in whatever font the reader has.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Curve

LOG, PICTURE, VERDICT = "#31688e", "#b4541f", "#333333"
"""Colours that differ in lightness too, for readers and printers without colour."""
_FONT: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "inspector",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
}
_NO_METADATA: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_WIDTH = 7.3
"""Inches across: what fits on a printed page."""
_FLOW = 1.5
"""Inches of all bands together, where they meet in the verdict."""
_ROW, _GAP, _SIDE_GAP = 0.2, 0.04, 0.12
_AT_BANDS, _AT_SIDE, _AT_VERDICT, _BAR = 3.55, 4.25, 6.2, 0.06
_THINNEST = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Something that weighed on the verdict: its words, and its share, 0 to 1."""

    words: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The log or the picture: what it says, and what its share is made of."""

    words: str
    colour: str
    share: float
    bands: Sequence[Band]


def flow_chart(sides: Sequence[Side], verdict: str) -> str:
    """Draw what flows from log lines and cells to their side, and to the verdict.

    Args:
        sides: their shares add up to 1, and so do those of each one's bands.
        verdict: words at the end.
    """
    height = sum(map(_height, sides)) + _SIDE_GAP * (len(sides) - 1)
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(_WIDTH, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
        _draw_flow(axes, sides, verdict, height)
        return _svg(figure)


def scale_chart(
    scores: Mapping[str, float | None], zones: Sequence[tuple[str, float, float]]
) -> str:
    """Draw scores as dots from 0 to 1, over the zones of the verdicts.

    Args:
        scores: by name, in the order in which they are drawn; `None` is left out.
        zones: name, beginning and end of each zone.
    """
    known = {name: score for name, score in scores.items() if score is not None}
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(_WIDTH, 0.75 + 0.27 * len(known)))
        axes = figure.add_axes((0.14, 0.2, 0.84, 0.62))
        _draw_zones(axes, zones)
        for at, score in enumerate(reversed(known.values())):
            axes.plot([score], [at], "o", color=VERDICT, markersize=6)
            on_left = score > 0.85  # noqa: PLR2004 - room for the figure
            axes.annotate(
                f"{score:.3f}",
                (score, at),
                xytext=(-8 if on_left else 8, 0),
                textcoords="offset points",
                va="center",
                ha="right" if on_left else "left",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
        axes.set_yticks(range(len(known)), list(reversed(known)))
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.7, len(known) - 0.3))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(left=False)
        return _svg(figure)


def stage_chart(stage_ms: Mapping[str, float]) -> str:
    """Draw the time of each stage as a bar, in the order in which they ran."""
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(_WIDTH, 0.35 + 0.25 * len(stage_ms)))
        axes = figure.add_axes((0.24, 0.03, 0.68, 0.94))
        names = list(stage_ms)[::-1]
        bars = axes.barh(names, [stage_ms[name] for name in names], color=LOG)
        axes.bar_label(bars, fmt="%.2f", padding=3)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(bottom=False, labelbottom=False)
        axes.margins(x=0.12)
        return _svg(figure)


def _draw_zones(axes: Axes, zones: Sequence[tuple[str, float, float]]) -> None:
    top = axes.get_xaxis_transform()
    for zone, begin, end in zones:
        if end <= begin:
            continue
        if begin > 0:
            axes.axvline(begin, color="#777777", linestyle="--", linewidth=1)
        wide = end - begin > 0.1  # noqa: PLR2004 - room for the word
        where = (begin + min(end, 1.0)) / 2
        if wide:
            axes.text(where, 1.06, zone, transform=top, ha="center", color="#555555")


def _row(side: Side, band: Band) -> float:
    """Inches that a band takes on the left: room for its words, or for its width."""
    return max(_ROW, band.share * side.share * _FLOW + _GAP)


def _height(side: Side) -> float:
    return sum(_row(side, band) for band in side.bands)


def _draw_flow(axes: Axes, sides: Sequence[Side], verdict: str, height: float) -> None:
    top, end = 0.0, (height - _FLOW) / 2
    for side in sides:
        width = side.share * _FLOW
        middle = top + (_height(side) - width) / 2
        _draw_bands(axes, side, top, middle)
        _bar(axes, _AT_SIDE, middle, width, side.colour)
        _label(axes, _AT_SIDE + 0.13, middle + width / 2, side.words, ha="left")
        begin, last = (_AT_SIDE + _BAR, middle), (_AT_VERDICT, end)
        _band(axes, begin, last, width, side.colour)
        _bar(axes, _AT_VERDICT, end, width, side.colour)
        top, end = top + _height(side) + _SIDE_GAP, end + width
    _label(axes, _AT_VERDICT + 0.15, height / 2, verdict, ha="left", weight="bold")


def _draw_bands(axes: Axes, side: Side, top: float, middle: float) -> None:
    for band in side.bands:
        width = band.share * side.share * _FLOW
        begin = top + (_row(side, band) - width) / 2
        _label(axes, _AT_BANDS - 0.07, begin + width / 2, band.words, ha="right")
        shown = max(width, _THINNEST)
        _band(axes, (_AT_BANDS, begin), (_AT_SIDE, middle), shown, side.colour)
        top, middle = top + _row(side, band), middle + width


def _band(
    axes: Axes,
    begin: tuple[float, float],
    end: tuple[float, float],
    width: float,
    colour: str,
) -> None:
    """Draw a band that leaves and arrives level."""
    (x0, y0), (x1, y1) = begin, end
    half = (x0 + x1) / 2
    points = [
        (x0, y0), (half, y0), (half, y1), (x1, y1),
        (x1, y1 + width), (half, y1 + width), (half, y0 + width), (x0, y0 + width),
        (x0, y0),
    ]  # fmt: skip
    codes = [
        Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4,
        Curve.LINETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4,
        Curve.CLOSEPOLY,
    ]  # fmt: skip
    axes.add_patch(PathPatch(Curve(points, codes), color=colour, alpha=0.4, lw=0))


def _bar(axes: Axes, x: float, y: float, height: float, colour: str) -> None:
    axes.add_patch(Rectangle((x, y), _BAR, height, color=colour, lw=0))


def _label(
    axes: Axes, x: float, y: float, words: str, *, ha: str, weight: str = "normal"
) -> None:
    axes.text(x, y, words, ha=ha, va="center", fontweight=weight)


def _svg(figure: Figure) -> str:
    """Give the `<svg>` element alone, which needs no file and no network."""
    written = io.BytesIO()
    with warnings.catch_warnings():
        # The reader's font draws the text, not the one that matplotlib measures with.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(written, format="svg", metadata=_NO_METADATA)
    text = written.getvalue().decode()
    return text[text.index("<svg") :]
