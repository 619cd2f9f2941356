"""How good a model is on a shift: a recording in, every figure out.

The parts come from `shifts`, their scores from `yardsticks`, the figures one by one
from `measures`; this module asks for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from inspector.deciding import Facts, decide
from inspector.errors import RecordingError
from inspector.measures.calibration import CalibrationFigures, measure_calibration
from inspector.measures.coverage import (
    WANTED_ACCURACY,
    CoveragePoint,
    measure_coverage,
)
from inspector.measures.estimates import Estimate, Numbers, Rate
from inspector.measures.groups import (
    Group,
    measure_groups,
    runs_of_exposure,
    share_of,
)
from inspector.measures.kinds import NOT_SAID, KindFigures, measure_kinds
from inspector.measures.maps import MapFigures, PictureLevels, levels_of, measure_maps
from inspector.measures.ranking import best_threshold
from inspector.model.hybrid import HybridModel
from inspector.recording import FrameRow, Recording
from inspector.settings import DecisionRules
from inspector.shifts import Case, Pictures, cases_of, samples_of
from inspector.types import NS_PER_S, Decision, Look, Problem, Route, Scores
from inspector.yardsticks import FUSED, Figures, Judged, compare, judge_all

__all__ = ["Evaluation", "Modules", "evaluate", "samples_of"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Results by module, and how it is known which part is of which."""

    groups: tuple[Group, ...]
    """Empty where it is not known."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a model does on a shift."""

    line: str
    split: str
    methods: dict[str, Figures]
    """The fused score, its yardsticks and its controls."""
    rules: DecisionRules
    verdicts: tuple[Decision, ...]
    """In order of capture."""
    kinds: KindFigures | None
    """`None` on a line with one defect kind."""
    maps: MapFigures | None
    """`None` without masks."""
    coverage: dict[float, CoveragePoint] | None
    """By wanted accuracy; `None` without a validation shift."""
    calibration: CalibrationFigures
    days: tuple[Group, ...]
    modules: Modules
    found: Judged = field(repr=False)
    """What the models said of every part."""
    val: Judged | None = field(repr=False)
    """The same of the validation shift, without controls; `None` if there is none."""
    cases: tuple[Case, ...] = field(repr=False)

    @property
    def parts(self) -> int:
        """Labelled parts of the shift."""
        return len(self.cases)

    @property
    def fused(self) -> Numbers:
        """`[parts]` scores under routing, in order of capture."""
        return np.array([each.score for each in self.found.fused])

    @property
    def both(self) -> Numbers:
        """`[parts]` scores without short cuts, in order of capture."""
        return np.array([each.score for each in self.found.full])

    @property
    def decisions(self) -> dict[str, int]:
        """How many parts were decided how."""
        return {each.value: self.verdicts.count(each) for each in Decision}

    @property
    def escapes(self) -> Rate:
        """Bad parts that passed, of the bad parts."""
        return share_of(self.verdicts, self.found.bad, Decision.PASS)

    @property
    def false_rejects(self) -> Rate:
        """Good parts rejected, of the good parts."""
        return share_of(self.verdicts, ~self.found.bad, Decision.REJECT)

    @property
    def reviews(self) -> Rate:
        """Parts left to a person, of all parts."""
        everybody = np.ones_like(self.found.bad)
        return share_of(self.verdicts, everybody, Decision.REVIEW)

    @property
    def routes(self) -> dict[str, int]:
        """How many parts took which route."""
        counted = Counter(each.route for each in self.found.fused)
        return {route.value: counted[route] for route in Route if counted[route]}

    @property
    def looks(self) -> dict[str, int]:
        """How many pictures were looked at how closely; empty if models do not say."""
        counted = Counter(each.look for each in self.found.fused)
        if set(counted) == {Look.NONE}:
            return {}
        return {look.value: counted[look] for look in Look if counted[look]}

    @property
    def latency_ms(self) -> dict[str, float]:
        """From the picture file's bytes to the score: p50 and p99."""
        p50, p99 = np.percentile(self.found.took_ms, [50, 99])
        return {"p50": float(p50), "p99": float(p99)}

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "line": self.line,
            "split": self.split,
            "parts": self.parts,
            "bad": int(self.found.bad.sum()),
            **self._methods_as_json(),
            **self._decisions_as_json(),
            "routes": self.routes,
            "looks": self.looks,
            "latency_ms": self.latency_ms,
            "kinds": None if self.kinds is None else self.kinds.as_json(),
            "maps": None if self.maps is None else self.maps.as_json(),
            **self._coverage_as_json(),
            "calibration": self.calibration.as_json(),
            "by_day": [group.as_json() for group in self.days],
            "by_module": [group.as_json() for group in self.modules.groups],
            "modules_known_from": self.modules.source,
        }

    def _methods_as_json(self) -> dict[str, Any]:
        return {
            "auroc": self._each(lambda each: each.auroc),
            "average_precision": self._each(lambda each: each.average_precision),
            "balanced_accuracy": self._each(lambda each: each.balanced_accuracy),
            "fused_minus": self._each(lambda each: each.behind),
            "minus_image": self._each(lambda each: each.beyond_picture),
        }

    def _decisions_as_json(self) -> dict[str, Any]:
        return {
            "decisions": self.decisions,
            "escape_rate": self.escapes.value,
            "false_reject_rate": self.false_rejects.value,
            "review_rate": self.reviews.value,
            "escapes": self.escapes.as_json(),
            "false_rejects": self.false_rejects.as_json(),
            "reviews": self.reviews.as_json(),
            "threshold": self.rules.reject_at,
            "pass_below": self.rules.pass_below,
            "wanted_escape_rate": self.rules.wanted_escape_rate,
        }

    def _coverage_as_json(self) -> dict[str, Any]:
        if self.coverage is None:
            return {"coverage": None, "coverage_curve": []}
        curve = [point.as_json() for point in self.coverage.values()]
        wanted = self.coverage[WANTED_ACCURACY].as_json()
        return {"coverage": wanted, "coverage_curve": curve}

    def _each(self, figure: Callable[[Figures], Estimate]) -> dict[str, Any]:
        return {name: figure(each).as_json() for name, each in self.methods.items()}


