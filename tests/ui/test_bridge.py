from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Signal

from inspector.errors import InspectorError, StoreError
from tests.ui.floor import until
from ui.bridge import Bridge
from ui.mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class Teller(QObject):
    told = Signal(bool)


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge(Mailbox())
    made.start()
    yield made
    made.stop()


def test_twenty_thousand_emits_do_no_harm(qtbot: QtBot) -> None:
    """PySide6 6.12.0 ends Python 3.11 after some hundred emits."""
    teller, heard = Teller(), [0]

    def hear(_told: bool) -> None:
        heard[0] += 1

    teller.told.connect(hear)
    for _ in range(20_000):
        teller.told.emit(True)
    assert heard == [20_000]


def test_a_mailbox_holds_the_newest_alone() -> None:
    mailbox = Mailbox[int]()
    for number in range(1000):
        mailbox.put(number)
    assert (mailbox.take(), mailbox.take()) == (999, None)


def test_answers_come_on_the_windows_thread(bridge: Bridge) -> None:
    asked_on, answered_on = [], []
    bridge.ask(
        lambda: asked_on.append(threading.get_ident()),
        lambda _nothing: answered_on.append(threading.get_ident()),
    )
    until(lambda: bool(answered_on))
    assert answered_on == [threading.get_ident()] != asked_on


def test_of_one_slot_only_the_newest_question_is_answered(bridge: Bridge) -> None:
    gate, answers = threading.Event(), list[int]()
    bridge.ask(gate.wait, lambda _set: None)
    for number in range(5):
        bridge.ask(partial(int, number), answers.append, slot="one")
    gate.set()
    until(lambda: bool(answers))
    assert answers == [4]


def test_what_fails_is_told_to_who_asked(bridge: Bridge) -> None:
    failures: list[InspectorError] = []

    def work() -> None:
        message = "the disk is full"
        raise StoreError(message)

    bridge.ask(work, lambda _nothing: None, failed=failures.append)
    until(lambda: bool(failures))
    assert str(failures[0]) == "the disk is full"
