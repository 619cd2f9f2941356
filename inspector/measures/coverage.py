"""How many parts are decided without a person, at a wanted accuracy of the decided.

Two thresholds are chosen on the validation shift and applied to another: parts below
the first pass, parts at or above the second are rejected, the rest is left to a person
(selective classification: El-Yaniv & Wiener 2010, with one threshold on each side).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.measures.estimates import Bools, Numbers, Rate
from inspector.settings import NEVER_REJECT

WANTED_ACCURACY = 0.992
ACCURACIES = (0.90, 0.95, 0.97, 0.98, 0.985, 0.99, 0.992, 0.995, 1.0)
"""Points of the curve."""
_MOST_CUTS = 2000
"""Places at which to cut that are tried: pairs of them have to fit into memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What two thresholds decide on a shift."""

    coverage: Rate
    """Parts decided, of all parts."""
    accuracy: Rate
    """Parts decided rightly, of those decided."""

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "coverage": self.coverage.as_json(),
            "accuracy": self.accuracy.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePoint:
    """One wanted accuracy, the thresholds found for it, and what they then gave."""

    wanted_accuracy: float
    pass_below: float
    reject_at: float
    on_val: Decided
    on_shift: Decided

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "wanted_accuracy": self.wanted_accuracy,
            "pass_below": self.pass_below,
            "reject_at": self.reject_at,
            "val": self.on_val.as_json(),
            **self.on_shift.as_json(),
        }


def measure_coverage(
    val: tuple[Numbers, Bools], shift: tuple[Numbers, Bools]
) -> dict[float, CoveragePoint]:
    """Find thresholds on `val` for each of `ACCURACIES`, and apply them to a shift.

    Args:
        val: scores and labels, `[parts]` each.
        shift: the same of the shift to report on.
    """
    found = {}
    for wanted in ACCURACIES:
        limits = most_covering(*val, wanted)
        found[wanted] = CoveragePoint(
            wanted_accuracy=wanted,
            pass_below=limits[0],
            reject_at=limits[1],
            on_val=decided(*val, limits),
            on_shift=decided(*shift, limits),
        )
    return found


def decided(scores: Numbers, bad: Bools, limits: tuple[float, float]) -> Decided:
    """Decide by two thresholds, and count."""
    passes, rejects = scores < limits[0], scores >= limits[1]
    certain = int((passes | rejects).sum())
    right = int((passes & ~bad).sum() + (rejects & bad).sum())
    return Decided(
        coverage=Rate(count=certain, of=len(scores)),
        accuracy=Rate(count=right, of=certain),
    )


def most_covering(
    scores: Numbers, bad: Bools, wanted_accuracy: float
) -> tuple[float, float]:
    """Find `pass_below` and `reject_at` that decide the most parts.

    Among thresholds whose decided parts are right at least as often as wanted; of
    equals, those that are right most often. Each lies half way between two scores.
    """
    cuts, passed, escapes, spared = _cuts(scores, bad)
    rejected, false_rejects = len(scores) - passed, (~bad).sum() - spared
    covered = passed[:, None] + rejected
    wrong = escapes[:, None] + false_rejects
    # The tolerance is for shares such as 0.9 that a float cannot hold.
    allowed = (1 - wanted_accuracy) * covered + 1e-9
    possible = (wrong <= allowed) & (cuts[:, None] <= cuts)
    worth = np.where(possible, covered - wrong / (len(scores) + 1), -1)
    low, high = np.unravel_index(np.argmax(worth), worth.shape)
    return float(cuts[low]), float(cuts[high])


def _cuts(scores: Numbers, bad: Bools) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Give places to cut, and how many parts, bad ones and good ones lie below each."""
    ordered = np.unique(scores)
    inner = (ordered[:-1] + ordered[1:]) / 2
    # Floats side by side have no middle: then the upper one itself is the threshold.
    inner = np.where(inner > ordered[:-1], inner, ordered[1:])
    if len(inner) > _MOST_CUTS:
        inner = inner[np.linspace(0, len(inner) - 1, _MOST_CUTS).astype(int)]
    cuts = np.concatenate([[0.0], inner, [NEVER_REJECT]])
    bad_below = np.searchsorted(np.sort(scores[bad]), cuts).astype(float)
    good_below = np.searchsorted(np.sort(scores[~bad]), cuts).astype(float)
    return cuts, bad_below + good_below, bad_below, good_below
