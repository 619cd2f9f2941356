"""The alarm list of a database, seen by two consoles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.people.alarming import AlarmBoard
from connectors.database.people.chain import verify
from connectors.database.people.heartbeats import (
    beating,
    read_heartbeats,
    write_heartbeat,
)
from connectors.database.reading.gathering import Gatherer
from connectors.database.verdict_store import SqlVerdictStore
from inspector.alarms import Annunciator, Condition, Delays, Key, State
from inspector.branches import Act
from inspector.errors import InputError
from inspector.health import Health, Heartbeat, Pulse
from inspector.people import Person, RightError, Role
from inspector.types import NS_PER_S, Decision
from tests.builders import a_verdict, an_act

NOW_NS = 1_772_431_200 * NS_PER_S
JAN = Person(name="jan", role=Role.OPERATOR)
ELI = Person(name="eli", role=Role.ENGINEER)
CAMERA: Key = (Condition.CAMERA_SILENT, "poly")
AT_ONCE = {condition: Delays(on_s=0, off_s=0) for condition in Condition}


class Clock:
    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_beat(**changes: object) -> Heartbeat:
    sound = Heartbeat(
        line="poly",
        beat_ns=NOW_NS,
        takt_s=0.033,
        deadline_ms=500,
        frame_ns=NOW_NS,
        log_ns=NOW_NS,
    )
    return replace(sound, **changes)  # type: ignore[arg-type]


@pytest.fixture
def silent(record: Engine) -> Engine:
    """A line the camera of which has been silent for ten seconds."""
    write_heartbeat(record, a_beat(frame_ns=NOW_NS - 10 * NS_PER_S))
    return record


def a_board(engine: Engine, clock: Clock) -> AlarmBoard:
    return AlarmBoard(engine, annunciator=Annunciator(AT_ONCE), utc_ns=clock)


def test_two_consoles_raise_an_alarm_once(silent: Engine, clock: Clock) -> None:
    first, second = a_board(silent, clock), a_board(silent, clock)
    assert [act.act for act in first.look()] == ["raised"]
    assert second.look() == []
    assert [alarm.key for alarm in second.alarms()] == [CAMERA]
    assert second.diagnoses["poly"].health is Health.FAILURE
    second.acknowledge(CAMERA, JAN)
    first.refresh()
    assert [alarm.state(NOW_NS) for alarm in first.alarms()] == [State.ACKNOWLEDGED]
    write_heartbeat(silent, a_beat())
    assert [act.act for act in first.look()] == ["returned"]
    assert first.alarms() == []
    assert [act.act for act in first.history()] == [
        "returned",
        "acknowledged",
        "raised",
    ]
    assert [act.who for act in first.history()] == [None, "jan", None]
    assert verify(silent) == []
    assert first.figures(0, NOW_NS + 1).alarms == 1


def test_shelving_needs_a_right_a_reason_and_an_end(
    silent: Engine, clock: Clock
) -> None:
    board = a_board(silent, clock)
    board.look()
    with pytest.raises(RightError, match="shelve"):
        board.shelve(CAMERA, JAN, "cleaning", 60)
    for why, for_s in ((" ", 60.0), ("cleaning", 0.0), ("cleaning", 10.0**6)):
        with pytest.raises(InputError):
            board.shelve(CAMERA, ELI, why, for_s)
    assert board.shelve(CAMERA, ELI, "cleaning", 60).state(NOW_NS) is State.SHELVED
    clock.now_ns += 61 * NS_PER_S
    assert board.alarms()[0].state(clock()) is State.UNACKNOWLEDGED
    board.shelve(CAMERA, ELI, "cleaning", None)
    assert board.unshelve(CAMERA, ELI).state(clock()) is State.UNACKNOWLEDGED
    board.suppress(CAMERA, ELI, "camera is away", wanted=True)
    assert board.alarms()[0].state(clock()) is State.SUPPRESSED
    board.suppress(CAMERA, ELI, "camera is back", wanted=False)
    assert board.alarms()[0].state(clock()) is State.UNACKNOWLEDGED
    assert board.history(at_most=1)[0].words == "camera is back"
    with pytest.raises(InputError, match="never raised"):
        board.acknowledge((Condition.DISK, "poly"), JAN)


def test_bursts_and_branches_are_read_from_the_record(
    record: Engine, clock: Clock
) -> None:
    def part(number: int, decision: Decision) -> None:
        captured_ns = NOW_NS + (number - 400) * NS_PER_S
        verdict = a_verdict(
            frame_id=number, decision=decision, captured_ns=captured_ns, decided_ns=0
        )
        SqlVerdictStore(record).store([verdict])

    for number in range(60):
        part(number, Decision.REJECT if number % 20 == 0 else Decision.PASS)
    Gatherer(record).count()
    for number in range(320, 400):
        part(number, Decision.REJECT if number % 2 else Decision.PASS)
    write_heartbeat(record, a_beat())
    acts = SqlBranchActs(record)
    acts.record(an_act(line="poly", act=Act.PUT_AWAY, version="1", from_version="2"))
    board = a_board(record, clock)
    raised = {act.condition: act.words for act in board.look()}
    assert set(raised) == {Condition.REJECT_BURST, Condition.BRANCH}
    assert raised[Condition.REJECT_BURST].startswith("25 / 50 parts rejected, usually")
    assert raised[Condition.BRANCH].startswith("branch 2 was put away")


def test_a_line_says_how_it_is_until_it_stops(record: Engine, tmp_path: Path) -> None:
    pulse = Pulse(line="poly", takt_s=1, deadline_ms=500)
    with beating(record, pulse, tmp_path):
        pulse.frame(is_simulated=True)
    beat = read_heartbeats(record)["poly"]
    assert beat.stopped == "its sources ended, or it was asked to"
    assert beat.is_simulated
    assert beat.disk_free is not None
    assert 0 < beat.disk_free < 1

    def break_down() -> None:
        with beating(record, pulse, None):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_down()
    assert read_heartbeats(record)["poly"].stopped == "it broke down"
