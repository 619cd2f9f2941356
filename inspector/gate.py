"""The gate: what a branch must prove before it may judge a line.

Its files were checked and it was loaded by then. Here it judges parts again whose truth
is known, beside the branch that runs: parts that people have confirmed or overruled,
and golden parts. It is refused unless it is shown to be not worse, passes no part that
was rejected with reason, and is fast enough on this machine.

"Not worse" is tested, not assumed: what counts is the worst difference that these parts
leave possible at the wanted confidence, and it must stay inside a margin. Too few
verified parts show nothing either way; then golden parts and the figures of validation
decide, and the report says so (`docs/branches.md`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any

import numpy as np

from inspector.deciding import Facts, Trouble, decide, is_probability
from inspector.errors import GateError, InspectorError
from inspector.measures.estimates import Bools, Numbers
from inspector.measures.paired import (
    auroc_difference,
    parts_needed,
    share_difference,
)
from inspector.model.artifact import BranchManifest
from inspector.ports import Model
from inspector.settings import DecisionRules, GateRules
from inspector.types import Decision, Fault, Problem, Sample, Scores

_TIMED = 200
"""Scores that are timed at least: fewer say nothing about one in a hundred."""
_REMEMBERED = 32
"""Samples that are kept for timing; pictures are large."""


class Known(StrEnum):
    """How the truth about a part is known."""

    VERIFIED = "verified"
    """A person looked at it."""
    GOLDEN = "golden"
    """It was chosen because there is no doubt about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPart:
    """A part whose truth is known, and how to judge it again."""

    name: str
    """For messages: what a person can look it up by."""
    bad: bool
    known: Known
    was_rejected: bool
    """Whether its verdict on record is REJECT."""
    read: Callable[[], Sample] = field(repr=False)
    """Raises `InspectorError` if what was kept of it is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySet:
    """The parts that a line's branches are compared on."""

    parts: Sequence[ReplayPart]
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Parts whose truth is known and that cannot be judged again, by the reason."""
    samples: Sequence[Sample] = field(default=(), repr=False)
    """Of the candidate's own, to time it with where there are too few parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A branch that is loaded, with the rules that it decides by."""

    manifest: BranchManifest
    model: Model
    rules: DecisionRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a branch may not judge a line."""

    check: str
    """Which of the gate's checks; one word."""
    words: str
    may_be_forced: bool = True
    """Whether a person with the right may overrule it; what is broken stays out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate found."""

    line: str
    version: str
    running: str | None
    """The version that it was compared with."""
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    """What a person should know who decides."""
    figures: Mapping[str, Any]
    """What was measured, as JSON."""

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the branch."""
        return not self.refusals

    @property
    def may_be_forced(self) -> bool:
        """Whether all that speaks against it may be overruled."""
        return all(each.may_be_forced for each in self.refusals)

    def as_json(self) -> dict[str, Any]:
        """Give all of it, for a file or for the record of branches."""
        return {
            "line": self.line,
            "version": self.version,
            "running": self.running,
            "passed": self.passed,
            "refusals": [
                {"check": each.check, "words": each.words} for each in self.refusals
            ],
            "notes": list(self.notes),
            **self.figures,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overruling:
    """A person's wish to let a branch judge although the gate refuses it."""

    who: str
    why: str
    has_right: bool
    """Whether this person may overrule the gate of this line."""


def admit(report: GateReport, overruling: Overruling | None = None) -> bool:
    """Let a branch through, or raise what speaks against it.

    Args:
        report: what the gate found.
        overruling: `None`: the gate has the last word.

    Returns:
        Whether the gate was overruled; that goes on record (`BranchAct.forced`).

    Raises:
        GateError: it is refused, and is not overruled or cannot be.
    """
    if report.passed:
        return False
    where = f"branch {report.version} of line {report.line}"
    problems = [
        Problem(where=f"{where}, {each.check}", what=each.words)
        for each in report.refusals
    ]
    if overruling is None:
        raise GateError(problems)
    against = _against(report, overruling)
    if against is not None:
        raise GateError([*problems, Problem(where=where, what=against)])
    return True


