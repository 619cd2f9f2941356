from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from inspector.disposition import Kind
from inspector.types import Decision
from inspector.verification import Outcome
from ui.view_model import (
    CODES,
    KEYS,
    Deed,
    Freshness,
    Health,
    LineNow,
    WorkList,
    median,
    name_of,
    outline_cells,
    pixels_of,
    plain,
    said_by,
    spoken_age,
    tile_of,
)


@dataclass(frozen=True)
class Part:
    id: int
    serial: str | None = "M1"
    frame_id: int = 7
    decision: str = "REJECT"
    score: float | None = 0.9
    branch_version: str = "1"
    is_simulated: bool = False


@dataclass
class Counts:
    decisions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    overruns: int = 0
    p99_ms: float | None = None

    @property
    def parts(self) -> int:
        return self.decisions.total()


def test_foreign_text_is_one_harmless_line() -> None:
    assert plain("A55<table>B77") == "A55<table>B77"
    assert plain("a\x00b\x1b[31mc\nd") == "a\ufffdb\ufffd[31mc d"
    assert plain("safe\u202egnp.exe") == "safe\ufffdgnp.exe"
    assert plain("x" * 600).endswith("\u2026")
    assert plain(None) == ""


def test_a_part_without_serial_is_called_by_its_trigger() -> None:
    assert name_of(Part(1, serial=None)) == "#7"


@pytest.mark.parametrize(
    ("dpi", "pixels"), [(96.0, 57), (220.0, 130), (0.0, 57), (9999.0, 57)]
)
def test_fifteen_millimetres_on_any_screen(dpi: float, pixels: int) -> None:
    assert pixels_of(15, dpi) == pixels


def test_a_fast_line_is_stale_after_a_second() -> None:
    fresh = Freshness()
    for at in range(40):
        fresh.seen(at / 30)
    assert not fresh.is_stale(39 / 30 + 0.9)
    assert fresh.is_stale(39 / 30 + 1.1)


def test_a_slow_line_is_stale_a_second_after_a_part_was_due() -> None:
    fresh = Freshness()
    for at in range(0, 20, 2):
        fresh.seen(float(at))
    assert not fresh.is_stale(20.9)
    assert fresh.is_stale(21.1)


def test_a_line_that_was_never_seen_is_stale() -> None:
    assert Freshness().is_stale(0.0)


def test_a_tile_says_what_the_line_does_and_never_a_pace_that_is_over() -> None:
    counts = Counts(Counter(PASS=90, REJECT=8, REVIEW=2), Counter(deadline=1), 1, 21.0)
    fresh = Freshness()
    fresh.seen(10.0)
    now = LineNow(line="poly", last=Part(5), counts=counts, parts_per_min=30.0)
    running = tile_of(now, fresh, 10.5)
    stopped = tile_of(now, fresh, 99.0)
    assert (running.parts, running.yield_percent) == (100, 90.0)
    assert running.parts_per_min == 30.0
    assert stopped.parts_per_min == 0.0
    assert stopped.is_stale
    assert stopped.camera.health is Health.FUNCTION_CHECK
    assert running.log.health is Health.UNKNOWN


def test_ages_have_a_fitting_unit() -> None:
    assert spoken_age(0.25) == (250.0, "ms")
    assert spoken_age(30) == (30.0, "s")
    assert spoken_age(3600) == (60.0, "min")
    assert spoken_age(None) == (0.0, "")


@pytest.mark.parametrize(
    ("deed", "decision", "outcome", "kind"),
    [
        (Deed.CONFIRM, Decision.REJECT, Outcome.CONFIRMED, None),
        (Deed.GOOD, Decision.REJECT, Outcome.FALSE_CALL, None),
        (Deed.GOOD_FIX, Decision.REVIEW, Outcome.FALSE_CALL_FIX_PROCESS, None),
        (Deed.SCRAP, Decision.REVIEW, Outcome.CONFIRMED, Kind.SCRAP),
        (Deed.REWORK, Decision.REJECT, Outcome.CONFIRMED, Kind.REWORK),
        (Deed.GOOD, Decision.PASS, Outcome.CONFIRMED, None),
        (Deed.CONFIRM, Decision.PASS, Outcome.ESCAPE, None),
    ],
)
def test_a_deed_in_the_words_of_the_record(
    deed: Deed, decision: Decision, outcome: Outcome, kind: Kind | None
) -> None:
    said = said_by(deed, decision)
    assert (said.outcome, said.disposition) == (outcome, kind)


def test_each_deed_has_a_key_and_a_code_of_its_own() -> None:
    assert len(set(KEYS.values())) == len(Deed) == len(CODES)


def test_the_work_list_stays_where_the_operator_stands() -> None:
    work = WorkList()
    parts = [Part(number) for number in range(1, 6)]
    assert work.join(parts) == 5
    work.go_to(3)
    work.leave(1)
    assert work.current == parts[2]
    work.leave(3)
    assert work.current == parts[3]
    assert work.join(parts) == 0, "what was decided does not come again"
    work.come_back(parts[2])
    assert work.current == parts[2]
    work.skip()
    work.back()
    assert work.current == parts[2]


def test_the_list_ends_empty() -> None:
    work = WorkList(parts=[Part(1)])
    work.leave(1)
    work.skip()
    work.back()
    assert work.current is None


def test_a_region_is_what_stands_out_from_the_map() -> None:
    assert outline_cells([[0.1, 0.1], [0.1, 0.9]]) == [(1, 1)]
    assert outline_cells([[0.2, 0.2]]) == []
    assert outline_cells([]) == []


def test_the_median_of_nothing_is_none() -> None:
    assert median([]) is None
    assert median([3, 1, 2, 9]) == 2.5
