"""A partition that has work and gets none done is noticed within 30 s, and told."""

from __future__ import annotations

import json
from threading import Event

import pytest

from connectors.kafka.clients import Clients
from connectors.kafka.progress import PartitionProgress
from connectors.kafka.settings import KafkaSettings
from connectors.kafka.stalls import StallWatch
from inspector.delivery import Claim, Partition
from inspector.types import Sample, Scores
from tests.builders import some_scores
from tests.fed_plant import Plant, wait_until


def a_progress() -> PartitionProgress:
    claim = Claim(
        partition=Partition(topic="frames", number=0),
        epoch=1,
        next_offset=5,
        message_ns=None,
    )
    return PartitionProgress(claim, 5)


def test_work_in_hand_that_does_not_move_is_a_stall() -> None:
    progress = a_progress()
    clients = Clients(KafkaSettings(), "test")
    watch = StallWatch(clients, lambda: {0: progress}, Event())
    progress.began(5, 1)
    for moment in (0.0, 10.0, 19.0):
        watch.look(moment)
        assert not watch.lags()[0].stalled
    watch.look(21.0)
    assert watch.lags()[0].stalled
    progress.done([5], progress.when_done([5]))
    watch.look(23.0)
    assert not watch.lags()[0].stalled


def test_a_partition_without_work_never_stalls() -> None:
    progress = a_progress()
    clients = Clients(KafkaSettings(), "test")
    watch = StallWatch(clients, lambda: {0: progress}, Event())
    for moment in (0.0, 100.0, 200.0):
        watch.look(moment)
        assert not watch.lags()[0].stalled


@pytest.mark.kafka
def test_a_look_that_hangs_is_told_with_the_lines_state_and_keeps_its_place(
    plant: Plant,
) -> None:
    let_go = Event()

    def hang(_sample: Sample) -> Scores:
        let_go.wait(60)
        return some_scores()

    plant.kafka |= {"stalled_after_s": 3, "session_s": 2}
    plant.judge = hang
    plant.line("poly")
    plant.frame("poly", 0)

    def told() -> list[str]:
        states = plant.read("states", 3, within_s=1)
        return [json.loads(state.value)["fault"] or "" for state in states]

    with plant.working() as [worker]:
        try:
            faults = wait_until(told, lambda seen: any("stored" in f for f in seen), 20)
        finally:
            let_go.set()
        rows = plant.wait_for_rows(1)
        assert worker.counts().fenced == 0, "judging costs no place in the group"
    assert any("nothing was stored" in each for each in faults)
    assert len(rows) == 1
