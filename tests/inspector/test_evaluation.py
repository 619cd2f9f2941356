"""The figures of an evaluation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from inspector.errors import RecordingError
from inspector.evaluation import evaluate, samples_of
from inspector.model.hybrid import load_model
from inspector.training.reference import agreement, load_torch_model
from inspector.yardsticks import average_precision, estimate_auroc
from tests.small_model import LINE, SmallModel


def test_the_area_is_the_one_everybody_knows() -> None:
    rng = np.random.default_rng(0)
    bad = rng.random(300) < 0.3
    scores = np.round(rng.normal(size=300) + bad, 1)  # with ties
    found = estimate_auroc(list(scores), bad)
    assert found.value == pytest.approx(roc_auc_score(bad, scores))
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(0.12, abs=0.04)


def test_average_precision_is_the_one_everybody_knows() -> None:
    rng = np.random.default_rng(1)
    bad = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + bad, 1)
    found = average_precision(scores[bad], scores[~bad])
    assert found == pytest.approx(average_precision_score(bad, scores))


@pytest.mark.slow
def test_an_evaluation_accounts_for_every_part(small_model: SmallModel) -> None:
    settings = small_model.settings
    models = (
        load_model(small_model.folder, LINE, settings=settings),
        load_model(small_model.folder, LINE, settings=settings, always_both=True),
    )
    seen: list[int] = []
    found = evaluate(
        small_model.recording, "test", models, settings.decisions, seen.append
    )
    content = json.loads(json.dumps(found.as_json(), allow_nan=False))
    parts = len(small_model.recording.select("test"))
    assert content["parts"] == parts == sum(seen)
    assert sum(content["decisions"].values()) == parts
    assert sum(content["routes"].values()) == parts
    wanted = {"fused", "image", "log", "and", "or", "late_fusion", "shuffled_log"}
    assert wanted | {"no_log", "late_log"} <= set(content["auroc"])
    assert content["fused_minus"]["fused"] == {"value": 0.0, "ci95": [0.0, 0.0]}
    assert content["review_rate"] == pytest.approx(
        content["decisions"]["REVIEW"] / parts
    )
    reference = load_torch_model(small_model.folder, LINE, settings.branch)
    compared = agreement(
        reference.scores(found.samples), found.both, settings.decisions
    )
    assert compared.max_abs_diff < 1e-3
    assert compared.flips == 0


def test_a_shift_that_is_not_there_is_named(small_model: SmallModel) -> None:
    settings = small_model.settings
    model = load_model(small_model.folder, LINE, settings=settings)
    with pytest.raises(RecordingError, match="split night"):
        evaluate(
            small_model.recording,
            "night",
            (model, model),
            settings.decisions,
            lambda _: None,
        )
    assert list(samples_of(small_model.recording, "night")) == []
