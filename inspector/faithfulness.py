"""Whether weights and defect maps point at what a verdict really rests on.

Deletion and insertion tests (Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling
for Explanation of Black-box Models", 2018): things are taken away, the most important
first, and the score should fall early; or they are put back into a part from which all
was taken, and the score should rise early. Each curve's area is compared with that of
random attributions of the same things in the same steps, on the same part. For log
lines they are random orders. For the picture they are the part's own map, moved and
mirrored at random: as compact as the real one, so that only its place is at stake, and
not how much harm scattered covers do.

Cells of the defect map are tested on bad parts, where the score has somewhere to fall.
They are deleted by covering them, and inserted into the picture of a good part of the
same shift: a picture covered as a whole is grey, which no model takes for a good part.
Log lines are tested on all parts, by how far the score is from its full value,
whichever way it went: a log can speak for a part too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.evidence import line_weights
from inspector.explaining import Cover, cells_mask
from inspector.measures.estimates import Estimate
from inspector.model.pictures import fit
from inspector.ports import Model
from inspector.types import FloatArray, Pixels, Sample, Scores

Numbers = NDArray[np.float64]
Order = NDArray[np.int64]
Progress = Callable[[int], None]

DRAWS = 2000
_STEPS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Shares of the cells that are taken away; each curve has a point at every one."""
_LOG_STEPS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
_PICTURE, _LOG = "picture", "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is tried: enough to tell, in minutes on one core."""

    parts: int = 100
    """At most so many parts for each test, drawn at random with `seed`."""
    random_orders: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One test: areas under the curves, and by how much the attribution wins."""

    attribution: float
    random: float
    margin: Estimate
    """Above 0 where the attribution wins; over parts, paired."""
    parts: int

    @property
    def wins(self) -> bool:
        """Whether the whole 95 % interval lies above 0."""
        return self.margin.low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """What the tests found on one line."""

    line: str
    split: str
    tests: Mapping[str, Margin]
    """`picture deletion`, `log insertion` and so on; what could not be tested is
    absent."""
    extent: Extent

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "line": self.line,
            "split": self.split,
            **asdict(self.extent),
            "tests": {
                name: {
                    "attribution": each.attribution,
                    "random": each.random,
                    "margin": each.margin.as_json(),
                    "wins": each.wins,
                    "parts": each.parts,
                }
                for name, each in self.tests.items()
            },
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Lay it out as the rows of a table under `COLUMNS`."""
        return [
            (
                name,
                f"{each.attribution:.3f}",
                f"{each.random:.3f}",
                f"{each.margin.value:+.3f} "
                f"({each.margin.low:+.3f} to {each.margin.high:+.3f})",
                "yes" if each.wins else "no",
                f"{each.parts}",
            )
            for name, each in self.tests.items()
        ]


