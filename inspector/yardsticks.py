"""What a fused score must beat, and what it must not be fooled by.

Yardsticks: the picture alone, the log alone, both by AND (the lower score), by OR (the
higher), and by logistic late fusion fitted on the validation shift.

Controls, the same parts with another log:

- `shuffled_log`: the lines of another part, moved to the time of this one. What gives
  them away is that they name another serial, as on a line that pairs wrongly.
- `disguised_log`: the same, but the lines name this part's serial. Nothing gives them
  away, so a model that heeds its log has to lose by them.
- `no_log`: no lines.
- `late_log`: the log is delayed by more than a window reaches back.

A control is judged at the fused score's threshold: the line would not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from inspector.measures.estimates import (
    Bools,
    Counts,
    Estimate,
    Numbers,
    bootstrap,
    draw_parts,
    with_interval,
)
from inspector.measures.ranking import (
    auroc,
    average_precision,
    balanced_accuracy,
    best_threshold,
)
from inspector.model.hybrid import HybridModel
from inspector.shifts import Case, Pictures
from inspector.types import LogContext, LogLine, Sample, Scores, Window

FUSED = "fused"
PICTURE = "image"
CONTROLS = ("shuffled_log", "disguised_log", "no_log", "late_log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the models say of every part of a shift: `[parts]` each.

    fused: under routing. full: without short cuts. took_ms: from the picture file's
    bytes to the fused score. exposure: `[parts, 2]` mean and spread of brightness.
    """

    fused: Sequence[Scores]
    full: Sequence[Scores]
    bad: Bools
    controls: Mapping[str, Numbers] = field(default_factory=dict)
    took_ms: Numbers = field(default_factory=lambda: np.zeros(0))
    exposure: Numbers = field(default_factory=lambda: np.zeros((0, 2)))

    def by_method(self) -> dict[str, Numbers]:
        """Give each method's score, but for late fusion, which has to be fitted."""
        image = _numbers([each.picture_score for each in self.full])
        log = _numbers([each.log_score for each in self.full])
        return {
            FUSED: _numbers([each.score for each in self.fused]),
            "always_both": _numbers([each.score for each in self.full]),
            PICTURE: image,
            "log": log,
            "and": np.minimum(image, log),
            "or": np.maximum(image, log),
            **self.controls,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well one method tells bad parts from good ones.

    balanced_accuracy is at the threshold that was best on the validation shift.
    behind is how far the method is behind the fused score, and beyond_picture how far
    it is above the picture alone, both in area, paired.
    """

    auroc: Estimate
    average_precision: Estimate
    balanced_accuracy: Estimate
    behind: Estimate
    beyond_picture: Estimate


def judge_all(
    cases: Sequence[Case],
    models: tuple[HybridModel, HybridModel],
    pictures: Pictures,
    progress: Callable[[int], None],
    *,
    with_controls: bool = True,
) -> Judged:
    """Score every case once under routing, once in full, and once for each control.

    Args:
        cases: parts of one shift.
        models: with short cuts, and without.
        pictures: of these parts.
        progress: told how many parts were done.
        with_controls: whether to score the controls too.

    Raises:
        RecordingError: a picture cannot be read.
    """
    routed, full = models
    timed = [_timed(case, routed, pictures) for case in cases]
    # Apart from what is timed: another part's log lines would be remembered.
    complete, exposure = [], []
    controls: dict[str, list[float]] = {}
    for at, case in enumerate(cases):
        pixels = pictures.pixels(case.row)
        sample = Sample(window=case.window, pixels=pixels)
        complete.append(full.score(sample))
        exposure.append((pixels.mean(), pixels.std()))
        windows = _controls(cases, at) if with_controls else {}
        for name, window in windows.items():
            scores = routed.score(replace(sample, window=window))
            controls.setdefault(name, []).append(scores.score)
        progress(1)
    return Judged(
        fused=[scores for scores, _ in timed],
        full=complete,
        controls={name: np.array(each) for name, each in controls.items()},
        bad=np.array([case.is_bad for case in cases], bool),
        took_ms=np.array([took_ms for _, took_ms in timed]),
        exposure=np.array(exposure, np.float64).reshape(-1, 2),
    )


def compare(found: Judged, val: Judged | None) -> dict[str, Figures]:
    """Measure every method on a shift; what needs fitting is fitted on `val`.

    Without a validation shift there is no late fusion, and thresholds are one half.
    """
    known = found.by_method()
    thresholds = dict.fromkeys(known, 0.5)
    if val is not None:
        fitted_on = val.by_method()
        fitted = _late_fusion(fitted_on, val.bad)
        known = _before_controls(known, "late_fusion", fitted(known))
        fitted_on["late_fusion"] = fitted(fitted_on)
        thresholds = {
            name: best_threshold(fitted_on[_judged_like(name)], val.bad)
            for name in known
        }
    return _measure(known, found.bad, thresholds)


def _before_controls(
    known: Mapping[str, Numbers], name: str, scores: Numbers
) -> dict[str, Numbers]:
    """Add a method, so that controls go on standing last."""
    methods = {each: known[each] for each in known if each not in CONTROLS}
    return methods | {name: scores} | dict(known)


def _judged_like(name: str) -> str:
    """Name the method at whose threshold a method is judged."""
    return FUSED if name in CONTROLS else name


def _timed(case: Case, model: HybridModel, pictures: Pictures) -> tuple[Scores, float]:
    encoded = pictures.encoded(case.row)
    begun = time.perf_counter()
    pixels = pictures.decoded(case.row, encoded)
    scores = model.score(Sample(window=case.window, pixels=pixels))
    return scores, (time.perf_counter() - begun) * 1000


def _controls(cases: Sequence[Case], at: int) -> dict[str, Window]:
    """Give a part the windows of each control; the other part is far away as a rule."""
    case, other = cases[at], cases[(at + len(cases) // 2) % len(cases)]
    lines = _moved(other.window, case.window.frame.captured_ns)
    serials = other.row.serial, case.row.serial
    return {
        "shuffled_log": replace(case.window, log_lines=lines),
        "disguised_log": replace(
            case.window, log_lines=tuple(_disguised(each, *serials) for each in lines)
        ),
        "no_log": replace(case.window, log_lines=(), log_context=LogContext.MISSING),
        "late_log": case.late_window,
    }


def _moved(window: Window, captured_ns: int) -> tuple[LogLine, ...]:
    """Move lines in time, so that they stand to another capture as to their own."""
    by_ns = captured_ns - window.frame.captured_ns
    return tuple(
        replace(line, logged_ns=line.logged_ns + by_ns) for line in window.log_lines
    )


def _disguised(line: LogLine, theirs: str | None, own: str | None) -> LogLine:
    if theirs is None or own is None:
        return line
    return replace(line, text=line.text.replace(theirs, own))


def _measure(
    known: Mapping[str, Numbers], bad: Bools, thresholds: Mapping[str, float]
) -> dict[str, Figures]:
    counts = draw_parts(bad)
    once = np.ones((1, len(bad)))
    exact = {name: float(auroc(each, bad, once)[0]) for name, each in known.items()}
    areas = {name: auroc(each, bad, counts) for name, each in known.items()}

    def ahead(one: str, other: str) -> Estimate:
        return with_interval(exact[one] - exact[other], areas[one] - areas[other])

    return {
        name: Figures(
            auroc=with_interval(exact[name], areas[name]),
            average_precision=_average_precision(scores, bad, counts),
            balanced_accuracy=_balanced(scores, bad, thresholds[name], counts),
            behind=ahead(FUSED, name),
            beyond_picture=ahead(name, PICTURE),
        )
        for name, scores in known.items()
    }


def _average_precision(scores: Numbers, bad: Bools, counts: Counts) -> Estimate:
    return bootstrap(lambda drawn: average_precision(scores, bad, drawn), counts)


def _balanced(
    scores: Numbers, bad: Bools, threshold: float, counts: Counts
) -> Estimate:
    return bootstrap(
        lambda drawn: balanced_accuracy(scores, bad, drawn, threshold), counts
    )


def _late_fusion(
    val: Mapping[str, Numbers], bad: Bools
) -> Callable[[Mapping[str, Numbers]], Numbers]:
    """Fit a logistic regression of the two modalities' logits."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow

    model = LogisticRegression().fit(_logits(val), bad)
    return lambda known: np.asarray(model.predict_proba(_logits(known))[:, 1])


def _logits(known: Mapping[str, Numbers]) -> NDArray[np.float64]:
    both = np.stack([known[PICTURE], known["log"]], 1).clip(1e-6, 1 - 1e-6)
    return np.asarray(np.log(both / (1 - both)))


def _numbers(scores: Sequence[float | None]) -> Numbers:
    """Know nothing of a part without that modality."""
    return np.array([0.5 if score is None else score for score in scores])
