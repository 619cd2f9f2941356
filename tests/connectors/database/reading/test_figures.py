"""Figures of a shift, from a record that was counted by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors.database.reading.figures import (
    Scope,
    count_by,
    drift_of,
    histogram,
    reviewed,
    shift_figures,
    subgroups,
    trend,
)
from connectors.database.reading.gathering import Gatherer
from connectors.database.verdict_store import SqlVerdictStore
from connectors.database.verifications import SqlVerifications
from inspector.errors import InspectorError
from inspector.reporting.shift import as_csv, write_pdf
from inspector.types import NS_PER_S, BranchId, Decision, Fault
from inspector.verification import Outcome
from tests.builders import a_verdict, a_word

FIRST_NS = 1_772_431_200 * NS_PER_S
SCOPE = Scope(line="poly", since_ns=FIRST_NS, until_ns=FIRST_NS + 7200 * NS_PER_S)


@pytest.fixture
def shift(record: Engine) -> Engine:
    """240 parts in two hours, each fourth rejected, a new branch in the second."""
    verdicts = []
    for number in range(240):
        decision = Decision.REJECT if number % 4 == 0 else Decision.PASS
        version = "1" if number < 120 else "2"
        verdicts.append(
            a_verdict(
                frame_id=number,
                captured_ns=FIRST_NS + number * 30 * NS_PER_S,
                decided_ns=FIRST_NS,
                decision=decision,
                defect="chip" if number % 8 == 0 else "crack",
                score=0.9 if decision is Decision.REJECT else 0.1,
                branch=BranchId(line="poly", version=version, sha256="b" * 64),
            )
        )
    verdicts.append(
        a_verdict(
            frame_id=999,
            captured_ns=FIRST_NS + 7100 * NS_PER_S,
            decision=Decision.REVIEW,
            fault=Fault.DRIFT,
            defect=None,
        )
    )
    SqlVerdictStore(record).store(verdicts)
    while Gatherer(record).count():
        pass
    return record


def say(engine: Engine, frame_id: int, outcome: Outcome, **changes: object) -> None:
    word = a_word(
        frame_id=frame_id,
        outcome=outcome,
        captured_ns=FIRST_NS + frame_id * 30 * NS_PER_S,
        **changes,
    )
    SqlVerifications(engine).record(word)


def test_parts_are_counted_by_what_one_asks_for(shift: Engine) -> None:
    assert count_by(shift, SCOPE, "decision") == {
        "PASS": 180,
        "REJECT": 60,
        "REVIEW": 1,
    }
    assert count_by(shift, SCOPE, "defect") == {"chip": 30, "crack": 30}
    assert count_by(shift, SCOPE, "fault") == {"drift": 1}
    second = Scope(
        line="poly",
        since_ns=SCOPE.since_ns,
        until_ns=SCOPE.until_ns,
        branch_version="2",
        defect="chip",
    )
    assert count_by(shift, second, "decision") == {"REJECT": 15}
    other = Scope(line="mono", since_ns=0, until_ns=2**62)
    assert count_by(shift, other, "decision") == {}


def test_a_trend_marks_where_the_branch_changed(shift: Engine) -> None:
    stretches = trend(shift, SCOPE, step_s=600)
    assert [each.parts for each in stretches] == [20] * 11 + [21]
    groups = subgroups(stretches, Decision.REJECT)
    assert [each.count for each in groups] == [5] * 12
    marked = {n: each.mark for n, each in enumerate(groups) if each.mark}
    assert marked[6] == "branch 2"


def test_histograms_and_drift_are_of_the_hour(shift: Engine) -> None:
    assert histogram(shift, SCOPE, "score") == {0.11: 181, 0.91: 60}
    means = drift_of(shift, SCOPE, "score")
    assert [at for at, _ in means] == [FIRST_NS, FIRST_NS + 3600 * NS_PER_S]
    assert means[0][1] == pytest.approx(0.25 * 0.91 + 0.75 * 0.11)
    assert histogram(shift, SCOPE, "brightness") == {}


def test_reviews_count_by_the_word_that_counts(shift: Engine) -> None:
    say(shift, 0, Outcome.CONFIRMED, seconds_taken=2.0)
    say(shift, 4, Outcome.CONFIRMED, seconds_taken=4.0)
    say(shift, 4, Outcome.FALSE_CALL, seconds_taken=9.0)  # the newer word counts
    say(shift, 1, Outcome.CONFIRMED, blind=True)
    say(shift, 2, Outcome.ESCAPE, blind=True)
    say(shift, 3, Outcome.ESCAPE, blind=False)  # found by chance: no audit
    found = reviewed(shift, SCOPE)
    assert (found.false_share.count, found.false_share.of) == (1, 2)
    assert (found.bad_in_audit.count, found.bad_in_audit.of) == (1, 2)
    assert found.bad == {"REJECT": 1, "PASS": 2}
    assert shift_figures(shift, SCOPE).seconds_per_part == 4.0


def test_a_report_holds_every_figure_with_its_denominator(shift: Engine) -> None:
    say(shift, 0, Outcome.CONFIRMED)
    figures = shift_figures(shift, SCOPE)
    rows = {
        (row["section"], row["name"]): row
        for row in csv.DictReader(io.StringIO(as_csv(figures)))
    }
    passed = rows["parts", "first-pass yield"]
    assert (passed["count"], passed["of"], passed["value"]) == (
        "180",
        "241",
        "0.746888",
    )
    assert rows["shift", "simulated"]["value"] == "yes"
    assert rows["parts", "reviewed of flagged"]["of"] == "61"
    assert ("estimate", "escape rate: passed of bad parts") not in rows, "no audit"
    assert rows["latency ms", "decode p50"]["value"]
    assert rows["branch", "2"]["count"] == "120"


def test_a_page_is_a_pdf_of_one_page(shift: Engine, tmp_path: Path) -> None:
    out = tmp_path / "shift.pdf"
    write_pdf(shift_figures(shift, SCOPE), out)
    content = out.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1
    empty = Scope(line="$x$_{", since_ns=0, until_ns=NS_PER_S)
    write_pdf(shift_figures(shift, empty), out)
    with pytest.raises(InspectorError, match="cannot be written"):
        write_pdf(shift_figures(shift, empty), tmp_path / "nowhere" / "x.pdf")
    assert list(tmp_path.glob(".*")) == []


def test_a_spreadsheet_takes_no_word_for_a_formula(shift: Engine) -> None:
    evil = Scope(line="=cmd|'x'", since_ns=0, until_ns=1)
    assert "'=cmd" in as_csv(shift_figures(shift, evil))
