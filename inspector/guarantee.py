"""What thresholds promise, and whether a shift with labels kept to it.

A threshold that lets `k` of `n` bad parts pass promises, of bad parts drawn like those:

- an expected escape rate of at most `(k + 1) / (n + 1)` (conformal risk control:
  Angelopoulos et al., "Conformal Risk Control", ICLR 2024);
- with confidence `c`, an escape rate of at most the `c` quantile of Beta(k + 1, n - k),
  which is the exact binomial bound of Clopper and Pearson (1934). It holds although the
  threshold was chosen on the same parts, because `k` was fixed before looking at them
  (Vovk, "Conditional validity of inductive conformal predictors", 2012; Angelopoulos
  et al., "Learn then Test", 2021).

The same holds for good parts and false rejects. Parts of one batch are alike, so they
promise less than as many parts drawn one by one; by how much, nobody can tell from a
recording that does not name batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspector.settings import DecisionRules, Guarantee, Promise

_TWO_SIDED = 0.95


def exceptions_allowed(
    parts: int, wanted_rate: float, confidence: float | None = None
) -> int:
    """Say how many of some parts may be decided wrongly for a wanted rate.

    Args:
        parts: number of parts that the threshold is found on, at least 1.
        wanted_rate: wanted bound of the expected rate.
        confidence: if given, the rate itself is to keep to the bound so surely.

    Returns:
        The most that keep to both; 0, too, if not even that is enough.
    """
    from scipy.stats import binom  # noqa: PLC0415 - slow

    allowed = min(int(wanted_rate * (parts + 1)) - 1, parts - 1)
    while allowed >= 0 and confidence is not None:
        if binom.sf(allowed, parts, wanted_rate) >= confidence:
            break
        allowed -= 1
    return max(allowed, 0)


def promise(
    threshold: float, parts: int, exceptions: int, wanted: tuple[float, float]
) -> Promise:
    """State what a threshold promises.

    Args:
        threshold: the score.
        parts: number of parts that it was found on.
        exceptions: how many of them may be decided wrongly by it.
        wanted: the wanted rate, and the wanted confidence.
    """
    from scipy.stats import beta, binom  # noqa: PLC0415 - slow

    rate, confidence = wanted
    sure = beta.ppf(confidence, exceptions + 1, parts - exceptions)
    return Promise(
        threshold=threshold,
        parts=parts,
        exceptions_allowed=exceptions,
        wanted_rate=rate,
        expected_bound=(exceptions + 1) / (parts + 1),
        bound_at_confidence=float(sure) if exceptions < parts else 1.0,
        confidence_of_wanted_rate=float(binom.sf(exceptions, parts, rate)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A promise, and what a shift made of it."""

    what: str
    promise: Promise
    count: int
    of: int
    rate: float
    low: float
    """Lower end of the exact two-sided 95 % interval of the shift's rate."""
    high: float

    @property
    def within(self) -> bool:
        """Whether the shift's rate is within the bound that holds with confidence."""
        return self.rate <= self.promise.bound_at_confidence

    @property
    def refuted(self) -> bool:
        """Whether chance alone hardly explains how far the rate is beyond it."""
        return self.low > self.promise.bound_at_confidence

    @property
    def words(self) -> str:
        """Whether the promise was kept, in words."""
        if self.within:
            return "kept"
        return "broken" if self.refuted else "exceeded, which chance may explain"

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "promise": self.promise.model_dump(),
            "count": self.count,
            "of": self.of,
            "rate": self.rate,
            "exact_ci95": [self.low, self.high],
            "within": self.within,
            "refuted": self.refuted,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GuaranteeReport:
    """What the settings guarantee, beside what a shift had."""

    guarantee: Guarantee | None
    """`None`: the settings hold none, or thresholds were loosened by hand."""
    missing: str
    """Why there is none; empty if there is one."""
    kept: tuple[Kept, ...]

    def rows(self) -> list[tuple[str, str]]:
        """Lay it out as rows of a table: what, and how much."""
        if self.guarantee is None:
            return [("guarantee", f"none: {self.missing}")]
        confidence = self.guarantee.confidence
        return [row for each in self.kept for row in _rows(each, confidence)]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        if self.guarantee is None:
            return {"none": self.missing}
        kept = {each.what.replace(" ", "_"): each.as_json() for each in self.kept}
        return {
            "method": self.guarantee.method,
            "confidence": self.guarantee.confidence,
        } | kept


def report(
    rules: DecisionRules, escapes: tuple[int, int], false_rejects: tuple[int, int]
) -> GuaranteeReport:
    """Hold a shift against the guarantee.

    Args:
        rules: where was decided.
        escapes: bad parts that passed, and bad parts.
        false_rejects: good parts that were rejected, and good parts.
    """
    guarantee = rules.guarantee
    if guarantee is None:
        why = "the settings hold none; train again to find one"
        return GuaranteeReport(guarantee=None, missing=why, kept=())
    if rules.loosened:
        why = "pass_below or reject_at was loosened by hand"
        return GuaranteeReport(guarantee=None, missing=why, kept=())
    kept = (
        _kept("escapes", guarantee.escapes, escapes),
        _kept("false rejects", guarantee.false_rejects, false_rejects),
    )
    return GuaranteeReport(guarantee=guarantee, missing="", kept=kept)


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """Give the exact two-sided 95 % interval of a share (Clopper, Pearson 1934)."""
    from scipy.stats import beta  # noqa: PLC0415 - slow

    tail = (1 - _TWO_SIDED) / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return low, high


def _kept(what: str, promised: Promise, found: tuple[int, int]) -> Kept:
    count, of = found
    low, high = exact_interval(count, of)
    rate = count / of if of else 0.0
    return Kept(
        what=what, promise=promised, count=count, of=of, rate=rate, low=low, high=high
    )


def _rows(kept: Kept, confidence: float) -> list[tuple[str, str]]:
    each, what = kept.promise, kept.what
    return [
        (
            f"{what}: wanted at most",
            f"{each.wanted_rate:.1%}, which {each.parts} parts promise with confidence "
            f"{each.confidence_of_wanted_rate:.1%}",
        ),
        (f"{what}: expected at most", f"{each.expected_bound:.1%}"),
        (
            f"{what}: at most, with confidence {confidence:.0%}",
            f"{each.bound_at_confidence:.1%}",
        ),
        (
            f"{what}: on this shift",
            f"{kept.rate:.1%} ({kept.count} / {kept.of}, exact 95 % interval "
            f"{kept.low:.1%} to {kept.high:.1%}): {kept.words}",
        ),
    ]
