"""How well a score tells bad parts from good ones.

Every function takes scores and labels, `[parts]`, and counts `[draws, parts]`, and
gives one figure per draw. Drawing whole parts keeps differences between scores paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector.measures.estimates import (
    Bools,
    Counts,
    Estimate,
    Numbers,
    bootstrap,
    draw_parts,
)


def auroc(scores: Numbers, bad: Bools, counts: Counts) -> Numbers:
    """Give the share of pairs in which the bad part scores higher; ties are half."""
    order = np.argsort(scores[~bad])
    better = scores[~bad][order]
    passed = _running(counts[:, ~bad][:, order])
    below = passed[:, np.searchsorted(better, scores[bad], "left")]
    up_to = passed[:, np.searchsorted(better, scores[bad], "right")]
    worse = counts[:, bad]
    pairs = worse.sum(1) * passed[:, -1]
    return np.asarray((worse * (below + up_to)).sum(1) / (2 * pairs))


def average_precision(scores: Numbers, bad: Bools, counts: Counts) -> Numbers:
    """Give the mean precision at each bad part, from the highest score down."""
    caught = _at_or_above(scores, bad, counts)
    false_calls = _at_or_above(scores, ~bad, counts, at=scores[bad])
    worse = counts[:, bad]
    # A part that was not drawn may have nothing above it; it does not count either.
    precision = caught / np.maximum(caught + false_calls, 1)
    return np.asarray((worse * precision).sum(1) / worse.sum(1))


def balanced_accuracy(
    scores: Numbers, bad: Bools, counts: Counts, threshold: float
) -> Numbers:
    """Give the mean of the shares of bad parts caught and good parts passed."""
    rejected = scores >= threshold
    caught = counts[:, bad & rejected].sum(1) / counts[:, bad].sum(1)
    passed = counts[:, ~bad & ~rejected].sum(1) / counts[:, ~bad].sum(1)
    return np.asarray((caught + passed) / 2)


def best_threshold(scores: Numbers, bad: Bools) -> float:
    """Find the threshold of the best balanced accuracy, the lowest of equals."""
    found = np.unique(scores)
    caught = 1 - np.searchsorted(np.sort(scores[bad]), found) / bad.sum()
    passed = np.searchsorted(np.sort(scores[~bad]), found) / (~bad).sum()
    return float(found[np.argmax(caught + passed)])


def estimate_auroc(scores: Sequence[float], bad: Bools) -> Estimate:
    """Estimate the area under the ROC curve, bad against good."""
    known = np.asarray(scores, np.float64)
    return bootstrap(lambda counts: auroc(known, bad, counts), draw_parts(bad))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve with its pointwise 95 % band: `[points]` each."""

    x: Numbers
    y: Numbers
    low: Numbers
    high: Numbers


def roc_curve(scores: Numbers, bad: Bools, counts: Counts) -> Curve:
    """Give the share of bad parts caught at each share of good parts rejected.

    The band is vertical: for each x the draws' y (Fawcett 2006, section 9).
    """
    false_rejects = np.linspace(0, 1, 101)
    rates = _rates_at_each_threshold(scores, bad, counts)
    drawn = np.stack(
        [np.interp(false_rejects, by_good, by_bad) for by_bad, by_good in rates]
    )
    return _banded(false_rejects, drawn)


def precision_recall_curve(scores: Numbers, bad: Bools, counts: Counts) -> Curve:
    """Give the precision at each share of bad parts caught, with a vertical band."""
    recall = np.linspace(0.01, 1, 100)
    drawn = np.stack(
        [
            _precision_at(recall, caught * bad.sum(), false_calls * (~bad).sum())
            for caught, false_calls in _rates_at_each_threshold(scores, bad, counts)
        ]
    )
    return _banded(recall, drawn)


def _rates_at_each_threshold(
    scores: Numbers, bad: Bools, counts: Counts
) -> list[tuple[Numbers, Numbers]]:
    """Give shares of bad and good parts at or above falling thresholds.

    The first entry is of every part once, the others of the draws.
    """
    thresholds = np.append(np.unique(scores), np.inf)[::-1]
    all_counts = np.concatenate([np.ones((1, len(scores))), counts])
    caught = _at_or_above(scores, bad, all_counts, at=thresholds)
    false_calls = _at_or_above(scores, ~bad, all_counts, at=thresholds)
    shares = caught / caught[:, -1:], false_calls / false_calls[:, -1:]
    return list(zip(*shares, strict=True))


def _precision_at(recall: Numbers, caught: Numbers, false_calls: Numbers) -> Numbers:
    """Give the precision where each recall is first reached."""
    at = np.searchsorted(caught, recall * caught[-1] - 1e-9)
    return np.asarray(caught[at] / (caught[at] + false_calls[at]))


def _banded(x: Numbers, drawn: Numbers) -> Curve:
    low, high = np.percentile(drawn[1:], [2.5, 97.5], axis=0)
    return Curve(x=x, y=drawn[0], low=low, high=high)


def _at_or_above(
    scores: Numbers, among: Bools, counts: Counts, at: Numbers | None = None
) -> Numbers:
    """Count the drawn parts of a kind that score at or above each of some scores."""
    order = np.argsort(scores[among])
    ordered = scores[among][order]
    passed = _running(counts[:, among][:, order])
    wanted = scores[among] if at is None else at
    return np.asarray(passed[:, -1:] - passed[:, np.searchsorted(ordered, wanted)])


def _running(counts: Counts) -> Numbers:
    """Sum up along the parts, beginning with nothing: `[draws, parts + 1]`."""
    return np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))
