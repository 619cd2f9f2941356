"""`kill -9` at any moment of a swap leaves the old branch or the new one, whole."""

from __future__ import annotations

import pytest

from bench.kills import kill_rounds
from tests.small_model import SmallModel


@pytest.mark.parametrize(
    "times",
    [1, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_a_killed_worker_comes_back_with_one_whole_branch(
    small_model: SmallModel, times: int
) -> None:
    rounds = kill_rounds(small_model.recording, small_model.folder, times)
    assert len(rounds) == times
    for each in rounds:
        assert {each.was, each.came_back} <= {"1.1", "1.2"}
        assert each.rows == each.parts, "no part has two verdicts"
        assert each.is_sound
