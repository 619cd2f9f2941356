"""What a connector promises. Read after `types`, before `pipeline`.

Sources are driven from a thread of their own: `frames()` and `lines()` block until
something arrives, and end when the source is exhausted or after `stop()`, which may be
called from any thread, any number of times, and takes effect within half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from inspector.branches import BranchAct
from inspector.types import (
    BranchId,
    Frame,
    LogLine,
    MalformedLogLine,
    Pixels,
    Sample,
    Scores,
    ShadowJudgement,
    TrunkId,
    Verdict,
)
from inspector.verification import Verification


class FrameSource(Protocol):
    """Delivers each trigger of a camera exactly once, in order of capture."""

    def frames(self) -> Iterator[Frame]:
        """Yield frames; a part whose picture is lost is yielded with its `problem`.

        Raises:
            SourceError: the camera is gone and every retry has failed.
        """
        ...

    def stop(self) -> None:
        """Make `frames()` end."""
        ...


class LogSource(Protocol):
    """Delivers the log text of one production line, in the order it was written."""

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        """Yield lines; unreadable text is yielded as `MalformedLogLine`.

        Raises:
            SourceError: the log is gone and every retry has failed.
        """
        ...

    def stop(self) -> None:
        """Make `lines()` end."""
        ...


class PictureDecoder(Protocol):
    """Turns the bytes of a picture file into pixels."""

    def __call__(self, encoded: bytes) -> Pixels:
        """Decode one picture.

        Raises:
            PictureError: not a picture, truncated, or larger than the limit.
        """
        ...


class Model(Protocol):
    """Scores samples of one line under dynamic routing."""

    @property
    def trunk(self) -> TrunkId:
        """The trunk that is loaded."""
        ...

    @property
    def branch(self) -> BranchId:
        """The line's branch that is loaded."""
        ...

    @property
    def verified(self) -> bool:
        """Whether hashes and golden samples were checked; if not, nothing may pass."""
        ...

    def score(self, sample: Sample) -> Scores:
        """Score one sample; what its route does not need is not computed.

        Raises:
            PictureError: the picture does not fit the branch.
        """
        ...


class DriftWatch(Protocol):
    """Watches whether a line's parts are still like those it was calibrated on."""

    def look(self, sample: Sample, scores: Scores) -> str | None:
        """Take note of each scored part, in order; must not block.

        Returns:
            What has moved too far and how far, or `None` if nothing has.
        """
        ...


class EvidenceStore(Protocol):
    """Keeps what led to the verdicts of parts that did not pass."""

    def keep(self, picture: bytes, suffix: str) -> str:
        """Store bytes and return their path inside the store; twice is the same path.

        Raises:
            StoreError: the picture cannot be written.
        """
        ...

    def keep_as(self, name: str, content: bytes, *, durable: bool) -> None:
        """Store bytes under a name of the giver's; what is there is replaced.

        Called from several threads at once, as `keep` is.

        Args:
            name: a path inside the store.
            content: as a whole.
            durable: whether it must outlive a power cut when this returns; what can be
                made again need not, and costs the disk less.

        Raises:
            StoreError: they cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReceipt:
    """What became of a batch of verdicts."""

    inserted: int
    already_there: int
    """Parts that had a verdict; theirs stands, nothing was overwritten."""
    spooled: int = 0
    """Parts kept durably on this machine until the database is back."""


class VerdictStore(Protocol):
    """Keeps the record: each part's verdict exactly once, append-only."""

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        """Commit a batch; when this returns, it is durable.

        Raises:
            StoreError: nothing of the batch is stored.
        """
        ...

    def close(self) -> None:
        """Release the database."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What goes into the record in one transaction: verdicts, and what goes along."""

    verdicts: Sequence[Verdict]
    along: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """JSON values that only their giver and the store understand, such as offsets."""


class BatchStore(Protocol):
    """Keeps batches, each in one transaction, and the same one twice as once."""

    def store_batch(self, batch: Batch) -> StoreReceipt:
        """Commit a batch, all of it or nothing; when this returns, it is durable.

        It may come a second time, when a power cut hid that the first had succeeded:
        it must then change nothing.

        Raises:
            StoreAwayError: nothing is stored, and the same batch may go later.
            StoreError: nothing is stored, and never will be: the batch is refused.
        """
        ...

    def close(self) -> None:
        """Release the database."""
        ...


class Watcher(Protocol):
    """Is told of each verdict after it was stored; may fail without harm."""

    def saw(self, verdict: Verdict) -> None:
        """Take note of one stored verdict; must not block."""
        ...


class BranchActs(Protocol):
    """Keeps what was done with the branches of lines: append-only, in order."""

    def acts(self, line: str) -> Sequence[BranchAct]:
        """Give a line's acts in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        ...

    def record(self, act: BranchAct) -> BranchAct:
        """Commit an act and give it back with its number; when it returns, it holds.

        Raises:
            StoreError: it is not recorded.
        """
        ...

    def last_act(self, line: str) -> int:
        """Give the number of a line's newest act, 0 before the first: cheap, to poll.

        Raises:
            StoreError: it cannot be read.
        """
        ...


class ShadowStore(Protocol):
    """Keeps what branches in shadow said: each part once for each version."""

    def store(self, judgements: Sequence[ShadowJudgement]) -> None:
        """Commit a batch; a part that the version judged before keeps what it said.

        Raises:
            StoreError: nothing of the batch is stored.
        """
        ...


class BranchStore(Protocol):
    """Keeps versions of lines' branches: each is added once and never changes."""

    def lines(self) -> Sequence[str]:
        """Name the lines that have a branch, in order.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def versions(self, line: str) -> Sequence[str]:
        """Name the versions of a line's branch, in order; none of an unknown line.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def fetch(self, line: str, version: str) -> Path:
        """Give a folder on this machine that holds a version, its hashes checked.

        Raises:
            ArtifactError: there is no such version, or it was altered.
            StoreError: it cannot be read, or not kept on this machine.
        """
        ...

    def add(self, folder: Path) -> None:
        """Add the version that a folder holds, whole or not at all.

        Raises:
            ArtifactError: not a sound version, or one of that name is there already.
            StoreError: it cannot be written; nothing of it is left.
        """
        ...


class Verifications(Protocol):
    """Keeps what people said about parts: append-only, in order."""

    def record(self, word: Verification) -> Verification:
        """Commit a word and give it back with its number.

        Raises:
            InputError: what it takes back is no word about the same part.
            StoreError: it is not recorded.
        """
        ...

    def of_line(self, line: str) -> Sequence[Verification]:
        """Give all words about a line's parts, in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        ...

    def of_part(self, line: str, camera: str, frame_id: int) -> Sequence[Verification]:
        """Give the words about one part, in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        ...


@runtime_checkable
class ReviewSignal(Protocol):
    """A watcher that also keeps parts back whose verdict could not be kept."""

    def review(self, verdict: Verdict) -> None:
        """Take note of a part that is not in the record: a REVIEW; must not block."""
        ...
