"""A worker against a broker: parts in, verdicts out, each once."""

from __future__ import annotations

import json
import time

import pytest

from inspector.delivery import verdict_id
from inspector.logtext import format_utc_ns
from inspector.types import NS_PER_S
from tests.fed_plant import START_NS, Plant, line_in_each_partition

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


def test_a_worker_that_starts_again_goes_on_where_the_record_ends(plant: Plant) -> None:
    plant.line("poly")
    for number in range(5):
        plant.frame("poly", number)
    with plant.working():
        plant.wait_for_rows(5)
    for number in range(5, 10):
        plant.frame("poly", number)
    with plant.working() as [worker]:
        rows = plant.wait_for_rows(10)
        told = plant.verdicts(10)
    assert [row.frame_id for row in rows] == list(range(10))
    assert [each["frame_id"] for each in told] == list(range(10))
    assert worker.counts().accounts["poly"].parts == 5


def test_two_workers_share_the_lines_and_hand_them_over(plant: Plant) -> None:
    lines = line_in_each_partition(4, [0, 1, 2, 3])
    for line in lines:
        plant.line(line)
    with plant.working("worker-1"):
        for number in range(10):
            for line in lines:
                plant.frame(line, number)
        plant.wait_for_rows(40)
        fed = 10
        with plant.working("worker-2") as [second]:
            # Until it has its share: how long it takes to join is the broker's affair.
            while len(second.counts().accounts) < 2:
                for line in lines:
                    plant.frame(line, fed)
                fed += 1
                time.sleep(0.05)
            plant.wait_for_rows(4 * fed)
            shared = second.counts().accounts
        for number in range(fed, fed + 10):
            for line in lines:
                plant.frame(line, number)
        fed += 10
        rows = plant.wait_for_rows(4 * fed)
        told = plant.verdicts(4 * fed)
    numbers = [(row.line, row.frame_id) for row in rows]
    assert sorted(numbers) == sorted((ln, n) for ln in lines for n in range(fed))
    assert {each["id"] for each in told} == {
        verdict_id(row.line, row.camera, row.frame_id, row.captured_ns) for row in rows
    }
    assert len(shared) == 2
    assert not plant.faults()


def test_log_lines_reach_the_parts_they_concern(plant: Plant) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 2.0}])
    for number in range(6):
        stamp = format_utc_ns(START_NS + (number - 2) * NS_PER_S)
        plant.log("poly", f"{stamp} press INFO S{number:05d} pressed")
    plant.producer.flush()
    for number in range(4):
        plant.frame("poly", number)
    with plant.working():
        rows = plant.wait_for_rows(4)
    assert all(row.log_lines > 0 for row in rows)


def test_a_restart_reads_the_log_again_so_that_windows_are_whole(plant: Plant) -> None:
    plant.line("poly", stations=[{"name": "press", "seconds_to_camera": 2.0}])
    for number in range(8):
        stamp = format_utc_ns(START_NS + (number - 2) * NS_PER_S)
        plant.log("poly", f"{stamp} press INFO S{number:05d} pressed")
    plant.frame("poly", 0)
    plant.producer.flush()
    with plant.working():
        plant.wait_for_rows(1)
    for number in range(1, 4):
        plant.frame("poly", number)
    with plant.working():
        rows = plant.wait_for_rows(4)
    assert len(rows) == 4
    assert all(row.log_lines > 0 for row in rows)


def test_the_trace_of_a_frame_goes_on_with_its_verdict(plant: Plant) -> None:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    plant.line("poly")
    plant.frame("poly", 0, headers={"traceparent": trace})
    with plant.working():
        [message] = plant.read("verdicts", 1)
    headers = dict(message.headers)
    assert headers["traceparent"] == trace.encode()
    assert headers["ce_type"] == b"inspector.verdict.v1"
    assert headers["ce_id"].decode() == json.loads(message.value)["id"]


def test_a_lines_state_is_told(plant: Plant) -> None:
    plant.line("poly")
    with plant.working():
        states = plant.read("states", 1)
    state = json.loads(states[0].value)
    assert (state["line"], state["running"], state["branch"]) == ("poly", True, "1")
