"""A branch in shadow judges every part, and the line never waits for it."""

from __future__ import annotations

import json
import threading
import time

import pytest

from inspector.branches import Act
from inspector.errors import StoreError
from inspector.evidence import record_name
from inspector.types import Decision, Fault, Sample, Scores
from tests.builders import some_scores
from tests.inspector.staffed_line import (
    Hanging,
    ShadowShelf,
    StaffedLine,
    breaking,
    scoring,
    wait_until,
)

GOOD, BAD = scoring(0.1), scoring(0.9)


def in_shadow(line: StaffedLine, version: str = "2") -> None:
    line.act(Act.SHADOW, version, from_version="1")
    wait_until(lambda: line.foreman._roles.shadow == version)


def test_the_shadow_judges_the_same_parts_by_its_own_settings() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        in_shadow(line)
        rows = line.judged(5)
        wait_until(lambda: len(line.shadows.rows) == 5)
        account = line.finish()
    assert {row.decision for row in rows} == {Decision.PASS}
    for row, shadowed in zip(rows, line.shadows.rows, strict=True):
        assert shadowed.live.frame_id == row.frame_id
        assert shadowed.shadow.decision is Decision.REJECT
        assert shadowed.shadow.settings_sha256 == "settings of 2"
        assert shadowed.shadow.latency_ms >= 0
    assert (account.shadowed, account.shadow_lost) == (5, 0)


def test_evidence_of_a_part_that_passed_is_kept_if_the_shadow_disagrees() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        in_shadow(line)
        row = line.judged()[0]
        wait_until(lambda: len(line.shadows.rows) == 1)
    assert row.evidence is None, "the verdict's path keeps nothing of what passed"
    shadowed = line.shadows.rows[0]
    assert shadowed.disagrees
    assert shadowed.evidence is not None
    assert line.evidence.kept[shadowed.evidence] == b"picture"
    name = record_name(row.line, row.camera, row.frame_id, row.decided_ns)
    assert json.loads(line.evidence.named[name])["model"]["branch"] == "1"


def test_nothing_is_kept_where_the_two_agree() -> None:
    with StaffedLine({"1": GOOD, "2": scoring(0.2)}) as line:
        in_shadow(line)
        line.judged(3)
        wait_until(lambda: len(line.shadows.rows) == 3)
    assert [each.disagrees for each in line.shadows.rows] == [False] * 3
    assert (line.evidence.kept, line.evidence.named) == ({}, {})


def test_evidence_that_cannot_be_kept_costs_no_judgement() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        line.evidence._full = True
        in_shadow(line)
        line.judged()
        wait_until(lambda: len(line.shadows.rows) == 1)
        account = line.finish()
    assert line.shadows.rows[0].evidence is None
    assert (account.evidence_lost, account.shadowed) == (1, 1)


def test_a_slow_shadow_loses_parts_counted_and_the_line_does_not_wait() -> None:
    go_on = threading.Event()

    def slowly(_sample: Sample) -> Scores:
        go_on.wait(20)
        return some_scores(score=0.1)

    with StaffedLine({"1": GOOD, "2": slowly}) as line:
        in_shadow(line)
        begun = time.monotonic()
        line.judged(40)
        assert time.monotonic() - begun < 2
        go_on.set()
        wait_until(lambda: line.pipeline.account().shadowed >= 8)
        account = line.finish()
    assert account.shadowed + account.shadow_lost == 40
    assert account.shadow_lost >= 30


@pytest.mark.parametrize("hangs", [False, True])
def test_a_shadow_that_breaks_is_put_away_and_the_line_never_notices(
    hangs: bool,
) -> None:
    hanging = Hanging()
    act = hanging if hangs else breaking
    with StaffedLine({"1": GOOD, "2": act}, deadline_ms=20) as line:
        line.act(Act.SHADOW, "2", from_version="1")
        wait_until(lambda: line.foreman._roles.shadow == "2")
        rows = line.judged(2)
        wait_until(lambda: line.acts.acts("poly")[-1].act is Act.PUT_AWAY)
        hanging.released.set()
        line.judged()
    last = line.acts.acts("poly")[-1]
    assert (last.version, last.from_version) == ("1", "2")
    assert {row.branch.version for row in rows} == {"1"}


def test_a_picture_that_is_broken_is_no_disagreement() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        in_shadow(line)
        line.camera.feed_broken()
        wait_until(lambda: len(line.shadows.rows) == 1)
    shadowed = line.shadows.rows[0]
    assert (shadowed.live.fault, shadowed.disagrees) == (Fault.DECODE, False)


class FullShelf(ShadowShelf):
    def store(self, judgements: object) -> None:
        message = "the database is full"
        raise StoreError(message)


def test_judgements_that_cannot_be_stored_are_counted_and_stop_nothing() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}, shadows=FullShelf()) as line:
        in_shadow(line)
        line.judged(2)
        wait_until(lambda: line.pipeline.account().shadow_lost == 2)
        line.judged()
        assert line.finish().balances


def test_a_shadow_that_becomes_live_judges_on_one_thread_at_a_time() -> None:
    busy = threading.Lock()

    def alone(_sample: Sample) -> Scores:
        assert busy.acquire(blocking=False), "two threads in one model"
        time.sleep(0.002)
        busy.release()
        return some_scores(score=0.1)

    with StaffedLine({"1": GOOD, "2": alone}) as line:
        in_shadow(line)
        line.camera.feed(30)
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.pipeline.account().handovers == 1)
        wait_until(lambda: len(line.shelf.rows) == 30)
        line.judged(10)
        account = line.finish()
    assert account.put_away == 0


def test_withdrawing_ends_the_shadow() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        in_shadow(line)
        line.judged(2)
        wait_until(lambda: len(line.shadows.rows) == 2)
        line.act(Act.WITHDRAWN, "2", from_version="1")
        wait_until(lambda: line.foreman._roles.shadow is None)
        line.judged(2)
        line.finish()
    assert len(line.shadows.rows) == 2
