"""Clocks that jump by an hour, and clocks that disagree: judged, measured, told."""

from __future__ import annotations

import json

import pytest

from inspector.clockwatch import ClockWatch
from inspector.logtext import format_utc_ns
from inspector.types import NS_PER_S
from tests.fed_plant import START_NS, Plant, wait_until

HOUR_S = 3600


@pytest.mark.kafka
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_camera_whose_clock_jumps_goes_on(plant: Plant, jump_s: int) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 2.0}])
    with plant.working():
        for number in range(10):
            off_s = number + (jump_s if number >= 5 else 0)
            captured = {"capturedns": START_NS + off_s * NS_PER_S}
            stamp = format_utc_ns(START_NS + (off_s - 2) * NS_PER_S)
            plant.log("poly", f"{stamp} press INFO S{number:05d} pressed")
            plant.frame("poly", number, headers=captured)
        rows = plant.wait_for_rows(10)
    assert [row.decision for row in rows] == ["PASS"] * 10


@pytest.mark.kafka
def test_a_station_whose_clock_is_off_is_told_with_the_lines_state(
    plant: Plant,
) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 2.0}])
    for number in range(30):
        stamp = format_utc_ns(START_NS + (number - 2 + 40) * NS_PER_S)
        plant.log("poly", f"{stamp} press INFO S{number:05d} pressed")
    plant.producer.flush()
    for number in range(30):
        plant.frame("poly", number)

    def told() -> list[str]:
        states = plant.read("states", 4, within_s=1)
        return [json.loads(state.value)["fault"] or "" for state in states]

    with plant.working():
        faults = wait_until(told, lambda seen: any("clock" in each for each in seen))
    assert any("the clock of press is 40 s ahead" in each for each in faults)


def test_few_pairs_say_nothing_and_one_outlier_does_not_alarm() -> None:
    watch = ClockWatch(limit_s=5)
    watch.saw({"press": 100 * NS_PER_S})
    assert watch.ahead_s() == {}
    for _ in range(40):
        watch.saw({"press": NS_PER_S // 10})
    assert watch.ahead_s() == {"press": 0.1}
    assert watch.alarm() is None


def test_a_clock_behind_by_more_than_the_limit_is_an_alarm() -> None:
    watch = ClockWatch(limit_s=5)
    for _ in range(30):
        watch.saw({"press": -HOUR_S * NS_PER_S})
    assert "press is 3600 s behind" in (watch.alarm() or "")
