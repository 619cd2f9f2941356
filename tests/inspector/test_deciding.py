"""What may never pass, rule by rule, and for any input at all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.deciding import Facts, Trouble, decide, is_probability, late
from inspector.settings import DecisionRules
from inspector.types import Decision, Fault, Route
from tests.builders import some_scores

RULES = DecisionRules(pass_below=0.3, reject_at=0.7, deadline_ms=500)


def the_facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "scores": some_scores(),
        "trouble": None,
        "has_picture": True,
        "model_verified": True,
        "age_ms": 12.0,
    }
    return Facts(**values | changes)


@pytest.mark.parametrize(
    ("score", "decision", "reason"),
    [
        (0.0, Decision.PASS, "score 0.000 below 0.3"),
        (0.299, Decision.PASS, "score 0.299 below 0.3"),
        (0.3, Decision.REVIEW, "uncertain: score 0.300 between 0.3 and 0.7"),
        (0.699, Decision.REVIEW, "uncertain: score 0.699 between 0.3 and 0.7"),
        (0.7, Decision.REJECT, "score 0.700 at or above 0.7"),
        (1.0, Decision.REJECT, "score 1.000 at or above 0.7"),
    ],
)
def test_the_score_decides(score: float, decision: Decision, reason: str) -> None:
    judgement = decide(the_facts(scores=some_scores(score=score)), RULES)
    assert (judgement.decision, judgement.reason) == (decision, reason)
    assert judgement.fault is None


def test_without_a_band_the_threshold_itself_rejects() -> None:
    rules = DecisionRules(pass_below=0.5, reject_at=0.5)
    judgement = decide(the_facts(scores=some_scores(score=0.5)), rules)
    assert judgement.decision is Decision.REJECT


FORBIDDEN: list[tuple[dict[str, Any], Fault, str]] = [
    (
        {"trouble": Trouble(fault=Fault.CHECKSUM, words="sha256 differs")},
        Fault.CHECKSUM,
        "sha256 differs",
    ),
    (
        {"model_verified": False},
        Fault.MODEL_UNVERIFIED,
        "the model was not verified",
    ),
    ({"has_picture": False}, Fault.PICTURE_MISSING, "there is no picture"),
    ({"age_ms": 500.1}, Fault.DEADLINE, "500.1 ms old, deadline 500 ms"),
    ({"age_ms": -0.1}, Fault.DEADLINE, "-0.1 ms old, deadline 500 ms"),
    ({"age_ms": math.nan}, Fault.DEADLINE, "nan ms old, deadline 500 ms"),
    ({"scores": None}, Fault.UNKNOWN, "the model gave no score"),
    (
        {"scores": some_scores(route=Route.NONE)},
        Fault.UNKNOWN,
        "neither picture nor log was scored",
    ),
    (
        {"scores": some_scores(score=math.nan)},
        Fault.NOT_A_NUMBER,
        "score nan is not a probability from 0 to 1",
    ),
    (
        {"scores": some_scores(picture_score=-0.01)},
        Fault.NOT_A_NUMBER,
        "picture score -0.01 is not a probability from 0 to 1",
    ),
    (
        {"scores": some_scores(log_score=1.01)},
        Fault.NOT_A_NUMBER,
        "log score 1.01 is not a probability from 0 to 1",
    ),
    (
        {"scores": some_scores(defect_map=np.array([[0.1, np.nan, np.inf]]))},
        Fault.NOT_A_NUMBER,
        "2 cells of the defect map are not numbers",
    ),
    ({"drift": "the shift has moved"}, Fault.DRIFT, "the shift has moved"),
    ({"drift": ""}, Fault.DRIFT, ""),
]


@pytest.mark.parametrize(("changes", "fault", "words"), FORBIDDEN)
def test_what_is_forbidden_is_reviewed_with_its_reason(
    changes: dict[str, Any], fault: Fault, words: str
) -> None:
    judgement = decide(the_facts(**changes), RULES)
    assert judgement.decision is Decision.REVIEW
    assert (judgement.fault, judgement.reason) == (fault, words)


@pytest.mark.parametrize("age_ms", [0.0, 500.0])
def test_a_part_may_take_exactly_its_deadline(age_ms: float) -> None:
    assert decide(the_facts(age_ms=age_ms), RULES).decision is Decision.PASS


def test_a_sound_defect_map_does_not_stand_in_the_way() -> None:
    scores = some_scores(defect_map=np.full((2, 3), 0.5, dtype=np.float32))
    assert decide(the_facts(scores=scores), RULES).decision is Decision.PASS


def test_scores_that_a_route_left_out_do_not_stand_in_the_way() -> None:
    scores = some_scores(picture_score=None, log_score=None)
    assert decide(the_facts(scores=scores), RULES).decision is Decision.PASS


def test_the_trouble_on_the_way_is_named_before_its_consequences() -> None:
    trouble = Trouble(fault=Fault.DECODE, words="truncated")
    facts = the_facts(trouble=trouble, has_picture=False, scores=None)
    assert decide(facts, RULES).fault is Fault.DECODE


def test_what_is_wrong_with_the_part_is_named_before_what_is_with_the_shift() -> None:
    drift = "the shift has moved"
    late_part = the_facts(drift=drift, age_ms=501)
    assert decide(late_part, RULES).fault is Fault.DEADLINE
    unsound = the_facts(drift=drift, scores=some_scores(score=math.nan))
    assert decide(unsound, RULES).fault is Fault.NOT_A_NUMBER


def test_a_part_of_a_moved_shift_is_not_even_rejected() -> None:
    facts = the_facts(drift="the shift has moved", scores=some_scores(score=1.0))
    assert decide(facts, RULES).decision is Decision.REVIEW


def test_late_names_the_age_and_the_deadline() -> None:
    assert late(612.34, RULES).words == "612.3 ms old, deadline 500 ms"


probabilities = st.floats(0, 1)
not_probabilities = st.floats().filter(lambda value: not is_probability(value))
rules = st.tuples(probabilities, probabilities).map(
    lambda pair: DecisionRules(pass_below=min(pair), reject_at=max(pair))
)
sound_facts = st.builds(
    the_facts,
    age_ms=st.floats(0, 500),
    scores=st.builds(
        some_scores,
        score=probabilities,
        picture_score=st.none() | probabilities,
        log_score=st.none() | probabilities,
        route=st.sampled_from([Route.PICTURE, Route.LOG, Route.BOTH]),
    ),
)
poisons = st.one_of(
    st.builds(
        lambda f: {"trouble": Trouble(fault=f, words="w")}, st.sampled_from(Fault)
    ),
    st.just({"model_verified": False}),
    st.just({"has_picture": False}),
    st.just({"scores": None}),
    st.text().map(lambda words: {"drift": words}),
    st.one_of(
        st.floats(max_value=0, exclude_max=True),
        st.floats(min_value=500, exclude_min=True),
        st.just(math.nan),
    ).map(lambda age: {"age_ms": age}),
)
score_poisons = st.one_of(
    st.tuples(
        st.sampled_from(["score", "picture_score", "log_score"]), not_probabilities
    ).map(lambda pair: {pair[0]: pair[1]}),
    st.just({"route": Route.NONE}),
    st.sampled_from([math.nan, math.inf, -math.inf]).map(
        lambda bad: {"defect_map": np.array([[0.5, bad]], dtype=np.float32)}
    ),
)


@given(facts=sound_facts, rules=rules, poison=poisons)
def test_no_part_passes_with_one_forbidden_thing(
    facts: Facts, rules: DecisionRules, poison: dict[str, Any]
) -> None:
    judgement = decide(replace(facts, **poison), rules)
    assert judgement.decision is Decision.REVIEW
    assert judgement.fault is not None


@given(facts=sound_facts, rules=rules, poison=score_poisons)
def test_no_part_passes_with_one_forbidden_score(
    facts: Facts, rules: DecisionRules, poison: dict[str, Any]
) -> None:
    assert facts.scores is not None
    poisoned = replace(facts, scores=replace(facts.scores, **poison))
    judgement = decide(poisoned, rules)
    assert judgement.decision is Decision.REVIEW
    assert judgement.fault is not None


@given(facts=sound_facts, rules=rules)
def test_a_sound_part_is_decided_by_its_score_alone(
    facts: Facts, rules: DecisionRules
) -> None:
    assert facts.scores is not None
    judgement = decide(facts, rules)
    assert judgement.fault is None
    assert judgement.reason
    assert (judgement.decision is Decision.PASS) == (
        facts.scores.score < rules.pass_below
    )
    assert (judgement.decision is Decision.REJECT) == (
        facts.scores.score >= rules.reject_at
    )
