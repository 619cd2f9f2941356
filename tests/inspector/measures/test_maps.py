"""Defect maps: the fast figures equal slow ones that follow the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from inspector.measures.maps import (
    MOST_FALSE,
    aupro,
    levels_of,
    measure_maps,
    pixel_auroc,
)

Pair = tuple[NDArray[np.float32], NDArray[np.bool_]]
VALUES = np.array([0.001, 0.02, 0.3, 0.5, 0.71, 0.9, 0.999], np.float32)


def regions_of(mask: NDArray[np.bool_]) -> list[set[tuple[int, int]]]:
    """Flood each region, over corners too."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    regions = []
    while left:
        edge = [left.pop()]
        region = set(edge)
        while edge:
            row, column = edge.pop()
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            edge += near & left
            region |= near & left
            left -= near
        regions.append(region)
    return regions


def quick(pairs: list[Pair]) -> tuple[float, float]:
    """Give AUPRO and pixel AUROC without intervals."""
    each = [levels_of(*pair) for pair in pairs]
    good, bad, overlap = (
        np.sum([getattr(picture, name) for picture in each], 0)[None]
        for name in ("good", "bad", "overlap")
    )
    regions = np.array([float(sum(picture.regions for picture in each))])
    return aupro(good, overlap, regions)[0], pixel_auroc(good, bad)[0]


def slow_aupro(pairs: list[Pair]) -> float:
    """Follow the definition word by word: every threshold, every region."""
    points = [(0.0, 0.0)]
    good = sum(int((~mask).sum()) for _, mask in pairs)
    for threshold in np.unique(VALUES)[::-1]:
        false, overlaps = 0, []
        for heat, mask in pairs:
            found = heat >= threshold
            false += int((found & ~mask).sum())
            overlaps += [
                found[tuple(zip(*each, strict=True))].mean()
                for each in regions_of(mask)
            ]
        points.append((false / good, float(np.mean(overlaps))))
    x, y = np.array(points).T
    last = np.interp(MOST_FALSE, x, y)
    inside = x < MOST_FALSE
    x, y = np.append(x[inside], MOST_FALSE), np.append(y[inside], last)
    return float(np.trapezoid(y, x) / MOST_FALSE)


def some_pairs(seed: int, how_many: int = 4) -> list[Pair]:
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(how_many):
        mask = np.zeros((9, 12), bool)
        if number:
            mask[1:3, 2:5] = True
            mask[6, 8:10] = number > 1
            mask[3, 5] = True  # touches the first region by a corner only
        noise = rng.integers(0, len(VALUES), mask.shape)
        heat = VALUES[np.clip(noise + mask, 0, len(VALUES) - 1)]
        pairs.append((heat, mask))
    return pairs


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_it_equals_the_slow_figures(seed: int) -> None:
    pairs = some_pairs(seed)
    overlap, area = quick(pairs)
    assert overlap == pytest.approx(slow_aupro(pairs))
    heat, truth = (
        np.concatenate([pair[at].ravel() for pair in pairs]) for at in (0, 1)
    )
    assert area == pytest.approx(roc_auc_score(truth, heat))


def test_figures_come_with_intervals_and_what_they_were_counted_from() -> None:
    pairs = some_pairs(1)
    found = measure_maps(levels_of(*pair) for pair in pairs)
    assert found is not None
    assert (found.pictures, found.regions) == (4, 5)
    assert (found.aupro.value, found.pixel_auroc.value) == pytest.approx(quick(pairs))
    for each in (found.aupro, found.pixel_auroc):
        assert each.low < each.value < each.high


def test_a_perfect_map_has_one_and_a_constant_one_what_chance_has() -> None:
    pairs = some_pairs(0)
    perfect = measure_maps(
        levels_of(mask.astype(np.float32), mask) for _, mask in pairs
    )
    assert perfect is not None
    for each in (perfect.aupro, perfect.pixel_auroc):
        assert (each.low, each.value, each.high) == pytest.approx((1, 1, 1))
    even = measure_maps(
        levels_of(np.full(mask.shape, 0.4, np.float32), mask) for _, mask in pairs
    )
    assert even is not None
    assert even.pixel_auroc.value == pytest.approx(0.5)
    # All at once: the curve is the diagonal, cut at the limit.
    assert even.aupro.value == pytest.approx(MOST_FALSE / 2)


@given(st.integers(0, 10_000), st.floats(0.2, 3))
@settings(max_examples=20, deadline=None)
def test_only_the_order_of_pixels_matters(seed: int, power: float) -> None:
    pairs = some_pairs(seed)
    bent = [(np.asarray(heat**power, np.float32), mask) for heat, mask in pairs]
    assert quick(bent) == pytest.approx(quick(pairs))


def test_levels_are_fine_enough_for_any_probability() -> None:
    rng = np.random.default_rng(4)
    mask = rng.random((60, 80)) < 0.2
    logits = rng.normal(-4, 2, mask.shape) + mask
    heat = np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    wanted = roc_auc_score(mask.ravel(), heat.ravel())
    assert quick([(heat, mask)])[1] == pytest.approx(wanted, abs=1e-4)


def test_small_regions_count_as_much_as_large_ones() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:20, :20] = True
    mask[30, 30] = True
    only_large, only_small = (np.zeros(mask.shape, np.float32) for _ in range(2))
    only_large[:20, :20], only_small[30, 30] = 0.9, 0.9
    assert quick([(only_large, mask)])[0] == pytest.approx(
        quick([(only_small, mask)])[0]
    )


def test_the_map_is_stretched_to_the_picture() -> None:
    mask = np.zeros((80, 40), bool)
    mask[40:, :] = True
    heat = np.array([[0.01, 0.01], [0.99, 0.99]], np.float32)
    assert quick([(heat, mask)])[0] == pytest.approx(1)


def test_pictures_without_any_defect_have_no_figure() -> None:
    clean = levels_of(np.full((4, 4), 0.1, np.float32), np.zeros((4, 4), bool))
    assert measure_maps([clean]) is None
    assert measure_maps([]) is None
