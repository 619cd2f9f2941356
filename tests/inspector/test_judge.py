"""A verdict for every window, whatever happens on the way."""

from __future__ import annotations

import hashlib
import logging
import math
from typing import Any

import pytest

from inspector.deciding import Trouble
from inspector.errors import PictureError
from inspector.judge import (
    Clocks,
    Duty,
    Judge,
    Judged,
    Roster,
    Rulebook,
    StageTimes,
    is_sampled,
)
from inspector.settings import DecisionRules
from inspector.types import Decision, Fault, Frame, LogContext, Route, Sample, Scores
from tests.builders import BRANCH, TRUNK, a_frame, a_window, some_scores
from tests.inspector.line_fakes import (
    GREY,
    FakeModel,
    FakeWatch,
    SteppedClock,
    always_usable,
    decode_grey,
)

RULES = Rulebook(
    decisions=DecisionRules(pass_below=0.3, reject_at=0.7, deadline_ms=500),
    settings_sha256="c" * 64,
    model_folder="models/poly",
)
DECIDED_NS = 1_772_431_290_012_000_000


def a_judge(
    model: FakeModel | None = None,
    clock: SteppedClock | None = None,
    unusable: Any = always_usable,
    drift: FakeWatch | None = None,
) -> Judge:
    return Judge(
        model or FakeModel(),
        decode_grey,
        unusable,
        rules=RULES,
        drift=drift,
        clocks=Clocks(mono_ns=clock or SteppedClock(), utc_ns=lambda: DECIDED_NS),
    )


def judged(frame: Frame, **judge_parts: Any) -> Judged:
    return a_judge(**judge_parts).judge(a_window(frame=frame), 1_000_500_000)


def test_a_good_part_passes_and_its_row_names_all_that_decided() -> None:
    result = judged(a_frame())
    verdict = result.verdict
    assert (verdict.decision, verdict.fault) == (Decision.PASS, None)
    assert (verdict.trunk, verdict.branch) == (TRUNK, BRANCH)
    assert verdict.settings_sha256 == RULES.settings_sha256
    assert (verdict.score, verdict.picture_score, verdict.log_score) == (0.1, 0.1, 0.2)
    assert (verdict.route, verdict.log_context) == (Route.BOTH, LogContext.COMPLETE)
    assert (verdict.log_lines, verdict.decided_ns) == (1, DECIDED_NS)
    assert verdict.latency_ms == pytest.approx(10.0)
    assert result.evidence is None


@pytest.mark.parametrize("score", [0.5, 0.9])
def test_a_part_that_does_not_pass_carries_its_picture_along(score: float) -> None:
    frame = a_frame()
    result = judged(frame, model=FakeModel(some_scores(score=score)))
    assert result.verdict.decision is not Decision.PASS
    assert result.evidence is not None
    assert result.evidence.window.frame is frame
    assert result.evidence.scores is not None
    assert result.evidence.scores.score == score
    assert result.evidence.rules == RULES.decisions
    assert result.evidence.model == "models/poly"


def test_of_passed_parts_a_sample_by_chance_keeps_its_evidence() -> None:
    frames = [a_frame(frame_id=number) for number in range(2000)]
    sampled = [frame for frame in frames if is_sampled(frame, 20)]
    assert 60 <= len(sampled) <= 140
    assert not any(is_sampled(frame, None) for frame in frames)
    other = next(frame for frame in frames if frame not in sampled)
    for frame, kept in ((sampled[0], True), (other, False)):
        judge = Judge(
            FakeModel(),
            decode_grey,
            always_usable,
            rules=RULES,
            audit_every=20,
            clocks=Clocks(mono_ns=SteppedClock(), utc_ns=lambda: DECIDED_NS),
        )
        result = judge.judge(a_window(frame=frame), 1_000_500_000)
        assert result.verdict.decision is Decision.PASS
        assert (result.evidence is not None) is kept


def test_without_a_picture_there_is_no_evidence() -> None:
    result = judged(a_frame(encoded=None, problem="the camera timed out"))
    assert result.evidence is None


