"""The broker is away, killed and started again: no part is lost or doubled."""

from __future__ import annotations

import time

import pytest

from tests.fed_plant import Plant
from tests.kafka_broker import ApacheKafka, Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
def mortal(kafka_broker: Broker) -> ApacheKafka:
    if not isinstance(kafka_broker, ApacheKafka):
        pytest.skip("needs an Apache Kafka that the tests may kill")
    return kafka_broker


def test_a_worker_starts_without_a_broker_and_waits(
    plant: Plant, mortal: ApacheKafka
) -> None:
    plant.line("poly")
    plant.frame("poly", 0)
    plant.producer.flush()
    mortal.kill()
    began = time.process_time()
    with plant.working():
        time.sleep(1.5)
        assert time.process_time() - began < 1.0, "it waits, it does not spin"
        mortal.start()
        assert len(plant.wait_for_rows(1)) == 1


def test_a_broker_that_is_killed_loses_and_doubles_no_part(
    plant: Plant, mortal: ApacheKafka
) -> None:
    plant.line("poly")
    with plant.working():
        for number in range(20):
            plant.frame("poly", number)
        plant.wait_for_rows(5)
        mortal.kill()
        for number in range(20, 30):
            plant.frame("poly", number)
        mortal.start()
        for number in range(30, 40):
            plant.frame("poly", number)
        rows = plant.wait_for_rows(40)
        told = plant.verdicts(40)
    assert [row.frame_id for row in rows] == list(range(40))
    assert {each["frame_id"] for each in told} == set(range(40))
    assert len({each["id"] for each in told}) == 40
