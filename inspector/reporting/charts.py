"""The charts of an evaluation, each as one piece of SVG that stands in a page.

Every chart says what its axes are, how many parts it shows, and what would be good.
Colours are told apart by the colour-blind (Okabe & Ito 2008), and never alone: shapes
and words go with them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from inspector.evaluation import Evaluation
from inspector.measures.coverage import WANTED_ACCURACY
from inspector.measures.estimates import Bools, Counts, Numbers, Rate, draw_parts
from inspector.measures.groups import Group
from inspector.measures.ranking import Curve, precision_recall_curve, roc_curve
from inspector.reporting.sections import METHOD_WORDS
from inspector.types import Decision, Route
from inspector.yardsticks import CONTROLS

INK, GREY, PALE = "#222222", "#777777", "#dddddd"
BLUE, VERMILION, GREEN, SKY = "#0072b2", "#d55e00", "#009e73", "#56b4e9"
_WIDTH = 5.6
"""Inches of every chart, so that their letters are of one size in the page."""
_BAND_DRAWS = 500
_CURVES = (("fused", BLUE, "-"), ("image", GREEN, "--"), ("log", VERMILION, ":"))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with the words around it."""

    title: str
    good: str
    """What one wants to see, and what is drawn."""
    svg: str


def charts_of(found: Evaluation) -> list[Chart]:
    """Draw every chart that this evaluation has figures for."""
    charts = [
        _methods(found),
        _scores(found),
        _roc(found),
        _precision_recall(found),
        _decisions(found),
        _reliability(found),
    ]
    if found.kinds is not None:
        charts.append(_kinds(found))
    if found.coverage is not None:
        charts.append(_coverage(found))
    groups = found.modules.groups
    if len(found.days) > 1:
        charts.append(_groups("By day", found.days, "days of capture"))
    if groups:
        charts.append(_groups("By module", groups, found.modules.source))
    return charts


def _drawn(name: str, size: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """Draw on a figure of so many inches, and give its SVG without the XML header."""
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]


def _methods(found: Evaluation) -> Chart:
    names = list(found.methods)[::-1]

    def draw(axes: Axes) -> None:
        picture = found.methods["image"].auroc.value
        axes.axvline(picture, color=GREEN, linestyle="--", linewidth=1)
        for at, name in enumerate(names):
            each, colour = found.methods[name].auroc, _method_colour(name)
            axes.plot([each.low, each.high], [at, at], color=colour, linewidth=2)
            axes.plot(each.value, at, "o", color=colour)
            axes.annotate(
                f"{each.value:.3f}",
                (1.01, at),
                xycoords=("axes fraction", "data"),
                va="center",
                color=colour,
            )
        axes.set_yticks(range(len(names)), [METHOD_WORDS[name] for name in names])
        axes.set_ylim(-0.5, len(names) - 0.2)
        axes.set_xlabel("area under the ROC curve, 95 % interval")

    return Chart(
        title="Does fusion pay?",
        good="Good: fused (blue) lies to the right of all others, and no control left "
        f"of the dashed line, the picture alone. {_parts(found)}",
        svg=_drawn("methods", (_WIDTH, 4.4), draw),
    )


def _method_colour(name: str) -> str:
    if name == "fused":
        return BLUE
    return VERMILION if name in CONTROLS else GREY


def _scores(found: Evaluation) -> Chart:
    rows = _rows_by_label_and_route(found)

    def draw(axes: Axes) -> None:
        rng = np.random.default_rng(0)
        rules = found.rules
        axes.axvspan(0, rules.pass_below, color=SKY, alpha=0.12, linewidth=0)
        axes.axvspan(rules.reject_at, 1, color=VERMILION, alpha=0.10, linewidth=0)
        for at, (_, is_bad, scores) in enumerate(rows):
            spread = at + rng.uniform(-0.3, 0.3, len(scores))
            colour, marker = (VERMILION, "x") if is_bad else (BLUE, "o")
            axes.plot(scores, spread, marker, color=colour, alpha=0.5, markersize=3.5)
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlim(-0.01, 1.01)
        axes.set_xlabel("fused score (probability that the part is bad)")
        for x, words in ((0, "PASS"), (1, "REJECT")):
            axes.annotate(
                words,
                (x, 1),
                xycoords=("data", "axes fraction"),
                ha="left" if x == 0 else "right",
                va="top",
                color=GREY,
                fontsize=8,
            )

    height = 1.2 + 0.75 * len(rows)
    return Chart(
        title="Scores by label and route",
        good="Good: blue dots (good parts) at the left, crosses (bad parts) at the "
        "right, few in the white zone between, which a person looks at. "
        f"{_parts(found)}",
        svg=_drawn("scores", (_WIDTH, height), draw),
    )


