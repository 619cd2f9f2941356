"""Training completes a line's settings with a promise and a watch on drift."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.drift import DriftGuard, describe, describe_picture
from inspector.evaluation import samples_of
from inspector.model.hybrid import load_model
from inspector.settings import STATISTICS
from inspector.thresholds import find_thresholds
from inspector.training.guarding import (
    blurred,
    brighter,
    contrasted,
    find_harmless,
    sharpened,
)
from inspector.types import Pixels, Sample, Scores
from tests.builders import a_window, some_scores
from tests.inspector.line_fakes import FakeModel
from tests.small_model import LINE, SmallModel


def a_picture(seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.normal(120, 25, (64, 64)).clip(0, 255).astype(np.uint8)


RULES = find_thresholds(
    np.concatenate([np.full(30, 0.9), np.full(40, 0.1)]), np.arange(70) < 30
)
BAD = [Sample(window=a_window(), pixels=a_picture(seed)) for seed in range(30)]


def test_a_picture_may_move_until_bad_parts_escape() -> None:
    def blind_in_the_dark(sample: Sample) -> Scores:
        assert sample.pixels is not None
        return some_scores(score=0.9 if sample.pixels.mean() > 70 else 0.0)

    found = find_harmless(FakeModel(act=blind_in_the_dark), BAD, RULES)
    # At 70 % the lamp is still bright enough, at 55 % it is not.
    assert found.down["brightness"] == pytest.approx(-np.log(0.7), abs=0.02)
    assert found.up["brightness"] > 0.4
    assert found.down["contrast"] == pytest.approx(0.55 * 25 / 120, abs=0.02)
    assert found.down["sharpness"] > found.up["sharpness"] > 0


def test_no_more_may_escape_than_was_promised() -> None:
    assert RULES.guarantee is not None
    promised = RULES.guarantee.escapes.bound_at_confidence
    assert 2 / 30 < promised < 3 / 30
    for escapes, holds in ((2, True), (3, False)):
        bad = [
            Sample(window=a_window(log_lines=()), pixels=sample.pixels)
            if at < escapes
            else sample
            for at, sample in enumerate(BAD)
        ]
        model = FakeModel(
            act=lambda sample: some_scores(score=0.9 if sample.window.log_lines else 0)
        )
        found = find_harmless(model, bad, RULES)
        assert (found.up["brightness"] > 0) is holds


@pytest.mark.parametrize(
    ("moved", "column", "sign"),
    [
        (brighter(0.7)(a_picture()), 0, -1),
        (brighter(1.3)(a_picture()), 0, 1),
        (contrasted(0.6)(a_picture()), 1, -1),
        (contrasted(1.6)(a_picture()), 1, 1),
        (blurred(1.0)(a_picture()), 2, -1),
        (sharpened(2.0)(blurred(1.0)(a_picture())), 2, -1),
    ],
)
def test_moves_go_where_they_say(moved: Pixels, column: int, sign: int) -> None:
    off = describe_picture(moved)[column] - describe_picture(a_picture())[column]
    assert np.sign(off) == sign
    assert moved.dtype == np.uint8


def test_colours_are_moved_as_they_are() -> None:
    colour = np.dstack([a_picture(1), a_picture(2), a_picture(3)])
    for move in (brighter(1.2), contrasted(0.8), blurred(1.0), sharpened(1.0)):
        assert move(colour).shape == colour.shape


@pytest.mark.slow
def test_training_writes_what_it_promises_and_what_it_watches(
    small_model: SmallModel,
) -> None:
    settings = small_model.settings
    assert settings.decisions.guarantee is not None
    good = small_model.recording.settings.classes[0]
    shift = small_model.recording.select("val")
    bad = sum(row.label != good for row in shift)
    assert settings.decisions.guarantee.escapes.parts == bad
    assert not settings.decisions.loosened
    model = load_model(small_model.folder, LINE, settings=settings)
    if settings.drift is None:
        return
    assert {each.name for each in settings.drift.statistics} <= set(STATISTICS)
    guard = DriftGuard(settings.drift)
    for sample in samples_of(small_model.recording, "val"):
        assert guard.take(describe(sample, model.score(sample))) is None
