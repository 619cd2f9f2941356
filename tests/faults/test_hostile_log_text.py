"""Log text of 10 MB, control characters, half a sign, noise: no part pays for it."""

from __future__ import annotations

import time

import pytest

from inspector.logtext import format_utc_ns
from inspector.types import NS_PER_S
from tests.fed_plant import START_NS, Plant

pytestmark = pytest.mark.kafka

STAMP = format_utc_ns(START_NS - NS_PER_S)
HOSTILE = [
    b"x" * 10_000_000,
    f"{STAMP} press INFO ".encode() + b"\xe4\xb8",
    b"",
    b"{" * 100_000,
    b'{"time": NaN}',
    b"<999>1 - - - - - -",
    b"\0" * 1000,
]


def test_hostile_text_goes_to_the_dead_letters_and_parts_are_judged(
    plant: Plant,
) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 1.0}])
    plant.kafka["largest_message"] = 12_000_000
    for raw in HOSTILE:
        plant.log("poly", raw)
    plant.log("poly", f"{STAMP} press WARN \x1b[31m\a\0 S00000 \u202e said")
    plant.producer.flush()
    plant.frame("poly", 0)
    with plant.working():
        [row] = plant.wait_for_rows(1)
        letters = plant.read("dead_letters", len(HOSTILE))
    assert (row.decision, row.log_lines) == ("PASS", 1)
    assert sorted(len(each.value or b"") for each in letters) == sorted(
        len(each) for each in HOSTILE
    )


def test_ten_thousand_lines_a_second_crowd_out_no_part(plant: Plant) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 1.0}])
    plant.frame("poly", 0)
    with plant.working():
        plant.wait_for_rows(1)
        began = time.monotonic()
        for number in range(10_000):
            plant.log("poly", f"{STAMP} press INFO line {number}")
            if number % 1000 == 0:
                plant.frame("poly", 1 + number // 1000)
        rows = plant.wait_for_rows(11)
        took_s = time.monotonic() - began
    assert [row.decision for row in rows] == ["PASS"] * 11
    assert took_s < 20
