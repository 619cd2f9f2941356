"""Figures with their uncertainty: bootstrap over parts, and shares of counted parts.

A statistic is a function of counts `[draws, parts]`, how often each draw holds each
part, and gives one figure per draw. The figure itself is the statistic of every part
once; its interval is that of the draws (percentile bootstrap: Efron & Tibshirani 1993,
*An Introduction to the Bootstrap*, chapter 13).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Counts = NDArray[np.float64]
Statistic = Callable[[Counts], Numbers]

DRAWS = 2000
_NORMAL_975 = 1.959964
"""The standard normal distribution's 97.5 % point."""


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
class Rate:
    """A share, with what it is a share of."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; `None` of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The share's 95 % score interval (Wilson 1927); `None` of nothing."""
        if not self.of:
            return None
        square = _NORMAL_975**2
        share, parts = self.count / self.of, self.of
        middle = (share + square / (2 * parts)) / (1 + square / parts)
        spread = math.sqrt(share * (1 - share) / parts + square / (4 * parts**2))
        half = _NORMAL_975 * spread / (1 + square / parts)
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_json(self) -> dict[str, Any]:
        """Give it as `{value, count, of, ci95}`."""
        interval = self.interval
        return {
            "value": self.value,
            "count": self.count,
            "of": self.of,
            "ci95": None if interval is None else list(interval),
        }


def draw_parts(strata: NDArray[Any], draws: int = DRAWS) -> Counts:
    """Draw parts with replacement, each stratum apart, the same on every call.

    Args:
        strata: `[parts]` which stratum a part is of; each keeps its size.
        draws: how often.

    Returns:
        `[draws, parts]` how often each part was drawn.
    """
    rng = np.random.default_rng(0)
    counts = np.zeros((draws, len(strata)))
    for stratum in np.unique(strata):
        (members,) = np.nonzero(strata == stratum)
        even = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), even, size=draws)
    return counts


def bootstrap(statistic: Statistic, counts: Counts) -> Estimate:
    """Estimate a statistic of every part once, with the interval of the draws."""
    once = np.ones((1, counts.shape[1]))
    return with_interval(float(statistic(once)[0]), statistic(counts))


def with_interval(value: float, drawn: Numbers) -> Estimate:
    """Give a figure the 95 % interval of its draws; draws without a figure are left."""
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))
