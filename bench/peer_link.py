"""A peer in a program of its own: asked and answered in lines of JSON over pipes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bench.contest import Timed
from inspector.errors import InspectorError


class PeerError(InspectorError):
    """A peer's program ended, or said something that is no answer."""


class PeerProgram:
    """A running peer; a contender. Use it as a context, so that it ends.

    `runtime` says in words what runs it.

    Args:
        name: of the peer, for the table and for messages.
        command: how to start it; it must say hello before it is asked.
        folder: where it runs.

    Raises:
        PeerError: it does not start.
    """

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self._name = name
        self._program = subprocess.Popen(
            command,
            cwd=folder,
            env=surroundings(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.runtime = str(self._answer().get("runtime"))
        except PeerError:
            self.close()
            raise

    @property
    def name(self) -> str:
        """The peer's name."""
        return self._name

    def run(self, files: Sequence[Path]) -> Timed:
        """Let the peer score files.

        Raises:
            PeerError: it ended, or answered for another number of files.
        """
        answer = self._ask({"files": [str(file.resolve()) for file in files]})
        timed = Timed(ms=list(answer["ms"]), scores=list(answer["scores"]))
        if not len(timed.ms) == len(timed.scores) == len(files):
            message = f"{self._name}: answered for {len(timed.ms)} of {len(files)}"
            raise PeerError(message)
        return timed

    def close(self) -> None:
        """End the program: it ends when nobody can ask it any more."""
        if self._program.stdin is not None:
            self._program.stdin.close()
        self._program.wait()
        if self._program.stdout is not None:
            self._program.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        stdin = self._program.stdin
        try:
            if stdin is not None:
                stdin.write(json.dumps(question) + "\n")
                stdin.flush()
        except BrokenPipeError as error:
            message = f"{self._name}: its program has ended; it says why above"
            raise PeerError(message) from error
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._program.stdout.readline() if self._program.stdout else ""
        if not line:
            message = f"{self._name}: its program has ended; it says why above"
            raise PeerError(message)
        try:
            answer = json.loads(line)
        except json.JSONDecodeError as error:
            message = f"{self._name}: its program said {line[:200]!r}"
            raise PeerError(message) from error
        return dict(answer)


def surroundings(mine: Mapping[str, str]) -> dict[str, str]:
    """Give a peer's program my environment, but not my virtual environment's paths."""
    kept = {key: value for key, value in mine.items() if key != "VIRTUAL_ENV"}
    return {key: value for key, value in kept.items() if key != "PYTHONPATH"}
