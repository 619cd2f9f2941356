"""The watch on drift: silent on honest shifts, and clear about one that moved."""

from __future__ import annotations

import logging
import math
import time
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from inspector.drift import (
    DriftGuard,
    Harmless,
    Numbers,
    _tenths,
    describe,
    describe_picture,
    distance,
    learn_drift_rules,
)
from inspector.settings import STATISTICS, DriftRules, MovingStatistic
from inspector.types import Pixels, Sample
from tests.builders import a_window, some_scores

SHARPNESS, LOG_SCORE = STATISTICS.index("sharpness"), STATISTICS.index("log score")


def a_shift(seed: int, parts: int = 400, run: int = 60) -> Numbers:
    """Parts of one run are alike, as those of one module are."""
    rng = np.random.default_rng(seed)
    runs = rng.normal(0, 0.3, (parts // run + 1, len(STATISTICS)))
    return np.repeat(runs, run, axis=0)[:parts] + rng.normal(
        0, 1, (parts, len(STATISTICS))
    )


@cache
def learned() -> DriftRules:
    rules = learn_drift_rules([a_shift(1), a_shift(2)], Harmless())
    assert rules is not None
    return rules


def alarms(guard: DriftGuard, shift: Numbers) -> list[bool]:
    return [guard.take(part) is not None for part in shift]


def moved(shift: Numbers, column: int, by: float) -> Numbers:
    found = shift.copy()
    found[:, column] += by
    return found


@pytest.mark.parametrize("shift", [a_shift(1), a_shift(2)])
def test_the_shifts_it_was_learned_on_are_no_alarm(shift: Numbers) -> None:
    assert not any(alarms(DriftGuard(learned()), shift))


@pytest.mark.parametrize("by", [3.0, -3.0])
@pytest.mark.parametrize("column", range(len(STATISTICS)))
def test_a_moved_statistic_is_an_alarm_that_names_it(column: int, by: float) -> None:
    guard = DriftGuard(learned())
    alarms(guard, a_shift(1, parts=60))
    found = [guard.take(part) for part in moved(a_shift(1), column, by)]
    first = next(at for at, words in enumerate(found) if words is not None)
    assert first < 60
    assert all(found[60:])
    assert found[-1] is not None
    assert f"{STATISTICS[column]} moved by " in found[-1]
    assert "the shift has moved" in found[-1]


def test_a_guard_tells_what_it_has_noted_until_it_is_back() -> None:
    guard, shift = DriftGuard(learned()), a_shift(1)
    far = moved(moved(shift[60:120], SHARPNESS, 9), LOG_SCORE, 9)
    noticed = []
    for parts in (shift[:60], far, shift[120:240]):
        alarms(guard, parts)
        noticed.append(guard.noticed)
    assert noticed == [(), ("log score", "sharpness"), ()]


def test_nothing_is_said_before_enough_parts_were_seen() -> None:
    guard = DriftGuard(learned())
    found = alarms(guard, moved(a_shift(1), SHARPNESS, 9))
    assert found[:59] == [False] * 59
    assert all(found[59:])


def test_it_returns_when_the_shift_does_and_not_at_the_limit_already(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules = learned()
    guard = DriftGuard(rules)
    limit = rules.statistics[SHARPNESS].limit_up
    middle = float(np.median(rules.statistics[SHARPNESS].tenths))
    still = np.tile(np.median(a_shift(1), axis=0), (60, 1))

    def at(share: float) -> bool:
        """Show nothing but parts that lie a share of the limit away."""
        spread = np.repeat(rules.statistics[SHARPNESS].tenths, 6)
        still[:, SHARPNESS] = spread + share * limit
        for column, statistic in enumerate(rules.statistics):
            if column != SHARPNESS:
                still[:, column] = np.repeat(statistic.tenths, 6)
        return alarms(guard, still)[-1]

    assert math.isfinite(middle)
    with caplog.at_level(logging.WARNING):
        found = [at(share) for share in (0.9, 1.1, 0.9, 0.81, 0.79, 0.9, 1.1)]
    assert found == [False, True, True, True, False, False, True]
    assert caplog.text.count("every part is left to a person") == 2
    assert caplog.text.count("the shift is back") == 1


def test_a_harmless_move_is_noted_and_beyond_it_is_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shift = a_shift(1)
    harmless = Harmless(down={"sharpness": 0.1}, up={"sharpness": 4})
    rules = learn_drift_rules([shift], harmless)
    assert rules is not None
    guard = DriftGuard(rules)
    with caplog.at_level(logging.WARNING):
        assert not any(alarms(guard, moved(shift, SHARPNESS, 3)))
    assert caplog.text.count("the shift is moving: sharpness") == 1
    assert any(alarms(guard, moved(shift, SHARPNESS, 6)))
    alarms(guard, shift)
    assert any(alarms(guard, moved(shift, SHARPNESS, -3)))


def test_what_a_part_lacks_is_left_out() -> None:
    guard = DriftGuard(learned())
    shift = a_shift(1)
    shift[:, LOG_SCORE] = np.nan
    shift[::2, SHARPNESS] = np.nan
    assert not any(alarms(guard, shift))
    found = alarms(guard, moved(shift, SHARPNESS, 9))
    assert found[-1]


def test_shifts_too_short_to_tell_give_no_rules() -> None:
    assert learn_drift_rules([a_shift(1, parts=50)], Harmless()) is None
    assert learn_drift_rules([a_shift(1, parts=80)], Harmless()) is None


def test_a_statistic_that_no_part_has_is_not_watched() -> None:
    shift = a_shift(1)
    shift[:, LOG_SCORE] = np.nan
    rules = learn_drift_rules([shift], Harmless())
    assert rules is not None
    assert [each.name for each in rules.statistics] == [
        name for name in STATISTICS if name != "log score"
    ]


def test_a_log_that_never_changed_may_round_otherwise() -> None:
    shift = a_shift(1)
    shift[:, -1] = math.log(4)
    rules = learn_drift_rules([shift], Harmless())
    assert rules is not None
    assert 0 < rules.statistics[-1].limit_up < 0.01


def test_the_distance_of_a_sample_that_moved_is_the_move() -> None:
    some = a_shift(3)[:, 0]
    assert distance(some, some) == 0
    assert distance(some + 0.7, some) == pytest.approx(0.7)
    assert distance(2 * some, some) > 0.5


def a_picture(size: tuple[int, int] = (300, 260)) -> Pixels:
    rng = np.random.default_rng(0)
    rows = np.linspace(60, 160, size[0])[:, None]
    return np.clip(rows + rng.normal(0, 12, size), 0, 255).astype(np.uint8)


def test_brightness_follows_the_lamp_and_nothing_else_does() -> None:
    plain = describe_picture(a_picture())
    dimmed = describe_picture((a_picture() * 0.7).astype(np.uint8))
    assert dimmed[0] - plain[0] == pytest.approx(math.log(0.7), abs=0.02)
    assert dimmed[1:] == pytest.approx(plain[1:], abs=0.03)


def test_sharpness_falls_out_of_focus() -> None:
    cv2 = pytest.importorskip("cv2")
    blurred = cv2.GaussianBlur(a_picture(), (0, 0), 2)
    assert describe_picture(blurred)[2] < describe_picture(a_picture())[2] - 0.5


def test_a_part_is_described_by_what_it_has() -> None:
    grey = a_picture()
    sample = Sample(window=a_window(), pixels=np.dstack([grey // 2, grey, grey // 3]))
    found = describe(sample, some_scores(score=0.5, picture_score=0.0, log_score=None))
    assert found[:3] == pytest.approx(describe_picture(grey))
    assert found[3] == pytest.approx(math.log(1e-4 / (1 - 1e-4)))
    assert math.isnan(found[4])
    assert found[5:] == pytest.approx([0.0, math.log(2)])
    nothing = describe(
        Sample(window=a_window(log_lines=()), pixels=None), some_scores(score=math.nan)
    )
    assert np.isnan(nothing[[0, 1, 2, 5]]).all()
    assert nothing[-1] == 0
    assert np.isnan(describe_picture(np.zeros((1, 9), np.uint8))).all()


def test_watching_a_part_costs_little() -> None:
    guard, picture = DriftGuard(learned()), a_picture((300, 300))
    sample, scores = Sample(window=a_window(), pixels=picture), some_scores()
    times = []
    for _ in range(200):
        begun = time.perf_counter()
        guard.look(sample, scores)
        times.append(time.perf_counter() - begun)
    assert np.median(times) < 3e-3  # 0.2 ms on a quiet machine


def a_statistic(**changes: object) -> MovingStatistic:
    values = {
        "name": "score",
        "tenths": list(range(10)),
        "noticed_at": 1,
        "limit_down": 1,
        "limit_up": 1,
    }
    return MovingStatistic.model_validate(values | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "colour"},
        {"tenths": [1, 0, *range(2, 10)]},
        {"tenths": list(range(9))},
        {"tenths": [*range(9), math.inf]},
        {"limit_up": 0},
        {"noticed_at": math.nan},
    ],
)
def test_statistics_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        a_statistic(**changes)


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValidationError, match="name one thing twice"):
        DriftRules(statistics=[a_statistic(), a_statistic()])
    with pytest.raises(ValidationError, match="multiple of 10"):
        DriftRules(parts=55, statistics=[a_statistic()])
    with pytest.raises(ValidationError, match="at least 1 item"):
        DriftRules(statistics=[])


def test_tenths_of_equal_values_do_not_fall() -> None:
    for parts in range(11, 60):
        tenths = _tenths(np.full(parts, math.log1p(7) / 3))
        assert sorted(tenths) == list(tenths)
