"""A line runs the branch that the record says, and never one that breaks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

import pytest

from inspector.branches import Act, is_canarys
from inspector.errors import InputError, StoreError
from inspector.foreman import Trained
from inspector.settings import DriftRules
from inspector.types import Decision, Fault, Sample, Scores
from tests.builders import an_act, some_scores
from tests.inspector.staffed_line import (
    Hanging,
    StaffedLine,
    breaking,
    scoring,
    wait_until,
)

GOOD, BAD = scoring(0.1), scoring(0.9)


def test_a_line_without_acts_runs_what_its_settings_name() -> None:
    with StaffedLine({"1": GOOD}) as line:
        verdict = line.judged()[0]
        assert (verdict.branch.version, verdict.settings_sha256) == (
            "1",
            "settings of 1",
        )
        assert line.finish().handovers == 0


def test_an_act_exchanges_branch_and_thresholds_together_and_loses_no_part() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        line.judged(3)
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
        account = line.finish()
    assert (account.handovers, account.faults) == (1, {})
    assert account.parts == account.verdicts
    for row in line.shelf.rows.values():
        assert row.settings_sha256 == f"settings of {row.branch.version}"
        expected = Decision.PASS if row.branch.version == "1" else Decision.REJECT
        assert row.decision is expected


def test_the_predecessor_stays_loaded_so_that_a_rollback_needs_no_loading() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
        line.act(Act.ROLLBACK, "1", from_version="2")
        wait_until(lambda: line.judges("1"))
    assert line.loaded == ["1", "2"]


def test_versions_that_nobody_needs_are_let_go() -> None:
    with StaffedLine(dict.fromkeys("12345", GOOD)) as line:
        for before, version in zip("1234", "2345", strict=True):
            line.act(Act.LIVE, version, from_version=before)
            wait_until(partial(line.judges, version))
        wait_until(lambda: set(line.foreman._shelf) == {"4", "5"})


def test_a_worker_that_starts_runs_what_is_live_and_has_its_predecessor_at_hand() -> (
    None
):
    line = StaffedLine({"1": GOOD, "2": BAD})
    line.act(Act.LIVE, "2", from_version="1")
    with line:
        assert line.judges("2")
        wait_until(lambda: line.loaded == ["2", "1"])


def test_a_worker_whose_branch_is_damaged_starts_with_the_predecessor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = StaffedLine({"1": GOOD})
    line.act(Act.LIVE, "2", from_version="1")
    with line:
        assert line.judges("1")
        last = line.acts.acts("poly")[-1]
    assert (last.act, last.version, last.from_version) == (Act.PUT_AWAY, "1", "2")
    assert "no such version" in last.why
    assert "branch 2 cannot judge" in caplog.text


def test_a_worker_without_any_sound_branch_does_not_start() -> None:
    line = StaffedLine({})
    with pytest.raises(InputError, match="no such version"), line:
        pass


@pytest.mark.parametrize("wrong", [None, breaking])
def test_a_branch_that_cannot_judge_never_takes_over(
    wrong: Callable[[Sample], Scores] | None, caplog: pytest.LogCaptureFixture
) -> None:
    with StaffedLine({"1": GOOD} | ({"2": wrong} if wrong else {})) as line:
        line.judged()
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.acts.acts("poly")[-1].act is Act.PUT_AWAY)
        assert {row.branch.version for row in line.judged(3)} == {"1"}
        account = line.finish()
    assert (account.handovers, account.put_away) == (0, 1)
    assert "branch 2 cannot judge" in caplog.text


def test_a_store_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.foreman._RETRY_S", 0.01)
    line = StaffedLine({"1": GOOD, "2": GOOD})
    refusals = iter([StoreError("no route to the store")])

    def load(version: str) -> Trained:
        if version == "2":
            for error in refusals:
                raise error
        return line.make(version)

    line.load = load
    with line:
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
    assert [act.act for act in line.acts.acts("poly")] == [Act.LIVE]


def test_a_record_that_is_away_leaves_the_running_branch_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with StaffedLine({"1": GOOD, "2": GOOD}) as line:
        line.judged()
        line.acts.failures = 10
        wait_until(lambda: line.acts.failures == 0)
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
    assert sum("what is to run" in each.message for each in caplog.records) == 1


def test_the_canary_judges_its_parts_and_no_others() -> None:
    with StaffedLine({"1": GOOD, "2": BAD}) as line:
        line.act(Act.CANARY, "2", from_version="1", every=3)
        wait_until(lambda: line.pipeline._judge.roster.canary is not None)
        rows = line.judged(60)
    for row in rows:
        canarys = is_canarys("poly", "cam-1", row.frame_id, 3)
        assert row.branch.version == ("2" if canarys else "1")
    assert 0 < sum(row.branch.version == "2" for row in rows) < 60


def test_a_branch_that_breaks_on_a_part_is_put_away_and_the_part_is_reviewed() -> None:
    harm = {"is_on": False}

    def fragile(sample: Sample) -> Scores:
        return breaking(sample) if harm["is_on"] else some_scores(score=0.9)

    with StaffedLine({"1": GOOD, "2": fragile}) as line:
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
        wait_until(lambda: "1" in line.foreman._shelf)
        harm["is_on"] = True
        broken, *after = line.judged(4)
        wait_until(lambda: line.acts.acts("poly")[-1].act is Act.PUT_AWAY)
        account = line.finish()
    assert (broken.decision, broken.fault) == (Decision.REVIEW, Fault.EXCEPTION)
    assert broken.branch.version == "2"
    assert {row.branch.version for row in after} == {"1"}
    last = line.acts.acts("poly")[-1]
    assert (last.version, last.from_version, last.who) == ("1", "2", "worker")
    assert f"part {broken.frame_id} of cam-1" in last.why
    assert account.put_away == 1


def test_a_branch_that_hangs_on_a_part_is_put_away_within_its_deadline() -> None:
    hanging = Hanging()
    calm = {"is_on": True}

    def stuck(sample: Sample) -> Scores:
        return some_scores(score=0.1) if calm["is_on"] else hanging(sample)

    with StaffedLine({"1": GOOD, "2": stuck}) as line:
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.judges("2"))
        wait_until(lambda: "1" in line.foreman._shelf)
        calm["is_on"] = False
        begun = time.monotonic()
        stalled, after = line.judged(2)
        took_s = time.monotonic() - begun
        hanging.released.set()
        account = line.finish()
    assert (stalled.decision, stalled.fault) == (Decision.REVIEW, Fault.STALLED)
    assert stalled.latency_ms < line.deadline_ms
    assert after.branch.version == "1"
    assert took_s < 1.0
    assert line.interrupted == ["2"]
    assert (account.parts, account.faults) == (account.verdicts, {})
    assert len(line.shelf.rows) == account.parts, "nothing was judged twice"


def test_the_last_branch_of_a_line_stays_and_its_bad_part_is_reviewed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with StaffedLine({"1": breaking}) as line:
        rows = line.judged(2)
        account = line.finish()
    assert [row.decision for row in rows] == [Decision.REVIEW] * 2
    assert account.put_away == 0
    assert "there is none before it" in caplog.text


def test_somebodys_choice_stands_although_a_worker_puts_another_away() -> None:
    with StaffedLine({"1": GOOD, "2": GOOD, "3": GOOD}, poll_s=60) as line:
        line.act(Act.LIVE, "2", from_version="1")
        line.act(Act.LIVE, "3", from_version="2")
        line.foreman._broken["9"] = "broke before"
        line.foreman._record_broken()
    assert [act.act for act in line.acts.acts("poly")] == [Act.LIVE, Act.LIVE]


def moved_by_ten() -> DriftRules:
    """Rules that hold ten parts with a score below 0.5 for a shift that moved."""
    statistic = {"name": "score", "tenths": [5.0] * 10, "noticed_at": 1.0}
    limits = {"limit_down": 1.0, "limit_up": 1.0}
    return DriftRules.model_validate({"parts": 10, "statistics": [statistic | limits]})


def test_the_watch_on_drift_begins_anew_with_each_branch() -> None:
    with StaffedLine({"1": GOOD, "2": GOOD}, drift=moved_by_ten()) as line:
        assert [row.fault for row in line.judged(10)] == [None] * 9 + [Fault.DRIFT]
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.pipeline.account().handovers == 1)
        assert [row.fault for row in line.judged(10)] == [None] * 9 + [Fault.DRIFT]


def test_two_workers_of_a_line_follow_the_same_record() -> None:
    one, other = StaffedLine({"1": GOOD, "2": BAD}), StaffedLine({"1": GOOD, "2": BAD})
    other.acts = one.acts
    with one, other:
        one.acts.record(an_act(act=Act.LIVE, version="2", from_version="1"))
        wait_until(lambda: one.judges("2"))
        wait_until(lambda: other.judges("2"))


def test_a_load_that_never_ends_leaves_the_running_branch(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("inspector.foreman.LOADS_WITHIN_S", 0.05)
    line, hanging = StaffedLine({"1": GOOD}), Hanging()

    def load(version: str) -> Trained:
        if version == "2":
            hanging.released.wait(20)
        return line.make(version)

    line.load = load
    with caplog.at_level(logging.ERROR), line:
        line.act(Act.LIVE, "2", from_version="1")
        wait_until(lambda: line.acts.acts("poly")[-1].act is Act.PUT_AWAY)
        assert line.judges("1")
        hanging.released.set()
    assert "is not loaded after" in caplog.text
