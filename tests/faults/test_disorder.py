"""Messages that come twice, out of order, never, or under a number that is taken."""

from __future__ import annotations

import pytest

from connectors.database.account import line_account
from tests.fed_plant import START_NS, Plant, wait_until

pytestmark = pytest.mark.kafka


def test_a_repeated_frame_is_judged_and_told_once(plant: Plant) -> None:
    plant.line("poly")
    for number in (0, 0, 1, 1, 0, 2):
        plant.frame("poly", number)
    with plant.working() as [worker]:
        rows = plant.wait_for_rows(3)
        told = plant.verdicts(4, within_s=2)
        assert worker.counts().duplicates >= 1
    assert [row.frame_id for row in rows] == [0, 1, 2]
    assert len(told) == 3


def test_frames_out_of_order_are_no_gap(plant: Plant) -> None:
    plant.line("poly")
    for number in (0, 3, 1, 4, 2, 5):
        plant.frame("poly", number)
    with plant.working():
        rows = plant.wait_for_rows(6)
    assert len(rows) == 6
    assert not plant.faults()
    assert all(minute.balances for minute in line_account(plant.engine(), "poly", 0))


def test_a_gap_is_a_fault_with_its_number(plant: Plant) -> None:
    plant.line("poly")
    for number in range(60):
        if number not in {7, 8}:
            plant.frame("poly", number)
    with plant.working():
        plant.wait_for_rows(58)
        faults = wait_until(plant.faults, lambda found: len(found) >= 2)
    assert [(f.kind, f.first_frame, f.last_frame) for f in faults] == [
        ("gap", 7, 7),
        ("gap", 8, 8),
    ]
    account = line_account(plant.engine(), "poly", 0)
    assert sum(minute.triggered for minute in account) == 60
    assert all(minute.balances for minute in account)


def test_a_number_that_another_part_has_is_counted_and_changes_nothing(
    plant: Plant,
) -> None:
    plant.line("poly")
    plant.frame("poly", 0)
    with plant.working():
        plant.wait_for_rows(1)
        plant.frame("poly", 0, headers={"capturedns": START_NS + 5})
        faults = wait_until(plant.faults, lambda found: len(found) >= 1)
    [row] = plant.rows()
    assert row.captured_ns == START_NS
    assert [fault.kind for fault in faults] == ["identity_conflict"]
