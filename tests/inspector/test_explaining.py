"""What flips a verdict is found by asking again, and is as small as is claimed."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from inspector.explaining import (
    Explanation,
    Flip,
    Means,
    Removal,
    Trial,
    cells_mask,
    explain,
    growing_region,
    hottest_cells,
)
from inspector.settings import DecisionRules
from inspector.types import Decision, Pixels
from tests.inspector.telltale import (
    TelltaleModel,
    a_picture,
    a_sample,
    with_grey,
)

RULES = DecisionRules(pass_below=0.3, reject_at=0.7)


def explained(
    pixels: Pixels | None, *amounts: float, model: TelltaleModel | None = None
) -> Explanation:
    return explain(
        model or TelltaleModel(), a_sample(pixels, *amounts), RULES, with_grey
    )


def flip_by(found: Explanation, means: Means, decision: Decision) -> Flip:
    return next(
        flip
        for flip in found.flips
        if flip.goal.means is means and flip.goal.decision is decision
    )


def test_one_line_that_decides_is_found_and_proven_smallest() -> None:
    found = explained(a_picture(), 0.1, 6.0, 0.1)
    assert found.decision is Decision.REJECT
    flip = flip_by(found, Means.LINES, Decision.REVIEW)
    assert flip.outcome is not None
    assert flip.outcome.removal == Removal(lines=frozenset({1}))
    assert flip.outcome.decision is Decision.PASS
    assert flip.is_smallest
    assert found.line_effects.argmax() == 1


def test_when_the_nearest_goal_is_overshot_the_farther_one_is_not_sought() -> None:
    found = explained(a_picture(), 6.0)
    assert {flip.goal.decision for flip in found.flips} == {Decision.REVIEW}


def test_a_pair_is_found_where_no_single_line_is_enough() -> None:
    # 9 - 4 rejects; 0.85 rejects no longer, -0.85 passes.
    found = explained(a_picture(), 3.0, 3.0, 1.0, 1.0, 1.0)
    flip = flip_by(found, Means.LINES, Decision.REVIEW)
    assert flip.outcome is not None
    assert flip.outcome.removal.lines == {0, 1}
    assert flip.is_smallest


def test_a_larger_set_of_lines_can_lose_none_of_its_lines() -> None:
    amounts = [1.0] * 10 + [-0.5]
    model = TelltaleModel()
    found = explained(a_picture(), *amounts, model=model)
    flip = flip_by(found, Means.LINES, Decision.REVIEW)
    assert flip.outcome is not None
    removed = flip.outcome.removal.lines
    assert 10 not in removed
    trial = Trial(model, a_sample(a_picture(), *amounts), RULES, with_grey)
    for line in removed:
        fewer = Removal(lines=removed - {line})
        assert trial.ask(fewer).decision is Decision.REJECT
    assert not flip.is_smallest


def test_the_region_is_the_defect_and_nothing_else() -> None:
    defect = {(2, 3), (2, 4), (3, 4)}
    found = explained(a_picture(*defect), 0.0)
    assert found.decision is Decision.REJECT
    review = flip_by(found, Means.REGION, Decision.REVIEW)
    assert review.outcome is not None
    assert (review.outcome.removal.size, review.is_smallest) == (1, True)
    passes = flip_by(found, Means.REGION, Decision.PASS)
    assert passes.outcome is not None
    assert passes.outcome.removal.cells < defect
    assert passes.outcome.removal.size == 2


def test_spots_apart_from_each_other_are_covered_together() -> None:
    spots = {(0, 0), (5, 7)}
    found = explained(a_picture(*spots), 0.0, model=TelltaleModel(bias=-3, cell=6))
    flip = flip_by(found, Means.REGION, Decision.REVIEW)
    assert flip.outcome is not None
    assert flip.outcome.removal.cells == spots


def test_log_and_picture_are_taken_together_only_if_neither_is_enough() -> None:
    found = explained(a_picture((1, 1)), 3.0, model=TelltaleModel(bias=-1, cell=3))
    both = flip_by(found, Means.BOTH, Decision.REVIEW)
    assert flip_by(found, Means.LINES, Decision.REVIEW).outcome is None
    assert flip_by(found, Means.REGION, Decision.REVIEW).outcome is None
    assert both.outcome is not None
    assert both.outcome.removal == Removal(
        lines=frozenset({0}), cells=frozenset({(1, 1)})
    )
    enough = explained(a_picture((1, 1)), 6.0)
    assert flip_by(enough, Means.LINES, Decision.REVIEW).outcome is not None
    assert not any(flip.goal.means is Means.BOTH for flip in enough.flips)


def test_where_nothing_flips_it_that_is_what_is_said() -> None:
    found = explained(a_picture(), 0.5, model=TelltaleModel(bias=8))
    assert found.decision is Decision.REJECT
    assert [flip.goal.means for flip in found.flips] == list(Means)
    assert all(flip.outcome is None for flip in found.flips)
    assert not any(flip.is_smallest for flip in found.flips)


def test_a_reviewed_part_is_explained_in_both_directions() -> None:
    found = explained(a_picture(), 2.0, -2.0, model=TelltaleModel(bias=0))
    assert found.decision is Decision.REVIEW
    down = flip_by(found, Means.LINES, Decision.PASS)
    up = flip_by(found, Means.LINES, Decision.REJECT)
    assert down.outcome is not None
    assert up.outcome is not None
    assert down.outcome.removal.lines == {0}
    assert up.outcome.removal.lines == {1}
    assert Means.REGION not in {
        flip.goal.means for flip in found.flips if flip.goal.decision is Decision.REJECT
    }


def test_a_part_that_passed_is_explained_too() -> None:
    found = explained(a_picture(), -3.0, model=TelltaleModel(bias=1.5))
    flip = flip_by(found, Means.LINES, Decision.REVIEW)
    assert flip.outcome is not None
    assert flip.outcome.decision is Decision.REJECT


def test_without_a_picture_only_lines_are_taken_away() -> None:
    # No picture is REVIEW whatever the score, so nothing flips it.
    found = explained(None, 6.0)
    assert found.decision is Decision.REVIEW
    assert {flip.goal.means for flip in found.flips} == {Means.LINES}
    assert all(flip.outcome is None for flip in found.flips)


def test_a_part_without_log_rests_on_its_picture() -> None:
    found = explained(a_picture((0, 0), (0, 1), (0, 2)))
    assert found.without_picture is None
    assert found.without_log.score == found.scores.score
    assert len(found.line_effects) == 0


def test_each_thing_is_asked_once_and_counted() -> None:
    model = TelltaleModel()
    found = explained(a_picture((0, 0)), *[1.0] * 6, model=model)
    assert found.reruns == model.asked
    assert found.reruns < 200


def test_a_model_without_weights_is_explained_by_effects() -> None:
    found = explained(a_picture(), 6.0, model=TelltaleModel(weighs=False))
    assert found.line_weights == (None,)
    assert flip_by(found, Means.LINES, Decision.REVIEW).outcome is not None


def test_a_region_grows_from_the_hottest_cell_to_what_touches_it() -> None:
    heat = np.zeros((3, 4), np.float32)
    heat[0, 0], heat[0, 1], heat[1, 2], heat[2, 3] = 0.9, 0.5, 0.4, 0.8
    assert list(islice(growing_region(heat), 4)) == [(0, 0), (0, 1), (1, 2), (2, 3)]
    assert list(islice(hottest_cells(heat), 3)) == [(0, 0), (2, 3), (0, 1)]
    assert len(set(growing_region(heat))) == heat.size


@pytest.mark.parametrize("picture", [(6, 8), (7, 9, 3), (2, 2), (61, 83)])
def test_cells_share_every_pixel_out_once(picture: tuple[int, ...]) -> None:
    grid = (3, 4)
    masks = [
        cells_mask(frozenset({(row, column)}), grid, picture)
        for row in range(3)
        for column in range(4)
    ]
    assert (np.sum(masks, 0) == 1).all()
    assert masks[0].shape == picture[:2]
