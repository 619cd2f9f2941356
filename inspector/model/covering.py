"""Takes a region out of a picture by covering it with its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.types import Pixels

_MARGIN = 2
"""Pixels around the region that are covered too: a defect ends softly."""
_RADIUS = 4


def cover(pixels: Pixels, mask: NDArray[np.bool_]) -> Pixels:
    """Cover a region with what surrounds it.

    Args:
        pixels: `[height, width]` or `[height, width, 3]`.
        mask: `[height, width]`, true where the picture is to be covered.

    Returns:
        A picture of the same shape; outside the mask and a narrow margin, the same.
    """
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * _MARGIN + 1,) * 2, np.uint8))
    covered = cv2.inpaint(pixels, grown, _RADIUS, cv2.INPAINT_TELEA)
    return np.asarray(covered, np.uint8).reshape(pixels.shape)
