"""Takes a region out of a picture by covering it with surface from elsewhere in it.

The cover must not look like a defect itself. A patch that is only smooth does: no good
part is smooth where others have grain or a busbar. So the cover is surface of the same
picture, from where its surroundings resemble those of the region most, and is shaded so
that it meets them without a seam. Where no surface is left to take, ever coarser
averages of what can be seen fill in (pull and push: Gortler, Grzeszczuk, Szeliski and
Cohen, "The Lumigraph", 1996).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.types import FloatArray, Pixels

Mask = NDArray[np.bool_]
Shift = tuple[int, int]

_MARGIN = 2
"""Pixels around the region that are covered too: a defect ends softly."""
_RIM = 6
"""Pixels around the cover by which places are compared."""
_PLACES = 8
"""Places are tried at multiples of an eighth of the picture's sides, each way."""
_TAKEN_FROM = 4
"""At most so many places are taken from."""
_COMPARED = 400
"""Pixels of the rim that are compared."""


def cover(pixels: Pixels, mask: Mask) -> Pixels:
    """Cover a region of a picture.

    Args:
        pixels: `[height, width]` or `[height, width, 3]`.
        mask: `[height, width]`, true where the picture is to be covered.

    Returns:
        A picture of the same shape; outside the mask and a narrow margin, the same.
    """
    if not mask.any():
        return pixels
    hidden = _dilated(mask, _MARGIN)
    planes = pixels.reshape(*mask.shape, -1).astype(np.float32)
    filled = planes.copy()
    wanting = hidden.copy()
    for shift in _places(planes, hidden):
        moved, there = _moved(planes, ~hidden, shift)
        usable = wanting & there
        if usable.any():
            difference = _from_around(planes - moved, ~hidden & there)
            filled[usable] = (moved + difference)[usable]
            wanting &= ~usable
    if wanting.any():
        filled[wanting] = _from_around(filled, ~wanting)[wanting]
    rounded = np.rint(filled.clip(0, 255)).astype(np.uint8)
    return np.asarray(rounded.reshape(pixels.shape))


def _places(planes: FloatArray, hidden: Mask) -> Iterator[Shift]:
    """Give the shifts whose surroundings resemble the region's most, the best first."""
    rim = np.argwhere(_dilated(hidden, _RIM) & ~hidden)
    if not len(rim):
        return
    rim = rim[:: max(1, len(rim) // _COMPARED)]
    shape = np.array(hidden.shape)
    steps = range(-_PLACES + 1, _PLACES)
    shifts = np.array([each for each in product(steps, steps) if any(each)])
    shifts = np.rint(shifts * shape / _PLACES).astype(np.int64)
    at = rim[None] - shifts[:, None]
    inside = ((at >= 0) & (at < shape)).all(-1)
    row, column = at.clip(0, shape - 1).transpose(2, 0, 1)
    inside &= ~hidden[row, column]
    off = np.abs(planes[row, column] - planes[rim[:, 0], rim[:, 1]]).mean(-1)
    compared = inside.sum(1)
    error = np.where(inside, off, 0).sum(1) / np.maximum(compared, 1)
    error[compared < len(rim) / 2] = np.inf
    for best in np.argsort(error, kind="stable")[:_TAKEN_FROM]:
        if np.isfinite(error[best]):
            yield int(shifts[best, 0]), int(shifts[best, 1])


def _moved(planes: FloatArray, seen: Mask, shift: Shift) -> tuple[FloatArray, Mask]:
    """Move a picture, and tell where something that is seen has come to lie."""
    there = np.zeros_like(seen)
    moved = np.zeros_like(planes)
    (to_row, from_row), (to_column, from_column) = map(_ends, shift, seen.shape)
    moved[to_row, to_column] = planes[from_row, from_column]
    there[to_row, to_column] = seen[from_row, from_column]
    return moved, there


def _ends(shift: int, side: int) -> tuple[slice, slice]:
    to = slice(max(0, shift), side + min(0, shift))
    return to, slice(max(0, -shift), side - max(0, shift))


def _from_around(planes: FloatArray, seen: Mask) -> FloatArray:
    """Fill what is not seen `[height, width, channels]` from ever coarser averages."""
    height, width = seen.shape
    if seen.all() or height * width == 1 or not seen.any():
        return planes if seen.any() else np.full_like(planes, planes.mean())
    share = seen.astype(np.float32)[:, :, None]
    size = (width + 1) // 2, (height + 1) // 2
    weight = _smaller(share, size)
    colour = _smaller(planes * share, size) / np.maximum(weight, 1e-6)
    coarse = _from_around(np.asarray(colour, np.float32), weight[:, :, 0] > 0)
    back = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    filled = np.where(seen[:, :, None], planes, back.reshape(planes.shape))
    return np.asarray(filled, np.float32)


def _smaller(planes: FloatArray, size: tuple[int, int]) -> FloatArray:
    shrunk = cv2.resize(planes, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32).reshape(size[1], size[0], -1)


def _dilated(mask: Mask, by: int) -> Mask:
    kernel = np.ones((2 * by + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)
