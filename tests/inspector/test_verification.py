"""What a person's word says about a part."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.errors import InputError
from inspector.types import Decision
from inspector.verification import Outcome, is_bad, words_that_count
from tests.builders import a_word


@pytest.mark.parametrize(
    ("decision", "outcome", "bad"),
    [
        (Decision.REJECT, Outcome.CONFIRMED, True),
        (Decision.REVIEW, Outcome.CONFIRMED, True),
        (Decision.PASS, Outcome.CONFIRMED, False),
        (Decision.REJECT, Outcome.FALSE_CALL, False),
        (Decision.REVIEW, Outcome.FALSE_CALL_FIX_PROCESS, False),
        (Decision.REJECT, Outcome.OTHER_DEFECT, True),
        (Decision.PASS, Outcome.ESCAPE, True),
        (Decision.PASS, Outcome.WITHDRAWN, None),
    ],
)
def test_a_word_and_a_verdict_say_whether_a_part_is_bad(
    decision: Decision, outcome: Outcome, bad: bool | None
) -> None:
    assert is_bad(decision, outcome) is bad


def test_the_newest_word_that_was_not_taken_back_counts() -> None:
    words = [
        a_word(id=1, outcome=Outcome.CONFIRMED),
        a_word(id=2, outcome=Outcome.FALSE_CALL),
        a_word(id=3, frame_id=8, outcome=Outcome.ESCAPE),
    ]
    counts = words_that_count(words)
    assert {part[2]: word.id for part, word in counts.items()} == {7: 2, 8: 3}
    back = a_word(id=4, outcome=Outcome.WITHDRAWN, withdraws=2)
    assert words_that_count([*words, back])["poly", "cam-1", 7].id == 1
    both = a_word(id=5, outcome=Outcome.WITHDRAWN, withdraws=1)
    assert ("poly", "cam-1", 7) not in words_that_count([*words, back, both])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"who": ""}, "who looked"),
        ({"outcome": Outcome.WITHDRAWN}, "takes back which"),
        ({"withdraws": 3}, "takes back which"),
    ],
)
def test_a_word_is_whole(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        a_word(**wrong)
