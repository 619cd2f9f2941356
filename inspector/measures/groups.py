"""Results apart by day and by module, to see whether strangers are judged as well.

Where a recording does not name modules, runs of neighbours with a common exposure stand
in for them. They are found as change points in mean and spread of brightness along the
shift: exact segmentation by penalised likelihood, pruned (PELT: Killick, Fearnhead &
Eckley 2012), the segments normally distributed with mean and covariance of their own,
the penalty that of the Bayesian information criterion. Where neighbours are no more
alike than strangers, parts of all modules are mixed and nothing is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.measures.estimates import Bools, Estimate, Numbers, Rate
from inspector.measures.ranking import estimate_auroc
from inspector.types import Decision

FEWEST = 36
"""Parts of a run: a few odd ones must not pass for a change of exposure."""
_LEAST_SPREAD = 1e-3
"""Variance added to a run's, so that equal pictures have a likelihood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What became of the parts of one day or module."""

    name: str
    good: int
    bad: int
    auroc: Estimate | None
    """`None` unless there are good parts and bad ones."""
    escapes: Rate
    false_rejects: Rate
    reviews: Rate

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "name": self.name,
            "good": self.good,
            "bad": self.bad,
            "auroc": None if self.auroc is None else self.auroc.as_json(),
            "escapes": self.escapes.as_json(),
            "false_rejects": self.false_rejects.as_json(),
            "reviews": self.reviews.as_json(),
        }


def measure_groups(
    names: Sequence[str], scores: Numbers, bad: Bools, decisions: Sequence[Decision]
) -> tuple[Group, ...]:
    """Measure the parts of each name apart, in order of the names.

    Args:
        names: `[parts]` the group of each part.
        scores: `[parts]`.
        bad: `[parts]`.
        decisions: `[parts]`.
    """
    of = np.asarray(names)
    verdicts = np.asarray([decision.value for decision in decisions])
    return tuple(
        _group(name, scores[of == name], bad[of == name], verdicts[of == name])
        for name in sorted(set(names))
    )


def share_of(decisions: Sequence[str], among: Bools, wanted: Decision) -> Rate:
    """Give the share of some parts that were so decided."""
    fits = np.asarray(decisions) == wanted.value
    return Rate(count=int((fits & among).sum()), of=int(among.sum()))


def _group(name: str, scores: Numbers, bad: Bools, verdicts: Any) -> Group:
    both = bad.any() and not bad.all()
    return Group(
        name=name,
        good=int((~bad).sum()),
        bad=int(bad.sum()),
        auroc=estimate_auroc(list(scores), bad) if both else None,
        escapes=share_of(verdicts, bad, Decision.PASS),
        false_rejects=share_of(verdicts, ~bad, Decision.REJECT),
        reviews=share_of(verdicts, np.ones_like(bad), Decision.REVIEW),
    )


def runs_of_exposure(exposure: Numbers) -> list[int] | None:
    """Number the runs of neighbours with a common exposure.

    Args:
        exposure: `[parts, 2]` mean and spread of each picture's brightness, in order of
            capture.

    Returns:
        `[parts]` the run of each part, from 0; `None` if neighbours are not alike.
    """
    if not any(neighbours_are_alike(each) for each in exposure.T):
        return None
    ends = change_points(np.log(exposure + 1))
    lengths = np.diff([0, *ends, len(exposure)])
    return [run for run, length in enumerate(lengths) for _ in range(length)]


def neighbours_are_alike(values: Numbers) -> bool:
    """Whether values that follow one another are nearer than chance would have them.

    The ratio of von Neumann on ranks (Bartels 1982), three deviations below 2.
    """
    moments = len(values)
    if moments < 2 * FEWEST:
        return False
    ranks = np.argsort(np.argsort(values)).astype(float)
    ratio = (np.diff(ranks) ** 2).sum() / ((ranks - ranks.mean()) ** 2).sum()
    return bool(ratio < 2 - 3 * np.sqrt(4 / moments))


def change_points(signal: Numbers, fewest: int = FEWEST) -> list[int]:
    """Find where the distribution of a signal changes: where each later run begins.

    Args:
        signal: `[moments, values]`.
        fewest: moments that a run has at least.
    """
    moments, values = signal.shape
    costs = _RunCosts(signal)
    # A run more has a mean, a covariance and a beginning of its own.
    penalty = (values + values * (values + 1) / 2 + 1) * np.log(max(moments, 2))
    best = np.full(moments + 1, np.inf)
    best[0] = -penalty
    before = np.zeros(moments + 1, int)
    starts = np.array([], int)
    for end in range(fewest, moments + 1):
        if np.isfinite(best[end - fewest]):
            starts = np.append(starts, end - fewest)
        totals = best[starts] + costs.of(starts, end)
        best[end] = totals.min() + penalty
        before[end] = starts[totals.argmin()]
        starts = starts[totals <= best[end]]
    return _trace(before, moments)


def _trace(before: Any, moments: int) -> list[int]:
    found, at = [], int(before[moments])
    while at > 0:
        found.append(at)
        at = int(before[at])
    return found[::-1]


class _RunCosts:
    """Twice the negative log-likelihood of runs, up to a constant."""

    def __init__(self, signal: Numbers) -> None:
        centred = signal - signal.mean(0)
        products = centred[:, :, None] * centred[:, None, :]
        self._sums = np.concatenate([np.zeros((1, signal.shape[1])), centred.cumsum(0)])
        self._products = np.concatenate(
            [np.zeros((1, *products.shape[1:])), products.cumsum(0)]
        )
        # Rounding, and runs of equal pictures, must not make a determinant of 0.
        self._least = np.eye(signal.shape[1]) * _LEAST_SPREAD * (centred.var() + 1e-9)

    def of(self, starts: Any, end: int) -> Numbers:
        """Give the cost of a run from each start up to an end."""
        length = (end - starts).astype(float)
        mean = (self._sums[end] - self._sums[starts]) / length[:, None]
        second = self._products[end] - self._products[starts]
        spread = second / length[:, None, None] - mean[:, :, None] * mean[:, None, :]
        return np.asarray(length * np.linalg.slogdet(spread + self._least)[1])
