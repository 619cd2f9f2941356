"""Makes Kafka clients from the settings, and waits for a broker that is not there."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError

from connectors.kafka.settings import KafkaSettings
from inspector.errors import SourceError

_log = logging.getLogger(__name__)

_BOOTSTRAP_MS = 3000
_FETCH_BYTES = 32 * 1024 * 1024
"""Bounds what one fetch brings of all partitions together."""
_LONGEST_PAUSE_S = 5.0
_HEARTBEATS_PER_SESSION = 3
ClientT = TypeVar("ClientT")


class Clients:
    """Makes the clients of one worker.

    Args:
        settings: where the broker is.
        name: of the worker, as the broker's logs will show it.
    """

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self.settings = settings
        self._name = name

    def member(self) -> KafkaConsumer:
        """Make the consumer that reads the worker's share of the lines.

        Both topics are handed out by ranges of partition numbers, so that the same
        numbers of both come to the same worker.
        """
        session_ms = int(self.settings.session_s * 1000)
        return KafkaConsumer(
            **self._common(),
            group_id=self.settings.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=session_ms,
            max_poll_interval_ms=max(60_000, session_ms),
            heartbeat_interval_ms=session_ms // _HEARTBEATS_PER_SESSION,
            max_partition_fetch_bytes=self.settings.largest_message,
            allow_auto_create_topics=False,
            fetch_max_wait_ms=250,
            fetch_max_bytes=max(_FETCH_BYTES, self.settings.largest_message),
        )

    def reader(self) -> KafkaConsumer:
        """Make a consumer that belongs to no group and is told what to read."""
        return KafkaConsumer(
            **self._common(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=self.settings.largest_message,
            allow_auto_create_topics=False,
        )

    def producer(self) -> KafkaProducer:
        """Make a producer that neither loses, doubles nor reorders what it retries."""
        return KafkaProducer(
            **self._common(),
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_block_ms=5000,
            delivery_timeout_ms=30_000,
            request_timeout_ms=10_000,
            max_request_size=self.settings.largest_message,
            allow_auto_create_topics=False,
        )

    def admin(self) -> KafkaAdminClient:
        """Make a client that asks for topics, and makes them."""
        return KafkaAdminClient(**self._common())

    def _common(self) -> dict[str, Any]:
        # TLS and SASL belong here: every client is made from this.
        found: dict[str, Any] = {
            "bootstrap_servers": self.settings.brokers,
            "client_id": f"inspector-{self._name}",
            "bootstrap_timeout_ms": _BOOTSTRAP_MS,
            "reconnect_backoff_max_ms": 2000,
            "metadata_max_age_ms": 30_000,
        }
        if self.settings.api_version is not None:
            found["api_version"] = self.settings.api_version
        return found


def wait_for(
    make: Callable[[], ClientT], what: str, stopping: threading.Event
) -> ClientT:
    """Make a client as soon as there is a broker, trying again with growing pauses.

    The pauses are drawn at random, so that a plant's workers do not all come at once.

    Raises:
        SourceError: the program was asked to stop first.
    """
    pause_s = 0.5
    while not stopping.is_set():
        try:
            return make()
        except KafkaError as error:
            _log.warning("%s: no broker yet (%s); trying again", what, _said(error))
        # Not for secrets: a pause may be guessed.
        stopping.wait(random.uniform(0.5, 1.0) * pause_s)  # noqa: S311
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    message = f"{what}: asked to stop before the broker answered"
    raise SourceError(message)


def _said(error: KafkaError) -> str:
    return (f"{error}".splitlines() or [""])[0][:200] or type(error).__name__
