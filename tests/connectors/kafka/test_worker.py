"""A worker against a broker: parts in, verdicts out, each once."""

from __future__ import annotations

import pytest

from tests.fed_plant import Plant

pytestmark = pytest.mark.kafka


def test_every_frame_becomes_a_stored_and_published_verdict(plant: Plant) -> None:
    plant.line("poly")
    for number in range(20):
        plant.frame("poly", number)
    with plant.working():
        rows = plant.wait_for_rows(20)
        told = plant.verdicts(20)
    assert [row.frame_id for row in rows] == list(range(20))
    assert {row.decision for row in rows} == {"PASS"}
    assert [each["frame_id"] for each in told] == list(range(20))
    assert len({each["id"] for each in told}) == 20
    assert all(each["is_simulated"] for each in told)
