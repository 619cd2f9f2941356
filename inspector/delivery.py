"""What a message-fed line keeps beside its verdicts, in one transaction with them.

A verdict, the place in the topic up to which every part is stored, the message that
tells of the verdict, and the faults that were counted on the way are committed together
or not at all. A worker may only do so while its claim of the partition holds: whoever
claims it later has the higher epoch, and what the earlier one still had in hand is
refused (`FencedError`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from inspector.errors import InspectorError
from inspector.types import LogLine, Verdict

Headers = tuple[tuple[str, bytes], ...]

_VERDICTS = uuid.UUID("6f1c1e0e-6f0e-5b8e-9d55-0d5b0a4f6a11")


class FencedError(InspectorError):
    """Another worker has claimed the partition since: nothing of this is stored."""


class PartFault(StrEnum):
    """Why a part, or a message, has no verdict of its own."""

    GAP = "gap"
    """A camera's numbers skip this part: its frame never came."""
    UNDECODABLE = "undecodable"
    """The message does not say which part it is, or carries nothing to judge."""
    UNKNOWN_LINE = "unknown_line"
    """No settings for the line that the message names."""
    IDENTITY_CONFLICT = "identity_conflict"
    """Another part's verdict is stored under the same line, camera and number."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker's right to store what it read from a partition, and where it goes on."""

    partition: Partition
    epoch: int
    """Grows with each claim; only the latest may store."""
    next_offset: int | None
    """The first message whose part may not be stored; `None`: nothing is stored yet."""
    message_ns: int | None
    """When the newest stored message was sent, by its topic's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a partition is stored once the delivery that carries this is."""

    claim: Claim
    next_offset: int
    message_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to be published, at least once, in the order of its lane."""

    lane: str
    """Messages of a lane go out in order; the owner of its partition sends them."""
    topic: str
    key: bytes | None
    headers: Headers
    value: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that is kept and was not acknowledged yet."""

    number: int
    message: Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFault:
    """Parts, or a message, that will have no verdict: counted, with their numbers."""

    identity: str
    """The same fault found twice has the same one, and counts once."""
    line: str
    camera: str | None
    kind: PartFault
    first_frame: int | None
    last_frame: int | None
    """Both included; `None` where the message does not say."""
    detail: str
    noted_ns: int
    """The minute it belongs to: when the part was captured, as far as that is known."""

    @property
    def parts(self) -> int:
        """How many frame numbers it accounts for."""
        if self.first_frame is None or self.last_frame is None:
            return 0
        return self.last_frame - self.first_frame + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A log line that came after the verdict of a part that it concerns."""

    line: str
    camera: str
    frame_id: int
    captured_ns: int
    log_line: LogLine
    came_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedPart:
    """A verdict with the message that tells of it."""

    verdict: Verdict
    message: Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """All that is committed together."""

    progress: Sequence[Progress] = ()
    parts: Sequence[DecidedPart] = ()
    messages: Sequence[Outgoing] = ()
    """Messages that tell of no verdict, such as dead letters."""
    faults: Sequence[CountedFault] = ()
    amendments: Sequence[Amendment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """What became of a delivery."""

    inserted: int
    already_there: int
    conflicts: int
    """Parts whose identity another part has; counted as faults in the same commit."""


class DeliveryLedger(Protocol):
    """Keeps deliveries, claims, and messages that are still to be sent."""

    def claim(self, partition: Partition, owner: str) -> Claim:
        """Take a partition over from whoever had it; it is fenced from then on.

        Raises:
            StoreError: the record cannot be reached; nothing is claimed.
        """
        ...

    def deliver(self, delivery: Delivery) -> DeliveryReceipt:
        """Commit a delivery; when this returns, it is durable. Twice is once.

        Raises:
            FencedError: a claim of it holds no longer; nothing is stored.
            StoreAwayError: nothing is stored, and the same may go later.
            StoreError: nothing is stored.
        """
        ...

    def waiting(self, lanes: Sequence[str], limit: int) -> Sequence[Waiting]:
        """Give the oldest messages of some lanes that were not acknowledged yet.

        Raises:
            StoreError: they cannot be read.
        """
        ...

    def sent(self, numbers: Sequence[int]) -> None:
        """Note that messages were acknowledged.

        Raises:
            StoreError: that cannot be noted; they will be sent again.
        """
        ...

    def forget_sent(self, older_than_s: float) -> int:
        """Delete messages that were acknowledged so long ago; returns how many.

        Raises:
            StoreError: they cannot be deleted.
        """
        ...

    def known_numbers(self, line: str, camera: str, limit: int) -> Sequence[int]:
        """Give the newest frame numbers that have a verdict or a counted gap.

        Raises:
            StoreError: they cannot be read.
        """
        ...


def verdict_id(line: str, camera: str, frame_id: int, captured_ns: int) -> str:
    """Name a part's verdict: the same however often it is judged or published.

    A UUID of version 5 (RFC 9562) over what makes a part the part it is.
    """
    name = f"{line}\0{camera}\0{frame_id}\0{captured_ns}"
    return str(uuid.uuid5(_VERDICTS, name))
