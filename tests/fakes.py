"""Connectors that live in memory and keep the ports, for tests that need no disk.

Each fake is held to the same promises as the connectors it stands for (`promises/`).
What a test wants to see is public; what it wants to go wrong is an argument.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace

from inspector.branches import BranchAct
from inspector.errors import InputError, StoreError
from inspector.ports import StoreReceipt
from inspector.types import Verdict
from inspector.verification import Verification

Identity = tuple[str, str, int]


def _identity(verdict: Verdict) -> Identity:
    return verdict.line, verdict.camera, verdict.frame_id


class InMemoryVerdictStore:
    """Keeps verdicts in a dictionary.

    `failures` calls of `store` raise `StoreError` first, as a locked database would.
    """

    def __init__(self, failures: int = 0) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Identity, Verdict] = {}
        self.failures = failures
        self.batches: list[int] = []
        """Size of each batch that was stored."""
        self.closed = False

    @property
    def verdicts(self) -> list[Verdict]:
        """All that is kept, in the order it came."""
        with self._lock:
            return list(self._kept.values())

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        """Keep those whose part has no verdict yet."""
        with self._lock:
            self._refuse_when_due()
            before = len(self._kept)
            theirs = [
                (self._kept.setdefault(_identity(verdict), verdict), verdict)
                for verdict in verdicts
            ]
            self.batches.append(len(verdicts))
            same = sum(old.captured_ns == new.captured_ns for old, new in theirs)
            inserted = len(self._kept) - before
            return StoreReceipt(inserted=inserted, already_there=same - inserted)

    def close(self) -> None:
        """Take nothing more."""
        self.closed = True

    def _refuse_when_due(self) -> None:
        if self.closed:
            message = "the store is closed"
            raise StoreError(message)
        if self.failures > 0:
            self.failures -= 1
            message = "the database is locked"
            raise StoreError(message)


class InMemoryEvidenceStore:
    """Keeps pictures in a dictionary, by the path a file would have."""

    def __init__(self, failures: int = 0) -> None:
        self.pictures: dict[str, bytes] = {}
        self.failures = failures

    def keep(self, picture: bytes, suffix: str) -> str:
        """Keep a picture under its hash."""
        if self.failures > 0:
            self.failures -= 1
            message = "the disk is full"
            raise StoreError(message)
        name = hashlib.sha256(picture).hexdigest()
        path = f"{name[:2]}/{name}{suffix}"
        self.pictures[path] = picture
        return path

    def keep_as(self, name: str, content: bytes, *, durable: bool) -> None:
        """Keep bytes under a name."""
        if self.failures > 0:
            self.failures -= 1
            message = "the disk is full"
            raise StoreError(message)
        self.pictures[name] = content


class InMemoryBranchActs:
    """Keeps acts in a list."""

    def __init__(self, failures: int = 0) -> None:
        self._kept: list[BranchAct] = []
        self.failures = failures

    def acts(self, line: str) -> Sequence[BranchAct]:
        """Give a line's acts in order."""
        self._refuse_when_due()
        return [act for act in self._kept if act.line == line]

    def record(self, act: BranchAct) -> BranchAct:
        """Keep an act under the next number."""
        self._refuse_when_due()
        self._kept.append(replace(act, id=len(self._kept) + 1))
        return self._kept[-1]

    def last_act(self, line: str) -> int:
        """Give the number of the newest act."""
        return max((act.id or 0 for act in self.acts(line)), default=0)

    def _refuse_when_due(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            message = "the database is locked"
            raise StoreError(message)


class InMemoryVerifications:
    """Keeps people's words in a list."""

    def __init__(self) -> None:
        self._kept: list[Verification] = []

    def record(self, word: Verification) -> Verification:
        """Keep a word under the next number."""
        if word.withdraws is not None and not any(
            each.id == word.withdraws for each in self.of_part(*word.part)
        ):
            where = f"verification {word.withdraws}"
            raise InputError.single(where, "is no word about this part")
        self._kept.append(replace(word, id=len(self._kept) + 1))
        return self._kept[-1]

    def of_line(self, line: str) -> Sequence[Verification]:
        """Give the words about a line's parts."""
        return [word for word in self._kept if word.line == line]

    def of_part(self, line: str, camera: str, frame_id: int) -> Sequence[Verification]:
        """Give the words about one part."""
        part = line, camera, frame_id
        return [word for word in self._kept if word.part == part]
