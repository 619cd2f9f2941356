"""Statistical process control, and rates from parts that people have reviewed.

Every rate keeps its numerator and denominator. Limits are exact: binomial for shares
(p chart), Poisson for counts (u chart), for each point's own number of parts, at the
probabilities of three standard deviations (0.00135 on either side). There are none
before 20 subgroups, because limits from fewer are guesses (Montgomery, *Introduction to
Statistical Quality Control*, chapter 7). Runs are told by the rules of Western Electric
(*Statistical Quality Control Handbook*, 1956), on normal scores of exact probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.guarantee import exact_interval
from inspector.types import Decision

FEWEST_SUBGROUPS = 20
_BEYOND = 0.00135
_ON_CENTRE = 1e-9
Kind = Literal["p", "u"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRate:
    """A share of counted parts, with its exact 95 % interval."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; `None` of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Clopper and Pearson's interval (1934); `None` of nothing."""
        return exact_interval(self.count, self.of) if self.of else None

    def __str__(self) -> str:
        if self.value is None or self.interval is None:
            return f"{self.count} / {self.of}"
        low, high = self.interval
        shown = f"{self.count} / {self.of} = {self.value:.2%}"
        return f"{shown} ({low:.2%} to {high:.2%})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroup:
    """Parts of one stretch of time, and how many of them count."""

    start_ns: int
    count: int
    parts: int
    mark: str = ""
    """What changed with this subgroup, such as the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A subgroup on a chart; limits are `None` before there are enough subgroups."""

    start_ns: int
    value: float
    low: float | None
    high: float | None
    mark: str
    rules: tuple[str, ...]
    """Which rules of Western Electric it breaks, as the last point of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A control chart."""

    kind: Kind
    centre: float | None
    points: tuple[Point, ...]

    @property
    def signals(self) -> int:
        """How many points break a rule."""
        return sum(bool(point.rules) for point in self.points)


def control_chart(subgroups: Sequence[Subgroup], kind: Kind = "p") -> Chart:
    """Make a control chart; subgroups without a part are left out.

    Args:
        subgroups: in their order.
        kind: `p`: how many of the parts; `u`: how many events per part.
    """
    filled = [each for each in subgroups if each.parts]
    parts = sum(each.parts for each in filled)
    centre = sum(each.count for each in filled) / parts if parts else None
    if centre is None or len(filled) < FEWEST_SUBGROUPS:
        points = [_point(each, (None, None), ()) for each in filled]
        return Chart(kind=kind, centre=centre, points=tuple(points))
    limits = [_limits(each.parts, centre, kind) for each in filled]
    outside = [
        not low <= each.count / each.parts <= high
        for each, (low, high) in zip(filled, limits, strict=True)
    ]
    scores = [_score(each, centre, kind) for each in filled]
    broken = western_electric(scores, outside)
    points = [
        _point(each, limit, rules)
        for each, limit, rules in zip(filled, limits, broken, strict=True)
    ]
    return Chart(kind=kind, centre=centre, points=tuple(points))


def western_electric(
    scores: Sequence[float], outside: Sequence[bool]
) -> list[tuple[str, ...]]:
    """Say which rules each point breaks, as the last of its run.

    Args:
        scores: how many standard deviations each point is from the centre.
        outside: whether each is beyond its exact limits.
    """
    broken = []
    for place, is_outside in enumerate(outside):
        rules = ["beyond a limit"] if is_outside else []
        for words, last, needed, beyond in _RUNS:
            run = scores[max(0, place - last + 1) : place + 1]
            if _is_run(run, needed, beyond):
                rules.append(words)
        broken.append(tuple(rules))
    return broken


_RUNS = (
    ("2 of 3 beyond two sigma", 3, 2, 2.0),
    ("4 of 5 beyond one sigma", 5, 4, 1.0),
    ("8 on one side", 8, 8, 0.0),
)


def _is_run(run: Sequence[float], needed: int, beyond: float) -> bool:
    """Whether enough points, the last among them, are that far off on one side."""
    above = [score > beyond for score in run]
    below = [score < -beyond for score in run]
    return any(side[-1] and sum(side) >= needed for side in (above, below))


def _limits(parts: int, centre: float, kind: Kind) -> tuple[float, float]:
    from scipy.stats import binom, poisson  # noqa: PLC0415 - slow

    law = binom(parts, centre) if kind == "p" else poisson(parts * centre)
    return float(law.ppf(_BEYOND)) / parts, float(law.ppf(1 - _BEYOND)) / parts


