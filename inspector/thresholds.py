"""Where to decide: thresholds for a wanted escape rate, found on parts with labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.settings import NEVER_REJECT, DecisionRules


def find_thresholds(
    scores: NDArray[np.float64],
    bad: NDArray[np.bool_],
    wanted_escape_rate: float = 0.02,
    wanted_false_reject_rate: float = 0.05,
) -> DecisionRules:
    """Find thresholds that keep to both rates on these parts.

    Args:
        scores: `[parts]` from 0 to 1.
        bad: `[parts]` whether the part is defective.
        wanted_escape_rate: at most this share of the bad parts may pass.
        wanted_false_reject_rate: at most this share of the good parts may be rejected
            without a person having looked.

    Returns:
        Rules whose parts between the thresholds go to a person; where the scores tell
        good from bad well enough, both thresholds are one.

    Raises:
        ValueError: there are no bad parts or no good ones.
    """
    if not bad.any() or bad.all():
        message = "thresholds need good parts and bad ones"
        raise ValueError(message)
    lowest_caught = _at_most(scores[bad], wanted_escape_rate)
    highest_spared = -_at_most(-scores[~bad], wanted_false_reject_rate)
    # Half way to the next part, so that rounding does not turn a verdict.
    below = scores[scores < lowest_caught].max(initial=0.0)
    above = scores[scores > highest_spared].min(initial=1.0)
    pass_below = (below + lowest_caught) / 2
    # Two floats side by side have no middle, and a good part may score 1 itself.
    reject_at = max((highest_spared + above) / 2, np.nextafter(highest_spared, np.inf))
    if reject_at < pass_below:
        pass_below = reject_at = (pass_below + reject_at) / 2
    return DecisionRules(
        pass_below=float(pass_below),
        reject_at=float(reject_at) if reject_at <= 1 else NEVER_REJECT,
        wanted_escape_rate=wanted_escape_rate,
    )


def _at_most(scores: NDArray[np.float64], share: float) -> float:
    """Find the highest score below which at most a share of the scores lies."""
    allowed = int(np.floor(share * len(scores)))
    return float(np.sort(scores)[allowed])
