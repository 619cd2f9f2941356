"""An evaluation as sections: each a few tables and what to read from them."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.evaluation import Evaluation
from inspector.measures.calibration import BINS, CalibrationFigures
from inspector.measures.coverage import WANTED_ACCURACY, CoveragePoint
from inspector.measures.groups import Group
from inspector.measures.kinds import NOT_SAID, KindFigures
from inspector.measures.maps import MOST_FALSE, MapFigures
from inspector.reporting.tables import (
    Section,
    Sheet,
    counted,
    interval,
    share,
    sheet,
)
from inspector.yardsticks import CONTROLS

METHOD_WORDS = {
    "fused": "fused (under routing)",
    "always_both": "fused, no short cuts",
    "image": "picture alone",
    "log": "log alone",
    "and": "AND (lower score)",
    "or": "OR (higher score)",
    "late_fusion": "logistic late fusion",
    "shuffled_log": "control: another part's log",
    "disguised_log": "control: the same, disguised",
    "no_log": "control: no log",
    "late_log": "control: log too late",
}


def sections_of(found: Evaluation) -> list[Section]:
    """Give every section that this evaluation has figures for."""
    every = [
        methods_section(found),
        decisions_section(found),
        kinds_section(found.kinds),
        maps_section(found.maps),
        coverage_section(found.coverage, found.split),
        calibration_section(found.calibration),
        groups_section(found),
    ]
    return [section for section in every if section is not None]


def methods_section(found: Evaluation) -> Section:
    """Compare the fused score with its yardsticks and controls."""
    areas = [
        (
            METHOD_WORDS[name],
            interval(each.auroc),
            interval(each.behind, "+"),
            interval(each.beyond_picture, "+") if name in CONTROLS else "",
        )
        for name, each in found.methods.items()
    ]
    others = [
        (
            METHOD_WORDS[name],
            interval(each.average_precision),
            interval(each.balanced_accuracy),
        )
        for name, each in found.methods.items()
    ]
    title = f"Line {found.line}, shift {found.split}: {_parts(found)}"
    columns = "AUROC", "fused minus this", "this minus picture"
    return Section(
        title="Fusion against its yardsticks and controls",
        sheets=(
            sheet(title, ("method", *columns), areas),
            sheet("", ("method", "average precision", "balanced accuracy"), others),
        ),
        notes=(
            "95 % bootstrap intervals over parts; differences are paired. Thresholds "
            "for balanced accuracy and the weights of late fusion come from `val`.",
        ),
    )


def decisions_section(found: Evaluation) -> Section:
    """Say what was decided, how and how fast."""
    rates = [
        ("escapes: bad parts that passed", found.escapes),
        ("false rejects: good parts rejected", found.false_rejects),
        ("left to a person (REVIEW)", found.reviews),
    ]
    counts = [(name, f"{parts}") for name, parts in found.decisions.items()]
    counts += [(f"route {name}", f"{parts}") for name, parts in found.routes.items()]
    counts += [(f"look {name}", f"{parts}") for name, parts in found.looks.items()]
    rules, times = found.rules, found.latency_ms
    return Section(
        title="Decisions",
        sheets=(
            sheet(
                "",
                ("what", "share", "parts"),
                [(name, share(rate), counted(rate)) for name, rate in rates],
            ),
            sheet("", ("decision, route, look", "parts"), counts),
        ),
        notes=(
            f"PASS below {rules.pass_below:.3f}, REJECT at {rules.reject_at:.3f}, "
            f"found on `val` for an escape rate of {rules.wanted_escape_rate:g}. "
            "Shares have 95 % score intervals (Wilson).",
            f"bytes to score: p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f} ms",
        ),
    )


def kinds_section(kinds: KindFigures | None) -> Section | None:
    """Say how well kinds of defect are told apart."""
    if kinds is None:
        return None
    predicted = [*kinds.classes, NOT_SAID]
    rows = [
        (name, *(f"{cell}" for cell in row), f"{kinds.f1[name]:.3f}")
        for name, row in zip(kinds.classes, kinds.confusion, strict=True)
    ]
    return Section(
        title="Kinds of defect",
        sheets=(
            sheet(
                "True class down, predicted across", ("parts", *predicted, "F1"), rows
            ),
        ),
        notes=(
            f"Macro-F1 {interval(kinds.macro_f1)}: mean F1 over {len(kinds.classes)} "
            f"classes; good below a score of {kinds.threshold:.3f}, best on `val`.",
        ),
    )


def maps_section(maps: MapFigures | None) -> Section | None:
    """Say how well defect maps show where the defect is."""
    if maps is None:
        return None
    rows = [
        ("pixel AUROC", interval(maps.pixel_auroc)),
        (f"AUPRO, to a false positive rate of {MOST_FALSE:g}", interval(maps.aupro)),
    ]
    return Section(
        title="Defect maps",
        sheets=(sheet("", ("figure", "value"), rows),),
        notes=(
            f"{maps.pictures} pictures, {maps.regions} defect regions, the map "
            "stretched to the picture; bootstrap over pictures. Defined as by Bergmann "
            "et al. 2021.",
        ),
    )


def coverage_section(
    curve: dict[float, CoveragePoint] | None, split: str
) -> Section | None:
    """Say how many parts are decided without a person at a wanted accuracy."""
    if curve is None:
        return None
    columns = ("wanted", "coverage", "parts", "accuracy", "right", "on `val`")
    rows = [_coverage_row(point) for point in curve.values()]
    wanted = curve[WANTED_ACCURACY].on_shift
    return Section(
        title="Coverage: parts decided without a person",
        sheets=(sheet(f"Shift {split}", columns, rows),),
        notes=(
            f"Wanted {WANTED_ACCURACY:.1%} accuracy: {share(wanted.coverage)} decided, "
            f"{share(wanted.accuracy)} of them rightly. Thresholds were chosen on "
            "`val` to decide the most parts at that accuracy there; that is no promise "
            "for another shift.",
        ),
    )


def _coverage_row(point: CoveragePoint) -> tuple[str, ...]:
    on_shift, on_val = point.on_shift, point.on_val
    return (
        f"{point.wanted_accuracy:.1%}",
        share(on_shift.coverage),
        counted(on_shift.coverage),
        share(on_shift.accuracy),
        counted(on_shift.accuracy),
        f"{counted(on_val.coverage)}, right {counted(on_val.accuracy)}",
    )


def calibration_section(found: CalibrationFigures) -> Section:
    """Say whether a score is a probability."""
    rows = [
        ("expected calibration error", interval(found.ece)),
        ("  of perfect scores on as many parts", interval(found.by_chance)),
        ("Brier score", interval(found.brier)),
        ("  of the share of bad parts, always", f"{found.brier_of_base_rate:.3f}"),
    ]
    bins = [
        (f"{each.mean_score:.3f}", share(each.bad), counted(each.bad))
        for each in found.bins
    ]
    return Section(
        title="Calibration",
        sheets=(
            sheet("", ("figure", "value"), rows),
            sheet("Reliability", ("mean score", "share of bad parts", "parts"), bins),
        ),
        notes=(
            f"{BINS} bins of equally many parts (Naeini et al. 2015, Nixon et al. "
            "2019). On few parts the estimate is too high; its interval, too, lies "
            "high.",
        ),
    )


def groups_section(found: Evaluation) -> Section:
    """Say how each day and each module fared."""
    sheets = [_groups_sheet("By day", found.days)]
    if found.modules.groups:
        sheets.append(_groups_sheet("By module", found.modules.groups))
    return Section(
        title="By day and by module",
        sheets=tuple(sheets),
        notes=(f"Modules: {found.modules.source}.",),
    )


def _groups_sheet(title: str, groups: Sequence[Group]) -> Sheet:
    columns = ("group", "good", "bad", "AUROC", "escapes", "false rejects", "reviews")
    rows = [
        (
            group.name,
            f"{group.good}",
            f"{group.bad}",
            interval(group.auroc),
            counted(group.escapes),
            counted(group.false_rejects),
            counted(group.reviews),
        )
        for group in groups
    ]
    return sheet(title, columns, rows)


def _parts(found: Evaluation) -> str:
    bad = int(found.found.bad.sum())
    return f"{found.parts} parts, {bad} bad"
