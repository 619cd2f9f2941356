"""Contenders that score the same pictures in turns, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Protocol

import numpy as np

MS_PER_S = 1000.0


@dataclass(slots=True, kw_only=True)
class Timed:
    """What a contender took for some pictures, from file to score, one at a time."""

    ms: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, more: Timed) -> None:
        """Put later pictures behind the earlier ones."""
        self.ms += more.ms
        self.scores += more.scores


class Contender(Protocol):
    """Something that scores picture files one by one and times itself."""

    @property
    def name(self) -> str:
        """Its name, unlike any other's."""
        ...

    def run(self, files: Sequence[Path]) -> Timed:
        """Score files, each read from disk."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How fast a contender was, and how well it told bad parts from good ones."""

    name: str
    parts: int
    median_ms: float
    p99_ms: float
    frames_per_s: float
    auroc: float | None
    """`None` where the scores mean nothing: weights that were not trained."""


def take_turns(
    contenders: Sequence[Contender],
    files: Sequence[Path],
    block: int,
    progress: Callable[[int], None],
) -> dict[str, Timed]:
    """Let contenders score blocks of the same files in turns.

    Whoever begins changes from block to block, so that neither a noisy moment of the
    machine nor the place in the order favours anybody.

    Args:
        contenders: at least one.
        files: each is scored once by each.
        block: files in a turn.
        progress: told how many files all have scored.
    """
    found = {each.name: Timed() for each in contenders}
    for number, some in enumerate(_blocks(files, block)):
        begins = number % len(contenders)
        for contender in [*contenders[begins:], *contenders[:begins]]:
            found[contender.name].add(contender.run(some))
        progress(len(some))
    return found


def figures(name: str, timed: Timed, bad: Sequence[bool] | None) -> Figures:
    """Sum up what a contender did.

    Args:
        name: of the contender.
        timed: all its pictures.
        bad: of each picture, whether the part is; `None` if scores mean nothing.
    """
    return Figures(
        name=name,
        parts=len(timed.ms),
        median_ms=float(np.percentile(timed.ms, 50)),
        p99_ms=float(np.percentile(timed.ms, 99)),
        frames_per_s=MS_PER_S / fmean(timed.ms),
        auroc=None if bad is None else auroc(timed.scores, bad),
    )


def auroc(scores: Sequence[float], bad: Sequence[bool]) -> float | None:
    """Area under the ROC curve; ties count half. `None` without both kinds of parts."""
    high = np.array([x for x, is_bad in zip(scores, bad, strict=True) if is_bad])
    low = np.array([x for x, is_bad in zip(scores, bad, strict=True) if not is_bad])
    if not len(high) or not len(low):
        return None
    above = (high[:, None] > low).mean() + (high[:, None] == low).mean() / 2
    return float(above)


def _blocks(files: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    for start in range(0, len(files), size):
        yield files[start : start + size]
