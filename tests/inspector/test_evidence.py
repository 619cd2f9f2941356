"""What is kept of a part is enough to judge it again, and nothing odd breaks it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from inspector.errors import InputError
from inspector.evidence import (
    Evidence,
    WindowRecord,
    line_weights,
    overlay_name,
    record_name,
)
from inspector.settings import DecisionRules
from inspector.types import Decision, Look, Scores
from tests.builders import a_log_line, a_verdict, a_window, some_scores

RULES = DecisionRules(pass_below=0.3, reject_at=0.7)
LINES = (a_log_line(text="压制吨位不足 <b>"), a_log_line(text="tail \ud800 end"))


def an_evidence(scores: Scores | None = None) -> Evidence:
    window = a_window(log_lines=LINES)
    return Evidence(window=window, scores=scores, rules=RULES, model="models/p")


def the_record(scores: Scores | None = None) -> WindowRecord:
    verdict = a_verdict(decision=Decision.REJECT, score=0.9)
    written = WindowRecord.of(verdict, an_evidence(scores)).as_json()
    return WindowRecord.from_json(written, "w.json")


def test_a_part_comes_back_as_the_model_read_it() -> None:
    scores = some_scores(
        look=Look.FULL,
        line_weights=np.array([0.75, 0.25], np.float32),
        defect_map=np.array([[0.1, 0.9]], np.float32),
    )
    record = the_record(scores)
    sample = record.sample(None)
    kept = sample.window.log_lines
    assert kept[0] == LINES[0]
    assert kept[1].text == "tail ? end"
    frame = a_verdict()
    assert (sample.window.frame.serial, sample.window.frame.captured_ns) == (
        frame.serial,
        frame.captured_ns,
    )
    assert [line.weight for line in record.log_lines] == [0.75, 0.25]
    assert record.defect_map == ((0.1, 0.9),)
    assert (record.look, record.score) == (Look.FULL, 0.9)
    assert record.settings().decisions == RULES
    assert (record.model.folder, record.model.branch) == ("models/p", "1")


@pytest.mark.parametrize(
    "odd",
    [
        None,
        np.array([0.5], np.float32),
        np.array([0.5, math.nan], np.float32),
        np.array([-1, 7], np.float32),
    ],
)
def test_weights_that_are_none_are_not_made_up(odd: np.ndarray | None) -> None:
    record = the_record(some_scores(line_weights=odd))
    assert record.log_lines[1].weight is None


def test_a_map_that_is_not_numbers_is_left_out() -> None:
    broken = np.array([[0.1, math.nan]], np.float32)
    assert the_record(some_scores(defect_map=broken)).defect_map is None
    assert the_record(None).defect_map is None


def test_a_part_that_was_not_scored_has_lines_without_weights() -> None:
    assert line_weights(a_window(log_lines=LINES), None) == (None, None)


@pytest.mark.parametrize(
    ("content", "named"),
    [(b"{", "whole file"), (b'{"format": 2}', "format"), (b"[]", "whole file")],
)
def test_a_damaged_record_is_refused_by_name(content: bytes, named: str) -> None:
    with pytest.raises(InputError, match=rf"w\.json.*{named}"):
        WindowRecord.from_json(content, "w.json")


def test_each_verdict_of_a_part_has_names_of_its_own() -> None:
    names = {
        make("poly", "cam-1", 7, decided_ns)
        for make in (record_name, overlay_name)
        for decided_ns in (1, 2)
    }
    assert len(names) == 4
    assert record_name("a", "b/../c", 1, 1).count("/") == 2
    assert record_name("ab", "c", 1, 1) != record_name("a", "bc", 1, 1)


def test_an_evidence_holds_nothing_but_what_led_to_the_verdict() -> None:
    evidence = an_evidence()
    assert replace(evidence, model="").model == ""
    assert "picture" not in repr(evidence)
