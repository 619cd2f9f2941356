"""How good a model is on a shift: figures by method, rates, routes, latency."""

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
    NS_PER_S,
    Decision,
    Frame,
    Problem,
    Route,
    Sample,
    Scores,
    Window,
)
from inspector.windows import WindowAssembler
from inspector.yardsticks import Case, Estimate, Figures, Judged, compare, judge_all

Bools = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Progress = Callable[[int], None]


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
    methods: dict[str, Figures]
    """The fused score, its yardsticks and its controls."""
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
            "auroc": self._each(lambda each: each.auroc),
            "average_precision": self._each(lambda each: each.average_precision),
            "balanced_accuracy": self._each(lambda each: each.balanced_accuracy),
            "fused_minus": self._each(lambda each: each.behind),
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

    def _each(self, figure: Callable[[Figures], Estimate]) -> dict[str, Any]:
        return {name: figure(each).as_json() for name, each in self.methods.items()}


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
    cases = _cases(recording, split)
    bad = np.array([case.is_bad for case in cases], bool)
    _check_both(recording, split, bad)
    times = _time(recording, split, models[0])
    found = judge_all(cases, models, progress)
    decisions = [_decide(scores, rules) for scores in found.fused]
    return Evaluation(
        line=recording.settings.id,
        split=split,
        parts=len(cases),
        methods=compare(found, _validation(recording, models)),
        decisions={each.value: decisions.count(each) for each in Decision},
        escapes=_rate(decisions, bad, Decision.PASS),
        false_rejects=_rate(decisions, ~bad, Decision.REJECT),
        reviews=_rate(decisions, np.ones_like(bad), Decision.REVIEW),
        rules=rules,
        routes=_routes(found.fused),
        latency_ms={
            "p50": float(np.percentile(times, 50)),
            "p99": float(np.percentile(times, 99)),
        },
        both=np.array([each.score for each in found.full]),
        samples=tuple(case.sample for case in cases),
    )


def _time(recording: Recording, split: str, model: HybridModel) -> list[float]:
    """Time each part of a shift from the picture file's bytes to the score, in ms."""
    times = []
    for part in _labelled(recording, split):
        encoded = _read(recording, part.row)
        begun = time.perf_counter()
        model.score(Sample(window=part.window, pixels=decode(encoded)))
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _validation(
    recording: Recording, models: tuple[HybridModel, HybridModel]
) -> Judged | None:
    cases = _cases(recording, "val")
    if len({case.is_bad for case in cases}) < len((True, False)):
        return None
    return judge_all(cases, models, lambda _: None)


def _cases(recording: Recording, split: str) -> list[Case]:
    """Give the labelled parts of a shift, each with the window of a late log too."""
    settings = recording.settings
    late_s = settings.windows.travel_tolerance_s + max(
        (station.seconds_to_camera for station in settings.stations), default=0.0
    )
    late = _labelled(recording, split, late_s)
    good = settings.classes[0]
    return [
        Case(
            sample=Sample(
                window=part.window, pixels=decode(_read(recording, part.row))
            ),
            late_window=behind.window,
            is_bad=part.row.label != good,
        )
        for part, behind in zip(_labelled(recording, split), late, strict=True)
    ]


def samples_of(
    recording: Recording, split: str, limit: int | None = None
) -> Iterator[Sample]:
    """Give the labelled parts of a shift as the model reads them.

    Raises:
        RecordingError: a picture cannot be read.
    """
    for part in _labelled(recording, split)[:limit]:
        yield Sample(window=part.window, pixels=decode(_read(recording, part.row)))


def _labelled(recording: Recording, split: str, late_s: float = 0.0) -> list[_Part]:
    """Pair the labelled parts of a shift with their log, which is so late."""
    late_ns = int(late_s * NS_PER_S)
    assembler = WindowAssembler(recording.settings, bool(recording.log_files))
    log = iter(recording.log_lines())
    line = next(log, None)
    parts = []
    for row in recording.select(split):
        if row.label is None:
            continue
        while line is not None and line.logged_ns <= row.captured_ns - late_ns:
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
