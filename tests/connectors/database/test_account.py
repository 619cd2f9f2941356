"""Every number of a line has a verdict or a counted fault, or shows as neither."""

from __future__ import annotations

from connectors.database.account import MinuteAccount, line_account
from connectors.database.delivery_ledger import SqlDeliveryLedger
from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from inspector.delivery import (
    Amendment,
    CountedFault,
    DecidedPart,
    Delivery,
    Outgoing,
    PartFault,
)
from inspector.types import NS_PER_S
from tests.builders import a_log_line, a_verdict

MINUTE_NS = 60 * NS_PER_S
START_NS = 29_540_521 * MINUTE_NS
MESSAGE = Outgoing(lane="x", topic="verdicts", key=b"poly", headers=(), value=b"{}")


def a_part(number: int, after_s: int) -> DecidedPart:
    captured_ns = START_NS + after_s * NS_PER_S
    verdict = a_verdict(frame_id=number, captured_ns=captured_ns)
    return DecidedPart(verdict=verdict, message=MESSAGE)


def a_gap(first: int, last: int) -> CountedFault:
    return CountedFault(
        identity=f"gap:{first}",
        line="poly",
        camera="cam-1",
        kind=PartFault.GAP,
        first_frame=first,
        last_frame=last,
        detail="never came",
        noted_ns=START_NS,
    )


def account(database: str, delivery: Delivery) -> list[MinuteAccount]:
    engine = open_engine(database)
    upgrade(engine)
    ledger = SqlDeliveryLedger(engine, "group")
    ledger.deliver(delivery)
    ledger.deliver(delivery)  # the same again changes nothing
    found = line_account(engine, "poly", START_NS)
    ledger.close()
    return found


def test_verdicts_and_gaps_add_up_by_minute(database: str) -> None:
    parts = [a_part(1, 0), a_part(2, 1), a_part(5, 2), a_part(6, 61)]
    first, second = account(database, Delivery(parts=parts, faults=[a_gap(3, 4)]))
    assert (first.triggered, first.verdicts, first.faults) == (5, 3, {"gap": 2})
    assert (second.triggered, second.verdicts) == (1, 1)
    assert first.balances
    assert second.balances


def test_a_number_with_neither_shows(database: str) -> None:
    [minute] = account(database, Delivery(parts=[a_part(1, 0), a_part(3, 1)]))
    assert (minute.triggered, minute.unaccounted, minute.balances) == (3, 1, False)


def test_a_frame_that_came_after_all_is_no_gap(database: str) -> None:
    parts = [a_part(1, 0), a_part(2, 1), a_part(3, 1)]
    [minute] = account(database, Delivery(parts=parts, faults=[a_gap(2, 2)]))
    assert (minute.triggered, minute.faults, minute.balances) == (3, {}, True)


def test_late_lines_stand_beside_the_verdict_once(database: str) -> None:
    part = a_part(1, 0)
    late = Amendment(
        line="poly",
        camera="cam-1",
        frame_id=1,
        captured_ns=part.verdict.captured_ns,
        log_line=a_log_line(text="\0late\ud800"),
        came_ns=START_NS,
    )
    [minute] = account(database, Delivery(parts=[part], amendments=[late]))
    assert (minute.amended, minute.verdicts) == (1, 1)
