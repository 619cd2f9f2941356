"""The spool: order, bound, owner, and what the database will never take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.database.spool import (
    CheckedBatches,
    PlainBatches,
    SpooledStore,
    SpoolLimits,
)
from connectors.database.spool_file import SpoolFile
from inspector.errors import InputError, StoreAwayError, StoreError
from inspector.ports import Batch, StoreReceipt
from inspector.types import Fault, Verdict
from tests.builders import a_verdict
from tests.fakes import InMemoryVerdictStore

LIMITS = SpoolLimits(
    max_bytes=1_000_000,
    patience_s=0.5,
    first_pause_s=0.005,
    longest_pause_s=0.02,
    drain_for_s=0.2,
)
SOON_S = 5.0


class Database:
    """A database that is away, hangs or refuses as it is told."""

    def __init__(self) -> None:
        self.away = False
        self.answers = threading.Event()
        self.answers.set()
        self.refused: set[int] = set()
        self.stored: list[int] = []
        self.threads: set[str] = set()
        self.closed = False

    def store_batch(self, batch: Batch) -> StoreReceipt:
        self.threads.add(threading.current_thread().name)
        self.answers.wait()
        if self.away:
            message = "connection refused"
            raise StoreAwayError(message)
        numbers = [verdict.frame_id for verdict in batch.verdicts]
        if self.refused.intersection(numbers):
            message = "violates check constraint"
            raise StoreError(message)
        new = [number for number in numbers if number not in self.stored]
        self.stored += new
        return StoreReceipt(inserted=len(new), already_there=len(numbers) - len(new))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def spooled(database: Database, tmp_path: Path) -> Iterator[SpooledStore]:
    store = SpooledStore(database, tmp_path / "spool" / "a.db", LIMITS)
    yield store
    database.answers.set()
    store.close()


def some(*numbers: int) -> list[Verdict]:
    return [a_verdict(frame_id=number) for number in numbers]


def test_a_database_that_is_there_gets_it_at_once(
    spooled: SpooledStore, database: Database
) -> None:
    receipt = spooled.store(some(1, 2))
    assert (receipt.inserted, receipt.spooled) == (2, 0)
    assert spooled.level().batches == 0
    assert database.threads == {"carrier"}


def test_what_waited_goes_first_and_in_order(
    spooled: SpooledStore, database: Database
) -> None:
    database.away = True
    for number in range(20):
        assert spooled.store(some(number)).spooled == 1
    database.away = False
    spooled.store(some(20))
    assert spooled.wait_until_empty(SOON_S)
    spooled.store(some(21))
    assert database.stored == list(range(22))
    counts = spooled.counts()
    assert (counts.spooled, counts.replayed, counts.away) == (21, 21, False)


def test_a_database_that_hangs_costs_the_line_its_patience_once(
    spooled: SpooledStore, database: Database
) -> None:
    database.answers.clear()
    started = time.monotonic()
    for number in range(5):
        spooled.store(some(number))
    assert time.monotonic() - started < 2 * LIMITS.patience_s
    database.answers.set()
    assert spooled.wait_until_empty(SOON_S)
    assert database.stored == list(range(5)), "the one that hung is not doubled"


def test_a_restart_replays_what_was_left(tmp_path: Path) -> None:
    away, file = Database(), tmp_path / "a.db"
    away.away = True
    first = SpooledStore(away, file, LIMITS)
    for number in range(3):
        first.store(some(number))
    first.close()
    assert away.closed
    back = Database()
    second = SpooledStore(back, file, LIMITS)
    assert second.wait_until_empty(SOON_S)
    second.close()
    assert back.stored == [0, 1, 2]


def test_what_is_refused_is_set_aside_and_holds_nothing_up(
    spooled: SpooledStore, database: Database
) -> None:
    database.away, database.refused = True, {1}
    for number in range(3):
        spooled.store(some(number))
    database.away = False
    assert spooled.wait_until_empty(SOON_S)
    assert database.stored == [0, 2]
    assert (spooled.counts().refused, spooled.level().refused) == (1, 1)


def test_what_is_refused_while_the_database_is_there_stops_the_line(
    spooled: SpooledStore, database: Database
) -> None:
    database.refused = {1}
    with pytest.raises(StoreError, match="check constraint"):
        spooled.store(some(1))
    assert spooled.level().batches == 0


def keep_many(store: SpooledStore) -> None:
    for number in range(1000):
        store.store(some(number))


def test_a_full_spool_is_an_error_and_can_be_emptied(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "a.db"
    limits = SpoolLimits(
        max_bytes=100_000, patience_s=0.5, first_pause_s=0.01, longest_pause_s=0.02
    )
    store = SpooledStore(database, file, limits)
    database.away = True
    with pytest.raises(StoreAwayError, match=r"full, at 0\.1 MB"):
        keep_many(store)
    kept = store.counts().spooled
    assert 20 < kept < 1000
    assert store.counts().times_full == 1
    assert file.stat().st_size <= limits.max_bytes + 16 * 4096
    database.away = False
    assert store.wait_until_empty(SOON_S)
    assert database.stored == list(range(kept))
    assert store.store(some(5000)).inserted == 1
    store.close()


def test_a_spool_has_one_owner(spooled: SpooledStore, tmp_path: Path) -> None:
    assert spooled.level().batches == 0
    with pytest.raises(StoreError, match="another program uses it"):
        SpoolFile(tmp_path / "spool" / "a.db", 1_000_000)


def test_what_is_no_spool_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"a\.db: file is not a database: move it"):
        SpoolFile(tmp_path / "a.db", 1_000_000)


def test_a_batch_comes_back_as_it_was(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "a.db", 1_000_000)
    verdict = a_verdict(serial="温\ud800", fault=Fault.DECODE, score=None)
    file.append(Batch(verdicts=(verdict,), along={"offsets": {"poly": [3, 17]}}))
    (waiting,) = file.oldest(5)
    assert waiting.batch.along == {"offsets": {"poly": [3, 17]}}
    assert waiting.batch.verdicts == (
        a_verdict(serial="温?", fault=Fault.DECODE, score=None),
    )
    file.close()


def test_a_database_of_another_version_is_waited_for(
    database: Database, tmp_path: Path
) -> None:
    behind = [True]

    def check() -> None:
        if behind[0]:
            where = "database"
            raise InputError.single(where, "run  inspector db upgrade")

    inner = CheckedBatches(database, check)
    store = SpooledStore(inner, tmp_path / "a.db", LIMITS)
    assert store.store(some(1)).spooled == 1
    behind[0] = False
    assert store.wait_until_empty(SOON_S)
    assert store.counts().refused == 0
    store.close()
    assert database.stored == [1]


def test_a_moment_beyond_the_centuries_is_refused_here_as_there(
    spooled: SpooledStore, database: Database
) -> None:
    database.away = True
    with pytest.raises(StoreError, match="cannot be kept"):
        spooled.store([a_verdict(captured_ns=2**75)])
    assert spooled.level().batches == 0


def test_plain_stores_take_verdicts_alone() -> None:
    store = PlainBatches(InMemoryVerdictStore())
    assert store.store_batch(Batch(verdicts=some(1))).inserted == 1
    with pytest.raises(StoreError, match="not offsets"):
        store.store_batch(Batch(verdicts=some(2), along={"offsets": 1}))
