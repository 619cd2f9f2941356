"""Where to decide: thresholds for a wanted escape rate, found on parts with labels.

How many bad parts the threshold may let pass is fixed by their number alone, before
their scores are looked at; that is what makes the promise hold (`guarantee`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.guarantee import exceptions_allowed, promise
from inspector.settings import NEVER_REJECT, DecisionRules, Guarantee

CONFIDENCE = 0.95


def find_thresholds(
    scores: NDArray[np.float64],
    bad: NDArray[np.bool_],
    wanted_escape_rate: float = 0.02,
    wanted_false_reject_rate: float = 0.05,
    confidence: float = CONFIDENCE,
) -> DecisionRules:
    """Find thresholds that keep to both rates on parts like these.

    The escape rate is wanted with confidence. Where there are too few bad parts for
    that, none of them may pass, and the guarantee says what can be promised instead. Of
    the false reject rate only the expectation is bounded: a false reject costs a part,
    an escape costs a customer.

    Args:
        scores: `[parts]` from 0 to 1.
        bad: `[parts]` whether the part is defective.
        wanted_escape_rate: at most this share of the bad parts may pass.
        wanted_false_reject_rate: at most this share of the good parts may be rejected
            without a person having looked.
        confidence: how surely the escape rate is to be kept to.

    Returns:
        Rules whose parts between the thresholds go to a person, with their guarantee;
        where the scores tell good from bad well enough, both thresholds are one.

    Raises:
        ValueError: there are no bad parts or no good ones.
    """
    if not bad.any() or bad.all():
        message = "thresholds need good parts and bad ones"
        raise ValueError(message)
    escapes = exceptions_allowed(int(bad.sum()), wanted_escape_rate, confidence)
    false_rejects = exceptions_allowed(int((~bad).sum()), wanted_false_reject_rate)
    lowest_caught = float(np.sort(scores[bad])[escapes])
    highest_spared = -float(np.sort(-scores[~bad])[false_rejects])
    pass_below = _below(scores, lowest_caught)
    above = scores[scores > highest_spared].min(initial=1.0)
    # Two floats side by side have no middle, and a good part may score 1 itself.
    reject_at = max((highest_spared + above) / 2, np.nextafter(highest_spared, np.inf))
    if reject_at < pass_below:
        pass_below = reject_at = (pass_below + reject_at) / 2
    rules = DecisionRules(
        pass_below=float(pass_below),
        reject_at=float(reject_at) if reject_at <= 1 else NEVER_REJECT,
        wanted_escape_rate=wanted_escape_rate,
    )
    wanted = wanted_escape_rate, wanted_false_reject_rate, confidence
    return _promising(rules, bad, (escapes, false_rejects), wanted)


def keep_promise(
    rules: DecisionRules, scores: NDArray[np.float64], bad: NDArray[np.bool_]
) -> DecisionRules:
    """Hold thresholds to their guarantee under short cuts, which move scores.

    Args:
        rules: as `find_thresholds` found them on scores without short cuts.
        scores: `[parts]` of the same parts, under the short cuts that will be taken.
        bad: `[parts]` whether the part is defective.

    Returns:
        Rules that let no more bad parts pass than was allowed; if short cuts reject
        more good parts than was allowed, the guarantee says so.
    """
    found = rules.guarantee
    if found is None:
        return rules
    lowest_caught = float(np.sort(scores[bad])[found.escapes.exceptions_allowed])
    pass_below = min(rules.pass_below, _below(scores, lowest_caught))
    rejected = int((scores[~bad] >= rules.reject_at).sum())
    exceptions = (
        found.escapes.exceptions_allowed,
        max(rejected, found.false_rejects.exceptions_allowed),
    )
    rates = found.escapes.wanted_rate, found.false_rejects.wanted_rate
    kept = rules.model_copy(update={"pass_below": pass_below})
    return _promising(kept, bad, exceptions, (*rates, found.confidence))


def _below(scores: NDArray[np.float64], lowest_caught: float) -> float:
    """Find a threshold half way to the next part, so that rounding turns no verdict."""
    below = scores[scores < lowest_caught].max(initial=0.0)
    return float(min((below + lowest_caught) / 2, lowest_caught))


def _promising(
    rules: DecisionRules,
    bad: NDArray[np.bool_],
    exceptions: tuple[int, int],
    wanted: tuple[float, float, float],
) -> DecisionRules:
    escape_rate, false_reject_rate, confidence = wanted
    bad_parts = int(bad.sum())
    guarantee = Guarantee(
        confidence=confidence,
        escapes=promise(
            rules.pass_below, bad_parts, exceptions[0], (escape_rate, confidence)
        ),
        false_rejects=promise(
            rules.reject_at,
            len(bad) - bad_parts,
            exceptions[1],
            (false_reject_rate, confidence),
        ),
    )
    return rules.model_copy(update={"guarantee": guarantee})
