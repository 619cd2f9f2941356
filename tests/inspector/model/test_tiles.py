"""A region cut into tiles, and the tiles' maps joined again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.errors import PictureError
from inspector.model.artifact import Preprocessing
from inspector.model.pictures import (
    MAX_MAP_CELLS,
    assemble_map,
    fit,
    fit_tiles,
    tile_boxes,
)
from inspector.settings import PictureRules, Region, TileRules

SIDE = 28
GRID = 14


def preprocessing(rules: PictureRules, channels: int = 1) -> Preprocessing:
    assert channels in {1, 3}
    return Preprocessing(
        height=SIDE, width=SIDE, channels=3 if channels == 3 else 1, picture=rules
    )


def rules(
    rows: int = 1,
    columns: int = 1,
    overlap: float = 0.0,
    region: tuple[int, int, int, int] | None = None,
) -> PictureRules:
    return PictureRules(
        region=None if region is None else Region(*region),
        tiles=TileRules(rows=rows, columns=columns, overlap=overlap),
    )


@st.composite
def cut_pictures(draw: st.DrawFn) -> tuple[int, int, PictureRules]:
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    region = (
        *(x, y),
        draw(st.integers(1, width - x)),
        draw(st.integers(1, height - y)),
    )
    cut = rules(
        draw(st.integers(1, 8)),
        draw(st.integers(1, 8)),
        draw(st.floats(0, 0.5)),
        draw(st.sampled_from([None, region])),
    )
    return height, width, cut


@given(cut_pictures())
def test_every_pixel_of_the_region_is_in_a_tile_and_no_other(
    cut: tuple[int, int, PictureRules],
) -> None:
    height, width, given_rules = cut
    seen = np.zeros((height, width), int)
    boxes = tile_boxes(height, width, given_rules)
    for box in boxes:
        seen[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    region = given_rules.region or Region(0, 0, width, height)
    wanted = np.zeros((height, width), bool)
    wanted[region.y : region.y + region.height, region.x : region.x + region.width] = (
        True
    )
    assert np.array_equal(seen > 0, wanted)
    assert len(boxes) == given_rules.tiles.count
    assert len({(box.width, box.height) for box in boxes}) == 1


@given(st.integers(200, 4096), st.integers(2, 8), st.floats(0.0, 0.5))
def test_neighbours_have_the_wanted_share_in_common(
    length: int, count: int, overlap: float
) -> None:
    boxes = tile_boxes(10, length, rules(1, count, overlap))
    for one, other in pairwise(boxes):
        shared = one.x + one.width - other.x
        assert shared >= overlap * one.width - 1


@given(cut_pictures(), st.data())
def test_a_marked_pixel_lands_in_the_cell_that_lies_over_it(
    cut: tuple[int, int, PictureRules], data: st.DataObject
) -> None:
    height, width, given_rules = cut
    region = given_rules.region or Region(0, 0, width, height)
    x = region.x + data.draw(st.integers(0, region.width - 1))
    y = region.y + data.draw(st.integers(0, region.height - 1))
    boxes = tile_boxes(height, width, given_rules)
    maps = np.zeros((len(boxes), GRID, GRID), np.float32)
    for cells, box in zip(maps, boxes, strict=True):
        if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
            row = (y - box.y) * GRID // box.height
            cells[row, (x - box.x) * GRID // box.width] = 0.75
    joined = assemble_map(maps, height, width, given_rules)
    rows, columns = joined.shape
    assert joined[y * rows // height, x * columns // width] == 0.75
    far = np.argwhere(joined)
    apart = far / (rows, columns) * (height, width) - (y, x)
    cell = np.array([boxes[0].height / GRID, boxes[0].width / GRID])
    joined_cell = np.array([height / rows, width / columns])
    assert (np.abs(apart) <= 2 * cell + 2 * joined_cell).all()


def test_outside_the_region_nothing_is_marked() -> None:
    given_rules = rules(2, 2, 0.1, region=(50, 20, 40, 40))
    joined = assemble_map(np.ones((4, GRID, GRID), np.float32), 100, 200, given_rules)
    rows, columns = joined.shape
    marked = np.argwhere(joined)
    low, high = marked.min(0), marked.max(0) + 1
    assert low[0] / rows == pytest.approx(0.2, abs=1 / rows)
    assert high[0] / rows == pytest.approx(0.6, abs=1 / rows)
    assert low[1] / columns == pytest.approx(0.25, abs=1 / columns)
    assert high[1] / columns == pytest.approx(0.45, abs=1 / columns)


def test_one_tile_over_everything_is_what_it_was_without_tiles() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (61, 97, 3), np.uint8)
    for channels in (1, 3):
        tiles = fit_tiles(picture, preprocessing(rules(), channels))
        assert np.array_equal(tiles[0], fit(picture, SIDE, SIDE, channels))
        assert len(tiles) == 1
    cells = rng.random((1, GRID, GRID)).astype(np.float32)
    assert np.array_equal(assemble_map(cells, 61, 97, rules()), cells[0])


@pytest.mark.parametrize("shape", [(4096, 1000), (1000, 4096, 3), (4096, 4096), (6, 7)])
def test_pictures_of_any_size_and_colour_become_tiles(shape: tuple[int, ...]) -> None:
    picture = np.zeros(shape, np.uint8)
    picture[shape[0] // 2 :] = 255
    tiles = fit_tiles(picture, preprocessing(rules(2, 3), 1))
    assert tiles.shape == (6, SIDE, SIDE, 1)
    assert tiles.dtype == np.uint8
    assert tiles[:3].mean() < 127 < tiles[3:].mean()
    assert fit_tiles(picture, preprocessing(rules(2, 3), 3)).shape[3] == 3


def test_the_rest_of_the_picture_is_not_looked_at() -> None:
    picture = np.full((80, 60), 255, np.uint8)
    picture[30:50, 10:40] = 7
    given_rules = rules(region=(10, 30, 30, 20))
    assert (fit_tiles(picture, preprocessing(given_rules)) == 7).all()


@pytest.mark.parametrize("region", [(0, 0, 61, 80), (0, 0, 60, 81), (59, 0, 2, 1)])
def test_a_region_beyond_the_picture_is_named_with_the_pictures_size(
    region: tuple[int, int, int, int],
) -> None:
    picture = np.zeros((80, 60), np.uint8)
    with pytest.raises(PictureError, match=r"60x80.*region.*line's settings"):
        fit_tiles(picture, preprocessing(rules(region=region)))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(PictureError):
        fit_tiles(np.zeros((0, 5), np.uint8), preprocessing(rules()))


def test_a_small_region_of_a_large_picture_makes_no_endless_map() -> None:
    given_rules = rules(8, 8, 0.0, region=(7, 9, 16, 16))
    maps = np.zeros((64, GRID, GRID), np.float32)
    maps[5, 3, 3] = 1
    joined = assemble_map(maps, 4096, 4096, given_rules)
    assert joined.shape == (MAX_MAP_CELLS, MAX_MAP_CELLS)
    assert joined.max() == 1
