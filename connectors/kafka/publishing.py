"""Publishes what the outbox holds, in order, until each message is acknowledged.

Killed between an acknowledgement and the note of it, a message goes out a second time
under the same id: at least once, and once for whoever looks at the id.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from connectors.kafka.clients import Clients, wait_for
from inspector.delivery import DeliveryLedger, Outgoing, Waiting
from inspector.errors import SourceError, StoreError

_log = logging.getLogger(__name__)

_AT_ONCE = 128
_LOOK_EVERY_S = 1.0
_ACKNOWLEDGED_WITHIN_S = 35.0
_LONGEST_PAUSE_S = 5.0
_TIDY_EVERY_S = 300.0
_NOTE_EVERY_S = 0.3
_KEPT_FOR_S = 3600.0
"""How long a message that was sent can still be looked up in the outbox."""
_ROOM_FOR_HEADERS = 64 * 1024


@dataclass(slots=True)
class RelayCounts:
    """What the relay did; for metrics."""

    sent: int = 0
    failures: int = 0


class Relay:
    """The thread between the outbox and the broker; the only one with a producer.

    Args:
        clients: makes the producer as soon as there is a broker.
        ledger: holds what is to be sent.
        lanes: names the lanes of the partitions that this worker owns now.
    """

    def __init__(
        self,
        clients: Clients,
        ledger: DeliveryLedger,
        lanes: Callable[[], Sequence[str]],
    ) -> None:
        self._clients = clients
        self._ledger = ledger
        self._lanes = lanes
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._announced: dict[str, Outgoing] = {}
        self._unnoted: set[int] = set()
        """Messages that were acknowledged, which the outbox does not know yet."""
        self._note_at = 0.0
        self._tidy_at = time.monotonic() + _TIDY_EVERY_S
        self.counts = RelayCounts()
        self._thread = threading.Thread(target=self._work, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._bell.set()

    def announce(self, message: Outgoing) -> None:
        """Publish a line's state; only the newest of each line matters."""
        with self._lock:
            self._announced[f"{message.key!r}"] = message
        self._bell.set()

    def close(self, within_s: float) -> None:
        """Publish what waits, as far as that can be done in time."""
        self._stopping.set()
        self._bell.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _work(self) -> None:
        try:
            producer = wait_for(self._clients.producer, "producer", self._stopping)
        except SourceError:
            return
        try:
            self._serve(producer)
        finally:
            producer.close(timeout=1)

    def _serve(self, producer: KafkaProducer) -> None:
        pause_s = 0.0
        while True:
            last_round = self._stopping.is_set()
            try:
                while self._publish_some(producer):
                    pause_s = 0.0
                self._publish_states(producer)
                self._note_at = 0.0 if last_round else self._note_at
                self._note_sent()
                self._tidy()
            except (KafkaError, StoreError) as error:
                self.counts.failures += 1
                _log.warning("nothing is published for now: %s", error)
                pause_s = min(2 * pause_s + 0.2, _LONGEST_PAUSE_S)
            if last_round:
                return
            # Not for secrets: a pause may be guessed.
            self._stopping.wait(random.uniform(0.5, 1.0) * pause_s)  # noqa: S311
            self._bell.wait(_NOTE_EVERY_S if self._unnoted else _LOOK_EVERY_S)
            self._bell.clear()

    def _tidy(self) -> None:
        """Forget now and then what was acknowledged long ago."""
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + _TIDY_EVERY_S
        self._ledger.forget_sent(_KEPT_FOR_S)

    def _publish_some(self, producer: KafkaProducer) -> bool:
        """Publish the oldest messages; says whether there may be more."""
        lanes = self._lanes()
        limit = _AT_ONCE + len(self._unnoted)
        found = self._ledger.waiting(lanes, limit) if lanes else ()
        waiting = [each for each in found if each.number not in self._unnoted]
        futures = [(each, self._send(producer, each.message)) for each in waiting]
        for each, future in futures:
            self._acknowledged(producer, each, future)
            self._unnoted.add(each.number)
            self.counts.sent += 1
        return len(waiting) >= _AT_ONCE

    def _note_sent(self) -> None:
        """Note what was acknowledged, some times a second and not for each message.

        The lines' commits wait for this one, and the next message for neither.
        """
        if self._unnoted and time.monotonic() >= self._note_at:
            self._ledger.sent(sorted(self._unnoted))
            self._unnoted.clear()
            self._note_at = time.monotonic() + _NOTE_EVERY_S

    def _acknowledged(
        self, producer: KafkaProducer, waiting: Waiting, future: Any
    ) -> None:
        if future is None:
            future = self._send(producer, self._cut(waiting.message))
        future.get(timeout=_ACKNOWLEDGED_WITHIN_S)

    def _publish_states(self, producer: KafkaProducer) -> None:
        with self._lock:
            news, self._announced = self._announced, {}
        try:
            for message in news.values():
                self._send(producer, message).get(timeout=_ACKNOWLEDGED_WITHIN_S)
        except KafkaError:
            with self._lock:
                self._announced = news | self._announced
            raise

    def _send(self, producer: KafkaProducer, message: Outgoing) -> Any:
        """Hand a message over; `None` if it is larger than the topic takes."""
        try:
            return producer.send(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
            )
        except MessageSizeTooLargeError:
            return None

    def _cut(self, message: Outgoing) -> Outgoing:
        """Keep the start of a message that is too large; its origin has all of it."""
        room = self._clients.settings.largest_message - _ROOM_FOR_HEADERS
        value = message.value or b""
        _log.warning("a message of %s bytes is cut to %s", len(value), max(room, 0))
        whole = ("inspector-whole-bytes", f"{len(value)}".encode())
        return replace(
            message,
            value=value[: max(room // 2, 0)],
            headers=(*message.headers, whole),
        )
