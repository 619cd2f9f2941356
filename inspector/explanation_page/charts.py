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
_GAP = 0.012
_THINNEST = 0.004


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
    bands = sum(len(side.bands) for side in sides)
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(7.3, max(2.2, 0.36 * bands)))
        axes = _bare(figure)
        axes.set(xlim=(0, 1), ylim=(1, 0))
        _draw_flow(axes, sides, verdict)
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
        figure = Figure(figsize=(7.3, 0.75 + 0.27 * len(known)))
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
            )
        axes.set_yticks(range(len(known)), list(reversed(known)))
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.7, len(known) - 0.3))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(left=False)
        return _svg(figure)


def stage_chart(stage_ms: Mapping[str, float]) -> str:
    """Draw the time of each stage as a bar, in the order in which they ran."""
    with mpl.rc_context(_FONT):
        figure = Figure(figsize=(7.3, 0.35 + 0.25 * len(stage_ms)))
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


def _draw_flow(axes: Axes, sides: Sequence[Side], verdict: str) -> None:
    room = 1 - _GAP * (sum(len(side.bands) for side in sides) + 3 * (len(sides) - 1))
    at, end = 0.0, 0.5 - 0.5 * room * 0.8
    for side in sides:
        # The side's own bar stands in the middle of its bands.
        spread = side.share * room + _GAP * (len(side.bands) - 1)
        middle = at + (spread - side.share * room) / 2
        begin = middle
        for band in side.bands:
            height = max(band.share * side.share * room, _THINNEST)
            _label(axes, 0.545, at + height / 2, band.words, ha="right")
            _band(axes, (0.555, at), (0.72, middle), height, side.colour)
            at, middle = at + height + _GAP, middle + height
        _bar(axes, 0.72, begin, middle - begin, side.colour)
        _label(
            axes,
            0.735,
            begin - 0.02 if spread < 0.05 else (begin + middle) / 2,  # noqa: PLR2004
            side.words,
            ha="left",
        )
        height = (middle - begin) * 0.8
        _band(axes, (0.73, begin), (0.88, end), middle - begin, side.colour, height)
        _bar(axes, 0.88, end, height, side.colour)
        end += height
        at += 3 * _GAP
    _label(axes, 0.9, 0.5, verdict, ha="left", weight="bold")


def _band(
    axes: Axes,
    begin: tuple[float, float],
    end: tuple[float, float],
    height: float,
    colour: str,
    end_height: float | None = None,
) -> None:
    """Draw a band that leaves and arrives level."""
    (x0, y0), (x1, y1) = begin, end
    half = (x0 + x1) / 2
    last = height if end_height is None else end_height
    points = [
        (x0, y0), (half, y0), (half, y1), (x1, y1),
        (x1, y1 + last), (half, y1 + last), (half, y0 + height), (x0, y0 + height),
        (x0, y0),
    ]  # fmt: skip
    codes = [
        Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4,
        Curve.LINETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4,
        Curve.CLOSEPOLY,
    ]  # fmt: skip
    axes.add_patch(PathPatch(Curve(points, codes), color=colour, alpha=0.4, lw=0))


def _bar(axes: Axes, x: float, y: float, height: float, colour: str) -> None:
    axes.add_patch(Rectangle((x, y), 0.01, height, color=colour, lw=0))


def _label(
    axes: Axes, x: float, y: float, words: str, *, ha: str, weight: str = "normal"
) -> None:
    axes.text(x, y, words, ha=ha, va="center", fontweight=weight)


def _bare(figure: Figure) -> Axes:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return axes


def _svg(figure: Figure) -> str:
    """Give the `<svg>` element alone, which needs no file and no network."""
    written = io.BytesIO()
    with warnings.catch_warnings():
        # The reader's font draws the text, not the one that matplotlib measures with.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue().decode()
    return text[text.index("<svg") :]
