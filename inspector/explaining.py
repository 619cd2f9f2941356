"""Why a part got its verdict, and the least whose removal would have changed it.

Nothing here is inferred from weights: every answer comes from taking log lines out of
the part's window, or covering cells of its picture with their surroundings, and asking
the very same model and the very same rules again. Weights and the defect map only say
where to try first.

A search ends with a set that cannot be made smaller by putting any one thing back. Sets
of one log line are tried without exception, and so are pairs of the most moving lines;
a larger set is the best that was found, not proven the smallest there is.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from inspector.deciding import Facts, decide
from inspector.evidence import line_weights
from inspector.ports import Model
from inspector.settings import DecisionRules
from inspector.types import Decision, FloatArray, Pixels, Sample, Scores

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Cell = tuple[int, int]
"""Row and column in the defect map."""

Cover = Callable[[Pixels, Mask], Pixels]
"""Replaces what a mask `[height, width]` covers by what surrounds it."""

PAIRED_LINES = 12
"""Every pair of this many log lines is tried: those that move the score most."""
LARGEST_REGION = 0.25
"""Share of the picture that may be covered: what is left must still show the part."""
_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_NEXT = 3
"""Lines in a set, after single lines and pairs were tried."""
_ORDER = (Decision.PASS, Decision.REVIEW, Decision.REJECT)


class Means(StrEnum):
    """What may be taken away."""

    LINES = "lines"
    REGION = "region"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is taken away from a part."""

    lines: frozenset[int] = frozenset()
    """Numbers of log lines in the window, from 0."""
    cells: frozenset[Cell] = frozenset()

    @property
    def size(self) -> int:
        """How many things are taken away."""
        return len(self.lines) + len(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the model and the rules say of a part with something taken away."""

    removal: Removal
    decision: Decision
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A verdict to reach: this one, or one that is further from the part's own."""

    decision: Decision
    means: Means


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """The least that reaches a goal, if anything that was tried does."""

    goal: Goal
    outcome: Outcome | None
    is_smallest: bool
    """Whether every smaller set was tried, and none reaches the goal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a part got its verdict."""

    scores: Scores = field(repr=False)
    """What the model says of the part when it is asked again."""
    decision: Decision
    line_weights: tuple[float | None, ...]
    line_effects: Numbers
    """`[lines]` how far the score falls if that line alone is taken out."""
    without_log: Outcome
    without_picture: Outcome | None
    """`None` for a part that has no log to judge it by."""
    flips: tuple[Flip, ...]
    reruns: int
    """How often the model was asked."""


def explain(
    model: Model, sample: Sample, rules: DecisionRules, cover: Cover
) -> Explanation:
    """Find out what a part's verdict rests on.

    Args:
        model: the one that gave the verdict.
        sample: the part as it was judged.
        rules: those it was judged by.
        cover: removes a region of the picture.
    """
    trial = Trial(model, sample, rules, cover)
    asked = trial.ask(Removal())
    every_line = frozenset(range(trial.line_count))
    without_picture = trial.without_picture() if every_line else None
    return Explanation(
        scores=trial.scores,
        decision=asked.decision,
        line_weights=line_weights(sample.window, trial.scores),
        line_effects=trial.line_effects,
        without_log=trial.ask(Removal(lines=every_line)),
        without_picture=without_picture,
        flips=tuple(_flips(trial, asked)),
        reruns=trial.reruns,
    )


class Trial:
    """Asks the model about one part with this or that taken away, each once."""

    def __init__(
        self, model: Model, sample: Sample, rules: DecisionRules, cover: Cover
    ) -> None:
        self._model = model
        self._sample = sample
        self._rules = rules
        self._cover = cover
        self._known: dict[Removal, Outcome] = {}
        self.reruns = 0
        self.line_count = len(sample.window.log_lines)

    @cached_property
    def scores(self) -> Scores:
        """What the model says of the part as it is."""
        return self._score(self._sample)

    @property
    def defect_map(self) -> FloatArray | None:
        """Where the model sees a defect, if it looked."""
        found = self.scores.defect_map
        return found if found is not None and np.isfinite(found).all() else None

    @cached_property
    def line_effects(self) -> Numbers:
        """`[lines]` how far the score falls if that line alone is taken out."""
        whole = self.ask(Removal()).score
        alone = (Removal(lines=frozenset((at,))) for at in range(self.line_count))
        return np.array([whole - self.ask(each).score for each in alone])

    def ask(self, removal: Removal) -> Outcome:
        """Judge the part with something taken away."""
        if removal not in self._known:
            scores = self._score(self._less(removal)) if removal.size else self.scores
            self._known[removal] = self._outcome(removal, scores)
        return self._known[removal]

    def without_picture(self) -> Outcome:
        """Judge the part by its log alone, for the score: rules never pass it so."""
        scores = self._score(replace(self._sample, pixels=None))
        return self._outcome(Removal(), scores)

    def _less(self, removal: Removal) -> Sample:
        window = self._sample.window
        kept = tuple(
            line for at, line in enumerate(window.log_lines) if at not in removal.lines
        )
        pixels = self._sample.pixels
        if removal.cells and pixels is not None and self.defect_map is not None:
            mask = cells_mask(removal.cells, self.defect_map.shape, pixels.shape)
            pixels = self._cover(pixels, mask)
        return Sample(window=replace(window, log_lines=kept), pixels=pixels)

    def _score(self, sample: Sample) -> Scores:
        self.reruns += 1
        return self._model.score(sample)

    def _outcome(self, removal: Removal, scores: Scores) -> Outcome:
        facts = Facts(
            scores=scores,
            trouble=None,
            has_picture=self._sample.pixels is not None,
            model_verified=self._model.verified,
            age_ms=0.0,
        )
        decision = decide(facts, self._rules).decision
        return Outcome(removal=removal, decision=decision, score=float(scores.score))


def cells_mask(
    cells: frozenset[Cell], grid: tuple[int, ...], picture: tuple[int, ...]
) -> Mask:
    """Tell which pixels some cells of a defect map stand for.

    Args:
        cells: rows and columns.
        grid: shape of the defect map.
        picture: shape of the picture.

    Returns:
        `[height, width]`.
    """
    chosen = np.zeros(grid, bool)
    chosen[tuple(np.array(sorted(cells)).T)] = True
    row_of = np.arange(picture[0]) * grid[0] // picture[0]
    column_of = np.arange(picture[1]) * grid[1] // picture[1]
    return np.asarray(chosen[np.ix_(row_of, column_of)])


def growing_region(defect_map: FloatArray) -> Iterator[Cell]:
    """Grow a region from the hottest cell: next comes the hottest that touches it."""
    rows, columns = defect_map.shape
    peak = int(defect_map.argmax())
    start = peak // columns, peak % columns
    border = [(-float(defect_map[start]), start)]
    seen = {start}
    while border:
        _, cell = heapq.heappop(border)
        yield cell
        for near in _touching(cell, rows, columns):
            if near not in seen:
                seen.add(near)
                heapq.heappush(border, (-float(defect_map[near]), near))


def hottest_cells(defect_map: FloatArray) -> Iterator[Cell]:
    """Give all cells, the hottest first, wherever they lie."""
    columns = defect_map.shape[1]
    for at in np.argsort(-defect_map, axis=None, kind="stable"):
        yield int(at) // columns, int(at) % columns


def _flips(trial: Trial, asked: Outcome) -> Iterator[Flip]:
    """Search for each verdict that the part did not get, by each means in turn.

    What did not reach a near verdict cannot reach one farther that way, and what
    overshot it did: neither is searched for again.
    """
    own = _ORDER.index(asked.decision)
    for way in (_ORDER[:own][::-1], _ORDER[own + 1 :]):
        hopeful = set(Means)
        for wanted in way:
            if not hopeful:
                break
            search = _Search(trial, asked.decision, wanted)
            found = list(search.flips(hopeful))
            yield from found
            reached = [flip for flip in found if flip.outcome]
            hopeful = {
                flip.goal.means
                for flip in reached
                if flip.outcome and flip.outcome.decision is wanted
            }
            if len(hopeful) == len(reached) > 0:
                hopeful.add(Means.BOTH)


class _Search:
    """Looks for the least that turns one verdict into another."""

    def __init__(self, trial: Trial, own: Decision, wanted: Decision) -> None:
        self._trial = trial
        self._wanted = wanted
        self._falls = _ORDER.index(wanted) < _ORDER.index(own)
        enough = _ORDER.index(wanted)
        self._enough = _ORDER[: enough + 1] if self._falls else _ORDER[enough:]

    def flips(self, hopeful: Set[Means]) -> Iterator[Flip]:
        """Search by each means of which there is hope."""
        alone = [
            flip
            for flip in (
                self._lines() if Means.LINES in hopeful else None,
                self._region() if Means.REGION in hopeful else None,
            )
            if flip is not None
        ]
        yield from alone
        neither = all(flip.outcome is None for flip in alone)
        can_cover = self._falls and self._trial.defect_map is not None
        if neither and can_cover and Means.BOTH in hopeful:
            yield self._flip(Means.BOTH, self._both())

    def _flip(
        self, means: Means, found: Outcome | None, *, is_smallest: bool = False
    ) -> Flip:
        goal = Goal(decision=self._wanted, means=means)
        return Flip(goal=goal, outcome=found, is_smallest=is_smallest)

    def _reaches(self, removal: Removal) -> bool:
        return self._trial.ask(removal).decision in self._enough

    # Log lines.

    def _lines(self) -> Flip:
        ordered = self._moving_lines()
        for count, tried in ((1, ordered), (2, ordered[:PAIRED_LINES])):
            found = self._best(count, tried)
            if found is not None:
                return self._flip(Means.LINES, found, is_smallest=True)
        found = self._prefix(ordered)
        all_pairs_tried = len(ordered) <= PAIRED_LINES
        smallest = all_pairs_tried and found is not None and found.removal.size == _NEXT
        return self._flip(Means.LINES, found, is_smallest=smallest)

    def _moving_lines(self) -> list[int]:
        """Order log lines: first those whose loss moves the score the wanted way."""
        effects = self._trial.line_effects
        return [int(at) for at in np.argsort(-effects if self._falls else effects)]

    def _best(self, count: int, lines: Sequence[int]) -> Outcome | None:
        """Try every set of so many lines, and give the one that moves most."""
        sets = (Removal(lines=frozenset(each)) for each in combinations(lines, count))
        found = [self._trial.ask(each) for each in sets if self._reaches(each)]
        sign = 1 if self._falls else -1
        return min(found, key=lambda each: sign * each.score, default=None)

    def _prefix(self, ordered: Sequence[int]) -> Outcome | None:
        """Take out line after line until it is enough, then put back what can be."""
        for count in range(_NEXT, len(ordered) + 1):
            removal = Removal(lines=frozenset(ordered[:count]))
            if self._reaches(removal):
                return self._pruned(removal)
        return None

    # A region of the picture.

    def _region(self) -> Flip | None:
        """Cover cells; `None` if there is no map, or covering cannot move that way."""
        if self._trial.defect_map is None or not self._falls:
            return None
        for order in (growing_region, hottest_cells):
            found = self._grown(list(order(self._trial.defect_map)), frozenset())
            if found is not None:
                alone = found.removal.size == 1
                return self._flip(Means.REGION, found, is_smallest=alone)
        return self._flip(Means.REGION, None)

    def _grown(self, order: Sequence[Cell], lines: frozenset[int]) -> Outcome | None:
        too_few = 0
        for count in _STEPS:
            if count > LARGEST_REGION * len(order):
                return None
            removal = Removal(lines=lines, cells=frozenset(order[:count]))
            if self._reaches(removal):
                return self._pruned(self._between(order, too_few, removal))
            too_few = count
        return None

    def _between(self, order: Sequence[Cell], too_few: int, enough: Removal) -> Removal:
        """Halve the distance between a region that is too small and one that is not."""
        while len(enough.cells) - too_few > 1:
            half = (too_few + len(enough.cells)) // 2
            smaller = replace(enough, cells=frozenset(order[:half]))
            if self._reaches(smaller):
                enough = smaller
            else:
                too_few = half
        return enough

    # Both together.

    def _both(self) -> Outcome | None:
        """Take out every line that helps, grow a region, and put back what can be."""
        effects = self._trial.line_effects
        helpful = frozenset(int(at) for at in np.flatnonzero(effects > 0))
        defect_map = self._trial.defect_map
        if not helpful or defect_map is None:
            return None
        return self._grown(list(hottest_cells(defect_map)), helpful)

    def _pruned(self, removal: Removal) -> Outcome:
        """Put back one thing after the other, as long as the goal stays reached."""
        for cell in self._coolest_first(removal.cells):
            fewer = replace(removal, cells=removal.cells - {cell})
            if fewer.size and self._reaches(fewer):
                removal = fewer
        for line in self._least_moving_first(removal.lines):
            fewer = replace(removal, lines=removal.lines - {line})
            if fewer.size and self._reaches(fewer):
                removal = fewer
        return self._trial.ask(removal)

    def _coolest_first(self, cells: frozenset[Cell]) -> list[Cell]:
        defect_map = self._trial.defect_map
        if defect_map is None:
            return []
        return sorted(cells, key=lambda cell: (float(defect_map[cell]), cell))

    def _least_moving_first(self, lines: frozenset[int]) -> list[int]:
        return [at for at in reversed(self._moving_lines()) if at in lines]


def _touching(cell: Cell, rows: int, columns: int) -> Iterator[Cell]:
    for row in range(max(0, cell[0] - 1), min(rows, cell[0] + 2)):
        for column in range(max(0, cell[1] - 1), min(columns, cell[1] + 2)):
            if (row, column) != cell:
                yield row, column
