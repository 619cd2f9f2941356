"""The gate: what it refuses, with which figures, and what it lets through."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspector.errors import GateError, InputError, PictureError
from inspector.gate import (
    Contender,
    GateReport,
    Known,
    Overruling,
    Refusal,
    ReplayPart,
    ReplaySet,
    admit,
    examine,
)
from inspector.model.artifact import Figures, LearnedFrom, ShiftFigures
from inspector.settings import DecisionRules, GateRules
from inspector.types import BranchId, Sample, Scores, TrunkId
from tests.builders import BRANCH, TRUNK, a_frame, a_window, some_scores
from tests.small_branch import TinyBranch

PIXELS = np.zeros((4, 4), np.uint8)
RULES = DecisionRules(pass_below=0.3, reject_at=0.7)
BAD, GOOD = 60, 140


class Scripted:
    """Answers each part by its number."""

    def __init__(
        self, scores: Mapping[int, float], wait_s: float = 0.0, fails_at: int = -1
    ) -> None:
        self._scores = scores
        self._wait_s = wait_s
        self._fails_at = fails_at
        self.verified = True

    @property
    def trunk(self) -> TrunkId:
        return TRUNK

    @property
    def branch(self) -> BranchId:
        return BRANCH

    def score(self, sample: Sample) -> Scores:
        number = sample.window.frame.frame_id
        time.sleep(self._wait_s)
        if number == self._fails_at:
            message = "the region reaches beyond it"
            raise PictureError(message)
        return some_scores(score=self._scores[number])


def contender(
    scores: Mapping[int, float], val_auroc: float | None = 0.9, **more: Any
) -> Contender:
    val = ShiftFigures(
        parts=100, bad=30, auroc=val_auroc, escapes=0, false_rejects=0, reviews=0
    )
    learned = LearnedFrom(
        recording="poly", parts={}, sha256=more.pop("learned", "1") * 64
    )
    manifest = TinyBranch(version=more.pop("version", "2")).manifest()
    said = {"figures": Figures(val=val if val_auroc else None), "learned_from": learned}
    return Contender(
        manifest=manifest.model_copy(update=said),
        model=Scripted(scores, **more),
        rules=RULES,
    )


def reading(number: int) -> Callable[[], Sample]:
    window = a_window(frame=a_frame(frame_id=number))
    return lambda: Sample(window=window, pixels=PIXELS)


def a_part(number: int, bad: bool, **changes: Any) -> ReplayPart:
    values: dict[str, Any] = {
        "name": f"part {number}",
        "bad": bad,
        "known": Known.VERIFIED,
        "was_rejected": bad,
        "read": reading(number),
    }
    return ReplayPart(**values | changes)


def verified(bad: int = BAD, good: int = GOOD) -> list[ReplayPart]:
    return [a_part(at, at < bad) for at in range(bad + good)]


def honest(seed: int = 0) -> dict[int, float]:
    """Scores that tell bad from good well, with some doubt."""
    rng = np.random.default_rng(seed)
    bad = rng.uniform(0.55, 1.0, BAD)
    good = rng.uniform(0.0, 0.45, GOOD)
    return dict(enumerate(np.concatenate([bad, good]).tolist()))


def gate(
    candidate: Contender,
    running: Contender | None,
    parts: Sequence[ReplayPart] | None = None,
    **rules: Any,
) -> GateReport:
    known = verified() if parts is None else parts
    return examine(candidate, running, ReplaySet(parts=known), GateRules(**rules))


def refused_by(report: GateReport) -> list[str]:
    json.dumps(report.as_json(), allow_nan=False)
    return [each.check for each in report.refusals]


def test_a_branch_that_answers_alike_passes() -> None:
    report = gate(contender(honest()), contender(honest(), version="1"))
    assert refused_by(report) == []
    assert report.passed
    assert report.running == "1"
    assert report.figures["verified"] == {"bad": BAD, "good": GOOD}
    assert report.figures["flips"] == {
        "confirmed_rejects": BAD,
        "passed_now": 0,
        "allowed": 0,
    }
    assert report.figures["auroc"]["difference"] == 0
    assert set(report.figures["time_ms"]) == {"new", "running"}


def test_a_branch_that_is_better_passes() -> None:
    worse = honest() | dict.fromkeys(range(BAD, BAD + 20), 0.8)
    report = gate(contender(honest()), contender(worse))
    assert refused_by(report) == []
    assert report.figures["wrong_decisions"]["difference"] == pytest.approx(-0.1)


def test_a_confirmed_reject_must_not_pass() -> None:
    flipped = honest() | {3: 0.2, 5: 0.1}
    running = contender(honest())
    report = gate(contender(flipped), running, margin_auroc=0.9)
    assert refused_by(report) == ["flips"]
    words = report.refusals[0].words
    assert words == ("passes 2 of 60 confirmed rejects, 0 allowed: part 3, part 5")
    assert report.may_be_forced
    allowing = gate(contender(flipped), running, margin_auroc=0.9, flips_allowed=2)
    assert allowing.passed


def test_a_bad_part_that_was_not_rejected_then_is_no_flip() -> None:
    parts = [*verified(), a_part(500, bad=True, was_rejected=False)]
    scores = honest() | {500: 0.1}
    assert "flips" not in refused_by(
        gate(contender(scores), contender(honest() | {500: 0.5}), parts)
    )


def test_more_wrong_decisions_are_refused_with_both_counts() -> None:
    worse = honest() | dict.fromkeys(range(BAD, BAD + 14), 0.8)
    report = gate(contender(worse), contender(honest()), margin_auroc=0.9)
    assert refused_by(report) == ["wrong"]
    words = report.refusals[0].words
    assert words.startswith("wrong decisions: 14 of 200, the running branch 0;")
    assert "95% confidence" in words
    assert "would show it" not in words, "they are not alike"


def test_a_difference_inside_the_margin_must_also_be_shown() -> None:
    # Ten new errors and nine fewer: hardly a difference, but hardly a proof either.
    new = honest() | dict.fromkeys(range(BAD, BAD + 10), 0.8)
    old = honest() | dict.fromkeys(range(BAD + 20, BAD + 29), 0.8)
    report = gate(contender(new), contender(old), margin_auroc=0.9, margin_errors=0.03)
    assert refused_by(report) == ["wrong"]
    assert "verified parts would show it" in report.refusals[0].words
    assert report.figures["wrong_decisions"]["difference"] == pytest.approx(0.005)


def test_leaving_everything_to_people_is_not_better() -> None:
    idle = dict.fromkeys(range(BAD + GOOD), 0.5)
    report = gate(contender(idle), contender(honest()), margin_auroc=0.9)
    assert refused_by(report) == ["parts"]
    assert "parts left to a person: 200 of 200" in report.refusals[0].words


def test_a_score_that_ranks_worse_is_refused_though_no_verdict_changes() -> None:
    rng = np.random.default_rng(1)
    blurred = {at: float(rng.uniform(0.31, 0.69)) for at in range(BAD + GOOD)}
    sharp = {at: 0.65 if at < BAD else 0.35 for at in range(BAD + GOOD)}
    report = gate(contender(blurred), contender(sharp))
    assert refused_by(report) == ["auroc"]
    assert "area under the ROC curve on 200 verified parts" in report.refusals[0].words


def test_a_part_that_cannot_be_judged_is_refused_and_named() -> None:
    candidate = contender(honest(), fails_at=7)
    report = gate(candidate, contender(honest()), margin_auroc=0.9)
    assert refused_by(report) == ["faults"]
    assert "could not judge 1 of 200 parts; the first is part 7" in (
        report.refusals[0].words
    )


def test_what_neither_can_judge_is_nobodys_fault() -> None:
    report = gate(contender(honest(), fails_at=7), contender(honest(), fails_at=7))
    assert refused_by(report) == []


def test_a_score_that_is_no_number_counts_as_wrong() -> None:
    nothing = dict.fromkeys(range(BAD + GOOD), float("nan"))
    assert refused_by(gate(contender(nothing), contender(honest()))) == [
        "faults",
        "parts",
        "auroc",
    ]


def test_an_unverified_model_passes_nothing() -> None:
    candidate = contender(honest())
    candidate.model.verified = False  # type: ignore[misc]
    assert "faults" in refused_by(gate(candidate, contender(honest())))


# Overruling it.


REFUSED = gate(contender(honest() | {3: 0.1}), contender(honest()), margin_auroc=0.9)


def test_what_passes_needs_nobody() -> None:
    assert admit(gate(contender(honest()), contender(honest()))) is False


def test_a_refusal_is_an_error_that_names_each_check() -> None:
    with pytest.raises(GateError, match="branch 2 of line poly, flips: passes 1 of"):
        admit(REFUSED)


def test_a_person_with_the_right_and_a_reason_may_overrule_the_gate() -> None:
    assert admit(REFUSED, Overruling(who="lin", why="part 3 was good", has_right=True))


@pytest.mark.parametrize(
    ("overruling", "said"),
    [
        (Overruling(who="bo", why="hurry", has_right=False), "bo has no right"),
        (Overruling(who="lin", why=" ", has_right=True), "without a reason"),
    ],
)
def test_nobody_else_may(overruling: Overruling, said: str) -> None:
    with pytest.raises(GateError, match=said):
        admit(REFUSED, overruling)


def test_what_is_broken_stays_out_whoever_asks() -> None:
    altered = Refusal(check="files", words="was altered", may_be_forced=False)
    broken = replace(REFUSED, refusals=(*REFUSED.refusals, altered))
    with pytest.raises(GateError, match="what is broken cannot be forced"):
        admit(broken, Overruling(who="lin", why="hurry", has_right=True))


# Too few parts that people looked at.


def few() -> list[ReplayPart]:
    return [*verified()[:5], *verified()[BAD : BAD + 5]]


def test_too_few_verified_parts_leave_it_to_validation() -> None:
    report = gate(contender(honest(), 0.92), contender(honest(), 0.9), few())
    assert report.passed
    assert "5 bad and 5 good verified parts are too few" in report.notes[0]
    assert report.figures["validation"] == {"auroc": 0.92, "running": 0.9}


def test_a_flip_counts_however_few_parts_there_are() -> None:
    report = gate(contender(honest() | {3: 0.1}), contender(honest()), few())
    assert refused_by(report) == ["flips"]


def test_worse_figures_of_validation_are_refused() -> None:
    report = gate(contender(honest(), 0.84), contender(honest(), 0.9), few())
    assert refused_by(report) == ["validation"]
    assert "0.840, the running branch 0.900" in report.refusals[0].words


def test_without_any_figures_nothing_shows_that_it_is_good() -> None:
    report = gate(contender(honest(), None), contender(honest(), 0.9), few())
    assert refused_by(report) == ["validation"]
    assert "nothing shows that it is any good" in report.refusals[0].words


def test_figures_of_different_shifts_are_noted() -> None:
    report = gate(contender(honest()), contender(honest(), learned="2"), few())
    assert report.passed
    assert "different validation shifts" in report.notes[-1]


def test_a_line_on_which_nothing_runs_takes_what_is_sound() -> None:
    report = gate(contender(honest(), None), None)
    assert report.passed
    assert report.running is None


# Golden parts.


def golden(number: int, bad: bool) -> ReplayPart:
    return a_part(number, bad, name=f"golden part {number}", known=Known.GOLDEN)


@pytest.mark.parametrize(("bad", "score"), [(True, 0.1), (False, 0.9)])
def test_a_golden_part_is_never_judged_wrongly(bad: bool, score: float) -> None:
    parts = [*verified(), golden(900, bad=bad)]
    right = honest() | {900: 0.9 if bad else 0.1}
    report = gate(contender(honest() | {900: score}), contender(right), parts)
    assert "golden" in refused_by(report)
    assert "golden part 900" in report.refusals[0].words
    alone = gate(contender(honest() | {900: score}), None, parts)
    assert "golden" in refused_by(alone)


def test_a_golden_part_that_the_running_branch_misses_too_is_no_reason() -> None:
    parts = [*verified(), golden(900, bad=False)]
    wrong = honest() | {900: 0.9}
    report = gate(contender(wrong), contender(wrong), parts)
    assert report.passed
    assert report.figures["golden"] == {"parts": 1, "wrong": 1}


# Time, and what was lost.


def test_a_slow_branch_is_refused_with_its_times() -> None:
    report = gate(
        contender(honest(), wait_s=0.002), contender(honest()), few(), median_ms=1.0
    )
    assert refused_by(report) == ["time"]
    assert "ms a part, allowed is 1 ms" in report.refusals[0].words
    told = report.figures["time_ms"]
    assert told["new"]["median"] > 2 > told["running"]["median"]


def test_slow_parts_that_are_rare_count_as_well() -> None:
    report = gate(contender(honest(), wait_s=0.002), None, few(), p99_ms=1.0)
    assert refused_by(report) == ["time"]
    assert report.refusals[0].words.startswith("p99 ")


def test_without_parts_its_own_samples_are_timed() -> None:
    candidate, running = contender({1: 0.5}), contender({1: 0.5})
    samples = [reading(1)()]
    report = examine(
        candidate, running, ReplaySet(parts=(), samples=samples), GateRules()
    )
    assert report.passed
    nothing = examine(candidate, running, ReplaySet(parts=()), GateRules())
    assert refused_by(nothing) == ["time"]


def lost() -> Sample:
    where = "evidence/x.png"
    raise InputError.single(where, "was altered")


def test_parts_that_are_lost_are_counted_and_named() -> None:
    parts = [*verified(), a_part(900, bad=True, read=lost)]
    known = ReplaySet(parts=parts, left_out={"they passed": 4})
    report = examine(contender(honest()), contender(honest()), known, GateRules())
    assert report.passed
    assert report.figures["left_out"] == {
        "they passed": 4,
        "what was kept of them is lost": 1,
    }
    assert any("part 900 cannot be judged again" in note for note in report.notes)
    assert any("4 verified parts are left out" in note for note in report.notes)
