"""Notices a partition that has work waiting and gets none of it done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from connectors.kafka.clients import Clients, wait_for
from connectors.kafka.progress import PartitionProgress
from inspector.errors import SourceError

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
_ASK_MS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a partition is behind; for metrics."""

    waiting: int
    """Messages of frames in the topic that are not dealt with on record."""
    still_for_s: float
    """How long nothing was put on record although something waited."""
    stalled: bool


class StallWatch:
    """Looks at a worker's partitions on a thread of its own, with its own connection.

    Args:
        clients: makes the connection.
        holdings: names the partitions held, with how far each is dealt with.
        stopping: set when the worker is to end.
    """

    def __init__(
        self,
        clients: Clients,
        holdings: Callable[[], Mapping[int, PartitionProgress | None]],
        stopping: threading.Event,
    ) -> None:
        self._clients = clients
        self._holdings = holdings
        self._stopping = stopping
        self._lock = threading.Lock()
        self._moved: dict[int, tuple[int, float]] = {}
        """For each partition what was on record when it last moved, and when."""
        self._ends: dict[int, int] = {}
        self._lags: dict[int, Lag] = {}
        self._is_silent = False
        """The broker does not answer: what waits there cannot be known."""
        self._thread = threading.Thread(target=self._work, name="stalls", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def lags(self) -> dict[int, Lag]:
        """Give what was seen last, by partition."""
        with self._lock:
            return dict(self._lags)

    def look(self, now_s: float) -> None:
        """Compare what is on record with what the topic holds."""
        limit_s = self._clients.settings.stalled_after_s
        lags = {}
        for number, progress in self._holdings().items():
            stored = -1 if progress is None else progress.stored
            before, since_s = self._moved.get(number, (stored, now_s))
            waiting = max(self._ends.get(number, stored) - stored, 0)
            if before != stored or not self._has_work(progress, waiting):
                since_s = now_s
            self._moved[number] = (stored, since_s)
            still_s = now_s - since_s
            lags[number] = lag = Lag(
                waiting=waiting, still_for_s=still_s, stalled=still_s >= limit_s
            )
            self._report(number, lag)
        with self._lock:
            self._lags = lags

    def _has_work(self, progress: PartitionProgress | None, waiting: int) -> bool:
        unfinished = progress is None or waiting > 0 or progress.in_hand > 0
        return unfinished or self._is_silent

    def _report(self, number: int, lag: Lag) -> None:
        before = self._lags.get(number)
        if lag.stalled and not (before and before.stalled):
            _log.error(
                "partition %s stands still: %s messages wait, and nothing was stored "
                "for %.0f s",
                *(number, lag.waiting, lag.still_for_s),
            )
        elif before and before.stalled and not lag.stalled:
            _log.warning("partition %s moves again", number)

    def _work(self) -> None:
        try:
            reader = wait_for(self._clients.reader, "stall watch", self._stopping)
        except SourceError:
            return
        while not self._stopping.wait(_LOOK_EVERY_S):
            self._ask(reader)
            self.look(time.monotonic())
        reader.close(autocommit=False)

    def _ask(self, reader: Any) -> None:
        topic = self._clients.settings.topics.frames
        some = [TopicPartition(topic, number) for number in self._holdings()]
        try:
            ends = reader.end_offsets(some, timeout_ms=_ASK_MS) if some else {}
        except KafkaError as error:
            _log.info("the ends of the partitions are unknown: %s", error)
            self._is_silent = True
            return
        self._is_silent = False
        self._ends = {each.partition: end for each, end in ends.items()}
