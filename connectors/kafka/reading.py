"""The thread that reads: a member of the group that never judges and never waits.

Whatever judging takes, this thread goes on asking the broker, so that no long look
costs the worker its place in the group. What a line has no room for waits here, one
fetch at most, and its partition is not read until there is room.

A partition that comes to this worker goes through stages: it is claimed and its lines
are started (`OPENING`), its log is read again from far enough back (`CATCHING_UP`), and
then its frames are read from where the record says (`READING`).
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from kafka import (
    ConsumerRebalanceListener,
    KafkaConsumer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.errors import KafkaError

from connectors.kafka.clients import Clients, wait_for
from connectors.kafka.feeds import RawMessage
from connectors.kafka.progress import PartitionProgress
from inspector.delivery import Claim, Partition
from inspector.errors import InspectorError
from inspector.types import NS_PER_MS, NS_PER_S

_log = logging.getLogger(__name__)

_ALL = 1_000_000
"""Whatever was fetched is taken at once: kafka-python 3.0.12 puts what is left over of
a partition that is paused aside, and never reads that partition again."""
_WAIT_MS = 100
_WAIT_WHEN_BUSY_MS = 5
_WAIT_TO_JOIN_MS = 1000
"""A join that is cut off again and again by short waits may never come to its end."""
_JOIN_WITHIN_SESSIONS = 3
_ASK_MS = 5000
_COMMIT_EVERY_S = 5.0
_LONGEST_PAUSE_S = 5.0


class Share(Protocol):
    """The worker's lines, as the reader needs them."""

    def open(self, number: int) -> Claim:
        """Claim a partition and start its lines; may wait, and runs on any thread.

        Raises:
            InspectorError: the worker gave up.
        """
        ...

    def offer_frame(self, message: RawMessage) -> bool:
        """Take a frame's message, or say that there is no room; never waits."""
        ...

    def offer_line(self, message: RawMessage) -> bool:
        """Take a log message, or say that there is no room; never waits."""
        ...

    def has_read_log(self, number: int) -> bool:
        """Whether the lines of a partition have taken in all log text they got."""
        ...

    def close(self, numbers: Sequence[int]) -> None:
        """Stop the lines of partitions: what is in hand is judged and stored first.

        Takes a few seconds at most; what is not stored by then never will be.
        """
        ...

    def broken(self) -> Sequence[int]:
        """Name the partitions that must be opened again, each once."""
        ...


class Stage(Enum):
    """Where a partition stands on its way to being read."""

    OPENING = "opening"
    CATCHING_UP = "catching up"
    READING = "reading"


