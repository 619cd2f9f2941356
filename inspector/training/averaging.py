"""Running averages of weights: steadier than where the last step happened to end.

Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992),
with exponential forgetting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from torch.optim.swa_utils import get_ema_multi_avg_fn

Averaging = Callable[..., Any]


def ema(decay: float) -> Averaging:
    """Average with a decay per step, for torch's `AveragedModel`."""
    make = cast("Callable[[float], Averaging]", get_ema_multi_avg_fn)
    return make(decay)
