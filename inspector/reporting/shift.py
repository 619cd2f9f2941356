"""A shift's report: one page as PDF, or every figure as CSV.

matplotlib draws the page as it draws the other reports; a library for PDF alone would
lay it out no better and be one more to keep. Every rate stands with its numerator and
denominator, and what was simulated says so across the page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inspector.errors import InspectorError
from inspector.spc import FEWEST_SUBGROUPS, Chart, ExactRate, ShiftFigures
from inspector.types import Decision

_A4_INCHES = (8.27, 11.69)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GREY, _DARK, _ALERT = "#9aa0a6", "#303438", "#b3261e"
_MOST_BARS = 8
_SIMULATED = "SIMULATED"
Row = tuple[str, str, str, str, str, str]


def shift_rows(figures: ShiftFigures) -> list[Row]:
    """Give every figure as a row: section, name, count, of, value, 95 % interval."""
    rows = [_rate_row("parts", name, rate) for name, rate in _rates(figures)]
    for name, found in _estimates(figures).items():
        if found is not None:
            value, low, high = found
            interval = f"{low:.6f} to {high:.6f}"
            rows.append(("estimate", name, "", "", f"{value:.6f}", interval))
    for section, counts in (
        ("fault", figures.faults),
        ("defect", figures.defects),
        ("route", figures.routes),
        ("look", figures.looks),
        ("branch", figures.branches),
    ):
        rows += [
            (section, name, f"{count}", "", "", "") for name, count in counts.items()
        ]
    for stage, (p50, p99) in figures.latency_ms.items():
        rows.append(("latency ms", f"{stage} p50", "", "", f"{p50:.3f}", ""))
        rows.append(("latency ms", f"{stage} p99", "", "", f"{p99:.3f}", ""))
    return rows + list(_chart_rows(figures.rejects))


def as_csv(figures: ShiftFigures) -> str:
    """Write every figure of a shift as CSV, with what it is of in the first rows."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("section", "name", "count", "of", "value", "interval_95"))
    head = (
        ("line", figures.line),
        ("from", _moment(figures.since_ns)),
        ("to", _moment(figures.until_ns)),
        ("simulated", "yes" if figures.is_simulated else "no"),
    )
    for name, value in head:
        table.writerow(("shift", name, "", "", _plain(value), ""))
    table.writerows(tuple(map(_plain, row)) for row in shift_rows(figures))
    return text.getvalue()


def write_pdf(figures: ShiftFigures, path: Path) -> None:
    """Write a shift's page.

    Raises:
        InspectorError: the file cannot be written.
    """
    with mpl.rc_context({"font.size": 8, "pdf.fonttype": 42}):
        page = _page(figures)
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            page.savefig(unfinished, format="pdf")
            unfinished.replace(path)
        except OSError as error:
            message = f"{path}: cannot be written: {error.strerror}"
            raise InspectorError(message) from error


def _page(figures: ShiftFigures) -> Figure:
    page = Figure(figsize=_A4_INCHES)
    grid = page.add_gridspec(
        4, 2, top=0.9, bottom=0.05, left=0.09, right=0.96, hspace=0.45, wspace=0.3
    )
    span = f"{_moment(figures.since_ns)} to {_moment(figures.until_ns)} UTC"
    page.text(0.09, 0.955, f"Line {figures.line}", fontsize=16, parse_math=False)
    page.text(0.09, 0.932, span, color=_DARK)
    if figures.is_simulated:
        page.text(0.96, 0.955, _SIMULATED, fontsize=16, color=_ALERT, ha="right")
    _write_rates(page.add_subplot(grid[0, :]), figures)
    _draw_chart(page.add_subplot(grid[1, :]), figures.rejects)
    _draw_bars(page.add_subplot(grid[2, 0]), "Defects (Pareto)", figures.defects)
    _draw_bars(page.add_subplot(grid[2, 1]), "Could not be judged", figures.faults)
    _draw_bars(page.add_subplot(grid[3, 0]), "Routes", figures.routes)
    _draw_latency(page.add_subplot(grid[3, 1]), figures)
    return page


def _rates(figures: ShiftFigures) -> Iterator[tuple[str, ExactRate]]:
    found = figures.reviewed
    yield "first-pass yield", figures.share(Decision.PASS)
    yield "rejected", figures.share(Decision.REJECT)
    yield "undecided", figures.share(Decision.REVIEW)
    if figures.coverage is not None:
        yield "coverage: verdicts of triggers", figures.coverage
    yield "reviewed of flagged", found.reviewed
    yield "false calls of reviewed rejects", found.false_share
    yield "bad parts in the blind audit", found.bad_in_audit


def _estimates(
    figures: ShiftFigures,
) -> dict[str, tuple[float, float, float] | None]:
    found = figures.reviewed
    return {
        "overkill: rejected of good parts": found.overkill,
        "escape rate: passed of bad parts": found.escape_rate,
    }