@pytest.mark.parametrize(
    ("changes", "fault", "words"),
    [
        (
            {"encoded": None, "problem": "a.png cannot be read"},
            Fault.PICTURE_MISSING,
            "a.png cannot be read",
        ),
        ({"encoded": None, "problem": "  "}, Fault.PICTURE_MISSING, "picture_missing"),
        (
            {"encoded": None},
            Fault.PICTURE_MISSING,
            "the camera delivered no picture",
        ),
        ({"encoded": b"broken"}, Fault.DECODE, "the picture is cut off"),
        (
            {"sha256": "0" * 64},
            Fault.CHECKSUM,
            "the picture's sha256 is "
            f"{hashlib.sha256(b'picture').hexdigest()[:12]}, the sender's {'0' * 12}",
        ),
    ],
)
def test_a_damaged_picture_is_reviewed_even_if_the_log_was_scored(
    changes: dict[str, Any], fault: Fault, words: str
) -> None:
    model = FakeModel(some_scores(route=Route.LOG, picture_score=None))
    verdict = judged(a_frame(**changes), model=model).verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, fault)
    assert verdict.reason == words
    assert model.samples[0].pixels is None
    assert (verdict.route, verdict.score) == (Route.LOG, 0.1)


def test_the_senders_checksum_lets_a_sound_picture_through() -> None:
    digest = hashlib.sha256(b"picture").hexdigest().upper()
    assert judged(a_frame(sha256=digest)).verdict.decision is Decision.PASS


def test_raw_pixels_are_scored_without_decoding() -> None:
    model = FakeModel()
    verdict = judged(a_frame(encoded=None, pixels=GREY), model=model).verdict
    assert verdict.decision is Decision.PASS
    assert model.samples[0].pixels is GREY


def test_a_picture_that_shows_nothing_is_refused() -> None:
    verdict = judged(a_frame(), unusable=lambda _pixels: "all black").verdict
    assert (verdict.fault, verdict.reason) == (Fault.PICTURE_UNUSABLE, "all black")


def raising(error: Exception) -> FakeModel:
    def act(_sample: Sample) -> Scores:
        raise error

    return FakeModel(act=act)


def test_a_picture_that_does_not_fit_the_branch_is_reviewed() -> None:
    verdict = judged(a_frame(), model=raising(PictureError("too small"))).verdict
    assert (verdict.fault, verdict.reason) == (Fault.PICTURE_UNUSABLE, "too small")
    assert (verdict.score, verdict.route) == (None, Route.NONE)


def test_the_first_trouble_is_the_one_that_is_named() -> None:
    model = raising(PictureError("needs a picture"))
    verdict = judged(a_frame(encoded=b"broken"), model=model).verdict
    assert verdict.fault is Fault.DECODE


def test_an_unexpected_exception_costs_the_part_not_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = raising(RuntimeError("bad\x00 allocation\n" + "x" * 1000))
    with caplog.at_level(logging.ERROR):
        verdict = judged(a_frame(), model=model).verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.EXCEPTION)
    assert verdict.reason.startswith("RuntimeError while judging: bad  allocation x")
    assert len(verdict.reason) <= 300
    assert verdict.reason.isprintable()
    assert "Traceback" in caplog.text


def test_a_part_that_is_late_already_is_not_scored() -> None:
    model = FakeModel()
    verdict = judged(a_frame(), model=model, clock=SteppedClock(1_500_100_000)).verdict
    assert verdict.fault is Fault.DEADLINE
    assert verdict.reason == "500.1 ms old, deadline 500 ms"
    assert model.samples == []


def test_a_part_that_becomes_late_while_it_is_scored_is_reviewed() -> None:
    clock = SteppedClock()

    def slowly(_sample: Sample) -> Scores:
        clock.step_ms(600)
        return some_scores()

    verdict = judged(a_frame(), model=FakeModel(act=slowly), clock=clock).verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.DEADLINE)
    assert verdict.score == 0.1


def test_an_unverified_model_passes_nothing() -> None:
    verdict = judged(a_frame(), model=FakeModel(verified=False)).verdict
    assert verdict.fault is Fault.MODEL_UNVERIFIED


def test_what_is_not_a_number_stays_out_of_the_record() -> None:
    scores = some_scores(
        score=math.nan,
        picture_score=math.inf,
        log_score=-0.5,
        stage_ms={"picture": math.nan, "log": 1.0},
    )
    verdict = judged(a_frame(), model=FakeModel(scores)).verdict
    assert verdict.fault is Fault.NOT_A_NUMBER
    assert verdict.score is verdict.picture_score is verdict.log_score is None
    assert all(math.isfinite(ms) for ms in verdict.stage_ms.values())


def test_each_part_carries_its_own_stage_times() -> None:
    clock = SteppedClock()

    def slowly(_sample: Sample) -> Scores:
        clock.step_ms(7)
        return some_scores(stage_ms={"log": 2.0, "picture": 5.0})

    verdict = judged(a_frame(), model=FakeModel(act=slowly), clock=clock).verdict
    assert dict(verdict.stage_ms) == pytest.approx(
        {
            "queue": 9.5,  # arrived at 1000.0, judged from 1010.0, less the window
            "window": 0.5,  # taken at 1000.5, closed at 1001.0
            "decode": 0.0,
            "log": 2.0,
            "picture": 5.0,
            "decide": 0.0,
        }
    )
    assert verdict.latency_ms == pytest.approx(17.0)


