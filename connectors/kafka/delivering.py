"""Puts verdicts, and what has none, on record together with how far the topic is read.

While the database is away this waits and tries again: the parts in hand stay in hand,
those behind them stay in Kafka, and nothing is told of a verdict that is not stored.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.kafka.feeds import FedFrames, Origin, RawMessage
from connectors.kafka.progress import PartitionProgress
from connectors.kafka.verdict_messages import (
    cloud_event,
    encode_verdict,
    verdict_headers,
)
from inspector.delivery import (
    Amendment,
    CountedFault,
    DecidedPart,
    Delivery,
    DeliveryLedger,
    DeliveryReceipt,
    FencedError,
    Headers,
    Outgoing,
    PartFault,
    Progress,
)
from inspector.errors import StoreAwayError, StoreError
from inspector.ports import StoreReceipt
from inspector.queues import BoundedQueue, QueueClosedError, WhenFull
from inspector.types import Verdict

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_WAITING_ROOM = 1024
_AT_ONCE = 64
_DEAD_LETTER = "inspector.dead-letter.v1"

ORIGIN_HEADERS = "inspector-original-"
"""Before the name of each header that the original message had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Goes on trying to store until it is told to give up.

    `away` is told the trouble while the database is away, and `None` when it is back.
    """

    ledger: DeliveryLedger
    abandoned: threading.Event
    away: Callable[[str | None], None]

    def deliver(self, delivery: Delivery) -> DeliveryReceipt:
        """Commit a delivery, however long the database is away.

        Raises:
            FencedError: another worker has the partition by now.
            StoreError: refused for good, or told to give up while it is away.
        """
        pause_s = _FIRST_PAUSE_S
        was_away = False
        while True:
            try:
                receipt = self.ledger.deliver(delivery)
            except StoreAwayError as error:
                self.away(str(error))
                was_away = True
                # Not for secrets: a pause may be guessed.
                if self.abandoned.wait(random.uniform(0.5, 1.0) * pause_s):  # noqa: S311
                    raise
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                if was_away:
                    self.away(None)
                return receipt


class FedVerdictStore:
    """Keeps one line's verdicts; see the port `VerdictStore`.

    Args:
        frames: of the line: it knows which messages brought a part.
        patience: stores.
        topic: of verdicts.
        wake: called when there is something new to publish.
    """

    def __init__(
        self,
        frames: FedFrames,
        patience: Patience,
        topic: str,
        wake: Callable[[], None],
    ) -> None:
        self._frames = frames
        self._patience = patience
        self._topic = topic
        self._wake = wake

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        """Commit verdicts with their messages and offsets; see the port.

        Raises:
            StoreError: nothing is stored.
            FencedError: another worker has the line by now; nothing is stored.
        """
        origins = [self._frames.origin(verdict) for verdict in verdicts]
        messages = [
            message for origin in origins if origin for message in origin.messages
        ]
        faults = [fault for origin in origins if origin for fault in origin.faults]
        settling = settle(messages)
        delivery = Delivery(
            progress=[progress for _, _, progress in settling],
            parts=[
                self._part(verdict, origin)
                for verdict, origin in zip(verdicts, origins, strict=True)
            ],
            faults=faults,
        )
        receipt = self._patience.deliver(delivery)
        mark_settled(settling)
        for verdict in verdicts:
            self._frames.stored(verdict)
        self._wake()
        return StoreReceipt(
            inserted=receipt.inserted, already_there=receipt.already_there
        )

    def close(self) -> None:
        """The worker's lines share the database: it is released by the worker."""

    def _part(self, verdict: Verdict, origin: Origin | None) -> DecidedPart:
        lane = lane_of(origin.messages[0].partition.number) if origin else lane_of(0)
        message = Outgoing(
            lane=lane,
            topic=self._topic,
            key=verdict.line.encode(),
            headers=verdict_headers(verdict, origin.trace if origin else None),
            value=encode_verdict(verdict),
        )
        return DecidedPart(verdict=verdict, message=message)


Settling = list[tuple[PartitionProgress, list[int], Progress]]


def settle(messages: Sequence[RawMessage]) -> Settling:
    """Say how far each partition is dealt with once these messages are."""
    offsets: dict[PartitionProgress, list[int]] = defaultdict(list)
    for message in messages:
        if message.progress is not None:
            offsets[message.progress].append(message.offset)
    return [
        (progress, those, progress.when_done(those))
        for progress, those in offsets.items()
    ]


def mark_settled(settling: Settling) -> None:
    """Note that what `settle` gave is on record."""
    for progress, offsets, reached in settling:
        progress.done(offsets, reached)


