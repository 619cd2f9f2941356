"""Figures of ranking equal the well-known ones, in every draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    roc_auc_score,
)

from inspector.measures.estimates import Bools, Numbers, draw_parts
from inspector.measures.ranking import (
    auroc,
    average_precision,
    balanced_accuracy,
    best_threshold,
    estimate_auroc,
    precision_recall_curve,
    roc_curve,
)


def a_shift(seed: int, parts: int = 120) -> tuple[Numbers, Bools]:
    rng = np.random.default_rng(seed)
    bad = rng.random(parts) < 0.3
    return np.round(rng.normal(size=parts) + bad, 1), bad  # with ties


def test_the_area_is_the_one_everybody_knows() -> None:
    scores, bad = a_shift(0, 300)
    found = estimate_auroc(list(scores), bad)
    assert found.value == pytest.approx(roc_auc_score(bad, scores))
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(0.12, abs=0.04)


def test_every_draw_is_as_if_its_parts_stood_there_so_often() -> None:
    scores, bad = a_shift(1)
    counts = draw_parts(bad, draws=5)
    areas, precisions = (
        each(scores, bad, counts) for each in (auroc, average_precision)
    )
    accuracies = balanced_accuracy(scores, bad, counts, 0.4)
    for at, drawn in enumerate(counts.astype(int)):
        said, truth = np.repeat(scores, drawn), np.repeat(bad, drawn)
        assert areas[at] == pytest.approx(roc_auc_score(truth, said))
        assert precisions[at] == pytest.approx(average_precision_score(truth, said))
        assert accuracies[at] == pytest.approx(
            balanced_accuracy_score(truth, said >= 0.4)
        )


def test_the_best_threshold_is_the_best_of_all() -> None:
    scores, bad = a_shift(2)
    once = np.ones((1, len(bad)))
    found = [balanced_accuracy(scores, bad, once, t)[0] for t in np.unique(scores)]
    best = balanced_accuracy(scores, bad, once, best_threshold(scores, bad))[0]
    assert best == pytest.approx(max(found))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=30))
def test_turning_scores_around_turns_the_area_around(
    parts: list[tuple[int, bool]],
) -> None:
    scores = np.array([score for score, _ in parts], float)
    bad = np.array([is_bad for _, is_bad in parts])
    if bad.all() or not bad.any():
        return
    once = np.ones((1, len(bad)))
    there, back = auroc(scores, bad, once)[0], auroc(-scores, bad, once)[0]
    assert there + back == pytest.approx(1)
    stretched = auroc(np.exp(scores), bad, once)[0]
    assert stretched == pytest.approx(there)


def test_curves_hold_the_points_of_a_small_case() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    bad = np.array([True, False, True, False])
    counts = draw_parts(bad, draws=50)
    roc = roc_curve(scores, bad, counts)
    assert np.interp([0, 0.5, 1], roc.x, roc.y) == pytest.approx([0.5, 1.0, 1.0])
    precision = precision_recall_curve(scores, bad, counts)
    assert np.interp([0.5, 1], precision.x, precision.y) == pytest.approx([1, 2 / 3])
    for curve in (roc, precision):
        assert ((curve.low <= curve.y) & (curve.y <= curve.high)).all()


def test_the_area_below_the_curve_is_the_area() -> None:
    scores, bad = a_shift(3, 400)
    curve = roc_curve(scores, bad, draw_parts(bad, draws=20))
    area = float(np.trapezoid(curve.y, curve.x))
    assert area == pytest.approx(roc_auc_score(bad, scores), abs=0.01)
