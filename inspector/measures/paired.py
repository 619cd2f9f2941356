"""Whether one way to judge parts is not worse than another, on the same parts.

Only parts on which the two differ say anything. The bounds are one-sided: with the
confidence given, the true difference is no further on that side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from inspector.measures.estimates import Bools, Numbers, draw_parts
from inspector.measures.ranking import auroc

_STEPS = 60
"""Halvings of an interval of length 1: more than a float tells apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference between two ways to judge the same parts, with its worst case."""

    value: float
    worst: float
    """One-sided bound at the confidence that was asked for."""


def share_difference(new: Bools, old: Bools, confidence: float) -> Difference:
    """Bound how much larger the share of parts is of which something holds.

    Inverts the score test for paired proportions, which stays honest where the two
    hardly ever differ (Tango, "Equivalence test and confidence interval for the
    difference in proportions for the paired-sample design", Stat. Med. 17, 1998).

    Args:
        new: `[parts]` whether it holds by the new way.
        old: `[parts]` whether it holds by the old way.
        confidence: of the bound, one-sided.
    """
    parts = len(new)
    only_new, only_old = int((new & ~old).sum()), int((old & ~new).sum())
    value = (only_new - only_old) / parts
    wanted = NormalDist().inv_cdf(confidence)
    low, high = value, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _distance(only_new, only_old, parts, middle) > -wanted:
            low = middle
        else:
            high = middle
    return Difference(value=value, worst=high)


def auroc_difference(
    new: Numbers, old: Numbers, bad: Bools, confidence: float
) -> Difference:
    """Bound from below how much area under the ROC curve a new score gains.

    Parts are drawn with replacement, good and bad ones apart, the same for both scores
    (percentile bootstrap: Efron & Tibshirani 1993, chapter 13).

    Args:
        new: `[parts]` scores by the new way.
        old: `[parts]` scores by the old way.
        bad: `[parts]` whether the part is bad; both kinds must be there.
        confidence: of the bound, one-sided.
    """
    once, drawn = np.ones((1, len(bad))), draw_parts(bad)
    value = auroc(new, bad, once) - auroc(old, bad, once)
    gained = auroc(new, bad, drawn) - auroc(old, bad, drawn)
    return Difference(
        value=float(value[0]), worst=float(np.quantile(gained, 1 - confidence))
    )


def parts_needed(new: Bools, old: Bools, margin: float, confidence: float) -> int:
    """Say how many parts would show a margin if both go on to differ as often.

    Args:
        new: `[parts]` whether something holds by the new way.
        old: `[parts]` whether it holds by the old way.
        margin: that the share is to stay below.
        confidence: one-sided.
    """
    square = NormalDist().inv_cdf(confidence) ** 2
    differing = float((new != old).mean())
    by_differences = square * differing / margin**2
    # Where they never differ, the score bound is square / (parts + square).
    return math.ceil(max(by_differences, square * (1 - margin) / margin))


def _distance(only_new: int, only_old: int, parts: int, assumed: float) -> float:
    """Say how far what was seen is from an assumed difference, in standard errors."""
    a = 2 * parts
    b = -only_new - only_old + (2 * parts - only_new + only_old) * assumed
    c = -only_old * assumed * (1 - assumed)
    likeliest = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = parts * (2 * likeliest + assumed * (1 - assumed))
    if variance <= 0:
        return 0.0 if only_new - only_old == parts * assumed else -math.inf
    return (only_new - only_old - parts * assumed) / math.sqrt(variance)