def lane_of(partition: int) -> str:
    """Name the lane of a partition's lines: its owner publishes what waits there."""
    return f"partition-{partition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """Something for the clerk to put on record."""

    message: RawMessage | None
    letter: Outgoing | None
    faults: Sequence[CountedFault] = ()
    amendments: Sequence[Amendment] = ()


@dataclass(slots=True)
class ClerkCounts:
    """What the clerk was given; for metrics."""

    dead_letters: int = 0
    dead_letters_lost: int = 0
    """Of log text that came faster than it could be put away; the log still has it."""
    amendments: int = 0
    amendments_lost: int = 0
    faults: int = 0


class Clerk:
    """Puts dead letters, missing parts and late lines on record, on its own thread.

    Args:
        patience: stores.
        topic: of dead letters.
        wake: called when there is something new to publish.
    """

    def __init__(
        self, patience: Patience, topic: str, wake: Callable[[], None]
    ) -> None:
        self._patience = patience
        self._topic = topic
        self._wake = wake
        self._jobs = BoundedQueue[_Job](_WAITING_ROOM, WhenFull.WAIT)
        self.counts = ClerkCounts()
        self._thread = threading.Thread(target=self._serve, name="clerk", daemon=True)
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether something more can be taken without waiting."""
        counts = self._jobs.counts()
        return counts.put - counts.got < self._jobs.capacity

    def refuse(
        self,
        message: RawMessage,
        line: str,
        reason: str,
        kind: PartFault = PartFault.UNDECODABLE,
    ) -> None:
        """Send a frame's message to the dead letters and count it; may wait."""
        fault = CountedFault(
            identity=f"{kind}:{message}",
            line=line[:64] or "(none)",
            camera=None,
            kind=kind,
            first_frame=None,
            last_frame=None,
            detail=f"{message}: {reason}",
            noted_ns=message.message_ns,
        )
        _log.warning("%s of line %s: %s", message, line[:64], reason)
        letter = dead_letter(self._topic, message, reason, kind)
        self.counts.dead_letters += 1
        self._put(_Job(message=message, letter=letter, faults=[fault]))

    def refuse_line(self, message: RawMessage, line: str, reason: str) -> None:
        """Send a log message to the dead letters if there is room; never waits."""
        if not self.has_room:
            self.counts.dead_letters_lost += 1
            return
        letter = dead_letter(self._topic, message, reason, PartFault.UNDECODABLE)
        self.counts.dead_letters += 1
        self._put(_Job(message=None, letter=letter))

    def missing(self, faults: Sequence[CountedFault]) -> None:
        """Count frames that never came; may wait."""
        self._put(_Job(message=None, letter=None, faults=faults))

    def settled(self, message: RawMessage) -> None:
        """Note a message that needs nothing more; may wait."""
        self._put(_Job(message=message, letter=None))

    def amend(self, late: Sequence[Amendment]) -> None:
        """Keep log lines that came after their parts' verdicts; never waits."""
        if not self.has_room:
            self.counts.amendments_lost += len(late)
            return
        self.counts.amendments += len(late)
        self._put(_Job(message=None, letter=None, amendments=late))

    def close(self, within_s: float) -> None:
        """Put away what waits, as far as that can be done in time."""
        self._jobs.close()
        self._thread.join(within_s)

    def _put(self, job: _Job) -> None:
        try:
            self._jobs.put(job)
        except QueueClosedError:
            _log.info("stopping: what is not on record will be read again")

    def _serve(self) -> None:
        while True:
            try:
                first = self._jobs.get()
            except QueueClosedError:
                return
            self._keep([first, *self._jobs.take(_AT_ONCE - 1)])

    def _keep(self, jobs: Sequence[_Job]) -> None:
        """Keep jobs together, or else one by one: a lost claim concerns its own."""
        try:
            self._deliver(jobs)
        except FencedError as error:
            if len(jobs) == 1:
                _log.warning("%s", error)
                return
            for job in jobs:
                self._keep([job])
        except StoreError:
            # Its offset stays where it is: it is read again at the next start.
            _log.exception("%s entries could not be put on record", len(jobs))

    def _deliver(self, jobs: Sequence[_Job]) -> None:
        settling = settle([job.message for job in jobs if job.message is not None])
        delivery = Delivery(
            progress=[progress for _, _, progress in settling],
            messages=[job.letter for job in jobs if job.letter is not None],
            faults=[fault for job in jobs for fault in job.faults],
            amendments=[late for job in jobs for late in job.amendments],
        )
        self._patience.deliver(delivery)
        self.counts.faults += len(delivery.faults)
        mark_settled(settling)
        self._wake()


def dead_letter(
    topic: str, message: RawMessage, reason: str, kind: PartFault
) -> Outgoing:
    """Wrap a message that nothing can be made of, with all that it was.

    Its value stays as it is, byte for byte; its headers get a prefix, and others say
    where it came from and why it is here.
    """
    said: dict[str, str] = {
        "inspector-topic": message.partition.topic,
        "inspector-partition": f"{message.partition.number}",
        "inspector-offset": f"{message.offset}",
        "inspector-timestamp-ms": f"{message.message_ns // 1_000_000}",
        "inspector-kind": kind.value,
        "inspector-reason": _printable(reason)[:1000],
    }
    identity = f"{message}"
    event = dict(cloud_event(identity, _DEAD_LETTER, "dead-letters", time.time_ns()))
    event["content-type"] = b"application/octet-stream"
    original: Headers = tuple(
        (f"{ORIGIN_HEADERS}{name}", value) for name, value in message.headers
    )
    ours: Headers = tuple((name, words.encode()) for name, words in said.items())
    return Outgoing(
        lane=lane_of(message.partition.number),
        topic=topic,
        key=message.key,
        headers=(*event.items(), *ours, *original),
        value=message.value,
    )


def _printable(words: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in words)
    return shown.encode("utf-8", "replace").decode()
