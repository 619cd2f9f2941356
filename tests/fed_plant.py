"""A small plant for tests: topics of its own, lines with a model that looks at nothing,
workers in this process, and what the plant's machines would send.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Engine, select

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.database.tables import part_faults, verdicts
from connectors.kafka.settings import WorkerSettings
from connectors.kafka.worker import Worker
from connectors.wiring import Brain, assemble_worker
from inspector.settings import DecisionRules, ModelSettings, PictureRules
from inspector.types import Sample, Scores
from tests.builders import some_scores
from tests.inspector.line_fakes import FakeModel
from tests.kafka_broker import Broker

START_NS = 1_790_000_000_000_000_000
SOON_S = 40.0


def a_picture(seed: int = 0) -> bytes:
    """A small JPEG that shows something."""
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 48), np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1])


PICTURE = a_picture()


@dataclass
class Plant:
    """Topics, a folder of lines, a database, and a producer for its machines."""

    broker: Broker
    folder: Path
    database: str
    partitions: int = 4
    kafka: dict[str, Any] = field(default_factory=dict)
    """What `[kafka]` says beside the plant's own."""
    judge: Callable[[Sample], Scores] | None = None
    """What the model does with a part; `None`: a good score at once."""
    deadline_ms: float = 60_000.0

    def __post_init__(self) -> None:
        prefix = f"t{uuid.uuid4().hex[:8]}"
        names = ("frames", "logs", "verdicts", "states", "dead_letters")
        self.topics = {name: f"{prefix}.{name}" for name in names}
        self.group = prefix
        large = {"max.message.bytes": "12000000"}
        for name in names:
            parts = self.partitions if name in {"frames", "logs"} else 1
            self.broker.topic(self.topics[name], parts, large)
        (self.folder / "lines").mkdir(parents=True, exist_ok=True)
        upgrade(self.engine())
        self.producer = self._producer()

    def engine(self) -> Engine:
        return open_engine(self.database)

    def line(self, name: str, **changes: Any) -> None:
        """Put a line's settings into the folder."""
        settings = {
            "id": name,
            "takt_s": 1.0,
            "camera": "cam-1",
            "classes": ["good", "bad"],
            # Its parts share one picture, as those of a camera that hangs do.
            "frozen_after": 0,
            "model": "unused",
            "windows": {"max_wait_ms": 20},
        }
        import tomli_w  # noqa: PLC0415

        text = tomli_w.dumps(settings | changes)
        (self.folder / f"lines/{name}.toml").write_text(text)

    def settings(self, name: str = "worker-1") -> WorkerSettings:
        return WorkerSettings.model_validate(
            {
                "name": name,
                "lines": self.folder / "lines",
                "evidence": self.folder / "evidence",
                "kafka": {
                    **self.broker.settings,
                    "group": self.group,
                    "topics": self.topics,
                    "session_s": 6,
                    "rewind_s": 5,
                    "when_behind": "wait",
                    **self.kafka,
                },
            }
        )

    def worker(self, name: str = "worker-1") -> Worker:
        return assemble_worker(self.settings(name), self.database, self._brain)

    @contextmanager
    def working(self, *names: str) -> Iterator[list[Worker]]:
        """Run workers, each on a thread of its own."""
        workers = [self.worker(name) for name in names or ("worker-1",)]
        threads = [threading.Thread(target=worker.run) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            yield workers
        finally:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join(30)
        assert not any(thread.is_alive() for thread in threads)

    def frame(self, line: str, number: int, **changes: Any) -> Any:
        """Send a frame; `value`, `key` and `headers` may be replaced.

        Returns what the producer promises of it.
        """
        picture = changes.pop("value", PICTURE)
        headers = {
            "ce_id": f"{line}-{number}",
            "ce_source": "cam-1",
            "ce_type": "frame",
            "ce_specversion": "1.0",
            "content-type": "image/jpeg",
            "frameid": f"{number}",
            "camera": "cam-1",
            "serial": f"S{number:05d}",
            "capturedns": f"{START_NS + number * 1_000_000_000}",
            "issimulated": "true",
            "sha256": hashlib.sha256(picture or b"").hexdigest(),
        } | changes.pop("headers", {})
        key = changes.pop("key", line.encode())
        given = [(name, str(said).encode()) for name, said in headers.items() if said]
        return self.producer.send(self.topics["frames"], picture, key, given, **changes)

    def log(self, line: str, text: str | bytes, **changes: Any) -> None:
        """Send a line of log text."""
        raw = text.encode() if isinstance(text, str) else text
        self.producer.send(self.topics["logs"], raw, line.encode(), **changes)

    def rows(self, line: str | None = None) -> list[Any]:
        """Give the stored verdicts, in order of their numbers."""
        question = select(verdicts).order_by(verdicts.c.line, verdicts.c.frame_id)
        if line is not None:
            question = question.where(verdicts.c.line == line)
        with self.engine().connect() as connection:
            return list(connection.execute(question))

    def faults(self) -> list[Any]:
        with self.engine().connect() as connection:
            return list(connection.execute(select(part_faults)))

    def wait_for_rows(self, count: int, within_s: float = SOON_S) -> list[Any]:
        """Wait until so many verdicts are stored."""
        seen: list[Any] = wait_until(
            self.rows, lambda rows: len(rows) >= count, within_s
        )
        return seen

    def read(self, topic: str, count: int, within_s: float = SOON_S) -> list[Any]:
        """Read so many messages of a topic, from its beginning."""
        name = self.topics[topic]
        consumer = KafkaConsumer(
            **self.broker.common,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
        )
        found: list[Any] = []
        until = time.monotonic() + within_s
        try:
            consumer.assign([TopicPartition(name, 0)])
            consumer.seek_to_beginning()
            while len(found) < count and time.monotonic() < until:
                for records in consumer.poll(200).values():
                    found += records
        finally:
            consumer.close()
        return found

    def verdicts(self, count: int, within_s: float = SOON_S) -> list[dict[str, Any]]:
        return [
            json.loads(each.value) for each in self.read("verdicts", count, within_s)
        ]

    def close(self) -> None:
        self.producer.close(timeout=2)

    def _producer(self) -> KafkaProducer:
        return KafkaProducer(
            **self.broker.common,
            acks="all",
            max_request_size=12_000_000,
            delivery_timeout_ms=120_000,
        )

    def _brain(
        self, _model: Path, line: str, _picture: PictureRules | None = None
    ) -> Brain:
        return Brain(
            model=FakeModel(some_scores(), act=self.judge),
            settings=ModelSettings(
                line=line,
                branch="1",
                decisions=DecisionRules(deadline_ms=self.deadline_ms),
            ),
        )


def wait_until(
    look: Callable[[], Any],
    enough: Callable[[Any], bool],
    within_s: float = SOON_S,
) -> Any:
    """Look again and again; gives what was seen last."""
    until = time.monotonic() + within_s
    while True:
        seen = look()
        if enough(seen) or time.monotonic() > until:
            return seen
        time.sleep(0.05)


def line_in_each_partition(partitions: int, places: Sequence[int]) -> list[str]:
    """Find names of lines whose keys lie in those partitions."""
    from connectors.kafka.topics import partition_of  # noqa: PLC0415

    names = []
    for place in places:
        at = (f"line-{n}" for n in range(1000))
        names.append(
            next(
                each
                for each in at
                if partition_of(each.encode(), partitions) == place
                and each not in names
            )
        )
    return names
