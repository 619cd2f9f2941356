"""A region is covered by its surroundings, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inspector.model.covering import cover
from inspector.types import Pixels


def spotted(channels: int = 1) -> tuple[Pixels, NDArray[np.bool_]]:
    ramp = np.linspace(60, 120, 80)[None, :, None]
    pixels = np.broadcast_to(ramp, (50, 80, channels)).astype(np.uint8)
    mask = np.zeros((50, 80), bool)
    mask[20:30, 30:45] = True
    pixels[mask] = 255
    return (pixels[:, :, 0] if channels == 1 else pixels), mask


@pytest.mark.parametrize("channels", [1, 3])
def test_a_spot_becomes_what_surrounds_it(channels: int) -> None:
    pixels, mask = spotted(channels)
    covered = cover(pixels, mask)
    assert covered.shape == pixels.shape
    assert covered[mask].max() < 110
    assert covered[mask].min() > 70
    far = np.ones_like(mask)
    far[15:35, 25:50] = False
    assert (covered[far] == pixels[far]).all()


def test_nothing_is_covered_by_an_empty_mask() -> None:
    pixels, mask = spotted()
    assert (cover(pixels, np.zeros_like(mask)) == pixels).all()


def test_a_picture_that_is_covered_as_a_whole_is_one_grey() -> None:
    pixels, mask = spotted()
    covered = cover(pixels, np.ones_like(mask))
    assert int(covered.max()) - int(covered.min()) <= 1


def test_the_cover_is_as_rough_as_the_picture() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(120, 12, (120, 160)).clip(0, 255).astype(np.uint8)
    mask = np.zeros(pixels.shape, bool)
    mask[40:80, 50:100] = True
    covered = cover(pixels, mask)[mask].astype(float)
    assert covered.std() == pytest.approx(pixels.std(), rel=0.25)
    assert covered.mean() == pytest.approx(pixels.mean(), abs=3)
