"""Several lines in one process: each on its own, and none takes another down.

Every line has a thread of its own that opens, runs and closes it. A line that fails is
told at once and counts in the exit code; the others go on. In a folder that is watched,
a new file is a new line, and a file that was changed is a line's second try.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.account import Account
from inspector.errors import InputError, InspectorError
from inspector.pipeline import Pipeline

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1
LOOK_FOR_FILES_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLine:
    """A line that is put together and can run."""

    name: str
    pipeline: Pipeline


Open = Callable[[Path], AbstractContextManager[OpenLine]]
"""Opens the line that a settings file describes; raises `InspectorError`."""


class LineRun:
    """One line from its file to its end, on a thread of its own.

    Args:
        file: the line's settings.
        opening: opens it.
        claim: takes a line's name for this run, or refuses it.
    """

    def __init__(
        self, file: Path, opening: Open, claim: Callable[[str, LineRun], None]
    ) -> None:
        self.file = file
        self.stamp = _stamp(file)
        """When the file was changed last, as this run found it."""
        self.name: str | None = None
        self.account: Account | None = None
        self.error: InspectorError | None = None
        self._opening = opening
        self._claim = claim
        self._pipeline: Pipeline | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name=f"line {file.stem}", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the line is being opened, runs, or is being closed."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let the line judge and store the parts in hand, and end."""
        self._stopping.set()
        pipeline = self._pipeline
        if pipeline is not None:
            pipeline.stop()

    def _work(self) -> None:
        try:
            with self._opening(self.file) as line:
                self._claim(line.name, self)
                self.name = line.name
                self._run(line.pipeline)
        except InspectorError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - the top of a thread
            _log.exception("line of %s", self.file)
            self.error = InspectorError(f"{self.file}: {type(error).__name__}: {error}")

    def _run(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        if self._stopping.is_set():
            pipeline.stop()
        try:
            pipeline.run()
        finally:
            self.account = account = pipeline.account()
        if not account.balances:
            raise InspectorError(imbalance(account))


class Hall:
    """Runs lines side by side.

    Args:
        opening: opens the line of a file.
        folder: watched for further files; `None` watches nothing.
    """

    def __init__(self, opening: Open, folder: Path | None = None) -> None:
        self._opening = opening
        self._folder = folder
        self._lock = threading.Lock()
        self._names: dict[str, LineRun] = {}
        self._looked_s = 0.0
        self._told: set[LineRun] = set()
        self.runs: dict[Path, LineRun] = {}
        """The latest run of each file."""

    def start(self, files: Iterable[Path]) -> None:
        """Begin to run the lines of files."""
        for file in files:
            self.runs[file] = LineRun(file, self._opening, self._claim)

    def serve(self, asked: list[int]) -> None:
        """Run until every line has ended, or until somebody asks to stop.

        A hall whose folder is watched ends only when it is asked to.

        Args:
            asked: signals that came so far.
        """
        while self._folder is not None or any(self._running()):
            if asked:
                self.stop()
                return
            self._tell_of_failures()
            self._look_for_files()
            time.sleep(LOOK_EVERY_S)

    def stop(self) -> None:
        """End all lines, and wait until they have."""
        self._folder = None
        while running := list(self._running()):
            for each in running:
                each.stop()
            time.sleep(LOOK_EVERY_S)

    def _tell_of_failures(self) -> None:
        """Tell of a line that stands while others run; the end tells of all."""
        for run in set(self.runs.values()) - self._told:
            if run.error is not None and not run.is_running:
                self._told.add(run)
                _log.error("line %s stands: %s", run.name or run.file, run.error)

    def _running(self) -> Iterator[LineRun]:
        return (each for each in self.runs.values() if each.is_running)

    def _look_for_files(self) -> None:
        """Start what is new; a changed file starts a line that stands once more."""
        now_s = time.monotonic()
        if self._folder is None or now_s < self._looked_s + LOOK_FOR_FILES_EVERY_S:
            return
        self._looked_s = now_s
        self.start(file for file in settings_files(self._folder) if self._is_due(file))

    def _is_due(self, file: Path) -> bool:
        known = self.runs.get(file)
        if known is None:
            return True
        changed = _stamp(file) != known.stamp
        if changed and known.is_running:
            known.stamp = _stamp(file)
            _log.warning("%s was changed: it holds when the line starts anew", file)
            return False
        return changed

    def _claim(self, name: str, run: LineRun) -> None:
        """Give a name to one run at a time: two would judge each part twice."""
        with self._lock:
            holder = self._names.get(name)
            if holder is not None and holder is not run and holder.is_running:
                what = f"line {name} runs already, from {holder.file}"
                raise InputError.single(run.file, what)
            self._names[name] = run


def settings_files(folder: Path) -> list[Path]:
    """List a folder's settings files, in order of name; hidden ones are left out."""
    return sorted(
        file
        for file in folder.glob("*.toml")
        if file.is_file() and not file.name.startswith(".")
    )


def imbalance(account: Account) -> str:
    """Say that parts are neither judged nor counted as lost."""
    return (
        f"the account does not balance: {account.parts} parts, {account.verdicts} "
        f"verdicts, {sum(account.faults.values())} counted faults"
    )


def exit_code(runs: Iterable[LineRun]) -> int:
    """Give 0 if all went well, else the gravest of the lines' exit codes."""
    errors = [run.error for run in runs]
    return max((error.exit_code for error in errors if error is not None), default=0)


def as_json(runs: Iterable[LineRun]) -> dict[str, Any]:
    """Lay the lines' accounts out for a file."""
    return {
        "lines": [
            {
                "line": run.name,
                "file": run.file.name,
                "error": None if run.error is None else f"{run.error}",
                "account": None if run.account is None else run.account.as_json(),
            }
            for run in runs
        ]
    }


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # Taken away meanwhile: its line tells so when it is opened.
        return 0
