"""The database is away: parts wait in Kafka and in hand, and each is stored once."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from tests.fed_plant import Plant

pytestmark = pytest.mark.kafka


def test_parts_wait_until_it_is_back(plant: Plant) -> None:
    plant.line("poly")
    file = plant.database.removeprefix("sqlite:///")
    with plant.working():
        plant.frame("poly", 0)
        plant.wait_for_rows(1)
        with closing(sqlite3.connect(file, isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            for number in range(1, 100):
                plant.frame("poly", number)
            time.sleep(7)  # longer than a commit waits for the lock
            held.execute("ROLLBACK")
        rows = plant.wait_for_rows(100, 25)
        told = plant.verdicts(100, 10)
    assert [row.frame_id for row in rows] == list(range(100))
    assert len({each["id"] for each in told}) == 100
