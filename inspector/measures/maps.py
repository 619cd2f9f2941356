"""How well a defect map shows where the defect is, pixel by pixel.

The figures are those of Bergmann, Batzner, Fauser, Sattlegger & Steger 2021, *The MVTec
Anomaly Detection Dataset*, IJCV 129, section 5: the area under the pixels' ROC curve,
and the area under the per-region overlap curve (AU-PRO). A region is an 8-connected
component of a picture's mask; its overlap at a threshold is the share of its pixels at
or above it; the mean over all regions counts small defects as much as large ones. It is
integrated over the share of good pixels (of all pictures) at or above the threshold,
from 0 to 0.3, and divided by 0.3, so that a perfect map has 1.

Pixels are counted in `LEVELS` steps of the logit of their probability: each picture
becomes three histograms, from which any number of bootstrap draws over pictures is a
matter of matrix products.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.measures.estimates import (
    Bools,
    Counts,
    Estimate,
    Numbers,
    bootstrap,
    draw_parts,
)
from inspector.types import FloatArray

MOST_FALSE = 0.3
"""Share of good pixels up to which overlap is integrated."""
LEVELS = 2048
DRAWS_OVER_PICTURES = 500
_FAR_LOGIT = 16.0
"""Logits beyond this, probabilities of 1e-7 and less, are one level."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PictureLevels:
    """One picture's pixels by level, `[LEVELS]` each, from the lowest.

    good and bad are pixels; overlap is the sum over regions of shares of their pixels.
    """

    good: Numbers
    bad: Numbers
    overlap: Numbers
    regions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFigures:
    """How well the defect maps of some pictures show their defects."""

    pictures: int
    regions: int
    pixel_auroc: Estimate
    aupro: Estimate

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "pictures": self.pictures,
            "regions": self.regions,
            "pixel_auroc": self.pixel_auroc.as_json(),
            "aupro": self.aupro.as_json(),
            "integrated_to_fpr": MOST_FALSE,
        }


def measure_maps(pictures: Iterable[PictureLevels]) -> MapFigures | None:
    """Measure the maps of pictures; `None` if no picture has a bad pixel."""
    each = list(pictures)
    regions = np.array([picture.regions for picture in each], np.float64)
    if not regions.any():
        return None
    good, bad, overlap = (
        np.stack([getattr(picture, name) for picture in each])
        for name in ("good", "bad", "overlap")
    )
    # Pictures with and without defects apart, as parts are drawn everywhere else.
    counts = draw_parts(regions > 0, DRAWS_OVER_PICTURES)

    def pro(drawn: Counts) -> Numbers:
        return aupro(drawn @ good, drawn @ overlap, drawn @ regions)

    return MapFigures(
        pictures=len(each),
        regions=int(regions.sum()),
        pixel_auroc=bootstrap(
            lambda drawn: pixel_auroc(drawn @ good, drawn @ bad), counts
        ),
        aupro=bootstrap(pro, counts),
    )


def levels_of(defect_map: FloatArray, mask: Bools) -> PictureLevels:
    """Sort a picture's pixels into levels.

    Args:
        defect_map: `[rows, columns]` probabilities; stretched to the mask's size.
        mask: `[height, width]` where the defect is, if there is one.
    """
    height, width = mask.shape
    large = cv2.resize(
        np.asarray(defect_map, np.float32),
        (width, height),
        None,
        0,
        0,
        cv2.INTER_LINEAR,
    )
    level = _level(large)
    count, region = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    areas = np.bincount(region.ravel(), minlength=count)
    shares = 1 / areas[region[mask]]
    return PictureLevels(
        good=np.bincount(level[~mask], minlength=LEVELS).astype(np.float64),
        bad=np.bincount(level[mask], minlength=LEVELS).astype(np.float64),
        overlap=np.bincount(level[mask], weights=shares, minlength=LEVELS).astype(
            float
        ),
        regions=count - 1,
    )


def pixel_auroc(good: Numbers, bad: Numbers) -> Numbers:
    """Give the area under the ROC curve of pixels, `[draws, LEVELS]` of each kind."""
    below = np.cumsum(good, 1) - good / 2
    return np.asarray((bad * below).sum(1) / (bad.sum(1) * good.sum(1)))


def aupro(good: Numbers, overlap: Numbers, regions: Numbers) -> Numbers:
    """Give the normalised area under the per-region overlap curve up to `MOST_FALSE`.

    Args:
        good: `[draws, LEVELS]` good pixels.
        overlap: `[draws, LEVELS]` summed shares of the regions' pixels.
        regions: `[draws]` how many regions there are.
    """
    false = _from_above(good) / good.sum(1, keepdims=True)
    overlaps = _from_above(overlap) / regions[:, None]
    within = np.minimum(false, MOST_FALSE)
    steps = np.diff(false, axis=1)
    # Where a step crosses the limit, the curve is cut there on its straight line.
    inside = np.divide(
        np.diff(within, axis=1), steps, out=np.ones_like(steps), where=steps > 0
    )
    rise = np.diff(overlaps, axis=1)
    heights = overlaps[:, :-1] + inside * rise / 2
    return np.asarray((np.diff(within, axis=1) * heights).sum(1) / MOST_FALSE)


def _from_above(levels: Numbers) -> Numbers:
    """Sum up from the highest level down, beginning with nothing."""
    return np.pad(np.cumsum(levels[:, ::-1], 1), ((0, 0), (1, 0)))


def _level(probabilities: NDArray[Any]) -> NDArray[np.int64]:
    """Give each pixel's level, 0 to `LEVELS - 1`: even steps of the logit."""
    near = 1 / (1 + np.exp(_FAR_LOGIT))
    p = probabilities.astype(np.float64).clip(near, 1 - near)
    share = np.log(p / (1 - p)) / (2 * _FAR_LOGIT) + 0.5
    return np.asarray((share * (LEVELS - 1)).round().astype(np.int64))