def _rate_row(section: str, name: str, rate: ExactRate) -> Row:
    value, interval = rate.value, rate.interval
    return (
        section,
        name,
        f"{rate.count}",
        f"{rate.of}",
        "" if value is None else f"{value:.6f}",
        "" if interval is None else f"{interval[0]:.6f} to {interval[1]:.6f}",
    )


def _chart_rows(chart: Chart) -> Iterator[Row]:
    for point in chart.points:
        limits = "" if point.low is None else f"{point.low:.6f} to {point.high:.6f}"
        said = "; ".join(filter(None, (point.mark, *point.rules)))
        at = _moment(point.start_ns)
        yield ("p chart of rejects", at, said, "", f"{point.value:.6f}", limits)


def _write_rates(axes: Axes, figures: ShiftFigures) -> None:
    axes.axis("off")
    lines = [f"{name}: {rate}" for name, rate in _rates(figures)]
    for name, found in _estimates(figures).items():
        known = "not known, nothing was reviewed for it"
        if found is not None:
            known = f"{found[0]:.2%} ({found[1]:.2%} to {found[2]:.2%}), estimated"
        lines.append(f"{name}: {known}")
    if figures.seconds_per_part is not None:
        lines.append(f"a person took {figures.seconds_per_part:.1f} s (median)")
    text = "\n".join(lines)
    axes.text(0, 1, text, va="top", linespacing=1.6, fontsize=9, parse_math=False)


def _draw_chart(axes: Axes, chart: Chart) -> None:
    axes.set_title("Share of rejects, p chart with exact limits", loc="left")
    if not chart.points:
        _say_nothing(axes)
        return
    at = np.arange(len(chart.points))
    values = np.array([point.value for point in chart.points])
    axes.plot(at, values, color=_DARK, marker="o", markersize=2.5, linewidth=0.8)
    if chart.centre is not None:
        axes.axhline(chart.centre, color=_GREY, linewidth=0.8)
    if chart.points[0].low is None:
        few = f"no limits before {FEWEST_SUBGROUPS} subgroups"
        axes.text(0.99, 0.95, few, transform=axes.transAxes, ha="right", va="top")
    else:
        for side in ("low", "high"):
            limit = [getattr(point, side) for point in chart.points]
            axes.step(
                at, limit, where="mid", color=_GREY, linestyle="--", linewidth=0.8
            )
    broken = [place for place, point in enumerate(chart.points) if point.rules]
    axes.plot(at[broken], values[broken], "s", color=_ALERT, markersize=5)
    for place, point in enumerate(chart.points):
        if point.mark:
            axes.axvline(place, color=_GREY, linestyle=":")
            axes.text(place, axes.get_ylim()[1], point.mark, rotation=90, va="top")
    _label_times(axes, [point.start_ns for point in chart.points])


def _label_times(axes: Axes, moments_ns: Sequence[int]) -> None:
    every = max(1, len(moments_ns) // 10)
    places = list(range(0, len(moments_ns), every))
    axes.set_xticks(places, [_moment(moments_ns[each])[11:16] for each in places])


def _draw_bars(axes: Axes, title: str, counts: Mapping[str, int]) -> None:
    axes.set_title(title, loc="left")
    named = dict(counts)
    if not named:
        _say_nothing(axes)
        return
    shown = list(named.items())[:_MOST_BARS]
    names, numbers = [name for name, _ in shown], [number for _, number in shown]
    bars = axes.barh(range(len(shown)), numbers, color=_GREY)
    axes.bar_label(bars, padding=2)
    axes.set_yticks(range(len(shown)), names, parse_math=False)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.margins(x=0.15)


def _draw_latency(axes: Axes, figures: ShiftFigures) -> None:
    axes.set_title("Latency by stage, p50 and p99 in ms", loc="left")
    if not figures.latency_ms:
        _say_nothing(axes)
        return
    stages = list(figures.latency_ms)
    at = np.arange(len(stages))
    slow = [figures.latency_ms[each][1] for each in stages]
    usual = [figures.latency_ms[each][0] for each in stages]
    axes.barh(at, slow, color=_GREY, height=0.7)
    axes.barh(at, usual, color=_DARK, height=0.3)
    axes.set_yticks(at, stages, parse_math=False)
    axes.invert_yaxis()


def _say_nothing(axes: Axes) -> None:
    axes.axis("off")
    axes.text(0, 0.5, "none", color=_GREY)


def _moment(moment_ns: int) -> str:
    moment = _EPOCH + timedelta(microseconds=moment_ns // 1000)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _plain(cell: str) -> str:
    """Keep a spreadsheet from taking words for a formula."""
    return f"'{cell}" if cell[:1] in set("=+-@\t\r") else cell
