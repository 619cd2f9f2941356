"""A message for a line that nobody knows goes to the dead letters, whole."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kafka.clients import Clients
from connectors.kafka.dead_letters import DeadLetterBox
from tests.fed_plant import PICTURE, Plant

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("key", [b"nobody", b"../../etc", b"\xff\xfe", None])
def test_it_is_kept_with_its_bytes_headers_and_place(
    plant: Plant, key: bytes | None
) -> None:
    plant.line("poly")
    plant.frame("poly", 0, key=key)
    plant.frame("poly", 1)
    with plant.working():
        [letter] = plant.read("dead_letters", 1)
        plant.wait_for_rows(1)
    said = dict(letter.headers)
    assert letter.value == PICTURE
    assert letter.key == key
    assert said["inspector-topic"].decode() == plant.topics["frames"]
    assert said["inspector-kind"] == b"unknown_line"
    assert said["inspector-offset"].isdigit()
    assert said["inspector-original-frameid"] == b"0"
    assert [fault.kind for fault in plant.faults()] == ["unknown_line"]


def test_a_letter_can_be_sent_again_when_its_line_is_known(plant: Plant) -> None:
    plant.line("poly")
    plant.frame("mono", 3)
    with plant.working():
        plant.read("dead_letters", 1)
    box = DeadLetterBox(Clients(plant.settings().kafka, "test"))
    [letter] = list(box.letters())
    plant.line("mono")
    box.replay(box.letter(letter.name))
    with plant.working():
        rows: list[Any] = plant.wait_for_rows(1)
    assert [(row.line, row.frame_id, row.decision) for row in rows] == [
        ("mono", 3, "PASS")
    ]
