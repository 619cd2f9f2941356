"""Stages of a training on the terminal, each with its bar, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Advance:
    """Moves one progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, parts: int) -> None:
        """Say that so many more were done."""
        self._progress.advance(self._task, parts)


class Stages:
    """Shows stages while they run; a context.

    taken_s: wall-clock seconds of each stage that has ended.
    """

    def __init__(self) -> None:
        self.taken_s: dict[str, float] = {}
        self._progress = Progress(
            TextColumn("{task.description:32}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Advance]:
        """Show one stage of so many parts."""
        task = self._progress.add_task(name, total=total)
        begun = time.monotonic()
        yield Advance(self._progress, task)
        self._progress.update(task, completed=total)
        self.taken_s[name] = time.monotonic() - begun
