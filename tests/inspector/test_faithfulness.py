"""An attribution that tells the truth wins, one that does not is found out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inspector.faithfulness import (
    COLUMNS,
    Extent,
    Faithfulness,
    Shift,
    measure_faithfulness,
)
from inspector.ports import Model
from inspector.types import Sample, Scores
from tests.inspector.telltale import (
    GRID,
    TelltaleModel,
    a_picture,
    a_sample,
    with_grey,
)

EXTENT = Extent(parts=12, random_orders=3)
TESTS = ("picture deletion", "picture insertion", "log deletion", "log insertion")


class LyingModel(TelltaleModel):
    """Scores as it should, and points at whatever did least."""

    def score(self, sample: Sample) -> Scores:
        told = super().score(sample)
        weights, heat = told.line_weights, told.defect_map
        return replace(
            told,
            line_weights=None if weights is None else weights.max() - weights,
            defect_map=None if heat is None else 1 - heat,
        )


def some_parts() -> list[Sample]:
    rng = np.random.default_rng(5)
    parts = []
    for _ in range(15):
        row, column = int(rng.integers(GRID[0] - 1)), int(rng.integers(GRID[1] - 1))
        picture = a_picture((row, column), (row + 1, column), (row, column + 1))
        amounts = rng.permutation([2.5, 0.2, 0.1, -0.1, 0.1, 0.1, 0.0, 0.1])
        parts.append(a_sample(picture, *amounts))
    return parts


def measured(model: Model, *, bad: bool = True) -> Faithfulness:
    parts, good = some_parts(), [a_sample(a_picture(), 0.1, 0.1)] * 2
    shift = Shift(
        line="poly",
        split="test",
        samples=[*parts, *good],
        bad=[bad] * len(parts) + [False] * len(good),
    )
    return measure_faithfulness(model, shift, with_grey, EXTENT, lambda _: None)


@pytest.fixture(scope="module")
def honest() -> Faithfulness:
    return measured(TelltaleModel())


@pytest.mark.parametrize("test", TESTS)
def test_a_true_attribution_wins(honest: Faithfulness, test: str) -> None:
    found = honest.tests[test]
    assert found.wins
    assert found.margin.low <= found.margin.value <= found.margin.high
    assert found.margin.value == pytest.approx(abs(found.random - found.attribution))
    assert found.parts == EXTENT.parts


@pytest.mark.parametrize("test", TESTS)
def test_a_false_attribution_loses(test: str) -> None:
    found = measured(LyingModel()).tests[test]
    assert not found.wins
    assert found.margin.high < 0


def test_what_cannot_be_tested_is_absent() -> None:
    without_weights = measured(TelltaleModel(weighs=False))
    assert set(without_weights.tests) == {"picture deletion", "picture insertion"}
    without_bad_parts = measured(TelltaleModel(), bad=False)
    assert set(without_bad_parts.tests) == {"log deletion", "log insertion"}


def test_the_same_seed_gives_the_same_figures(honest: Faithfulness) -> None:
    assert measured(TelltaleModel()) == honest


def test_the_figures_can_be_printed_and_kept(honest: Faithfulness) -> None:
    content = json.loads(json.dumps(honest.as_json(), allow_nan=False))
    assert (content["parts"], content["random_orders"], content["seed"]) == (12, 3, 0)
    assert content["tests"]["log deletion"]["wins"] is True
    rows = honest.rows()
    assert [row[0] for row in rows] == list(TESTS)
    assert all(len(row) == len(COLUMNS) for row in rows)
