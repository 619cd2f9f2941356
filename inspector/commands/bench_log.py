"""What a part's log costs, by how many log lines lie within the window's reach."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from inspector.types import NS_PER_S, LogLine, Sample

if TYPE_CHECKING:
    from inspector.model.hybrid import HybridModel
    from inspector.recording import FrameRow, Recording
    from inspector.reporting.tables import Section
    from inspector.settings import LineSettings

ROUNDS = 3


def line_counts(text: str) -> list[int]:
    """Read counts such as `100,10000`, the first being what others are held against.

    Raises:
        typer.BadParameter: not two or more whole numbers above 0.
    """
    counts = [int(part) if part.strip().isdigit() else 0 for part in text.split(",")]
    if len(counts) < 2 or min(counts) < 1:  # noqa: PLR2004
        message = f"{text!r} is not two or more counts of lines, such as 100,10000"
        raise typer.BadParameter(message)
    return counts


def bench_log(
    recording: Recording, model: Path, counts: Sequence[int], extent: tuple[str, int]
) -> dict[str, Any]:
    """Time pairing, reading and scoring of a part's log among so many log lines.

    The line's own log lines are repeated at random moments, so densely that so many lie
    where they may concern a part: a station's about when the part passed it, everybody
    else's within `horizon_s`. Counts take turns part by part, so that a noisy machine
    is fair to all; each has seen the whole shift once before it is timed, as a line
    that runs has. Taking lines in happens line by line and not part by part, and is
    timed apart.

    Args:
        recording: the line.
        model: folder of its model.
        counts: lines that may concern a part, on average.
        extent: which shift, and at most how many parts.

    Returns:
        Median and p99 in ms for each count, and their ratios to the first count's.
    """
    from connectors.wiring import load_brain
    from inspector.model.hybrid import load_model

    settings = load_brain(model, recording.settings.id).settings
    split, limit = extent
    rows = recording.select(split, limit=limit)
    # The log that the line really had is among what is repeated.
    said = list(recording.log_lines())
    crowds = [
        _Crowd(
            recording.settings,
            load_model(model, recording.settings.id, settings=settings),
            (said, count),
        )
        for count in counts
    ]
    for timed in [False] + [True] * ROUNDS:
        for crowd in crowds:
            crowd.begin(rows)
        for at, row in enumerate(rows):
            # First all lines, then all parts: a busy machine stops whoever has just
            # worked for long, and that would be the part among many lines.
            for crowd in crowds:
                crowd.take_in(row.captured_ns)
            for crowd in crowds[:: 1 if at % 2 else -1]:
                crowd.judge(row, timed)
    return _figures(recording.settings.id, crowds)


def log_section(found: dict[str, Any]) -> Section:
    """Lay out what `bench_log` found."""
    from inspector.reporting.tables import Section, sheet

    columns = (
        *("log lines in reach", "p50 ms", "p99 ms", "p50 ratio", "pairing p50 ms"),
        "taking in, us per line",
    )
    rows = [
        (
            f"{each['log_lines']}",
            f"{each['p50']:.3f}",
            f"{each['p99']:.3f}",
            f"{each['ratio']:.2f}",
            f"{each['pairing_p50']:.3f}",
            f"{each['us_per_line']:.1f}",
        )
        for each in found["counts"]
    ]
    return Section(
        title="A part's log", sheets=(sheet("", columns, rows),), content=found
    )


class _Crowd:
    """One line among so many log lines, with a model and a memory of its own."""

    def __init__(
        self,
        settings: LineSettings,
        model: HybridModel,
        log: tuple[Sequence[LogLine], int],
    ) -> None:
        said, self.count = log
        self.pairing_ms: list[float] = []
        self.total_ms: list[float] = []
        self.taking_s = 0.0
        self.taken = 0
        self._settings = settings
        self._model = model
        self._said = said

    def begin(self, rows: Sequence[FrameRow]) -> None:
        """Stand at the start of a shift, with nothing but the model's memory."""
        from inspector.windows import WindowAssembler

        self._assembler = WindowAssembler(self._settings, has_log=True)
        self._log = self._lines(rows[0].captured_ns)
        self._next = next(self._log)

    def take_in(self, until_ns: int) -> None:
        """Take in what was logged until a part's picture."""
        lines = []
        while self._next.logged_ns <= until_ns:
            lines.append(self._next)
            self._next = next(self._log)
        begun = time.perf_counter()
        for line in lines:
            self._assembler.add_line(line)
        self.taking_s += time.perf_counter() - begun
        self.taken += len(lines)

    def judge(self, row: FrameRow, timed: bool) -> None:
        """Judge a part's log."""
        from inspector.shifts import frame_of

        frame = frame_of(self._settings, row)
        begun = time.perf_counter()
        self._assembler.add_frame(frame)
        [window] = self._assembler.flush(0)
        paired = time.perf_counter()
        self._model.score(Sample(window=window, pixels=None))
        done = time.perf_counter()
        if timed:
            self.pairing_ms.append((paired - begun) * 1000)
            self.total_ms.append((done - begun) * 1000)

    def _lines(self, first_ns: int) -> Iterator[LogLine]:
        """Repeat the line's own log lines, so many within a part's reach, for ever."""
        spread = random.Random(0)  # noqa: S311 - the same log in every run
        reach_s = [_reach_s(self._settings, line.station) for line in self._said]
        step_ns = int(sum(reach_s) / len(reach_s) / self.count * NS_PER_S)
        moment_ns = first_ns - int(self._settings.windows.horizon_s * NS_PER_S)
        while True:
            like = spread.choice(self._said)
            yield LogLine(
                line=like.line,
                logged_ns=moment_ns + spread.randrange(max(1, step_ns)),
                station=like.station,
                level=like.level,
                text=like.text,
            )
            moment_ns += step_ns


def _reach_s(settings: LineSettings, station: str) -> float:
    """Say how long lines of a station, or of a stranger, may concern a part."""
    rules = settings.windows
    for each in settings.stations:
        if each.name == station:
            later_s = min(each.seconds_to_camera, rules.travel_tolerance_s)
            return later_s + rules.travel_tolerance_s
    return rules.horizon_s


def _figures(line: str, crowds: Sequence[_Crowd]) -> dict[str, Any]:
    import numpy as np

    against = float(np.median(crowds[0].total_ms))
    return {
        "line": line,
        "counts": [
            {
                "log_lines": crowd.count,
                "p50": float(np.median(crowd.total_ms)),
                "p99": float(np.percentile(crowd.total_ms, 99)),
                "ratio": float(np.median(crowd.total_ms)) / against,
                "pairing_p50": float(np.median(crowd.pairing_ms)),
                "us_per_line": crowd.taking_s / max(1, crowd.taken) * 1e6,
            }
            for crowd in crowds
        ],
    }
