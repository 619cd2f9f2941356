"""Kinds of defect: the F1 everybody knows, and a matrix that counts every part once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from inspector.measures.kinds import NOT_SAID, measure_kinds

CLASSES = ("good", "crack", "fray")


def test_a_small_case_by_hand() -> None:
    truth = ["good", "good", "crack", "crack", "fray"]
    said = ["good", "crack", "crack", NOT_SAID, "good"]
    found = measure_kinds(CLASSES, truth, said, 0.4)
    assert found.confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]]
    assert found.f1 == pytest.approx({"good": 0.5, "crack": 0.5, "fray": 0.0})
    assert found.macro_f1.value == pytest.approx(1 / 3)
    assert found.as_json()["predicted"] == [*CLASSES, NOT_SAID]


def test_it_agrees_with_the_well_known_figure() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(CLASSES, 200)
    said = np.where(rng.random(200) < 0.6, truth, rng.choice(CLASSES, 200))
    found = measure_kinds(CLASSES, list(truth), list(said), 0.5)
    wanted = confusion_matrix(truth, said, labels=CLASSES)
    assert np.array_equal(found.confusion[:, :3], wanted)
    assert found.macro_f1.value == pytest.approx(
        f1_score(truth, said, labels=CLASSES, average="macro")
    )
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high


def test_who_is_always_right_has_one_in_every_draw() -> None:
    truth = ["good"] * 5 + ["crack", "fray"]
    found = measure_kinds(CLASSES, truth, truth, 0.5).macro_f1
    assert (found.low, found.value, found.high) == (1, 1, 1)