def _against(report: GateReport, overruling: Overruling) -> str | None:
    """Say why the gate cannot be overruled here."""
    if not overruling.has_right:
        return f"{overruling.who} has no right to overrule the gate of this line"
    if not overruling.why.strip():
        return "the gate is not overruled without a reason: say why"
    if not report.may_be_forced:
        return "what is broken cannot be forced"
    return None


def examine(
    candidate: Contender,
    running: Contender | None,
    replay_set: ReplaySet,
    rules: GateRules,
) -> GateReport:
    """Let a branch judge known parts beside the running one, and say what it proved.

    Args:
        candidate: the branch that wants to judge.
        running: the branch that judges now; `None`: none does, or it cannot be loaded.
        replay_set: parts whose truth is known.
        rules: what must be proved.
    """
    found = _Found(rules)
    trials = [
        trial
        for part in replay_set.parts
        if (trial := _try(part, candidate, running, found)) is not None
    ]
    _check_troubles(trials, found)
    _check_golden(trials, found)
    _check_flips(trials, found)
    if running is not None:
        _compare(trials, (candidate, running), found)
    for sample in replay_set.samples:
        found.remember(sample)
    _check_time(candidate, running, found)
    _note_left_out(replay_set, found)
    return GateReport(
        line=candidate.manifest.line,
        version=candidate.manifest.version,
        running=None if running is None else running.manifest.version,
        refusals=tuple(found.refusals),
        notes=tuple(found.notes),
        figures=MappingProxyType(found.figures),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one branch made of a part."""

    decision: Decision
    score: float | None
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """A part judged again by the candidate and, if there is one, the running branch."""

    part: ReplayPart
    new: _Answer
    old: _Answer | None


class _Found:
    """What the checks find, one after another."""

    def __init__(self, rules: GateRules) -> None:
        self.rules = rules
        self.refusals: list[Refusal] = []
        self.notes: list[str] = []
        self.figures: dict[str, Any] = {}
        self.samples: list[Sample] = []
        self.lost = 0

    def refuse(self, check: str, words: str) -> None:
        self.refusals.append(Refusal(check=check, words=words))

    def remember(self, sample: Sample) -> None:
        if len(self.samples) < _REMEMBERED:
            self.samples.append(sample)


# Judging again.


def _try(
    part: ReplayPart, candidate: Contender, running: Contender | None, found: _Found
) -> _Trial | None:
    """Judge a part again; `None` if what was kept of it is lost."""
    try:
        sample = part.read()
    except InspectorError as error:
        found.lost += 1
        found.notes.append(f"{part.name} cannot be judged again: {error}")
        return None
    found.remember(sample)
    return _Trial(
        part=part,
        new=_answer(candidate, sample),
        old=None if running is None else _answer(running, sample),
    )


def _answer(contender: Contender, sample: Sample) -> _Answer:
    scores: Scores | None = None
    trouble: Trouble | None = None
    try:
        scores = contender.model.score(sample)
    except InspectorError as error:
        trouble = Trouble(fault=Fault.EXCEPTION, words=f"{error}")
    facts = Facts(
        scores=scores,
        trouble=trouble,
        has_picture=sample.pixels is not None,
        model_verified=contender.model.verified,
        age_ms=0.0,
    )
    judged = decide(facts, contender.rules)
    sound = scores is not None and is_probability(scores.score)
    return _Answer(
        decision=judged.decision,
        score=scores.score if scores is not None and sound else None,
        trouble=None if judged.fault is None else judged.reason,
    )


# The checks.


def _check_troubles(trials: Sequence[_Trial], found: _Found) -> None:
    """Refuse a branch that cannot judge what the running one can."""
    failed = [
        trial
        for trial in trials
        if trial.new.trouble and (trial.old is None or trial.old.trouble is None)
    ]
    found.figures["parts_it_could_not_judge"] = len(failed)
    if failed:
        first = failed[0]
        words = (
            f"could not judge {len(failed)} of {len(trials)} parts; the first is "
            f"{first.part.name}: {first.new.trouble}"
        )
        found.refuse("faults", words)


def _check_golden(trials: Sequence[_Trial], found: _Found) -> None:
    """Refuse a branch that is wrong about golden parts which the other one knows."""
    golden = [trial for trial in trials if trial.part.known is Known.GOLDEN]
    wrong = [trial for trial in golden if _is_wrong(trial.new, trial.part)]
    worse = [
        trial
        for trial in wrong
        if trial.old is None or not _is_wrong(trial.old, trial.part)
    ]
    found.figures["golden"] = {"parts": len(golden), "wrong": len(wrong)}
    if worse:
        words = (
            f"judges {len(worse)} of {len(golden)} golden parts wrongly that must not "
            f"be: {_names(worse)}"
        )
        found.refuse("golden", words)


def _check_flips(trials: Sequence[_Trial], found: _Found) -> None:
    """Refuse a branch that passes parts which were rejected with reason."""
    confirmed = [
        trial for trial in trials if trial.part.bad and trial.part.was_rejected
    ]
    flips = [trial for trial in confirmed if trial.new.decision is Decision.PASS]
    allowed = found.rules.flips_allowed
    found.figures["flips"] = {
        "confirmed_rejects": len(confirmed),
        "passed_now": len(flips),
        "allowed": allowed,
    }
    if len(flips) > allowed:
        words = (
            f"passes {len(flips)} of {len(confirmed)} confirmed rejects, {allowed} "
            f"allowed: {_names(flips)}"
        )
        found.refuse("flips", words)


def _compare(
    trials: Sequence[_Trial], contenders: tuple[Contender, Contender], found: _Found
) -> None:
    """Test on the verified parts whether the candidate is not worse."""
    verified = [trial for trial in trials if trial.part.known is Known.VERIFIED]
    bad = sum(trial.part.bad for trial in verified)
    good = len(verified) - bad
    found.figures["verified"] = {"bad": bad, "good": good}
    rules = found.rules
    if bad < rules.fewest_bad or good < rules.fewest_good:
        found.notes.append(
            f"{bad} bad and {good} good verified parts are too few to compare on "
            f"({rules.fewest_bad} and {rules.fewest_good} are needed): golden parts "
            "and the figures of validation decide"
        )
        _compare_validation(contenders, found)
        return
    _test(verified, found)


def _test(verified: Sequence[_Trial], found: _Found) -> None:
    pairs = [(trial.new, trial.old) for trial in verified if trial.old is not None]
    bad = np.array([trial.part.bad for trial in verified])
    parts = [trial.part for trial in verified]
    _test_share(
        "wrong decisions",
        found.rules.margin_errors,
        tuple(
            np.array([_is_wrong(pair[at], part) for pair, part in _zip(pairs, parts)])
            for at in (0, 1)
        ),
        found,
    )
    _test_share(
        "parts left to a person",
        found.rules.margin_reviews,
        tuple(
            np.array([pair[at].decision is Decision.REVIEW for pair in pairs])
            for at in (0, 1)
        ),
        found,
    )
    new, old = (
        np.array([_rankable(pair[at], part) for pair, part in _zip(pairs, parts)])
        for at in (0, 1)
    )
    _test_auroc(new, old, bad, found)


def _zip(
    pairs: Sequence[tuple[_Answer, _Answer]], parts: Sequence[ReplayPart]
) -> Iterator[tuple[tuple[_Answer, _Answer], ReplayPart]]:
    return zip(pairs, parts, strict=True)


def _test_share(
    what: str, margin: float, holds: tuple[Bools, ...], found: _Found
) -> None:
    """Refuse if the share of parts may have grown by the margin or more."""
    new, old = holds
    confidence = found.rules.confidence
    difference = share_difference(new, old, confidence)
    found.figures[what.replace(" ", "_")] = {
        "new": int(new.sum()),
        "running": int(old.sum()),
        "of": len(new),
        "difference": difference.value,
        "worst": difference.worst,
        "margin": margin,
        "confidence": confidence,
    }
    if difference.worst < margin:
        return
    needed = parts_needed(new, old, margin, confidence)
    words = (
        f"{what}: {new.sum()} of {len(new)}, the running branch {old.sum()}; with "
        f"{confidence:.0%} confidence the share may have grown by "
        f"{difference.worst:.3f}, allowed is less than {margin:g}"
    )
    if difference.value < margin and needed > len(new):
        words += f" (if they are alike, about {needed} verified parts would show it)"
    found.refuse(what.split(maxsplit=1)[0], words)


def _test_auroc(new: Numbers, old: Numbers, bad: Bools, found: _Found) -> None:
    rules = found.rules
    difference = auroc_difference(new, old, bad, rules.confidence)
    found.figures["auroc"] = {
        "difference": difference.value,
        "worst": difference.worst,
        "margin": rules.margin_auroc,
        "confidence": rules.confidence,
    }
    if difference.worst <= -rules.margin_auroc:
        words = (
            f"area under the ROC curve on {len(bad)} verified parts: "
            f"{difference.value:+.3f} against the running branch; with "
            f"{rules.confidence:.0%} confidence it may be {difference.worst:+.3f}, "
            f"allowed is above {-rules.margin_auroc:g}"
        )
        found.refuse("auroc", words)


def _compare_validation(contenders: tuple[Contender, Contender], found: _Found) -> None:
    """Compare what training measured, where people have verified too few parts."""
    new, old = (each.manifest.figures.val for each in contenders)
    if new is None or new.auroc is None:
        words = "nothing shows that it is any good: no figures of a validation shift"
        found.refuse("validation", words)
        return
    before = None if old is None else old.auroc
    found.figures["validation"] = {"auroc": new.auroc, "running": before}
    if before is None:
        found.notes.append("the running branch has no figures of validation")
        return
    margin = found.rules.margin_auroc
    sources = [each.manifest.learned_from.sha256 for each in contenders]
    if sources[0] != sources[1]:
        found.notes.append("the two were measured on different validation shifts")
    if new.auroc <= before - margin:
        words = (
            f"area under the ROC curve on validation: {new.auroc:.3f}, the running "
            f"branch {before:.3f}; allowed is to lose less than {margin:g}"
        )
        found.refuse("validation", words)


def _check_time(candidate: Contender, running: Contender | None, found: _Found) -> None:
    """Time both in turns on the same parts; only the candidate has a budget."""
    if not found.samples:
        found.refuse("time", "there is no part to time it with: no golden sample")
        return
    contenders = [candidate] if running is None else [candidate, running]
    spent_ms: list[list[float]] = [[] for _ in contenders]
    for sample in islice(cycle(found.samples), _TIMED):
        for times, contender in zip(spent_ms, contenders, strict=True):
            begun = time.perf_counter()
            _answer(contender, sample)
            times.append((time.perf_counter() - begun) * 1000)
    told = [_percentiles(times) for times in spent_ms]
    found.figures["time_ms"] = dict(zip(("new", "running"), told, strict=False))
    budget = {"median": found.rules.median_ms, "p99": found.rules.p99_ms}
    for name, allowed in budget.items():
        if told[0][name] > allowed:
            words = f"{name} {told[0][name]:.1f} ms a part, allowed is {allowed:g} ms"
            found.refuse("time", words)


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    median, p99 = np.percentile(times, [50, 99])
    return {"median": float(median), "p99": float(p99)}


def _note_left_out(replay_set: ReplaySet, found: _Found) -> None:
    left_out = dict(replay_set.left_out)
    if found.lost:
        left_out["what was kept of them is lost"] = found.lost
    found.figures["left_out"] = left_out
    found.notes.extend(
        f"{count} verified parts are left out: {why}" for why, count in left_out.items()
    )


def _is_wrong(answer: _Answer, part: ReplayPart) -> bool:
    """Whether a bad part passes or a good one is rejected; REVIEW decides neither."""
    return answer.decision is (Decision.PASS if part.bad else Decision.REJECT)


def _rankable(answer: _Answer, part: ReplayPart) -> float:
    """Give the score; a part that got none counts as ranked as wrongly as can be."""
    if answer.score is not None:
        return answer.score
    return 0.0 if part.bad else 1.0


def _names(trials: Sequence[_Trial]) -> str:
    shown = [trial.part.name for trial in trials[:5]]
    more = len(trials) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
