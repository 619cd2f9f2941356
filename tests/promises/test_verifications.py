"""What everything that keeps people's words about parts promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.database.verifications import SqlVerifications
from inspector.errors import InputError
from inspector.ports import Verifications
from inspector.verification import Outcome
from tests.builders import a_word
from tests.databases import fresh_postgresql
from tests.fakes import InMemoryVerifications


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Verifications]:
    if request.param == "memory":
        yield InMemoryVerifications()
        return
    url = f"sqlite:///{tmp_path / 'words.db'}"
    if request.param == "postgresql":
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    engine = open_engine(url)
    upgrade(engine)
    yield SqlVerifications(engine)
    engine.dispose()


def test_a_word_comes_back_as_it_was_with_a_number(kept: Verifications) -> None:
    word = a_word(
        outcome=Outcome.OTHER_DEFECT,
        defect="crack",
        reason_code="K7",
        comment="at the edge / 边缘",
        seconds_taken=4.5,
        blind=True,
    )
    recorded = kept.record(word)
    assert recorded.id is not None
    assert replace(recorded, id=None) == word
    assert kept.of_line("poly") == [recorded]


def test_words_keep_their_order_and_their_part(kept: Verifications) -> None:
    for frame_id, outcome in ((7, Outcome.CONFIRMED), (8, Outcome.ESCAPE)):
        kept.record(a_word(frame_id=frame_id, outcome=outcome))
    kept.record(a_word(outcome=Outcome.FALSE_CALL))
    assert [word.frame_id for word in kept.of_line("poly")] == [7, 8, 7]
    said = [word.outcome for word in kept.of_part("poly", "cam-1", 7)]
    assert said == [Outcome.CONFIRMED, Outcome.FALSE_CALL]
    assert list(kept.of_part("poly", "cam-2", 7)) == []


def test_a_word_is_taken_back_by_another_about_the_same_part(
    kept: Verifications,
) -> None:
    first = kept.record(a_word())
    back = a_word(outcome=Outcome.WITHDRAWN, withdraws=first.id)
    assert kept.record(back).withdraws == first.id
    with pytest.raises(InputError, match="is no word about"):
        kept.record(replace(back, frame_id=8))
    with pytest.raises(InputError, match="is no word about"):
        kept.record(replace(back, withdraws=404))
    assert len(kept.of_line("poly")) == 2
