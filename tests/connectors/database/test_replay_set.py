"""Parts that people have looked at, found again with all that was kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from connectors.database.engine import open_engine
from connectors.database.evidence import EvidenceFolder
from connectors.database.replay_set import (
    ANOTHER_PART,
    NO_PICTURE,
    KeptParts,
    verified_parts,
)
from connectors.database.schema import upgrade
from connectors.database.verdict_store import SqlVerdictStore
from connectors.database.verifications import SqlVerifications
from inspector.errors import InputError
from inspector.evidence import Evidence, WindowRecord, record_name
from inspector.gate import Known, ReplaySet
from inspector.model.pictures import decode, encode_png
from inspector.settings import DecisionRules
from inspector.types import Decision
from inspector.verification import Outcome
from tests.builders import a_frame, a_log_line, a_verdict, a_window, a_word, some_scores

START_NS = a_verdict().captured_ns


@dataclass
class Line:
    """A line that keeps parts, and people who look at them."""

    engine: Engine
    evidence: Path

    def judge(self, number: int, decision: Decision, line: str = "poly") -> None:
        moments = {"captured_ns": START_NS + number, "decided_ns": START_NS + number}
        verdict = a_verdict(line=line, frame_id=number, decision=decision, **moments)
        picture = None
        if decision is not Decision.PASS:
            picture = self.keep(verdict, number)
        kept = a_verdict(
            line=line,
            frame_id=number,
            decision=decision,
            evidence=picture,
            **moments,
        )
        SqlVerdictStore(self.engine).store([kept])

    def keep(self, verdict: Any, number: int) -> str:
        folder = EvidenceFolder(self.evidence)
        window = a_window(
            frame=a_frame(line=verdict.line, frame_id=number),
            log_lines=(a_log_line(text=f"part {number} pressed"),),
        )
        evidence = Evidence(
            window=window, scores=some_scores(), rules=DecisionRules(), model="M"
        )
        record = WindowRecord.of(verdict, evidence)
        identity = verdict.line, verdict.camera, number, verdict.decided_ns
        folder.keep_as(record_name(*identity), record.as_json(), durable=False)
        return folder.keep(encode_png(np.full((6, 6), number, np.uint8)), ".png")

    def say(self, number: int, outcome: Outcome, **more: Any) -> int:
        word = a_word(
            frame_id=number,
            outcome=outcome,
            **{"captured_ns": START_NS + number} | more,
        )
        return SqlVerifications(self.engine).record(word).id or 0

    def parts(self, most: int = 100) -> ReplaySet:
        kept = KeptParts(engine=self.engine, evidence=self.evidence, decode=decode)
        return verified_parts(kept, "poly", most)


@pytest.fixture
def line(database: str, tmp_path: Path) -> Iterator[Line]:
    engine = open_engine(database)
    upgrade(engine)
    yield Line(engine, tmp_path / "evidence")
    engine.dispose()


def test_a_verified_part_comes_with_its_picture_log_and_truth(line: Line) -> None:
    line.judge(1, Decision.REJECT)
    line.judge(2, Decision.REJECT)
    line.judge(3, Decision.REVIEW)
    line.judge(4, Decision.REJECT)
    line.say(1, Outcome.CONFIRMED)
    line.say(2, Outcome.FALSE_CALL)
    line.say(3, Outcome.CONFIRMED)
    found = line.parts()
    assert [(each.name, each.bad, each.was_rejected) for each in found.parts] == [
        ("part 3 of camera cam-1", True, False),
        ("part 2 of camera cam-1", False, True),
        ("part 1 of camera cam-1", True, True),
    ]
    assert {each.known for each in found.parts} == {Known.VERIFIED}
    sample = found.parts[0].read()
    assert sample.pixels is not None
    assert (sample.pixels == 3).all()
    assert [each.text for each in sample.window.log_lines] == ["part 3 pressed"]
    assert sample.window.frame.frame_id == 3


def test_the_newest_parts_are_taken_first_and_no_more_than_wanted(line: Line) -> None:
    for number in range(5):
        line.judge(number, Decision.REJECT)
        line.say(number, Outcome.CONFIRMED)
    names = [each.name.split()[1] for each in line.parts(most=2).parts]
    assert names == ["4", "3"]


def test_the_word_that_counts_is_the_newest_that_stands(line: Line) -> None:
    line.judge(1, Decision.REJECT)
    line.say(1, Outcome.CONFIRMED)
    false_call = line.say(1, Outcome.FALSE_CALL)
    assert [each.bad for each in line.parts().parts] == [False]
    line.say(1, Outcome.WITHDRAWN, withdraws=false_call)
    assert [each.bad for each in line.parts().parts] == [True]


def test_parts_that_cannot_be_judged_again_are_counted(line: Line) -> None:
    line.judge(1, Decision.PASS)
    line.say(1, Outcome.ESCAPE)
    line.judge(2, Decision.REJECT)
    line.say(2, Outcome.CONFIRMED, captured_ns=START_NS + 77)
    line.say(3, Outcome.CONFIRMED)  # Nobody knows this part.
    line.judge(4, Decision.REJECT, line="mono")
    found = line.parts()
    assert found.parts == ()
    assert found.left_out == {NO_PICTURE: 1, ANOTHER_PART: 1}


def test_what_was_lost_is_an_error_when_it_is_read(line: Line) -> None:
    line.judge(1, Decision.REJECT)
    line.say(1, Outcome.CONFIRMED)
    (part,) = line.parts().parts
    for path in line.evidence.rglob("*.png"):
        path.write_bytes(b"altered")
    with pytest.raises(InputError, match="was altered"):
        part.read()


def test_many_parts_are_asked_for_a_piece_at_a_time(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.database.replay_set._ASKED_AT_ONCE", 2)
    for number in range(5):
        line.judge(number, Decision.REJECT)
        line.say(number, Outcome.CONFIRMED)
    assert len(line.parts().parts) == 5
