"""What the log Transformer can see of a log line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.model.lines import (
    NUMBER_FEATURES,
    PIECES,
    WORDS,
    LineReader,
    learn_wordings,
    read_text,
    serial_shape,
    word_pieces,
    wordings_from_json,
    wordings_to_json,
)
from inspector.model.usual import Usual
from inspector.types import NS_PER_S
from tests.builders import a_frame, a_log_line, a_window

SHAPE = "A9999999"
TEMP = "oven-1 tip temp # c"
LIMITED = "oven-1 tip temp # c limit #"


def reader() -> LineReader:
    wordings = {
        TEMP: (Usual(365.0, 3.0),),
        LIMITED: (Usual(381.0, 3.0), Usual(375.0, 0.4)),
    }
    return LineReader(wordings, {"oven-1": 46.0})


def content_of(text: str) -> tuple[list[list[float]], list[list[int]]]:
    window = a_window(log_lines=(a_log_line(station="oven-1", text=text),))
    found = reader().content(reader().window(window).keys[0])
    return found.numbers.tolist(), found.pieces.tolist()


def test_serials_are_taken_out_and_numbers_keep_their_value() -> None:
    text = read_text("M0004107 gripper vacuum 75.7 kPa LM-209 D4", SHAPE)
    assert text.serials == ("M0004107",)
    assert text.wording == "gripper vacuum # kpa lm-209 d4"
    assert text.values == [75.7]


def test_chinese_is_read_sign_by_sign() -> None:
    text = read_text("温度过高 381 C", None)
    assert [token.word for token in text.tokens] == ["温", "度", "过", "高", "381", "c"]


@pytest.mark.parametrize(
    ("text", "values"),
    [("-3.5 kPa", [-3.5]), ("zone 5 temp 1195.0", [5.0, 1195.0]), ("P4E11 ok", [])],
)
def test_what_counts_as_a_number(text: str, values: list[float]) -> None:
    assert read_text(text, None).values == values


def test_a_reading_above_its_usual_value_is_visible() -> None:
    usual, _ = content_of("tip temp 365.0 C")
    high, _ = content_of("tip temp 371.0 C")
    place = next(at for at, row in enumerate(usual) if row[0])
    assert usual[place][3] == pytest.approx(0)
    assert high[place][3] == pytest.approx(1.0)  # two spreads, halved


def test_the_distance_to_a_limit_in_the_same_line_is_visible() -> None:
    rows, _ = content_of("tip temp 381.0 C limit 375.0")
    with_limit = [row for row in rows if row[4]]
    assert [row[5] for row in with_limit] == [pytest.approx(1.0)]


def test_an_unknown_wording_still_shows_its_distance_to_the_limit() -> None:
    rows, _ = content_of("zone 5 heat 1218.0 limit 1200.0")
    assert [row[5] for row in rows if row[4]] == [pytest.approx(18 / 24 / 2)]


def test_only_the_serial_differs_so_the_content_is_the_same() -> None:
    lines = tuple(
        a_log_line(station="oven-1", text=f"M000{n} tip temp 365.0 C")
        for n in (4107, 4108)
    )
    window = a_window(frame=a_frame(serial="M0004107"), log_lines=lines)
    found = reader().window(window)
    assert found.keys[0] == found.keys[1]
    assert found.circumstances[0, :2].tolist() == [1, 0]
    assert found.circumstances[1, :2].tolist() == [0, 1]


def test_time_is_told_from_the_nominal_travel_time() -> None:
    frame = a_frame()
    lines = tuple(
        a_log_line(station="oven-1", logged_ns=frame.captured_ns - age * NS_PER_S)
        for age in (46, 56)
    )
    rows = reader().window(a_window(frame=frame, log_lines=lines)).circumstances
    assert rows[0, 4] == pytest.approx(0)
    assert rows[1, 4] == pytest.approx(1)
    assert rows[0, 5] > rows[1, 5]


def test_wordings_are_learned_robustly_and_survive_json() -> None:
    lines = [
        a_log_line(station="s", text=f"M0004{n:03d} speed {value} m")
        for n, value in enumerate([10, 11, 9, 10, 12, 8, 10, 11, 9, 500])
    ]
    learned = learn_wordings(lines, "M0004107")
    assert learned["s speed # m"][0].median == 10
    assert learned["s speed # m"][0].spread == pytest.approx(1.4826)
    assert wordings_from_json(wordings_to_json(learned)) == learned


def test_what_is_usual_of_two_heaps_survives_json() -> None:
    learned = {"s speed # m": (Usual(10.0, 1.5, 16.0), Usual(3.0, 0.5))}
    assert wordings_from_json(wordings_to_json(learned)) == learned


def test_a_warning_is_held_against_what_its_gauge_usually_says() -> None:
    plain = [f"speed {10 + at % 3} m" for at in range(20)]
    warnings = [f"E7 speed {15 + at % 2} m limit 14" for at in range(9)]
    lines = [a_log_line(station="s", text=text) for text in (*plain, *warnings)]
    learned = learn_wordings(lines, None)
    assert learned["s e7 speed # m limit #"][0] == learned["s speed # m"][0]


def test_an_unknown_wording_is_read_by_the_value_of_its_number() -> None:
    rows, _ = content_of("Spitze 371.0 Grad")
    assert [row[2:4] for row in rows if row[0]] == [[0.5, pytest.approx(1.0)]]
    rows, _ = content_of("roll 12 of 40")
    assert [row[2] for row in rows if row[0]] == [0, 0]


def test_a_reading_shows_how_far_it_is_on_the_way_to_the_other_heap() -> None:
    ill = LineReader({TEMP: (Usual(365.0, 3.0, 385.0),)}, {"oven-1": 46.0})
    window = a_window(
        log_lines=tuple(
            a_log_line(station="oven-1", text=f"tip temp {value} C")
            for value in (365.0, 375.0, 385.0)
        )
    )
    rows = [ill.content(key).numbers for key in ill.window(window).keys]
    ways = [float(row[row[:, 0] > 0][0, 7]) for row in rows]
    assert ways == [pytest.approx(0), pytest.approx(0.5), pytest.approx(1)]


@pytest.mark.parametrize("text", ["[]", '{"a": 3}', "nonsense"])
def test_other_json_is_no_table_of_wordings(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one too
        wordings_from_json(text)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    numbers, pieces = content_of(text.replace("\x1f", " "))
    assert len(pieces) == WORDS
    assert {len(row) for row in pieces} == {PIECES}
    assert {len(row) for row in numbers} == {NUMBER_FEATURES}
    assert all(abs(value) < 100 for row in numbers for value in row)


def test_words_that_share_a_stem_share_pieces() -> None:
    shared = set(word_pieces("overheat")) & set(word_pieces("overheating"))
    assert len(shared) >= 4
    assert not set(word_pieces("overheat")) & set(word_pieces("vacuum"))


def test_what_a_serial_looks_like() -> None:
    assert serial_shape("M0004107") == SHAPE
    assert serial_shape(None) is None
