"""A camera that hangs delivers the same picture again and again."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.frozen import FrozenWatch
from inspector.types import Decision, Fault
from tests.builders import a_frame
from tests.faults.line import judge_pictures
from tests.faults.odd_pictures import noise, saved


def test_the_tenth_time_and_every_further_one_is_reviewed() -> None:
    hangs = saved(noise(), "PNG")
    account, verdicts = judge_pictures(*[hangs] * 12, saved(noise(), "PNG"), hangs)
    decisions = [verdict.decision for verdict in verdicts]
    assert (
        decisions == [Decision.PASS] * 9 + [Decision.REVIEW] * 3 + [Decision.PASS] * 2
    )
    assert account.verdict_faults == {"picture_frozen": 3}
    assert verdicts[9].reason == "frozen: camera cam-1 sent this picture 10 times"


def test_raw_pixels_hang_as_well_and_each_camera_for_itself() -> None:
    watch, pixels = FrozenWatch(3), np.full((4, 4), 9, np.uint8)
    found = [
        watch.look(a_frame(camera=camera, encoded=None, pixels=pixels.copy()))
        for camera in ("a", "b", "a", "b", "a")
    ]
    assert [trouble and trouble.fault for trouble in found] == [
        None,
        None,
        None,
        None,
        Fault.PICTURE_FROZEN,
    ]


@pytest.mark.parametrize("limit", [0, 6])
def test_fewer_times_are_nothing(limit: int) -> None:
    watch = FrozenWatch(limit)
    assert [watch.look(a_frame()) for _ in range(5)] == [None] * 5


def test_parts_without_a_picture_are_not_alike() -> None:
    watch = FrozenWatch(2)
    lost = a_frame(encoded=None, problem="cable pulled")
    assert [watch.look(lost) for _ in range(5)] == [None] * 5
