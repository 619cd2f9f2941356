"""Whether the shift has moved away from the ones that the thresholds were found on.

A guarantee holds for parts like those it was found on. So a few cheap statistics of
each part (of its picture, its scores and its log) are compared, over the last parts,
with what they were on the calibration shifts: by the mean distance between the tenths
of both, which is the Wasserstein distance of two samples (Ramdas, Garcia Trillos and
Cuturi, "On Wasserstein Two-Sample Testing", 2017). Scores are compared too, because
they show a shift better than any test on pictures (Rabanser et al., "Failing Loudly",
2019).

How far is too far cannot come from a formula for independent parts: parts of a module
or a batch are alike, and every honest shift would be an alarm (so would it be for
conformal test martingales, which bet against exchangeability). It comes from honest
runs of as many neighbouring parts (subsampling: Politis and Romano, 1994), each
compared with all the others.

A picture may move without harm, for the branch standardises it. Training moves
pictures on purpose until bad parts escape (`inspector.training.guarding`): up to there
a moved picture is noted, beyond it parts are left to a person.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.settings import STATISTICS, TENTHS, DriftRules, MovingStatistic
from inspector.types import Pixels, Sample, Scores

Numbers = NDArray[np.float64]

PICTURE_STATISTICS = STATISTICS[:3]
_GRID = 64
"""Rows and columns of a picture that are looked at."""
_SURE = 1e-4
"""Scores nearer to 0 or 1 count as this near: a logit has no end."""
_STEP = 5
"""Honest runs begin so many parts apart."""
NOTICED = 1.5
"""Times the farthest honest run: a move that is noted."""
HALTS = 2.6
"""Times the farthest honest run: a move that halts, unless it was shown harmless.

The smallest at which scores and logs of three validation shifts were no alarm to limits
from their training shifts alone.
"""

_log = logging.getLogger(__name__)


def describe(sample: Sample, scores: Scores) -> Numbers:
    """Describe a part by its statistics, in the order of `STATISTICS`; NaN if absent.

    Scores become logits; a number of log lines its logarithm.
    """
    return np.array(
        [
            *describe_picture(sample.pixels),
            _logit(scores.picture_score),
            _logit(scores.log_score),
            _logit(scores.score),
            math.log1p(len(sample.window.log_lines)),
        ]
    )


def describe_picture(pixels: Pixels | None) -> tuple[float, float, float]:
    """Give brightness, contrast and sharpness of a picture, on a grid of its pixels.

    Brightness is the logarithm of the mean; contrast is the spread over the mean, so
    that it does not follow the exposure; sharpness is the logarithm of the step to the
    neighbouring pixel over the spread, so that it follows neither.

    Args:
        pixels: `[height, width]` or `[height, width, channels]`, or `None`.
    """
    if pixels is None or min(pixels.shape[:2]) < 2:  # noqa: PLR2004
        return math.nan, math.nan, math.nan
    grey = pixels if pixels.ndim == 2 else pixels[:, :, pixels.shape[2] // 2]  # noqa: PLR2004
    down, across = (max(1, side // _GRID) for side in grey.shape)
    here = grey[::down, :-1:across].astype(np.float32)
    beside = grey[::down, 1::across].astype(np.float32)
    mean, spread = float(here.mean()), float(here.std())
    step = float(np.abs(here - beside).mean())
    return (
        math.log1p(mean),
        spread / (mean + 1),
        math.log((step + 0.1) / (spread + 1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """How far a statistic has moved, and where it was."""

    rule: MovingStatistic
    distance: float
    limit: float
    middle: float

    @property
    def words(self) -> str:
        usual = float(_middle(np.array(self.rule.tenths)))
        return (
            f"{self.rule.name} moved by {self.distance:.3g}, limit {self.limit:.3g} "
            f"(middle {self.middle:.3g}, usually {usual:.3g})"
        )


class DriftGuard:
    """Watches the parts of one line; keeps the port `DriftWatch`.

    Nothing is said before `rules.parts` parts of a statistic were seen. Once a limit is
    exceeded, the shift counts as moved until every statistic is back within
    `rules.returns_at` of its limits.
    """

    def __init__(self, rules: DriftRules) -> None:
        self._rules = rules
        self._windows = [_Window(rule, rules.parts) for rule in rules.statistics]
        self._last = np.full((len(rules.statistics), rules.parts), np.nan)
        self._tenths = np.array([rule.tenths for rule in rules.statistics])
        self._columns = [STATISTICS.index(rule.name) for rule in rules.statistics]
        self._moved = False
        self._noticed: set[str] = set()

    @property
    def noticed(self) -> tuple[str, ...]:
        """Which statistics are beyond their first bound, in order of their names."""
        return tuple(sorted(self._noticed))

    def look(self, sample: Sample, scores: Scores) -> str | None:
        """Take note of a scored part.

        Returns:
            What has moved too far and how far, or `None` if nothing has.
        """
        return self.take(describe(sample, scores))

    def take(self, statistics: Numbers) -> str | None:
        """Take note of a part that was described already; else like `look`."""
        for window, row, column in zip(
            self._windows, self._last, self._columns, strict=True
        ):
            window.take(row, float(statistics[column]))
        moves = self._moves()
        self._notice(moves)
        return self._alarm(moves)

    def _moves(self) -> list[_Move]:
        """Measure every statistic of which enough parts were seen."""
        parts = self._rules.parts
        found = np.sort(self._last, axis=1).reshape(-1, TENTHS, parts // TENTHS)
        tenths = found.mean(axis=2)
        off = tenths - self._tenths
        distances = np.abs(off).mean(axis=1).tolist()
        sides, middles = off.sum(axis=1).tolist(), _middle(tenths.T).tolist()
        return [
            window.move(*measured)
            for window, *measured in zip(
                self._windows, distances, sides, middles, strict=True
            )
            if window.full
        ]

    def _notice(self, moves: Sequence[_Move]) -> None:
        """Log a move once, and again only after it was back for a while."""
        for move in moves:
            name, noticed_at = move.rule.name, move.rule.noticed_at
            if move.distance > noticed_at and name not in self._noticed:
                self._noticed.add(name)
                _log.warning("the shift is moving: %s", move.words)
            elif move.distance < self._rules.returns_at * noticed_at:
                self._noticed.discard(name)

    def _alarm(self, moves: Sequence[_Move]) -> str | None:
        bound = self._rules.returns_at if self._moved else 1.0
        beyond = [move for move in moves if move.distance > bound * move.limit]
        if bool(beyond) is not self._moved:
            self._moved = bool(beyond)
            self._tell(beyond)
        if not beyond:
            return None
        farthest = max(beyond, key=lambda move: move.distance / move.limit)
        return f"the shift has moved, thresholds may not hold: {farthest.words}"

    def _tell(self, beyond: Sequence[_Move]) -> None:
        if not beyond:
            _log.warning("the shift is back: parts are decided by their score again")
            return
        words = "; ".join(move.words for move in beyond)
        _log.error("the shift has moved, every part is left to a person: %s", words)


@dataclass(slots=True)
class _Window:
    """Where the next value of a statistic goes in its row of the last ones."""

    rule: MovingStatistic
    parts: int
    seen: int = 0

    @property
    def full(self) -> bool:
        return self.seen >= self.parts

    def take(self, row: Numbers, value: float) -> None:
        if math.isfinite(value):
            row[self.seen % self.parts] = value
            self.seen += 1

    def move(self, distance: float, side: float, middle: float) -> _Move:
        rule = self.rule
        limit = rule.limit_up if side > 0 else rule.limit_down
        return _Move(rule=rule, distance=distance, limit=limit, middle=middle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """How far the pictures' statistics may move before bad parts escape, by name."""

    down: dict[str, float] = field(default_factory=dict)
    up: dict[str, float] = field(default_factory=dict)