@dataclass(slots=True)
class _Held:
    """A partition number that this worker holds, of frames and of logs."""

    number: int
    opening: Future[Claim]
    stage: Stage = Stage.OPENING
    progress: PartitionProgress | None = None
    log_until: int = 0
    """The log is caught up when it is read up to here."""
    give_up_at: float = 0.0
    frames: deque[RawMessage] = field(default_factory=deque)
    lines: deque[RawMessage] = field(default_factory=deque)


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads a worker's share of both topics.

    Args:
        clients: makes the consumer.
        share: the worker's lines.
        stopping: set when the worker is to end.
        reach_s: how far back the log matters to a part, at most, over all lines.
    """

    def __init__(
        self,
        clients: Clients,
        share: Share,
        stopping: threading.Event,
        reach_s: float,
    ) -> None:
        self._clients = clients
        self._settings = clients.settings
        self._topics = clients.settings.topics
        self._share = share
        self._stopping = stopping
        self._reach_s = reach_s
        self._lock = threading.RLock()
        self._held: dict[int, _Held] = {}
        self._openers = ThreadPoolExecutor(4, "opening")
        self._commit_at = 0.0
        self._consumer: Any = None
        self._left_at: float | None = None
        """Since when this worker is no member of the group; `None`: it is one."""

    def run(self) -> None:
        """Read until the worker is to end; whatever the broker does meanwhile.

        Raises:
            SourceError: asked to stop before there was a broker.
        """
        self._join()
        pause_s = 0.1
        try:
            while not self._stopping.is_set():
                try:
                    self._turn(self._consumer)
                    self._join_anew_if_stuck()
                    pause_s = 0.1
                except (KafkaError, ValueError) as error:
                    # ValueError: of a partition that was taken away in this moment.
                    _log.warning("reading: %s", error)
                    # Not for secrets: a pause may be guessed.
                    rest_s = random.uniform(0.5, 1.0) * pause_s  # noqa: S311
                    self._stopping.wait(rest_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        finally:
            self._leave(self._consumer)

    def holdings(self) -> dict[int, PartitionProgress | None]:
        """Name the partitions that are held, with how far each is dealt with."""
        with self._lock:
            return {number: held.progress for number, held in self._held.items()}

    # Called by the consumer, within poll().

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Hand lines over: judge and store what is in hand, and go no further."""
        self._left_at = time.monotonic()
        numbers = self._drop(revoked)
        if numbers:
            _log.info("handing over partitions %s", numbers)
            self._share.close(numbers)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Let go of lines that others have by now; their claims fence this worker."""
        self.on_partitions_revoked(lost)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to open partitions; they are not read before their lines stand."""
        self._left_at = None
        self._consumer.pause(*assigned)
        frames = {
            each.partition for each in assigned if each.topic == self._topics.frames
        }
        logs = {each.partition for each in assigned if each.topic == self._topics.logs}
        if logs != frames:
            _log.error("frames of %s, but logs of %s: not co-partitioned", frames, logs)
        with self._lock:
            for number in frames:
                self._held[number] = self._opened(number)

    # The reader's own thread.

    def _join(self) -> None:
        self._consumer = wait_for(self._clients.member, "consumer", self._stopping)
        self._left_at = time.monotonic()
        topics = [self._topics.frames, self._topics.logs]
        self._consumer.subscribe(topics, listener=self)

    def _join_anew_if_stuck(self) -> None:
        """Begin anew with the group if it did not take this worker in for so long.

        kafka-python 3.0.12 can wait for ever for a join that was cut off.
        """
        limit_s = _JOIN_WITHIN_SESSIONS * self._settings.session_s
        if self._left_at is None or time.monotonic() - self._left_at < limit_s:
            return
        _log.warning("the group has not taken this worker in for %g s", limit_s)
        self._drop_all()
        self._consumer.close(autocommit=False, timeout_ms=_WAIT_TO_JOIN_MS)
        self._join()

    def _turn(self, consumer: KafkaConsumer) -> None:
        busy = any(held.frames or held.lines for held in self._held.values())
        wait_ms = _WAIT_WHEN_BUSY_MS if busy else _WAIT_MS
        if self._left_at is not None:
            wait_ms = _WAIT_TO_JOIN_MS
        for partition, records in consumer.poll(wait_ms, _ALL).items():
            self._receive(partition, records)
        self._open_again(self._share.broken())
        for held in self._holding():
            self._advance(consumer, held)
            self._hand_on(consumer, held)
        self._commit_now_and_then(consumer)

    def _receive(self, partition: TopicPartition, records: Sequence[Any]) -> None:
        held = self._held.get(partition.partition)
        if held is None or held.progress is None:
            return  # given up since, or not sought to its place yet: it is read again
        is_frame = partition.topic == self._topics.frames
        waiting = held.frames if is_frame else held.lines
        now_ns = time.monotonic_ns()
        waiting.extend(
            RawMessage(
                partition=Partition(topic=record.topic, number=record.partition),
                offset=record.offset,
                message_ns=max(record.timestamp or 0, 0) * NS_PER_MS,
                key=record.key,
                headers=tuple((name, value or b"") for name, value in record.headers),
                value=record.value,
                received_mono_ns=now_ns,
                progress=held.progress if is_frame else None,
            )
            for record in records
        )

    def _hand_on(self, consumer: KafkaConsumer, held: _Held) -> None:
        """Give what waits to the lines; a partition with a rest is not read on."""
        frames, logs = self._pair(held.number)
        _offer(held.lines, self._share.offer_line)
        if held.stage is Stage.READING:
            _offer(held.frames, self._share.offer_frame)
        _let(consumer, logs, held.stage is not Stage.OPENING and not held.lines)
        _let(consumer, frames, held.stage is Stage.READING and not held.frames)

    def _advance(self, consumer: KafkaConsumer, held: _Held) -> None:
        if held.stage is Stage.OPENING and held.opening.done():
            try:
                self._seek(consumer, held, held.opening.result())
            except InspectorError as error:
                _log.warning("partition %s: %s", held.number, error)
                held.opening = self._opened(held.number).opening
        elif held.stage is Stage.CATCHING_UP and self._is_caught_up(consumer, held):
            _log.info("the log of partition %s is caught up with", held.number)
            held.stage = Stage.READING

    def _seek(self, consumer: KafkaConsumer, held: _Held, claim: Claim) -> None:
        """Go to where the record says, and back in the log as far as that needs."""
        frames, logs = self._pair(held.number)
        begins = consumer.beginning_offsets([frames, logs], timeout_ms=_ASK_MS)
        ends = consumer.end_offsets([frames, logs], timeout_ms=_ASK_MS)
        next_offset = begins[frames] if claim.next_offset is None else claim.next_offset
        if not begins[frames] <= next_offset <= ends[frames]:
            _log.error(
                "%s: offset %s is on record, but the topic has %s to %s: it was made "
                "anew, or messages were deleted before they were read",
                *(frames, next_offset, begins[frames], ends[frames]),
            )
            next_offset = begins[frames]
        consumer.seek(frames, next_offset)
        consumer.seek(logs, self._log_start(consumer, logs, claim, begins[logs], ends))
        held.frames.clear()
        held.lines.clear()
        held.log_until = ends[logs]
        held.give_up_at = time.monotonic() + self._settings.catch_up_s
        held.progress = PartitionProgress(claim, next_offset)
        held.stage = Stage.CATCHING_UP

    def _log_start(
        self,
        consumer: KafkaConsumer,
        logs: TopicPartition,
        claim: Claim,
        begin: int,
        ends: dict[TopicPartition, int],
    ) -> int:
        """Find the log message from which on windows can be made again."""
        if claim.message_ns is None:
            return begin
        reach_s = self._reach_s + self._settings.rewind_s
        since_ms = max(claim.message_ns - int(reach_s * NS_PER_S), 0) // NS_PER_MS
        found = consumer.offsets_for_times({logs: since_ms}, timeout_ms=_ASK_MS)
        later = found.get(logs)
        return ends[logs] if later is None else max(int(later.offset), begin)

    def _is_caught_up(self, consumer: KafkaConsumer, held: _Held) -> bool:
        if time.monotonic() > held.give_up_at:
            _log.warning("partition %s: its log is not caught up with", held.number)
            return True
        logs = self._pair(held.number)[1]
        position = consumer.position(logs, timeout_ms=_ASK_MS)
        read = position is not None and position >= held.log_until
        return read and not held.lines and self._share.has_read_log(held.number)

    def _open_again(self, numbers: Sequence[int]) -> None:
        """Begin again with partitions whose lines broke down or lost their claim."""
        mine = [number for number in numbers if number in self._held]
        if not mine:
            return
        self._share.close(mine)
        with self._lock:
            for number in mine:
                self._held[number] = self._opened(number)

    def _opened(self, number: int) -> _Held:
        opening = self._openers.submit(self._share.open, number)
        return _Held(number=number, opening=opening)

    def _commit_now_and_then(self, consumer: KafkaConsumer) -> None:
        """Tell the broker too, for tools that show lag; nobody starts from there."""
        if time.monotonic() < self._commit_at:
            return
        self._commit_at = time.monotonic() + _COMMIT_EVERY_S
        offsets = {
            self._pair(held.number)[0]: OffsetAndMetadata(held.progress.stored, "", -1)
            for held in self._holding()
            if held.progress is not None
        }
        if offsets:
            consumer.commit_async(offsets)

    def _leave(self, consumer: KafkaConsumer) -> None:
        self._drop_all()
        try:
            consumer.close(autocommit=False, timeout_ms=2000)
        except KafkaError as error:
            _log.info("the group was not told that this worker leaves: %s", error)
        self._openers.shutdown(wait=False, cancel_futures=True)

    def _drop_all(self) -> None:
        with self._lock:
            numbers = sorted(self._held)
            self._held.clear()
        self._share.close(numbers)

    def _drop(self, partitions: Iterable[TopicPartition]) -> list[int]:
        numbers = sorted({each.partition for each in partitions})
        with self._lock:
            return [number for number in numbers if self._held.pop(number, None)]

    def _holding(self) -> list[_Held]:
        with self._lock:
            return list(self._held.values())

    def _pair(self, number: int) -> tuple[TopicPartition, TopicPartition]:
        """Give the partitions of frames and of logs with that number."""
        frames = TopicPartition(self._topics.frames, number)
        return frames, TopicPartition(self._topics.logs, number)


def _offer(waiting: deque[RawMessage], offer: Callable[[RawMessage], bool]) -> None:
    while waiting and offer(waiting[0]):
        waiting.popleft()


def _let(consumer: KafkaConsumer, partition: TopicPartition, flow: bool) -> None:
    """Let a partition be read, or not."""
    if partition not in consumer.assignment():
        return
    if flow:
        consumer.resume(partition)
    else:
        consumer.pause(partition)
