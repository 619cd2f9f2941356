"""Checks at the start that the topics are such that no part can go astray."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.partitioner.default import murmur2

from connectors.kafka.settings import KafkaSettings
from inspector.errors import SettingsError
from inspector.types import Problem

_log = logging.getLogger(__name__)

_MOST_SAMPLED = 64
_SAMPLE_FOR_MS = 3000


def partition_of(key: bytes, partitions: int) -> int:
    """Say where a key belongs: murmur2, as Kafka's own client places it."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def check_topics(admin: KafkaAdminClient, settings: KafkaSettings) -> int:
    """Check that all topics are there, or make them; gives the number of partitions.

    Frames and logs must have the same number, or a line's logs go to another worker.

    Raises:
        SettingsError: a topic is missing, or the numbers differ.
    """
    topics = settings.topics
    names = list(topics.model_dump().values())
    missing = [name for name in names if name not in set(admin.list_topics())]
    if missing and settings.create_topics:
        _create(admin, settings, missing)
        admin.wait_for_topics(missing)
    elif missing:
        raise SettingsError([_problem(name, _ABSENT) for name in missing])
    described = admin.describe_topics(names)
    counts = {each["name"]: len(each["partitions"]) for each in described}
    frames, logs = counts[topics.frames], counts[topics.logs]
    if frames != logs:
        what = (
            f"has {logs} partitions but {topics.frames} has {frames}: a line's log "
            "would reach another worker than its frames; make them equal"
        )
        raise SettingsError([_problem(topics.logs, what)])
    return frames


def misplaced_keys(
    consumer: KafkaConsumer, topic: str, partitions: int
) -> Iterable[tuple[bytes, int]]:
    """Give keys whose newest message lies in another partition than murmur2 says.

    Looks at the last message of each partition, of at most 64.
    """
    some = [TopicPartition(topic, n) for n in range(min(partitions, _MOST_SAMPLED))]
    ends = consumer.end_offsets(some)
    begins = consumer.beginning_offsets(some)
    filled = [each for each in some if ends[each] > begins[each]]
    consumer.assign(filled)
    for each in filled:
        consumer.seek(each, ends[each] - 1)
    found = consumer.poll(timeout_ms=_SAMPLE_FOR_MS) if filled else {}
    for partition, messages in found.items():
        for message in messages:
            if is_misplaced(message.key, partition.partition, partitions):
                yield message.key, partition.partition


def is_misplaced(key: bytes | None, partition: int, partitions: int) -> bool:
    """Whether a message lies where Kafka's own partitioner would not have put it."""
    return key is not None and partition_of(key, partitions) != partition


PARTITIONER_HINT = (
    "its sender does not place keys by murmur2, so a line's frames and logs may reach "
    "different workers: set partitioner=murmur2_random in clients of librdkafka"
)
_ABSENT = (
    "does not exist: make it (docs/kafka.md has the commands), or set "
    "create_topics = true in [kafka]"
)


def _create(
    admin: KafkaAdminClient, settings: KafkaSettings, missing: Iterable[str]
) -> None:
    wanted = [
        NewTopic(
            name=name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            topic_configs=_config(name, settings),
        )
        for name in missing
    ]
    try:
        admin.create_topics(wanted)
    except TopicAlreadyExistsError:
        _log.info("another worker has made the topics meanwhile")


def _config(name: str, settings: KafkaSettings) -> dict[str, Any]:
    largest = {"max.message.bytes": str(settings.largest_message)}
    compacted = {"cleanup.policy": "compact"}
    return largest | compacted if name == settings.topics.states else largest


def _problem(topic: str, what: str) -> Problem:
    return Problem(where=f"Kafka topic {topic}", what=what)
