"""A log line that comes after the verdict amends the record and flips nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from connectors.database.tables import amendments
from inspector.logtext import format_utc_ns
from inspector.types import NS_PER_S
from tests.fed_plant import START_NS, Plant, wait_until

pytestmark = pytest.mark.kafka


def test_it_is_kept_beside_its_part_whose_verdict_stands(plant: Plant) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 2.0}])

    def kept() -> list[tuple[int, str]]:
        with plant.engine().connect() as connection:
            columns = (amendments.c.frame_id, amendments.c.text)
            return [tuple(row) for row in connection.execute(select(*columns))]

    with plant.working():
        plant.frame("poly", 0)
        [before] = plant.wait_for_rows(1)
        stamp = format_utc_ns(START_NS - 2 * NS_PER_S)
        plant.log("poly", f"{stamp} press ERROR S00000 force too high")
        late = wait_until(kept, bool)
    assert late == [(0, "S00000 force too high")]
    assert plant.rows() == [before]
    assert before.log_context in {"missing", "late"}
