"""What keeps verdicts honest: the promise of the thresholds, and the watch on drift.

Both are found on the validation shift, with the short cuts that the line will take. How
far honest shifts stray is also read from the training shift, with opinions of networks
that had not seen the part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.drift import (
    PICTURE_STATISTICS,
    Harmless,
    describe,
    describe_picture,
    learn_drift_rules,
)
from inspector.model.artifact import Weights
from inspector.model.hybrid import weigh
from inspector.model.pictures import decode
from inspector.ports import Model
from inspector.settings import DecisionRules, ModelSettings
from inspector.thresholds import keep_promise
from inspector.training.joint import Pair
from inspector.training.lines import LineData, Parts
from inspector.training.windows import pair as pair_windows
from inspector.types import Pixels, Route, Sample, Scores

Numbers = NDArray[np.float64]
Move = Callable[[Pixels], Pixels]


def add_guards(
    settings: ModelSettings, model: Model, pair: Pair, weights: Weights
) -> ModelSettings:
    """Complete a line's settings with its guarantee and its watch on drift.

    Args:
        settings: as training found them.
        model: with the short cuts of these settings.
        pair: the line's data, with honest opinions of its training shift.
        weights: how opinions are weighed into scores.
    """
    line, bad = pair.line, pair.line.labelled.bad[pair.line.val]
    scores, described = [], []
    for sample in _as_captured(line, line.val):
        scored = model.score(sample)
        scores.append(scored.score)
        described.append(describe(sample, scored))
    decisions = keep_promise(settings.decisions, np.array(scores), bad)
    harmless = find_harmless(model, list(_as_captured(line, line.val[bad])), decisions)
    shifts = [honest_shift(pair, weights), np.array(described)]
    drift = learn_drift_rules(shifts, harmless)
    return settings.model_copy(update={"decisions": decisions, "drift": drift})


def honest_shift(pair: Pair, weights: Weights) -> Numbers:
    """Describe the training shift, scored by networks that had not seen the parts.

    What cross-modal attention adds was learned on this very shift, so it is left out.

    Returns:
        `[parts, STATISTICS]`, in order of capture.
    """
    line, opinions = pair.line, pair.opinions
    pictures = opinions.picture.full.logit[line.train].tolist()
    logs = opinions.log[line.train].tolist()
    described = [
        describe(
            sample,
            _weighed(weights, picture, log if sample.window.log_lines else None),
        )
        for sample, picture, log in zip(
            _as_captured(line, line.train), pictures, logs, strict=True
        )
    ]
    return np.array(described)


def _as_captured(line: LineData, parts: Parts) -> Iterator[Sample]:
    """Give parts as the camera delivered them, one at a time: they may be large.

    Training works on pictures of one size, whose sharpness is another.
    """
    rows = [line.labelled.rows[part] for part in parts]
    windows = pair_windows(line.labelled.recording, rows)
    for window, row in zip(windows, rows, strict=True):
        yield Sample(window=window, pixels=decode(row.file.read_bytes()))


def find_harmless(
    model: Model, bad_samples: Sequence[Sample], rules: DecisionRules
) -> Harmless:
    """Move pictures of bad parts on purpose, until more escape than is promised.

    Returns:
        For each statistic of pictures how far it had moved when no more than that
        escaped: by the lamp, by the contrast, by the focus.
    """
    return Harmless(
        down={name: _reach(model, bad_samples, rules, name, 0) for name in _MOVES},
        up={name: _reach(model, bad_samples, rules, name, 1) for name in _MOVES},
    )


def _reach(
    model: Model,
    samples: Sequence[Sample],
    rules: DecisionRules,
    name: str,
    side: int,
) -> float:
    reached = 0.0
    column = PICTURE_STATISTICS.index(name)
    before = _mean(samples, column)
    for move in _MOVES[name][side]:
        moved = [
            Sample(window=sample.window, pixels=move(sample.pixels))
            for sample in samples
            if sample.pixels is not None
        ]
        if not _holds(model, moved, rules):
            break
        reached = abs(_mean(moved, column) - before)
    return reached


def _holds(model: Model, samples: Sequence[Sample], rules: DecisionRules) -> bool:
    scores = np.array([model.score(sample).score for sample in samples])
    promised = rules.guarantee.escapes.bound_at_confidence if rules.guarantee else 0.0
    return float((scores < rules.pass_below).mean()) <= promised


def _mean(samples: Sequence[Sample], column: int) -> float:
    described = [describe_picture(sample.pixels)[column] for sample in samples]
    return float(np.mean(described))


def _weighed(weights: Weights, picture: float, log: float | None) -> Scores:
    by_picture = weigh(weights.picture, (picture,))
    both = by_picture if log is None else weigh(weights.both, (picture, log, 0.0))
    return Scores(
        score=both,
        picture_score=by_picture,
        log_score=None if log is None else weigh(weights.log, (log,)),
        route=Route.PICTURE if log is None else Route.BOTH,
        defect=None,
        defect_map=None,
    )


def brighter(gain: float) -> Move:
    """Move a picture as a lamp or a sensor's gain does."""
    return lambda pixels: _as_pixels(pixels * gain)


def contrasted(gain: float) -> Move:
    """Stretch a picture about its mean."""

    def move(pixels: Pixels) -> Pixels:
        mean = float(pixels.mean())
        return _as_pixels((pixels - mean) * gain + mean)

    return move


def blurred(sigma: float) -> Move:
    """Move a picture as optics out of focus do; sigma in pixels."""
    return lambda pixels: _as_pixels(_blur(pixels, sigma))


def sharpened(amount: float) -> Move:
    """Add so much of what a blur takes away."""

    def move(pixels: Pixels) -> Pixels:
        grey = pixels.astype(np.float32)
        return _as_pixels(grey + amount * (grey - _blur(pixels, 1.0)))

    return move


def _blur(pixels: Pixels, sigma: float) -> NDArray[np.float32]:
    found = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma)
    return np.asarray(found, np.float32).reshape(pixels.shape)


def _as_pixels(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


_MOVES: dict[str, tuple[list[Move], list[Move]]] = {
    "brightness": (
        [brighter(gain) for gain in (0.85, 0.7, 0.55, 0.4)],
        [brighter(gain) for gain in (1.15, 1.3, 1.5, 1.8)],
    ),
    "contrast": (
        [contrasted(gain) for gain in (0.8, 0.6, 0.45)],
        [contrasted(gain) for gain in (1.25, 1.6, 2.0)],
    ),
    "sharpness": (
        [blurred(sigma) for sigma in (0.6, 1.0, 1.5, 2.0)],
        [sharpened(amount) for amount in (0.5, 1.0, 2.0, 4.0)],
    ),
}
"""For each statistic how it is moved down and up, ever farther."""