def test_a_part_of_a_shift_that_moved_is_reviewed_and_keeps_its_scores() -> None:
    watch = FakeWatch("the shift has moved: sharpness moved by 0.5")
    clock = SteppedClock()
    model = FakeModel(some_scores(score=0.9))
    result = judged(a_frame(), model=model, drift=watch, clock=clock)
    verdict = result.verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.DRIFT)
    assert verdict.reason == "the shift has moved: sharpness moved by 0.5"
    assert verdict.score == 0.9
    assert verdict.stage_ms["drift"] == 0.0
    assert result.evidence is not None
    assert [sample.pixels is GREY for sample, _ in watch.seen] == [True]


def test_the_watch_sees_every_scored_part_and_no_other() -> None:
    watch = FakeWatch(None)
    judge = a_judge(drift=watch)
    for frame in (a_frame(), a_frame(encoded=b"broken"), a_frame()):
        judge.judge(a_window(frame=frame), 1_000_500_000)
    judge.refuse(a_frame(), Trouble(fault=Fault.OVERLOAD, words="many"))
    assert [sample.pixels is None for sample, _ in watch.seen] == [False, True, False]
    assert judge.judge(a_window(), 1_000_500_000).verdict.decision is Decision.PASS


def test_a_watch_that_breaks_costs_the_part_not_the_line() -> None:
    watch = FakeWatch(None, error=ValueError("no such statistic"))
    verdict = judged(a_frame(), drift=watch).verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.EXCEPTION)


def test_a_refused_part_is_reviewed_with_its_reason_and_its_picture() -> None:
    trouble = Trouble(fault=Fault.OVERLOAD, words="32 newer parts were waiting")
    model = FakeModel()
    result = a_judge(model).refuse(a_frame(), trouble)
    assert result.verdict.decision is Decision.REVIEW
    assert result.verdict.fault is Fault.OVERLOAD
    assert result.verdict.reason == trouble.words
    assert result.evidence is not None
    assert model.samples == []


def test_stage_times_add_up() -> None:
    clock = SteppedClock()
    times = StageTimes(clock)
    clock.step_ms(3)
    times.lap("decode")
    clock.step_ms(4)
    times.lap("decide")
    assert times.stage_ms == pytest.approx({"decode": 3.0, "decide": 4.0})


def test_a_part_has_until_shortly_before_its_deadline() -> None:
    clock = SteppedClock()
    turn = a_judge(clock=clock).turn(a_window(frame=a_frame()), clock.now_ns)
    assert turn.until_mono_ns == a_frame().received_mono_ns + 450_000_000


def test_a_part_that_waited_gets_half_of_its_deadline_all_the_same() -> None:
    clock = SteppedClock()
    clock.step_ms(480)
    turn = a_judge(clock=clock).turn(a_window(frame=a_frame()), clock.now_ns)
    assert turn.until_mono_ns == clock.now_ns + 250_000_000


def test_a_part_is_judged_by_whom_its_turn_names_also_after_an_exchange() -> None:
    judge = a_judge()
    turn = judge.turn(a_window(frame=a_frame()), 1_000_500_000)
    other = FakeModel(some_scores(score=0.9))
    judge.exchange(Roster(live=Duty(model=other, rules=RULES)))
    assert judge.take(turn).verdict.decision is Decision.PASS
    assert judged_by(judge).verdict.decision is Decision.REJECT


def judged_by(judge: Judge) -> Judged:
    return judge.judge(a_window(frame=a_frame()), 1_000_500_000)


def test_a_stalled_part_is_reviewed_and_its_branch_broke() -> None:
    judge = a_judge()
    stalled = judge.stalled(judge.turn(a_window(frame=a_frame()), 1_000_500_000))
    verdict = stalled.verdict
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.STALLED)
    assert stalled.broke


def test_only_what_breaks_in_the_model_is_held_against_the_branch() -> None:
    def breaks(_pixels: object) -> str | None:
        message = "the check of the picture broke"
        raise RuntimeError(message)

    assert not judged(a_frame(), unusable=breaks).broke

    def fails(_sample: Sample) -> Scores:
        message = "a node failed"
        raise RuntimeError(message)

    assert judged(a_frame(), model=FakeModel(act=fails)).broke
