"""A console's questions to the record, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, insert, text

from connectors.database.evidence import EvidenceFolder
from connectors.database.reading import gathering
from connectors.database.reading.arrivals import Arrivals
from connectors.database.reading.gathering import EvidencePlace, Gatherer
from connectors.database.reading.pages import PAGE, Landmarks, VerdictPages
from connectors.database.reading.queries import Key, VerdictQuery
from connectors.database.reading.tables import measures, tallies
from connectors.database.reading.watching import LineWatch, lines
from connectors.database.tables import verdicts
from connectors.database.verdict_store import SqlVerdictStore, as_row
from inspector.errors import InputError
from inspector.evidence import Evidence, WindowRecord, record_name
from inspector.settings import DecisionRules
from inspector.types import NS_PER_S, Decision, Fault, Verdict
from tests.builders import a_frame, a_log_line, a_verdict, a_window, some_scores

FIRST_NS = 1_772_431_200 * NS_PER_S
DECISIONS = (Decision.PASS, Decision.PASS, Decision.REJECT, Decision.REVIEW)


def a_part(number: int, **changes: Any) -> Verdict:
    decision = DECISIONS[number % 4]
    values: dict[str, Any] = {
        "line": ("poly", "mono")[number % 2],
        "frame_id": number,
        "serial": f"M{number:07d}",
        "captured_ns": FIRST_NS + number * NS_PER_S,
        "decided_ns": FIRST_NS + number * NS_PER_S + 1000,
        "decision": decision,
        "defect": ("crack", "chip", "hole")[number % 3],
    }
    return a_verdict(**values | changes)


def store(engine: Engine, parts: Sequence[Verdict]) -> None:
    SqlVerdictStore(engine).store(parts)


@pytest.fixture
def filled(record: Engine) -> Engine:
    store(record, [a_part(number) for number in range(3 * PAGE + 40)])
    return record


def test_pages_follow_one_another_without_a_gap_and_back(filled: Engine) -> None:
    pages = VerdictPages(filled, VerdictQuery())
    found = pages.first(100)
    while more := pages.after(Key.of(found[-1]), 100):
        found += more
    total = 3 * PAGE + 40
    assert [row.frame_id for row in found] == list(reversed(range(total)))
    assert pages.before(Key.of(found[250]), 50) == found[200:250]
    assert pages.count() == total
    assert pages.count(at_most=7) == 7


def test_parts_of_one_moment_are_all_on_the_pages(record: Engine) -> None:
    store(record, [a_part(n, captured_ns=FIRST_NS) for n in range(9)])
    pages = VerdictPages(record, VerdictQuery())
    first = pages.first(4)
    rest = pages.after(Key.of(first[-1]), 9)
    assert sorted(row.frame_id for row in first + rest) == list(range(9))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (VerdictQuery(line="mono"), lambda p: p.line == "mono"),
        (VerdictQuery(decision=Decision.PASS), lambda p: p.decision == "PASS"),
        (
            VerdictQuery(line="mono", decision=Decision.REVIEW),
            lambda p: p.line == "mono" and p.decision == "REVIEW",
        ),
        (VerdictQuery(not_passed=True), lambda p: p.decision != "PASS"),
        (
            VerdictQuery(defect="chip"),
            lambda p: p.decision != "PASS" and p.defect == "chip",
        ),
        (VerdictQuery(serial="M0000012"), lambda p: p.serial.startswith("M0000012")),
        (VerdictQuery(serial="M0000%"), lambda _p: False),
        (
            VerdictQuery(
                since_ns=FIRST_NS + 10 * NS_PER_S, until_ns=FIRST_NS + 30 * NS_PER_S
            ),
            lambda p: 10 <= p.frame_id < 30,
        ),
        (VerdictQuery(line="poly", branch_version="7"), lambda _p: False),
    ],
)
def test_a_search_finds_what_it_says_and_nothing_else(
    filled: Engine, query: VerdictQuery, wanted: Any
) -> None:
    everything = VerdictPages(filled, VerdictQuery()).first(10_000)
    found = VerdictPages(filled, query).first(10_000)
    assert found == [row for row in everything if wanted(row)]


def test_a_search_walks_an_index_and_sorts_nothing(filled: Engine) -> None:
    """The plan is looked at, because a clock would depend on the machine."""
    if filled.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the sizes of tables, which are small here")
    said: list[str] = []

    def explain(
        connection: Any, cursor: Any, statement: str, values: Any, *_: Any
    ) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            said.extend(row[3] for row in cursor.fetchall())

    event.listen(filled, "before_cursor_execute", explain)
    for query in (
        VerdictQuery(),
        VerdictQuery(line="poly"),
        VerdictQuery(not_passed=True),
        VerdictQuery(line="poly", not_passed=True),
        VerdictQuery(decision=Decision.REJECT),
        VerdictQuery(line="poly", decision=Decision.REJECT),
        VerdictQuery(defect="chip"),
        VerdictQuery(line="poly", defect="chip"),
        VerdictQuery(station="layup-1"),
        VerdictQuery(text="vacuum", line="poly"),
    ):
        pages = VerdictPages(filled, query)
        pages.first()
        pages.after(Key(FIRST_NS + 99, 9))
    Arrivals(filled, after_id=5).take()
    assert said
    assert not [plan for plan in said if "TEMP B-TREE" in plan]
    assert not [
        plan for plan in said if plan.startswith("SCAN") and "INDEX" not in plan
    ]


def test_every_row_of_a_long_table_is_found_by_its_number(filled: Engine) -> None:
    marks = Landmarks(filled, VerdictQuery())
    assert marks.page(0)[0].frame_id == 3 * PAGE + 39
    assert not marks.advance(pages=2)
    assert marks.rows == 2 * PAGE
    assert marks.advance(pages=2)
    assert marks.rows == 3 * PAGE + 40
    store(filled, [a_part(99_999)])
    found = [row.frame_id for number in range(4) for row in marks.page(number)]
    assert found == list(reversed(range(3 * PAGE + 40))), "row 0 stays row 0"
    assert marks.page(4) == []


def test_a_table_without_rows_is_mapped_at_once(record: Engine) -> None:
    marks = Landmarks(record, VerdictQuery())
    assert marks.advance()
    assert (marks.rows, marks.page(0)) == (0, [])


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def insert_row(engine: Engine, number: int) -> None:
    row = as_row(a_part(number)) | {"id": number}
    with engine.begin() as connection:
        connection.execute(insert(verdicts), row)


def test_a_row_that_becomes_visible_late_is_not_missed(record: Engine) -> None:
    clock = Clock()
    arrivals = Arrivals(record, mono=clock)
    for number in (1, 2, 5):
        insert_row(record, number)
    assert [row.id for row in arrivals.take()] == [1, 2, 5]
    insert_row(record, 4)
    assert [row.id for row in arrivals.take()] == [4]
    clock.now = 31.0
    assert arrivals.take() == []
    insert_row(record, 6)
    assert [row.id for row in arrivals.take()] == [6]


def test_gathering_waits_for_a_gap_that_may_still_close(record: Engine) -> None:
    insert_row(record, 1)
    insert_row(record, 3)
    soon = FIRST_NS + 5 * NS_PER_S
    assert Gatherer(record, utc_ns=lambda: soon).count() == 1
    insert_row(record, 2)
    assert Gatherer(record, utc_ns=lambda: soon).count() == 2
    insert_row(record, 9)
    assert Gatherer(record, utc_ns=lambda: soon).count() == 0
    assert Gatherer(record, utc_ns=lambda: soon + 60 * NS_PER_S).count() == 1


def test_two_who_gather_count_each_part_once(
    filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Gatherer(filled), Gatherer(filled)
    real = gathering._tally

    def slowly(rows: Any) -> Any:
        monkeypatch.setattr(gathering, "_tally", real)
        assert second.count(100) == 100  # while the first has the same rows in hand
        return real(rows)

    monkeypatch.setattr(gathering, "_tally", slowly)
    while first.count(100):
        pass
    with filled.connect() as connection:
        counted = connection.execute(text("SELECT sum(parts) FROM tallies")).scalar()
    assert counted == 3 * PAGE + 40


def test_counters_are_those_of_the_shift_however_much_was_gathered(
    filled: Engine,
) -> None:
    total = 3 * PAGE + 40
    since_ns = FIRST_NS + 600 * NS_PER_S
    wanted = [a_part(n) for n in range(total) if n % 2 == 0 and n >= 600]

    def counters() -> tuple[int, int, int]:
        watch = LineWatch(filled, lambda _line, _ns: since_ns)
        while watch.refresh():
            pass
        counts = watch.states()["poly"].counts
        return counts.parts, counts.passed.count, counts.passed.of

    passed = sum(part.decision is Decision.PASS for part in wanted)
    assert counters() == (len(wanted), passed, len(wanted))
    Gatherer(filled).count(700)
    assert counters() == (len(wanted), passed, len(wanted))
    while Gatherer(filled).count():
        pass
    assert counters() == (len(wanted), passed, len(wanted))


def test_a_watch_shows_the_last_part_and_begins_again_with_the_shift(
    filled: Engine,
) -> None:
    hour_ns = 3600 * NS_PER_S
    watch = LineWatch(filled, lambda _line, ns: ns - ns % hour_ns)
    while watch.refresh():
        pass
    state = watch.states()["poly"]
    assert state.last is not None
    assert state.last.frame_id == 3 * PAGE + 38
    assert [row.decision for row in state.rejects] == ["REJECT"] * 20
    assert state.rejects[0].captured_ns > state.rejects[-1].captured_ns
    assert state.parts_per_min == pytest.approx(30)
    late = a_part(90_000, decision=Decision.REVIEW, fault=Fault.DEADLINE)
    fresh = a_part(90_002, line="tile")
    store(filled, [late, fresh])
    assert [row.frame_id for row in watch.refresh()] == [90_000, 90_002]
    counts = watch.states()["poly"].counts
    assert (counts.parts, counts.overruns, counts.undecided.count) == (1, 1, 1)
    assert lines(filled) == sorted(watch.states()) == ["mono", "poly", "tile"]
    assert watch.refresh() == []


def keep(folder: EvidenceFolder, verdict: Verdict, *said: str) -> None:
    loud = tuple(a_log_line(text=each, station="stringer-2") for each in said)
    quiet = a_log_line(text="door closed", station="utilities")
    frame = a_frame(
        line=verdict.line, frame_id=verdict.frame_id, captured_ns=verdict.captured_ns
    )
    window = a_window(frame=frame, log_lines=(*loud, quiet))
    weights = np.array([0.9 / len(said)] * len(said) + [0.01], np.float32)
    record = WindowRecord.of(
        verdict,
        Evidence(
            window=window,
            scores=some_scores(line_weights=weights),
            rules=DecisionRules(),
            model="",
        ),
    )
    name = record_name(
        verdict.line, verdict.camera, verdict.frame_id, verdict.decided_ns
    )
    folder.keep_as(name, record.as_json(), durable=False)


@pytest.fixture
def searched(record: Engine, tmp_path: Path) -> Engine:
    folder = EvidenceFolder(tmp_path / "evidence")
    picture = folder.keep(b"picture", ".png")
    said = {
        2: ("ribbon tension 12.5 N above band",),
        3: ("层压温度超出范围", "Ribbon tension ok"),
        6: ("tension of the ribbon",),
    }
    parts = [a_part(n, evidence=picture if n in said else None) for n in range(8)]
    for number, words in said.items():
        keep(folder, parts[number], *words)
    for part in parts:  # in this order: a batch is stored in that of its identities
        store(record, [part])
    place = EvidencePlace(
        folder=tmp_path / "evidence", decode=lambda _: np.full((8, 8), 50, np.uint8)
    )
    gatherer = Gatherer(record, place)
    while gatherer.read(2):
        pass
    assert gatherer.unreadable == 0
    assert gatherer.progress().read == gatherer.progress().newest == 8
    return record


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (VerdictQuery(text="ribbon tension"), [6, 3, 2]),
        (VerdictQuery(text='"ribbon tension"'), [3, 2]),
        (VerdictQuery(text="RIBB"), [6, 3, 2]),
        (VerdictQuery(text="温度"), [3]),
        (VerdictQuery(text="stringer-2 12.5"), [2]),
        (VerdictQuery(text="ribbon", line="mono"), [3]),
        (VerdictQuery(text="ribbon", decision=Decision.REJECT), [6, 2]),
        (VerdictQuery(text="ribbon", serial="M0000006"), [6]),
        (VerdictQuery(text="ribbon", station="stringer-2", defect="crack"), [6, 3]),
        (VerdictQuery(text="absent"), []),
        (VerdictQuery(station="stringer-2"), [6, 3, 2]),
        (VerdictQuery(station="utilities"), []),
    ],
)
def test_parts_are_found_by_the_log_around_them(
    searched: Engine, query: VerdictQuery, numbers: list[int]
) -> None:
    pages = VerdictPages(searched, query)
    found = pages.first()
    assert [row.frame_id for row in found] == numbers
    assert pages.count() == len(numbers)
    if found:
        assert pages.after(Key.of(found[0])) == found[1:]
        assert pages.before(Key.of(found[-1])) == found[:-1]


def test_pictures_that_were_kept_are_described(searched: Engine) -> None:
    asked = measures.select().where(measures.c.measure == "brightness")
    with searched.connect() as connection:
        rows = connection.execute(asked).all()
        assert sum(row.parts for row in rows) == 3
        assert connection.execute(tallies.select()).all() == [], (
            "reading counts nothing"
        )


def test_evidence_that_is_gone_is_counted_and_passed_over(
    record: Engine, tmp_path: Path
) -> None:
    store(record, [a_part(2, evidence="ab/cd.png")])
    gatherer = Gatherer(record, EvidencePlace(folder=tmp_path))
    assert gatherer.read() == 1
    assert (gatherer.unreadable, gatherer.read()) == (1, 0)


def test_a_search_for_no_word_is_refused() -> None:
    with pytest.raises(InputError, match="holds no word"):
        VerdictQuery(text="...")
    with pytest.raises(InputError, match="name the line"):
        VerdictQuery(branch_version="2")