def evaluate(
    recording: Recording,
    split: str,
    models: tuple[HybridModel, HybridModel],
    rules: DecisionRules,
    progress: Progress,
) -> Evaluation:
    """Judge the labelled parts of a shift, under routing, and again in full.

    Args:
        recording: a line with labels.
        split: which of its shifts.
        models: the first takes short cuts, and its scores are decided on and timed;
            the second takes none, and gives each modality's opinion of every part.
        rules: where to decide.
        progress: told how many parts were done.

    Raises:
        RecordingError: the shift has no good or no bad labelled parts, or a picture
            cannot be read.
    """
    cases = cases_of(recording, split)
    _check_both(recording, split, cases)
    found = judge_all(cases, models, Pictures(recording), progress)
    val = _validation(recording, models)
    verdicts = tuple(_decide(scores, rules) for scores in found.fused)
    scores = found.by_method()[FUSED]
    days = [_day(case.row) for case in cases]
    return Evaluation(
        line=recording.settings.id,
        split=split,
        methods=compare(found, val),
        rules=rules,
        verdicts=verdicts,
        kinds=_kinds(recording.settings.classes, cases, found, val),
        maps=measure_maps(_levels(recording, cases, found)),
        coverage=_coverage(found, val),
        calibration=measure_calibration(scores, found.bad),
        days=measure_groups(days, scores, found.bad, verdicts),
        modules=_modules(cases, found, verdicts),
        found=found,
        val=val,
        cases=tuple(cases),
    )


def _validation(
    recording: Recording, models: tuple[HybridModel, HybridModel]
) -> Judged | None:
    cases = cases_of(recording, "val")
    if len({case.is_bad for case in cases}) < len((True, False)):
        return None
    pictures = Pictures(recording)
    return judge_all(cases, models, pictures, lambda _: None, with_controls=False)


def _kinds(
    classes: Sequence[str], cases: Sequence[Case], found: Judged, val: Judged | None
) -> KindFigures | None:
    """Tell kinds apart: good below the best threshold on `val`, else what was said."""
    if len(classes) <= len(("good", "bad")):
        return None
    threshold = 0.5
    if val is not None:
        threshold = best_threshold(val.by_method()[FUSED], val.bad)
    said = [_said(scores, threshold, classes) for scores in found.fused]
    truth = [f"{case.row.label}" for case in cases]
    return measure_kinds(classes, truth, said, threshold)


def _said(scores: Scores, threshold: float, classes: Sequence[str]) -> str:
    if scores.score < threshold:
        return classes[0]
    said = scores.defect
    return said if said is not None and said in classes[1:] else NOT_SAID


def _levels(
    recording: Recording, cases: Sequence[Case], found: Judged
) -> Iterator[PictureLevels]:
    """Sort the pixels of each picture, if any of them has a mask."""
    if all(case.row.mask is None for case in cases):
        return
    pictures = Pictures(recording)
    for case, scores in zip(cases, found.full, strict=True):
        if scores.defect_map is not None:
            size = pictures.pixels(case.row).shape[:2]
            yield levels_of(scores.defect_map, pictures.mask(case.row, size))


def _coverage(found: Judged, val: Judged | None) -> dict[float, CoveragePoint] | None:
    if val is None:
        return None
    known, other = found.by_method()[FUSED], val.by_method()[FUSED]
    return measure_coverage((other, val.bad), (known, found.bad))


def _modules(
    cases: Sequence[Case], found: Judged, verdicts: Sequence[Decision]
) -> Modules:
    """Tell modules apart by name, or else by exposure."""
    names, source = _module_names(cases, found.exposure)
    scores = found.by_method()[FUSED]
    groups = measure_groups(names, scores, found.bad, verdicts) if names else ()
    return Modules(groups=groups, source=source)


def _module_names(cases: Sequence[Case], exposure: Numbers) -> tuple[list[str], str]:
    """Name the module of each part, and say whence it is known."""
    if any(case.row.module is not None for case in cases):
        names = [case.row.module or "(not named)" for case in cases]
        return names, "named in the recording or in the table given"
    runs = runs_of_exposure(exposure)
    if runs is None:
        return [], "unknown: not named, and neighbours in the shift are not alike"
    width = len(f"{max(runs) + 1}")
    names = [f"run {run + 1:0{width}d}" for run in runs]
    return names, "inferred from changes of exposure along the shift"


def _day(row: FrameRow) -> str:
    captured = datetime.fromtimestamp(row.captured_ns // NS_PER_S, UTC)
    return captured.date().isoformat()


def _check_both(recording: Recording, split: str, cases: Sequence[Case]) -> None:
    if len({case.is_bad for case in cases}) < len((True, False)):
        what = f"split {split} needs labelled parts, good and bad, to be evaluated on"
        raise RecordingError([Problem.in_file(recording.folder / "frames.csv", what)])


def _decide(scores: Scores, rules: DecisionRules) -> Decision:
    facts = Facts(
        scores=scores, trouble=None, has_picture=True, model_verified=True, age_ms=0.0
    )
    return decide(facts, rules).decision
