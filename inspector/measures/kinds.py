"""Which kind of defect: confusion of classes, and the mean of their F1 scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.measures.estimates import (
    Counts,
    Estimate,
    Numbers,
    bootstrap,
    draw_parts,
)

NOT_SAID = "not said"
"""Stands for the kind of a part that was rejected without one being named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigures:
    """How well the kinds of defect are told apart.

    f1 is by class; confusion is `[classes, classes + 1]` parts, the true class down,
    the predicted one across, and last the ones of which no kind was said.
    """

    classes: tuple[str, ...]
    threshold: float
    macro_f1: Estimate
    f1: dict[str, float]
    confusion: NDArray[np.int64]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "macro_f1": self.macro_f1.as_json(),
            "f1": self.f1,
            "classes": list(self.classes),
            "predicted": [*self.classes, NOT_SAID],
            "confusion": self.confusion.tolist(),
            "threshold": self.threshold,
        }


def measure_kinds(
    classes: Sequence[str], truth: Sequence[str], said: Sequence[str], threshold: float
) -> KindFigures:
    """Compare true classes with predicted ones.

    Args:
        classes: the good one first.
        truth: `[parts]` of `classes`.
        said: `[parts]` of `classes`, or `NOT_SAID`.
        threshold: from which on a part was predicted to be bad; for the record.
    """
    size = len(classes), len(classes) + 1
    cells = np.array([_cell(classes, *pair) for pair in zip(truth, said, strict=True)])
    falls_into = np.zeros((len(cells), size[0] * size[1]))
    falls_into[np.arange(len(cells)), cells] = 1

    def mean_f1(counts: Counts) -> Numbers:
        return np.asarray(f1_scores(_shaped(counts @ falls_into, size)).mean(1))

    confusion = _shaped(falls_into.sum(0, keepdims=True), size)
    f1 = f1_scores(confusion)[0]
    return KindFigures(
        classes=tuple(classes),
        threshold=threshold,
        macro_f1=bootstrap(mean_f1, draw_parts(np.asarray(truth))),
        f1={name: float(each) for name, each in zip(classes, f1, strict=True)},
        confusion=confusion[0].astype(np.int64),
    )


def f1_scores(confusion: Numbers) -> Numbers:
    """Give each class its F1 score, 0 for one that is neither there nor predicted.

    Args:
        confusion: `[draws, classes, classes + 1]` parts, the true class first.

    Returns:
        `[draws, classes]`.
    """
    classes = confusion.shape[1]
    right = np.diagonal(confusion, axis1=1, axis2=2)
    there, predicted = confusion.sum(2), confusion[:, :, :classes].sum(1)
    return np.asarray(2 * right / np.maximum(there + predicted, 1))


def _cell(classes: Sequence[str], truth: str, said: str) -> int:
    names = [*classes, NOT_SAID]
    return classes.index(truth) * len(names) + names.index(said)


def _shaped(cells: Numbers, size: tuple[int, int]) -> Numbers:
    return cells.reshape(-1, *size)
