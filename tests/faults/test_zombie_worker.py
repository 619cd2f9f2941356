"""A worker whose lines went to another one while it slept stores nothing more."""

from __future__ import annotations

import pytest

from connectors.database.delivery_ledger import SqlDeliveryLedger
from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from inspector.delivery import (
    DecidedPart,
    Delivery,
    FencedError,
    Outgoing,
    Partition,
    Progress,
)
from tests.builders import a_verdict
from tests.fed_plant import Plant

HERE = Partition(topic="frames", number=0)


def ledger_of(database: str) -> SqlDeliveryLedger:
    engine = open_engine(database)
    upgrade(engine)
    return SqlDeliveryLedger(engine, "group")


def a_part(number: int) -> DecidedPart:
    message = Outgoing(
        lane="partition-0", topic="verdicts", key=b"poly", headers=(), value=b"{}"
    )
    return DecidedPart(verdict=a_verdict(frame_id=number), message=message)


def test_the_earlier_owner_stores_nothing_and_moves_no_offset(database: str) -> None:
    ledger = ledger_of(database)
    asleep = ledger.claim(HERE, "worker-1")
    owner = ledger.claim(HERE, "worker-2")
    ledger.deliver(
        Delivery(
            progress=[Progress(claim=owner, next_offset=10, message_ns=1)],
            parts=[a_part(1)],
        )
    )
    stale = Delivery(
        progress=[Progress(claim=asleep, next_offset=5, message_ns=1)],
        parts=[a_part(2)],
    )
    with pytest.raises(FencedError, match="another worker"):
        ledger.deliver(stale)
    assert len(ledger.waiting(["partition-0"], 10)) == 1
    assert ledger.claim(HERE, "worker-3").next_offset == 10
    ledger.close()


def test_the_same_delivery_twice_is_once(database: str) -> None:
    ledger = ledger_of(database)
    claim = ledger.claim(HERE, "worker-1")
    delivery = Delivery(
        progress=[Progress(claim=claim, next_offset=1, message_ns=1)],
        parts=[a_part(1)],
    )
    assert ledger.deliver(delivery).inserted == 1
    assert ledger.deliver(delivery).already_there == 1
    [waiting] = ledger.waiting(["partition-0"], 10)
    ledger.sent([waiting.number])
    assert not ledger.waiting(["partition-0"], 10)
    assert ledger.forget_sent(older_than_s=60) == 0
    assert ledger.forget_sent(older_than_s=-60) == 1
    ledger.close()


@pytest.mark.kafka
def test_a_worker_that_lost_its_claim_begins_anew_and_loses_nothing(
    plant: Plant,
) -> None:
    plant.kafka["session_s"] = 2
    plant.partitions = 4
    plant.line("poly")
    with plant.working() as [worker]:
        plant.frame("poly", 0)
        plant.wait_for_rows(1)
        thief = SqlDeliveryLedger(plant.engine(), plant.group)
        for number in range(4):
            thief.claim(Partition(topic=plant.topics["frames"], number=number), "thief")
        for number in range(1, 10):
            plant.frame("poly", number)
        rows = plant.wait_for_rows(10)
        thief.close()
        assert worker.counts().fenced >= 1
    assert [row.frame_id for row in rows] == list(range(10))
