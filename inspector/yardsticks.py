"""What a fused score must beat, and what it must not be fooled by.

Yardsticks: the picture alone, the log alone, both by AND (the lower score), by OR (the
higher), and by logistic late fusion fitted on the validation shift. Controls: the
log of another part, no log, and a log that comes too late. Every figure has a 95 %
percentile bootstrap interval over parts, good and bad ones drawn apart; the same draws
serve every method, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.model.hybrid import HybridModel
from inspector.types import Sample, Scores, Window

DRAWS = 2000
Bools = NDArray[np.bool_]
Numbers = NDArray[np.float64]

FUSED = "fused"
CONTROLS = ("shuffled_log", "no_log", "late_log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Give it as `{value, ci95: [low, high]}`."""
        return {"value": self.value, "ci95": [self.low, self.high]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A part to be judged, and the window it would have had with a late log."""

    sample: Sample
    late_window: Window
    is_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the models say of every part of a shift: `[parts]` each.

    fused: under routing. full: without short cuts.
    """

    fused: Sequence[Scores]
    full: Sequence[Scores]
    controls: Mapping[str, Numbers]
    bad: Bools

    def by_method(self) -> dict[str, Numbers]:
        """Give each method's score, but for late fusion, which has to be fitted."""
        image = _numbers([each.picture_score for each in self.full])
        log = _numbers([each.log_score for each in self.full])
        return {
            FUSED: _numbers([each.score for each in self.fused]),
            "always_both": _numbers([each.score for each in self.full]),
            "image": image,
            "log": log,
            "and": np.minimum(image, log),
            "or": np.maximum(image, log),
            **self.controls,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well one method tells bad parts from good ones.

    balanced_accuracy is at the threshold that was best on the validation shift;
    behind is how far the method is behind the fused score, in area, paired.
    """

    auroc: Estimate
    average_precision: Estimate
    balanced_accuracy: Estimate
    behind: Estimate


def judge_all(
    cases: Sequence[Case],
    models: tuple[HybridModel, HybridModel],
    progress: Callable[[int], None],
) -> Judged:
    """Score every case under routing, in full, and under each control.

    Args:
        cases: parts of one shift.
        models: with short cuts, and without.
        progress: told how many parts were done.
    """
    routed, full = models
    others = _other_parts(len(cases))
    fused, complete = [], []
    controls: dict[str, list[float]] = {name: [] for name in CONTROLS}
    for case, other in zip(cases, others, strict=True):
        sample = case.sample
        fused.append(routed.score(sample))
        complete.append(full.score(sample))
        windows = {
            "shuffled_log": cases[other].sample.window,
            "no_log": replace(sample.window, log_lines=()),
            "late_log": case.late_window,
        }
        for name, window in windows.items():
            scores = routed.score(replace(sample, window=window))
            controls[name].append(scores.score)
        progress(1)
    return Judged(
        fused=fused,
        full=complete,
        controls={name: np.array(each) for name, each in controls.items()},
        bad=np.array([case.is_bad for case in cases], bool),
    )


def compare(found: Judged, val: Judged | None) -> dict[str, Figures]:
    """Measure every method on a shift; what needs fitting is fitted on `val`.

    Without a validation shift there is no late fusion, and thresholds are one half.
    """
    known = found.by_method()
    if val is None:
        return _measure(known, found.bad, dict.fromkeys(known, 0.5))
    fitted_on = val.by_method()
    fitted = _late_fusion(fitted_on, val.bad)
    known["late_fusion"] = fitted(known)
    fitted_on["late_fusion"] = fitted(fitted_on)
    thresholds = {
        name: best_threshold(scores, val.bad) for name, scores in fitted_on.items()
    }
    return _measure(known, found.bad, thresholds)


def auroc(worse: Numbers, better: Numbers) -> float:
    """Give the share of pairs in which the bad part scores higher; ties are half."""
    ordered = np.sort(better)
    below = np.searchsorted(ordered, worse, "left")
    up_to = np.searchsorted(ordered, worse, "right")
    return float((below + up_to).mean() / (2 * len(better)))


def average_precision(worse: Numbers, better: Numbers) -> float:
    """Give the mean precision at each bad part, from the highest score down."""
    bad, good = np.sort(worse), np.sort(better)
    caught = len(bad) - np.searchsorted(bad, bad, "left")
    false_calls = len(good) - np.searchsorted(good, bad, "left")
    return float((caught / (caught + false_calls)).mean())


def balanced_accuracy(worse: Numbers, better: Numbers, threshold: float) -> float:
    """Give the mean of the shares of bad parts caught and good parts passed."""
    return float(((worse >= threshold).mean() + (better < threshold).mean()) / 2)


def best_threshold(scores: Numbers, bad: Bools) -> float:
    """Find the threshold of the best balanced accuracy."""
    found = {
        float(each): balanced_accuracy(scores[bad], scores[~bad], float(each))
        for each in np.unique(scores)
    }
    return max(found, key=lambda each: found[each])


def estimate_auroc(scores: Sequence[float], bad: Bools) -> Estimate:
    """Estimate the area under the ROC curve, bad against good."""
    known = np.asarray(scores, np.float64)
    draws = [
        auroc(known[bad][worse], known[~bad][better]) for worse, better in _draws(bad)
    ]
    return _estimate(auroc(known[bad], known[~bad]), draws)


def _measure(
    known: Mapping[str, Numbers], bad: Bools, thresholds: Mapping[str, float]
) -> dict[str, Figures]:
    halves = {name: (scores[bad], scores[~bad]) for name, scores in known.items()}
    draws = list(_draws(bad))
    areas = {
        name: np.array([auroc(worse[i], better[j]) for i, j in draws])
        for name, (worse, better) in halves.items()
    }
    exact = {name: auroc(*each) for name, each in halves.items()}
    return {
        name: Figures(
            auroc=_estimate(exact[name], areas[name]),
            average_precision=_estimate(
                average_precision(worse, better),
                [average_precision(worse[i], better[j]) for i, j in draws],
            ),
            balanced_accuracy=_estimate(
                balanced_accuracy(worse, better, thresholds[name]),
                [
                    balanced_accuracy(worse[i], better[j], thresholds[name])
                    for i, j in draws
                ],
            ),
            behind=_estimate(exact[FUSED] - exact[name], areas[FUSED] - areas[name]),
        )
        for name, (worse, better) in halves.items()
    }


def _late_fusion(
    val: Mapping[str, Numbers], bad: Bools
) -> Callable[[Mapping[str, Numbers]], Numbers]:
    """Fit a logistic regression of the two modalities' logits."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow

    model = LogisticRegression().fit(_logits(val), bad)
    return lambda known: np.asarray(model.predict_proba(_logits(known))[:, 1])


def _logits(known: Mapping[str, Numbers]) -> Numbers:
    both = np.stack([known["image"], known["log"]], 1).clip(1e-6, 1 - 1e-6)
    return np.asarray(np.log(both / (1 - both)))


def _draws(bad: Bools) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    rng = np.random.default_rng(0)
    worse, better = int(bad.sum()), int((~bad).sum())
    for _ in range(DRAWS):
        yield rng.integers(worse, size=worse), rng.integers(better, size=better)


def _estimate(value: float, draws: Sequence[float] | Numbers) -> Estimate:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))


def _other_parts(parts: int) -> NDArray[np.int64]:
    """Deal each part the place of another one, far away as a rule."""
    return np.roll(np.arange(parts), parts // 2)


def _numbers(scores: Sequence[float | None]) -> Numbers:
    """Know nothing of a part without that modality."""
    return np.array([0.5 if score is None else score for score in scores])
