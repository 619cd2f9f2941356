"""What may pass: the one place where a score becomes a decision.

A part passes only when every condition below was proved for it. Whatever is unknown,
late, without a picture, faulty, unverified or not a number is REVIEW: a person looks.
This module is covered branch by branch and tested by mutation (`.ci/mutation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inspector.settings import DecisionRules
from inspector.types import Decision, Fault, Route, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a part cannot be judged: the kind that is counted, and words to read."""

    fault: Fault
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of a part at the moment of its decision."""

    scores: Scores | None
    """What the model said; `None` if it was not asked or could not say."""
    trouble: Trouble | None
    """What went wrong on the way, if anything did."""
    has_picture: bool
    """Whether a sound picture of the part was in hand."""
    model_verified: bool
    age_ms: float
    """From the arrival of the part's frame until now."""
    drift: str | None = None
    """How the shift has moved away from the parts that thresholds were found on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What happens to a part, by which rule, and the fault if there was one."""

    decision: Decision
    reason: str
    fault: Fault | None


def decide(facts: Facts, rules: DecisionRules) -> Judgement:
    """Decide about one part; PASS needs proof, everything else needs none."""
    trouble = next(_obstacles(facts, rules), None)
    if trouble is not None or facts.scores is None:
        return _review(trouble or _UNKNOWN)
    return _by_score(facts.scores.score, rules)


def is_probability(value: float) -> bool:
    """Whether a value is a number from 0 to 1; NaN and infinities are not."""
    return 0.0 <= value <= 1.0


_UNKNOWN = Trouble(fault=Fault.UNKNOWN, words="the model gave no score")


def _review(trouble: Trouble) -> Judgement:
    return Judgement(
        decision=Decision.REVIEW, reason=trouble.words, fault=trouble.fault
    )


def _obstacles(facts: Facts, rules: DecisionRules) -> Iterator[Trouble]:
    """Yield what forbids a decision by score, the gravest first."""
    if facts.trouble is not None:
        yield facts.trouble
    if facts.model_verified is not True:
        yield Trouble(fault=Fault.MODEL_UNVERIFIED, words="the model was not verified")
    if facts.has_picture is not True:
        yield Trouble(fault=Fault.PICTURE_MISSING, words="there is no picture")
    # Written so that an age that is not a number is late as well.
    if not 0.0 <= facts.age_ms <= rules.deadline_ms:
        yield late(facts.age_ms, rules)
    if facts.scores is not None:
        yield from _unsound(facts.scores)
    if facts.drift is not None:
        yield Trouble(fault=Fault.DRIFT, words=facts.drift)


def late(age_ms: float, rules: DecisionRules) -> Trouble:
    """Say that a part's time is over."""
    return Trouble(
        fault=Fault.DEADLINE,
        words=f"{age_ms:.1f} ms old, deadline {rules.deadline_ms:g} ms",
    )


def _unsound(scores: Scores) -> Iterator[Trouble]:
    if scores.route is Route.NONE:
        yield Trouble(fault=Fault.UNKNOWN, words="neither picture nor log was scored")
    for name, value in (
        ("score", scores.score),
        ("picture score", scores.picture_score),
        ("log score", scores.log_score),
    ):
        if value is not None and not is_probability(value):
            yield Trouble(
                fault=Fault.NOT_A_NUMBER,
                words=f"{name} {value:g} is not a probability from 0 to 1",
            )
    if scores.defect_map is not None and not np.isfinite(scores.defect_map).all():
        wrong = int(np.count_nonzero(~np.isfinite(scores.defect_map)))
        yield Trouble(
            fault=Fault.NOT_A_NUMBER,
            words=f"{wrong} cells of the defect map are not numbers",
        )


def _by_score(score: float, rules: DecisionRules) -> Judgement:
    if score >= rules.reject_at:
        decision = Decision.REJECT
        reason = f"score {score:.3f} at or above {rules.reject_at:g}"
    elif score < rules.pass_below:
        decision = Decision.PASS
        reason = f"score {score:.3f} below {rules.pass_below:g}"
    else:
        decision = Decision.REVIEW
        reason = (
            f"uncertain: score {score:.3f} between "
            f"{rules.pass_below:g} and {rules.reject_at:g}"
        )
    return Judgement(decision=decision, reason=reason, fault=None)
