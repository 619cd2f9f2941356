"""What every verdict store promises, whatever keeps the rows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.database.verdict_store import SqlVerdictStore
from inspector.ports import StoreReceipt, VerdictStore
from inspector.types import Decision
from tests.builders import a_verdict
from tests.databases import fresh_postgresql
from tests.fakes import InMemoryVerdictStore


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VerdictStore]:
    if request.param == "memory":
        yield InMemoryVerdictStore()
        return
    url = f"sqlite:///{tmp_path / 'verdicts.db'}"
    if request.param == "postgresql":
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    engine = open_engine(url)
    upgrade(engine)
    yield SqlVerdictStore(engine)
    engine.dispose()


def test_a_batch_is_inserted(store: VerdictStore) -> None:
    batch = [a_verdict(frame_id=number) for number in range(3)]
    assert store.store(batch) == StoreReceipt(inserted=3, already_there=0)


def test_storing_twice_changes_nothing(store: VerdictStore) -> None:
    store.store([a_verdict(decision=Decision.PASS)])
    again = store.store([a_verdict(decision=Decision.REJECT)])
    assert again == StoreReceipt(inserted=0, already_there=1)


def test_the_same_number_of_another_camera_is_another_part(
    store: VerdictStore,
) -> None:
    receipt = store.store([a_verdict(camera="left"), a_verdict(camera="right")])
    assert receipt.inserted == 2


def test_another_part_under_a_known_number_is_neither_inserted_nor_there(
    store: VerdictStore,
) -> None:
    store.store([a_verdict()])
    other = a_verdict(captured_ns=a_verdict().captured_ns + 1)
    assert store.store([other]) == StoreReceipt(inserted=0, already_there=0)


def test_a_part_twice_in_one_batch_is_stored_once(store: VerdictStore) -> None:
    receipt = store.store([a_verdict(), a_verdict()])
    assert receipt == StoreReceipt(inserted=1, already_there=1)


def test_nothing_is_a_batch_too(store: VerdictStore) -> None:
    assert store.store([]) == StoreReceipt(inserted=0, already_there=0)


def test_two_threads_with_the_same_parts_leave_each_once(store: VerdictStore) -> None:
    batches = [
        [a_verdict(frame_id=number) for number in range(at, at + 20)]
        for at in range(0, 100, 10)
    ]
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(store.store, batches))
    assert sum(receipt.inserted for receipt in receipts) == 110