COLUMNS = ("test", "attribution", "random", "margin", "wins", "parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Labelled parts of a shift, as the model reads them."""

    line: str
    split: str
    samples: Sequence[Sample]
    bad: Sequence[bool]


def measure_faithfulness(
    model: Model, shift: Shift, cover: Cover, extent: Extent, progress: Progress
) -> Faithfulness:
    """Run the deletion and insertion tests of both attributions.

    Args:
        model: scores the parts.
        shift: where they come from.
        cover: takes cells out of a picture, up to all of them.
        extent: how many parts and random orders.
        progress: told how many parts were done, twice `extent.parts` at most.
    """
    rng = np.random.default_rng(extent.seed)
    bad = [
        each for each, is_bad in zip(shift.samples, shift.bad, strict=True) if is_bad
    ]
    areas: dict[str, list[tuple[float, float]]] = {}
    good = [
        each.pixels
        for each, is_bad in zip(shift.samples, shift.bad, strict=True)
        if not is_bad and each.pixels is not None
    ]
    for sample in _some(bad, extent.parts, rng):
        base = good[int(rng.integers(len(good)))] if good else None
        swaps = Swaps(sample=sample, cover=cover, good=base)
        _note(areas, _PICTURE, picture_areas(model, swaps, extent, rng))
        progress(1)
    for sample in _some(shift.samples, extent.parts, rng):
        _note(areas, _LOG, log_areas(model, sample, extent, rng))
        progress(1)
    return Faithfulness(
        line=shift.line,
        split=shift.split,
        tests={name: _margin(name, each) for name, each in areas.items()},
        extent=extent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """Areas under one part's curves: by the attribution, and the mean of random."""

    deletion: tuple[float, float]
    insertion: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps:
    """A part, and what stands in for the cells that are taken from its picture."""

    sample: Sample
    cover: Cover
    good: Pixels | None
    """A good part's picture to insert into; without one, a covered picture is."""


def picture_areas(
    model: Model, swaps: Swaps, extent: Extent, rng: np.random.Generator
) -> Areas | None:
    """Delete and insert cells of one part; `None` if its picture was not looked at."""
    sample = swaps.sample
    whole = model.score(sample)
    defect_map, pixels = whole.defect_map, sample.pixels
    if defect_map is None or pixels is None:
        return None
    maps = [defect_map, *(_moved(defect_map, rng) for _ in range(extent.random_orders))]
    orders = [_order(each.ravel(), rng) for each in maps]
    good = None if swaps.good is None else _alike(swaps.good, pixels)

    def without(cells: Order, into: Pixels | None) -> float:
        if not len(cells):
            return whole.score
        mask = _mask(cells, defect_map.shape, pixels)
        left = (
            swaps.cover(pixels, mask) if into is None else _pasted(pixels, into, mask)
        )
        return model.score(replace(sample, pixels=left)).score

    deleting, inserting = partial(without, into=None), partial(without, into=good)
    deletion = [_area(_STEPS, _deleting(each, _STEPS, deleting)) for each in orders]
    insertion = [_area(_STEPS, _inserting(each, _STEPS, inserting)) for each in orders]
    return Areas(deletion=_against(deletion), insertion=_against(insertion))


def _mask(cells: Order, grid: tuple[int, ...], pixels: Pixels) -> NDArray[np.bool_]:
    places = zip(*np.unravel_index(cells, grid), strict=True)
    chosen = frozenset((int(row), int(column)) for row, column in places)
    return cells_mask(chosen, grid, pixels.shape)


def _alike(good: Pixels, pixels: Pixels) -> Pixels:
    """Bring a good part's picture to the size, brightness and contrast of another."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else 3  # noqa: PLR2004
    sized = fit(good, height, width, channels).reshape(pixels.shape).astype(np.float64)
    contrast = pixels.std() / sized.std() if sized.std() > 1 else 1.0
    alike = (sized - sized.mean()) * contrast + pixels.mean()
    return np.asarray(np.rint(alike.clip(0, 255)), np.uint8)


def _pasted(pixels: Pixels, into: Pixels, missing: NDArray[np.bool_]) -> Pixels:
    shaped = missing.reshape(*missing.shape, *(1,) * (pixels.ndim - 2))
    return np.where(shaped, into, pixels)


def log_areas(
    model: Model, sample: Sample, extent: Extent, rng: np.random.Generator
) -> Areas | None:
    """Delete and insert log lines of one part; `None` if its log was not weighed."""
    whole = model.score(sample)
    weights = _weights(sample, whole)
    if weights is None:
        return None
    lines = sample.window.log_lines

    def off(taken: Order) -> float:
        if not len(taken):
            return 0.0
        gone = set(taken.tolist())
        kept = tuple(line for at, line in enumerate(lines) if at not in gone)
        window = replace(sample.window, log_lines=kept)
        return abs(model.score(replace(sample, window=window)).score - whole.score)

    own = _order(weights, rng)
    orders = [own, *(rng.permutation(len(own)) for _ in range(extent.random_orders))]
    steps = _LOG_STEPS
    deletion = [_area(steps, _deleting(order, steps, off)) for order in orders]
    insertion = [_area(steps, _inserting(order, steps, off)) for order in orders]
    return Areas(deletion=_against(deletion), insertion=_against(insertion))


def _weights(sample: Sample, scores: Scores) -> FloatArray | None:
    known = line_weights(sample.window, scores)
    if len(known) < 2 or any(weight is None for weight in known):  # noqa: PLR2004
        return None
    return np.array(known, np.float32)


def _order(importance: FloatArray, rng: np.random.Generator) -> Order:
    """Give the most important first; ties fall at random."""
    shuffled = rng.permutation(len(importance))
    return shuffled[np.argsort(-importance[shuffled], kind="stable")]


def _moved(defect_map: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Give a map of the same form somewhere else."""
    rows, columns = defect_map.shape
    shift = int(rng.integers(rows)), int(rng.integers(columns))
    moved = np.roll(defect_map, shift, (0, 1))
    for axis in (0, 1):
        if rng.random() < 0.5:  # noqa: PLR2004 - a coin
            moved = np.flip(moved, axis)
    return moved


def _deleting(
    order: Order, steps: Sequence[float], value: Callable[[Order], float]
) -> Iterator[float]:
    for share in steps:
        yield value(order[: round(share * len(order))])


def _inserting(
    order: Order, steps: Sequence[float], value: Callable[[Order], float]
) -> Iterator[float]:
    for share in steps:
        yield value(order[round(share * len(order)) :])


def _area(steps: Sequence[float], values: Iterator[float]) -> float:
    return float(np.trapezoid(list(values), steps))


def _against(areas: Sequence[float]) -> tuple[float, float]:
    own, *random = areas
    return own, float(np.mean(random))


def _note(
    areas: dict[str, list[tuple[float, float]]], what: str, found: Areas | None
) -> None:
    if found is not None:
        areas.setdefault(f"{what} deletion", []).append(found.deletion)
        areas.setdefault(f"{what} insertion", []).append(found.insertion)


_SMALLER_WINS = frozenset((f"{_PICTURE} deletion", f"{_LOG} insertion"))
"""Where a small area is good: the score falls early, or comes home early."""


def _margin(name: str, areas: Sequence[tuple[float, float]]) -> Margin:
    own, random = np.array(areas).T
    margins = random - own if name in _SMALLER_WINS else own - random
    rng = np.random.default_rng(0)
    draws = margins[rng.integers(len(margins), size=(DRAWS, len(margins)))].mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Margin(
        attribution=float(own.mean()),
        random=float(random.mean()),
        margin=Estimate(value=float(margins.mean()), low=float(low), high=float(high)),
        parts=len(margins),
    )


def _some(
    samples: Sequence[Sample], parts: int, rng: np.random.Generator
) -> list[Sample]:
    chosen = rng.permutation(len(samples))[:parts]
    return [samples[at] for at in sorted(chosen)]
