"""What a worker asks of the topics before it reads."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from connectors.kafka.clients import Clients
from connectors.kafka.settings import KafkaSettings
from connectors.kafka.topics import check_topics, misplaced_keys
from inspector.errors import SettingsError
from tests.fed_plant import Plant

pytestmark = pytest.mark.kafka


def checked(plant: Plant, **topics: str) -> int:
    settings = plant.settings().kafka.model_dump() | {"topics": plant.topics | topics}
    found = KafkaSettings.model_validate(settings)
    admin = KafkaAdminClient(**plant.broker.common)
    try:
        return check_topics(admin, found)
    finally:
        admin.close()


def test_the_number_of_partitions_is_given(plant: Plant) -> None:
    assert checked(plant) == 4


def test_logs_with_another_number_of_partitions_are_refused(plant: Plant) -> None:
    with pytest.raises(SettingsError, match="make them equal"):
        checked(plant, logs=plant.broker.topic(f"{plant.group}.narrow", 2))


def test_topics_that_are_not_there_are_named(plant: Plant) -> None:
    with pytest.raises(SettingsError, match="nowhere: does not exist: make it"):
        checked(plant, verdicts=f"{plant.group}.nowhere")


def test_a_key_where_murmur2_would_not_put_it_is_found(plant: Plant) -> None:
    producer: Any = KafkaProducer(**plant.broker.common)
    topic = plant.topics["frames"]
    for partition in (0, 1, 2, 3):
        producer.send(topic, key=b"poly", value=b"x", partition=partition).get(10)
    producer.close()
    reader = Clients(plant.settings().kafka, "test").reader()
    found = list(misplaced_keys(reader, topic, 4))
    reader.close()
    assert len(found) == 3
    assert {key for key, _ in found} == {b"poly"}