def _rows_by_label_and_route(found: Evaluation) -> list[tuple[str, bool, Numbers]]:
    rows = []
    routes = np.array([each.route.value for each in found.found.fused])
    for route in Route:
        for is_bad in (False, True):
            among = (routes == route.value) & (found.found.bad == is_bad)
            if among.any():
                label = "bad" if is_bad else "good"
                name = f"{label}, {route.value}\nn = {int(among.sum())}"
                rows.append((name, is_bad, found.fused[among]))
    return rows


def _roc(found: Evaluation) -> Chart:
    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=1)
        _banded_curves(axes, found, roc_curve)
        axes.set_xlabel("good parts called bad (share)")
        axes.set_ylabel("bad parts found (share)")
        axes.legend(loc="lower right")

    return Chart(
        title="ROC",
        good="Good: the curve hugs the upper left corner. Bands hold 95 % of "
        f"{_BAND_DRAWS} bootstrap draws. {_parts(found)}",
        svg=_drawn("roc", (_WIDTH, 4.4), draw),
    )


def _precision_recall(found: Evaluation) -> Chart:
    def draw(axes: Axes) -> None:
        axes.axhline(found.found.bad.mean(), color=PALE, linewidth=1)
        _banded_curves(axes, found, precision_recall_curve)
        axes.set_xlabel("bad parts found (share)")
        axes.set_ylabel("bad among those called bad (share)")
        axes.set_ylim(0, 1.02)
        axes.legend(loc="lower left")

    return Chart(
        title="Precision and recall",
        good="Good: the curve stays at the top as far to the right as it can. The pale "
        f"line is guessing. {_parts(found)}",
        svg=_drawn("precision", (_WIDTH, 4.4), draw),
    )


def _banded_curves(
    axes: Axes, found: Evaluation, curve: Callable[[Numbers, Bools, Counts], Curve]
) -> None:
    bad = found.found.bad
    counts = draw_parts(bad, _BAND_DRAWS)
    known = found.found.by_method()
    for name, colour, dashes in _CURVES:
        each = curve(known[name], bad, counts)
        axes.fill_between(
            each.x, each.low, each.high, color=colour, alpha=0.15, linewidth=0
        )
        axes.plot(
            each.x, each.y, color=colour, linestyle=dashes, label=METHOD_WORDS[name]
        )


def _decisions(found: Evaluation) -> Chart:
    bad = found.found.bad
    names = list(found.decisions)
    verdicts = np.array([each.value for each in found.verdicts])
    cells = np.array(
        [[(verdicts[among] == name).sum() for name in names] for among in (~bad, bad)]
    )
    return Chart(
        title="Decisions",
        good="Good: good parts pass and bad ones are rejected; bad parts that PASS are "
        f"escapes. Numbers are parts. {_parts(found)}",
        svg=_drawn(
            "decisions",
            (_WIDTH, 2.6),
            lambda axes: _matrix(axes, cells, ["good", "bad"], names),
        ),
    )


def _kinds(found: Evaluation) -> Chart:
    kinds = found.kinds
    if kinds is None:
        message = "the line has one kind of defect"
        raise ValueError(message)
    columns = [*kinds.classes, "not said"]
    return Chart(
        title="Confusion of kinds",
        good="Good: all parts on the diagonal. True class down, predicted across; "
        f"shade is the share of the true class, numbers are parts. {_parts(found)}",
        svg=_drawn(
            "kinds",
            (_WIDTH, 1.4 + 0.5 * len(columns)),
            lambda axes: _matrix(axes, kinds.confusion, kinds.classes, columns),
        ),
    )


