"""A line that is faster than its model: the oldest waiting parts go to a person."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from inspector.types import Sample, Scores
from tests.builders import some_scores
from tests.fed_plant import Plant

pytestmark = pytest.mark.kafka


def slowly(_sample: Sample) -> Scores:
    time.sleep(0.05)
    return some_scores()


def test_every_part_has_a_verdict_and_none_waits_in_silence(plant: Plant) -> None:
    plant.kafka["when_behind"] = "review"
    plant.judge = slowly
    plant.deadline_ms = 1000
    plant.line("poly")
    with plant.working():
        for number in range(200):
            plant.frame("poly", number)
        rows = plant.wait_for_rows(200)
    faults = Counter(row.fault for row in rows)
    assert len(rows) == 200
    assert faults["overload"] > 0
    assert set(faults) <= {None, "overload", "deadline"}
    assert all(row.decision == "REVIEW" for row in rows if row.fault)


def test_a_line_whose_parts_can_wait_lets_them_wait_in_kafka(plant: Plant) -> None:
    plant.judge = slowly
    plant.deadline_ms = 1000
    plant.line("poly")
    with plant.working():
        for number in range(100):
            plant.frame("poly", number)
        rows = plant.wait_for_rows(100)
    assert Counter(row.decision for row in rows) == {"PASS": 100}