def learn_drift_rules(
    shifts: Sequence[Numbers], harmless: Harmless, parts: int = 60
) -> DriftRules | None:
    """Learn what honest shifts look like, and how far runs of their parts stray.

    Args:
        shifts: for each shift `[parts, STATISTICS]` as `describe` gives them, in order
            of capture.
        harmless: from moving pictures on purpose.
        parts: how many parts are compared with the honest ones.

    Returns:
        Rules for a `DriftGuard`; `None` if the shifts are too short to tell.
    """
    found = []
    for column, name in enumerate(STATISTICS):
        columns = [shift[:, column] for shift in shifts]
        columns = [each[np.isfinite(each)] for each in columns]
        strays = _strays(columns, parts)
        if not strays:
            continue
        # A statistic that never moved at all must be allowed to round otherwise.
        farthest = max(*strays, 1e-3)
        found.append(
            MovingStatistic(
                name=name,
                tenths=_tenths(np.concatenate(columns)).tolist(),
                noticed_at=NOTICED * farthest,
                limit_down=max(HALTS * farthest, harmless.down.get(name, 0.0)),
                limit_up=max(HALTS * farthest, harmless.up.get(name, 0.0)),
            )
        )
    runs = sum(len(shift) // parts for shift in shifts)
    if not found:
        return None
    return DriftRules(parts=parts, honest_runs=runs, statistics=found)


def distance(some: Numbers, others: Numbers) -> float:
    """Measure how far two samples of a statistic are apart, at least ten of each."""
    return float(np.abs(_tenths(some) - _tenths(others)).mean())


def _strays(columns: Sequence[Numbers], parts: int) -> list[float]:
    """Measure how far each honest run strays from all the other honest parts."""
    strays = []
    for at, column in enumerate(columns):
        others = [each for place, each in enumerate(columns) if place != at]
        for start in range(0, len(column) - parts + 1, _STEP):
            rest = np.concatenate([*others, column[:start], column[start + parts :]])
            if len(rest) >= parts // 2:
                strays.append(distance(column[start : start + parts], rest))
    return strays


def _tenths(values: Numbers) -> Numbers:
    """Mean of each tenth of the values, the lowest first.

    Means of equal values differ in their last bit, by how many there are of them.
    """
    each = np.array_split(np.sort(values), TENTHS)
    return np.maximum.accumulate([tenth.mean() for tenth in each])


def _middle(tenths: Numbers) -> Numbers:
    """Give the mean of the fifth and sixth tenth, `[TENTHS, ...]` to `[...]`."""
    return np.asarray(tenths[TENTHS // 2 - 1 : TENTHS // 2 + 1].mean(axis=0))


def _logit(score: float | None) -> float:
    if score is None or not 0.0 <= score <= 1.0:
        return math.nan
    sure = min(max(score, _SURE), 1 - _SURE)
    return math.log(sure / (1 - sure))