def _matrix(
    axes: Axes, cells: NDArray[Any], rows: Sequence[str], columns: Sequence[str]
) -> None:
    shares = cells / np.maximum(cells.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), parts in np.ndenumerate(cells):
        dark = shares[row, column] > 0.5  # noqa: PLR2004 - white reads from there
        colour = "white" if dark else INK
        axes.text(column, row, f"{parts}", ha="center", va="center", color=colour)
    axes.set_xticks(
        range(len(columns)), columns, rotation=30 if len(columns) > len(Decision) else 0
    )
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylabel("what the part was")


def _reliability(found: Evaluation) -> Chart:
    bins = found.calibration.bins

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        for each in bins:
            _upright(axes, each.mean_score, each.bad, ("o", BLUE))
        axes.set_xlabel("mean score of a bin")
        axes.set_ylabel("share of bad parts in it")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)

    ece = found.calibration.ece.value
    chance = found.calibration.by_chance.value
    return Chart(
        title="Reliability",
        good="Good: dots on the dashed line. Calibration error "
        f"{ece:.3f}; perfect scores would show {chance:.3f} on as many parts. "
        f"{len(bins)} bins of about {found.parts // max(len(bins), 1)} parts, 95 % "
        "intervals.",
        svg=_drawn("reliability", (_WIDTH, 4.4), draw),
    )


def _coverage(found: Evaluation) -> Chart:
    curve = [] if found.coverage is None else list(found.coverage.values())
    wanted = WANTED_ACCURACY

    def draw(axes: Axes) -> None:
        axes.axhline(wanted, color=GREY, linewidth=1, linestyle="--")
        # The one that was asked for goes last, on top of any that fell together.
        for point in sorted(curve, key=lambda each: each.wanted_accuracy == wanted):
            is_wanted = point.wanted_accuracy == wanted
            look = ("D", VERMILION) if is_wanted else ("o", BLUE)
            coverage = point.on_shift.coverage.value or 0.0
            _upright(axes, coverage, point.on_shift.accuracy, look)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(top=1.005)
        axes.set_xlabel("parts decided without a person (share)")
        axes.set_ylabel("of them decided rightly (share)")

    return Chart(
        title="Coverage against accuracy",
        good="Good: far to the right and above the dashed line, 99.2 %. Each dot is a "
        "pair of thresholds chosen on val; the diamond is the one chosen for 99.2 %. "
        f"{_parts(found)}",
        svg=_drawn("coverage", (_WIDTH, 4.4), draw),
    )


def _upright(axes: Axes, x: float, rate: Rate, look: tuple[str, str]) -> None:
    """Draw a share with its interval; nothing of nothing."""
    if rate.value is None or rate.interval is None:
        return
    marker, colour = look
    axes.plot([x, x], list(rate.interval), color=colour, linewidth=1)
    axes.plot(x, rate.value, marker, color=colour)


def _groups(title: str, groups: Sequence[Group], source: str) -> Chart:
    rows = list(groups)[::-1]

    def draw(axes: Axes) -> None:
        for at, group in enumerate(rows):
            if group.auroc is not None:
                each = group.auroc
                axes.plot([each.low, each.high], [at, at], color=BLUE, linewidth=2)
                axes.plot(each.value, at, "o", color=BLUE)
        names = [f"{each.name} ({each.good} good, {each.bad} bad)" for each in rows]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlim(right=1.01)
        axes.set_xlabel("AUROC of the fused score, 95 % interval")

    return Chart(
        title=title,
        good=f"Good: all far to the right, none much worse than the rest; {source}. A "
        "group without good or without bad parts has no dot.",
        svg=_drawn(title, (_WIDTH, 1.2 + 0.34 * len(rows)), draw),
    )


def _parts(found: Evaluation) -> str:
    bad = int(found.found.bad.sum())
    return f"n = {found.parts} ({found.parts - bad} good, {bad} bad)."
