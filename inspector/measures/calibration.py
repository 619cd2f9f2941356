"""Whether a score of 0.3 means 30 bad parts in a hundred.

Expected calibration error: parts are sorted by score into bins, and the distances
between mean score and share of bad parts are averaged (Naeini, Cooper & Hauskrecht
2015). Bins hold equally many parts, because most scores lie near 0 (adaptive bins:
Nixon et al. 2019). The estimate is never below 0 and so too high on few parts: even a
perfectly calibrated score has `by_chance`, found by drawing labels from the scores.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inspector.measures.estimates import (
    DRAWS,
    Bools,
    Counts,
    Estimate,
    Numbers,
    Rate,
    bootstrap,
    draw_parts,
    with_interval,
)

BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Parts of similar score: how they scored, and how many of them were bad."""

    mean_score: float
    bad: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFigures:
    """How far scores are from shares of bad parts."""

    ece: Estimate
    by_chance: Estimate
    """What `ece` would be of a perfectly calibrated score on as many parts."""
    brier: Estimate
    """Mean squared distance between score and label (Brier 1950); 0 is perfect."""
    brier_of_base_rate: float
    """What a score that is always the share of bad parts would get."""
    bins: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "estimator": f"{BINS} equal-mass bins, L1",
            "ece": self.ece.as_json(),
            "ece_of_perfect_scores": self.by_chance.as_json(),
            "brier": self.brier.as_json(),
            "brier_of_base_rate": self.brier_of_base_rate,
            "reliability": [
                {"mean_score": each.mean_score} | asdict(each.bad) for each in self.bins
            ],
        }


def measure_calibration(scores: Numbers, bad: Bools) -> CalibrationFigures:
    """Measure the calibration of a score, `[parts]` each."""
    counts = draw_parts(np.zeros(len(scores)))
    order = np.argsort(scores, kind="stable")
    ordered, labels = scores[order], bad[order]
    wrong = (scores - bad) ** 2
    base = float(bad.mean())
    return CalibrationFigures(
        ece=bootstrap(
            lambda drawn: calibration_error(ordered, labels, drawn[:, order]), counts
        ),
        by_chance=_by_chance(ordered),
        brier=bootstrap(lambda drawn: drawn @ wrong / drawn.sum(1), counts),
        brier_of_base_rate=base * (1 - base),
        bins=tuple(_bins(ordered, labels)),
    )


def calibration_error(scores: Numbers, bad: Bools, counts: Counts) -> Numbers:
    """Give the expected calibration error of each draw.

    Args:
        scores: `[parts]` in rising order.
        bad: `[parts]`.
        counts: `[draws, parts]`.
    """
    gaps = scores - bad
    total = np.zeros(len(counts))
    for members in np.array_split(np.arange(len(scores)), BINS):
        total += np.abs(counts[:, members] @ gaps[members])
    return np.asarray(total / counts.sum(1))


def _by_chance(ordered: Numbers) -> Estimate:
    """Measure scores on labels that were drawn from these very scores."""
    rng = np.random.default_rng(0)
    labels = rng.random((DRAWS, len(ordered))) < ordered
    gaps = ordered - labels
    bins = np.array_split(np.arange(len(ordered)), BINS)
    found = sum(np.abs(gaps[:, members].sum(1)) for members in bins) / len(ordered)
    return with_interval(float(np.mean(found)), np.asarray(found))


def _bins(ordered: Numbers, labels: Bools) -> list[Bin]:
    return [
        Bin(
            mean_score=float(ordered[members].mean()),
            bad=Rate(count=int(labels[members].sum()), of=len(members)),
        )
        for members in np.array_split(np.arange(len(ordered)), BINS)
        if len(members)
    ]
