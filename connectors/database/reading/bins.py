"""How figures are counted in histograms: one number for each bin.

Durations and counts get bins that grow by a tenth, so that a percentile is exact to
5 %; probabilities get fifty even bins; picture statistics get bins of 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

LATENCY = "latency"
STAGE = "stage:"
"""Begins the name of a stage's duration."""
SCORES = ("score", "picture_score", "log_score")
LOG_LINES = "log_lines"
PICTURE = ("brightness", "contrast", "sharpness")
"""Of the pictures that were kept as evidence, as `inspector.drift` describes them."""

_GROWTH = math.log(1.1)
_LEAST = 1e-3
_SCORE_BINS = 50
_STEP = 0.05


def bin_of(measure: str, value: float) -> int:
    """Say which bin a value falls into."""
    if measure in SCORES:
        return min(int(value * _SCORE_BINS), _SCORE_BINS - 1)
    if measure in PICTURE:
        return math.floor(value / _STEP)
    return math.floor(math.log(max(value, _LEAST) / _LEAST) / _GROWTH)


def middle_of(measure: str, number: int) -> float:
    """Give the value that stands for a bin."""
    if measure in SCORES:
        return (number + 0.5) / _SCORE_BINS
    if measure in PICTURE:
        return (number + 0.5) * _STEP
    return _LEAST * math.exp((number + 0.5) * _GROWTH)


def percentile(measure: str, counts: Mapping[int, int], percent: float) -> float | None:
    """Give the value that so many percent do not exceed; `None` of nothing.

    Args:
        measure: what was counted.
        counts: how often each bin.
        percent: 0 to 100; the nearest rank.
    """
    rank = max(1, math.ceil(sum(counts.values()) * percent / 100))
    below = 0
    for number in sorted(counts):
        below += counts[number]
        if below >= rank:
            return middle_of(measure, number)
    return None
