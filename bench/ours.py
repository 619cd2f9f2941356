"""Our own model as a contender: through the same path as on a line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.contest import Timed
from connectors.wiring import load_brain
from inspector.evaluation import samples_of
from inspector.model.hybrid import load_model
from inspector.model.pictures import decode
from inspector.ports import Model
from inspector.recording import Recording
from inspector.types import LogContext, Sample, Window


class Ours:
    """Our model, with each part's window; a contender.

    Args:
        name: for the table.
        load: loads the model afresh, with no log line remembered.
        windows: of each picture file, the part's window.
    """

    runtime = "ONNX Runtime, as the product starts it"

    def __init__(
        self, name: str, load: Callable[[], Model], windows: Mapping[Path, Window]
    ) -> None:
        self._name = name
        self._load = load
        self._windows = windows
        self._model = load()

    @property
    def name(self) -> str:
        """Which of our variants this is."""
        return self._name

    def forget(self) -> None:
        """Load the model again: log lines read while warming up must not help."""
        self._model = self._load()

    def run(self, files: Sequence[Path]) -> Timed:
        """Score files with their windows, and time each from file to score."""
        timed = Timed()
        for file in files:
            begun = time.perf_counter()
            pixels = decode(file.read_bytes())
            scores = self._model.score(
                Sample(window=self._windows[file], pixels=pixels)
            )
            timed.ms.append((time.perf_counter() - begun) * 1000)
            timed.scores.append(scores.score)
        return timed


def fused(recording: Recording, model: Path, split: str) -> Ours:
    """Make the contender that reads picture and log, by the route it chooses."""
    windows = _windows(recording, split)
    return Ours("Ours, picture and log, routed", _loader(recording, model), windows)


def picture_alone(recording: Recording, model: Path, split: str) -> Ours:
    """Make the contender that is given no log, as peers are."""
    windows = {
        file: replace(window, log_lines=(), log_context=LogContext.MISSING)
        for file, window in _windows(recording, split).items()
    }
    return Ours("Ours, picture alone", _loader(recording, model), windows)


def _loader(recording: Recording, model: Path) -> Callable[[], Model]:
    line = recording.settings.id
    settings = load_brain(model, line, recording.settings.picture).settings
    return lambda: load_model(model, line, settings=settings)


def _windows(recording: Recording, split: str) -> dict[Path, Window]:
    rows = [row for row in recording.select(split) if row.label is not None]
    samples = samples_of(recording, split)
    return {row.file: sample.window for row, sample in zip(rows, samples, strict=True)}
