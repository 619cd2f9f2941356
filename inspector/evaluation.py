"""How good a model is on a shift: areas under the ROC curve, rates, routes, latency.

Intervals are percentile bootstrap over parts, good and bad ones apart, so that every
draw has both.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.deciding import Facts, decide
from inspector.errors import PictureError, RecordingError
from inspector.model.hybrid import HybridModel
from inspector.model.pictures import decode
from inspector.recording import FrameRow, Recording
from inspector.settings import DecisionRules
from inspector.types import (
    Decision,
    Frame,
    Problem,
    Route,
    Sample,
    Scores,
    Window,
)
from inspector.windows import WindowAssembler

DRAWS = 2000
Bools = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Give it as `{value, ci95: [low, high]}`."""
        return {"value": self.value, "ci95": [self.low, self.high]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share, with what it is a share of."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; `None` of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a model does on a shift."""

    line: str
    split: str
    parts: int
    auroc: dict[str, Estimate]
    decisions: dict[str, int]
    escapes: Rate
    """Bad parts that passed, of the bad parts."""
    false_rejects: Rate
    """Good parts rejected, of the good parts."""
    reviews: Rate
    rules: DecisionRules
    routes: dict[str, int]
    latency_ms: dict[str, float]
    """From the picture file's bytes to the score: p50 and p99."""
    both: Numbers = field(repr=False)
    """`[parts]` scores without short cuts, in order of capture."""
    samples: tuple[Sample, ...] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "line": self.line,
            "split": self.split,
            "parts": self.parts,
            "auroc": {name: each.as_json() for name, each in self.auroc.items()},
            "decisions": self.decisions,
            "escape_rate": self.escapes.value,
            "false_reject_rate": self.false_rejects.value,
            "review_rate": self.reviews.value,
            "threshold": self.rules.reject_at,
            "pass_below": self.rules.pass_below,
            "wanted_escape_rate": self.rules.wanted_escape_rate,
            "routes": self.routes,
            "latency_ms": self.latency_ms,
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    row: FrameRow
    window: Window


def evaluate(
    recording: Recording,
    split: str,
    models: tuple[HybridModel, HybridModel],
    rules: DecisionRules,
    progress: Progress,
) -> Evaluation:
    """Judge the labelled parts of a shift, under routing, and again in full.

    Args:
        recording: a line with labels.
        split: which of its shifts.
        models: the first takes short cuts, and its scores are decided on and timed;
            the second takes none, and gives each modality's opinion of every part.
        rules: where to decide.
        progress: told how many parts were done.

    Raises:
        RecordingError: the shift has no good or no bad labelled parts, or a picture
            cannot be read.
    """
    routed, full = models
    parts = _labelled(recording, split)
    good = recording.settings.classes[0]
    bad = np.array([part.row.label != good for part in parts], bool)
    _check_both(recording, split, bad)
    scored: list[Scores] = []
    complete: list[Scores] = []
    times = []
    samples = []
    for part in parts:
        encoded = _read(recording, part.row)
        begun = time.perf_counter()
        sample = Sample(window=part.window, pixels=decode(encoded))
        scored.append(routed.score(sample))
        times.append((time.perf_counter() - begun) * 1000)
        complete.append(full.score(sample))
        samples.append(sample)
        progress(1)
    decisions = [_decide(scores, rules) for scores in scored]
    return Evaluation(
        line=recording.settings.id,
        split=split,
        parts=len(parts),
        auroc={
            "fused": estimate_auroc([each.score for each in scored], bad),
            "image": estimate_auroc([_or_half(e.picture_score) for e in complete], bad),
            "log": estimate_auroc([_or_half(e.log_score) for e in complete], bad),
            "always_both": estimate_auroc([each.score for each in complete], bad),
        },
        decisions={each.value: decisions.count(each) for each in Decision},
        escapes=_rate(decisions, bad, Decision.PASS),
        false_rejects=_rate(decisions, ~bad, Decision.REJECT),
        reviews=_rate(decisions, np.ones_like(bad), Decision.REVIEW),
        rules=rules,
        routes=_routes(scored),
        latency_ms={
            "p50": float(np.percentile(times, 50)),
            "p99": float(np.percentile(times, 99)),
        },
        both=np.array([each.score for each in complete]),
        samples=tuple(samples),
    )


def samples_of(
    recording: Recording, split: str, limit: int | None = None
) -> Iterator[Sample]:
    """Give the labelled parts of a shift as the model reads them.

    Raises:
        RecordingError: a picture cannot be read.
    """
    for part in _labelled(recording, split)[:limit]:
        yield Sample(window=part.window, pixels=decode(_read(recording, part.row)))


def estimate_auroc(scores: Sequence[float], bad: Bools) -> Estimate:
    """Estimate the area under the ROC curve, bad against good."""
    known = np.asarray(scores, np.float64)
    rng = np.random.default_rng(0)
    draws = [_auroc(*_draw(known, bad, rng)) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = _auroc(known[bad], known[~bad])
    return Estimate(value=value, low=float(low), high=float(high))


def _draw(
    scores: Numbers, bad: Bools, rng: np.random.Generator
) -> tuple[Numbers, Numbers]:
    worse, better = scores[bad], scores[~bad]
    return (
        worse[rng.integers(len(worse), size=len(worse))],
        better[rng.integers(len(better), size=len(better))],
    )


def _auroc(worse: Numbers, better: Numbers) -> float:
    """Give the share of pairs in which the bad part scores higher; ties are half."""
    ordered = np.sort(better)
    below = np.searchsorted(ordered, worse, "left")
    up_to = np.searchsorted(ordered, worse, "right")
    return float((below + up_to).mean() / (2 * len(better)))


def _labelled(recording: Recording, split: str) -> list[_Part]:
    """Pair the labelled parts of a shift with their log, as a punctual log would be."""
    assembler = WindowAssembler(recording.settings, bool(recording.log_files))
    log = iter(recording.log_lines())
    line = next(log, None)
    parts = []
    for row in recording.select(split):
        if row.label is None:
            continue
        while line is not None and line.logged_ns <= row.captured_ns:
            assembler.add_line(line)
            line = next(log, None)
        assembler.add_frame(_frame(recording, row))
        parts += [_Part(row, window) for window in assembler.flush(0)]
    return parts


def _check_both(recording: Recording, split: str, bad: Bools) -> None:
    if not bad.any() or bad.all():
        what = f"split {split} needs labelled parts, good and bad, to be evaluated on"
        raise RecordingError([Problem.in_file(recording.folder / "frames.csv", what)])


def _read(recording: Recording, row: FrameRow) -> bytes:
    try:
        encoded = row.file.read_bytes()
        decode(encoded)
    except (OSError, PictureError) as error:
        table = recording.folder / "frames.csv"
        what = f"{row.file.name}: {error}"
        raise RecordingError([Problem.in_file(table, what, row.row)]) from error
    return encoded


def _frame(recording: Recording, row: FrameRow) -> Frame:
    return Frame(
        line=recording.settings.id,
        camera=row.camera,
        frame_id=row.frame_id,
        serial=row.serial,
        captured_ns=row.captured_ns,
        received_mono_ns=0,
    )


def _decide(scores: Scores, rules: DecisionRules) -> Decision:
    facts = Facts(
        scores=scores, trouble=None, has_picture=True, model_verified=True, age_ms=0.0
    )
    return decide(facts, rules).decision


def _rate(decisions: Sequence[Decision], among: Bools, wanted: Decision) -> Rate:
    count = sum(
        decision is wanted
        for decision, counts in zip(decisions, among, strict=True)
        if counts
    )
    return Rate(count=count, of=int(among.sum()))


def _routes(scored: Sequence[Scores]) -> dict[str, int]:
    counted = Counter(each.route for each in scored)
    return {route.value: counted[route] for route in Route if counted[route]}


def _or_half(score: float | None) -> float:
    """Know nothing of a part without that modality."""
    return 0.5 if score is None else score
