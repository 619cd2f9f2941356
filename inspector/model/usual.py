"""What a number in the log usually is: one state of a machine, or two.

A station that was sometimes out of order in its training shift has two heaps of
readings. Median and mean deviation of all readings lie between them; so both heaps are
fitted (expectation maximisation of two normal distributions of one spread; Dempster
et al., 1977), and the larger one is what is usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_MAD_TO_SIGMA = 1.4826
_ENOUGH_FOR_TWO = 40
_APART = 3.0
"""Heaps nearer than so many spreads are one."""
_SMALL_HEAP = 0.02
_ROUNDS = 40
_STARTS = ((50, 5), (50, 15), (70, 30), (30, 70), (50, 85), (50, 95))
"""Percentiles at which the larger and the smaller heap are looked for."""
_NEAR = 6.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What a number usually is: centre and sigma, and its other centre, if any."""

    median: float
    spread: float
    other: float | None = None

    def reaches(self, value: float) -> bool:
        """Whether a value may well be a reading of this: near, or between centres."""
        centres = (self.median, self.median if self.other is None else self.other)
        room = _NEAR * self.spread
        return min(centres) - room <= value <= max(centres) + room


def learn_usual(column: Sequence[float]) -> Usual:
    """Learn what is usual from a number's values in a training shift."""
    values = np.asarray(column, np.float64)
    one = _one_heap(values)
    if len(values) < _ENOUGH_FOR_TWO:
        return one
    return _two_heaps(values, one) or one


def _one_heap(values: Numbers) -> Usual:
    middle = float(np.median(values))
    deviation = float(np.median(np.abs(values - middle)))
    return Usual(middle, _at_least(_MAD_TO_SIGMA * deviation, middle))


def _at_least(spread: float, middle: float) -> float:
    return max(spread, 1e-3 * abs(middle), 1e-6)


def _two_heaps(values: Numbers, one: Usual) -> Usual | None:
    """Fit two heaps from several starts; `None` if they are hardly two."""
    fits = [_fit(values, start, one.spread) for start in _STARTS]
    _, centres, spread, shares = max(fits, key=lambda fit: fit[0])
    large = int(shares[1] > shares[0])
    spread = _at_least(spread, float(centres[large]))
    apart = abs(centres[1] - centres[0]) >= _APART * spread
    if not apart or shares.min() < _SMALL_HEAP:
        return None
    return Usual(float(centres[large]), spread, float(centres[1 - large]))


def _fit(
    values: Numbers, start: tuple[int, int], spread: float
) -> tuple[float, Numbers, float, Numbers]:
    """Maximise the likelihood; gives it, the centres, their spread and shares."""
    centres = np.percentile(values, start)
    shares = np.array([0.8, 0.2])
    spread = spread / 2
    floor = 1e-3 * spread + 1e-9
    likelihood = -np.inf
    for _ in range(_ROUNDS):
        squares = ((values[:, None] - centres) / spread) ** 2
        logs = np.log(shares) - np.log(spread) - 0.5 * squares
        total = np.logaddexp(logs[:, 0], logs[:, 1])
        likelihood = float(total.sum())
        parts = np.exp(logs - total[:, None])
        counts = parts.sum(0) + 1e-9
        shares = counts / counts.sum()
        centres = (parts * values[:, None]).sum(0) / counts
        squared = (parts * (values[:, None] - centres) ** 2).sum() / len(values)
        spread = max(float(np.sqrt(squared)), floor)
    return likelihood, centres, spread, shares
