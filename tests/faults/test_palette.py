"""Pictures of indexed colours: read as the colours they stand for."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from inspector.model.pictures import decode
from tests.faults.line import judge_pictures
from tests.faults.odd_pictures import noise, saved


def a_coloured_palette() -> Image.Image:
    colours = noise("RGB")
    colours.paste((200, 30, 30), (0, 0, 32, 24))
    return colours.quantize(16)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_indices_become_their_colours(kind: str) -> None:
    encoded = saved(a_coloured_palette(), kind)
    expected = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))
    assert np.array_equal(decode(encoded), expected)


def test_one_bit_is_black_and_white() -> None:
    for kind in ("PNG", "BMP", "TIFF"):
        encoded = saved(noise("1"), kind)
        found = decode(encoded)
        expected = np.asarray(Image.open(io.BytesIO(encoded)).convert("L"))
        assert np.array_equal(found, expected)


def test_a_line_judges_them() -> None:
    account, verdicts = judge_pictures(saved(a_coloured_palette(), "PNG"))
    assert (str(verdicts[0].decision), account.verdict_faults) == ("PASS", {})