def _score(each: Subgroup, centre: float, kind: Kind) -> float:
    """Give the normal score of a count, that of its mid-probability.

    Its sign is that of the distance to the centre, where a skewed law has another.
    """
    from scipy.stats import binom, norm, poisson  # noqa: PLC0415 - slow

    law = binom(each.parts, centre) if kind == "p" else poisson(each.parts * centre)
    middle = float(law.cdf(each.count) - law.pmf(each.count) / 2)
    score = float(norm.ppf(min(max(middle, 1e-12), 1 - 1e-12)))
    off = each.count - each.parts * centre
    if abs(off) < _ON_CENTRE:
        return 0.0
    return max(score, _ON_CENTRE) if off > 0 else min(score, -_ON_CENTRE)


def _point(
    each: Subgroup,
    limits: tuple[float | None, float | None],
    rules: tuple[str, ...],
) -> Point:
    return Point(
        start_ns=each.start_ns,
        value=each.count / each.parts,
        low=limits[0],
        high=limits[1],
        mark=each.mark,
        rules=rules,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What people found of the parts of one time, beside what was decided."""

    decided: Mapping[str, int]
    """Parts by decision, reviewed or not."""
    good: Mapping[str, int]
    """Reviewed parts that are good, by decision."""
    bad: Mapping[str, int]
    audited_good: int = 0
    """Passed parts that were looked at blindly and are good."""
    audited_bad: int = 0

    @property
    def false_share(self) -> ExactRate:
        """False calls, of all rejects that a person looked at."""
        false = self.good.get(Decision.REJECT, 0)
        return ExactRate(count=false, of=false + self.bad.get(Decision.REJECT, 0))

    @property
    def reviewed(self) -> ExactRate:
        """Parts that did not pass and were looked at, of those that did not pass."""
        flagged = (Decision.REJECT, Decision.REVIEW)
        seen = sum(self.good.get(d, 0) + self.bad.get(d, 0) for d in flagged)
        return ExactRate(count=seen, of=sum(self.decided.get(d, 0) for d in flagged))

    @property
    def overkill(self) -> tuple[float, float, float] | None:
        """Good parts that were rejected, of all good parts: estimate, low and high.

        The share among reviewed rejects is carried over to all rejects; passed parts
        count as good but for those found bad. `None` before a reject was reviewed.
        """
        false = self.false_share
        if false.value is None or false.interval is None:
            return None
        low, high = false.interval
        over = self._overkilled
        return over(false.value), over(low), over(high)

    @property
    def bad_in_audit(self) -> ExactRate:
        """Bad parts, of the passed parts that were audited blindly."""
        return ExactRate(
            count=self.audited_bad, of=self.audited_good + self.audited_bad
        )

    @property
    def escape_rate(self) -> tuple[float, float, float] | None:
        """Bad parts that passed, of all bad parts: estimate, low and high at 95 %.

        The audit's share is carried over to all passed parts; bad parts among those
        that did not pass are those that were found. `None` without an audit.
        """
        audited = self.bad_in_audit
        if audited.value is None or audited.interval is None:
            return None
        low, high = audited.interval
        return self._escaped(audited.value), self._escaped(low), self._escaped(high)

    def _overkilled(self, share: float) -> float:
        rejected = share * self.decided.get(Decision.REJECT, 0)
        passed = self.decided.get(Decision.PASS, 0) - self.bad.get(Decision.PASS, 0)
        good = max(passed, 0) + self.good.get(Decision.REVIEW, 0) + rejected
        return rejected / good if good else 0.0

    def _escaped(self, share: float) -> float:
        passed = share * self.decided.get(Decision.PASS, 0)
        caught = self.bad.get(Decision.REJECT, 0) + self.bad.get(Decision.REVIEW, 0)
        return passed / (passed + caught) if passed + caught else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftFigures:
    """Everything a shift report says of a line and a time."""

    line: str
    since_ns: int
    until_ns: int
    is_simulated: bool
    reviewed: Reviewed
    faults: Mapping[str, int]
    defects: Mapping[str, int]
    """Parts that did not pass, by the machine's kind; the most frequent first."""
    routes: Mapping[str, int]
    looks: Mapping[str, int]
    branches: Mapping[str, int]
    latency_ms: Mapping[str, tuple[float, float]]
    """p50 and p99 of each stage, and of the whole as `latency`; exact to 5 %."""
    rejects: Chart
    triggers: int | None = None
    """Parts that were triggered, where a source counts them; `None` if none does."""
    seconds_per_part: float | None = None
    """The median of what people took for a part."""

    @property
    def parts(self) -> int:
        """Parts with a verdict."""
        return sum(self.reviewed.decided.values())

    def share(self, decision: Decision) -> ExactRate:
        """Give the share of a decision."""
        return ExactRate(
            count=self.reviewed.decided.get(decision, 0),
            of=self.parts,
        )

    @property
    def coverage(self) -> ExactRate | None:
        """Verdicts of triggers, which must be all; `None` where nobody counts."""
        if self.triggers is None:
            return None
        return ExactRate(count=self.parts, of=self.triggers)
