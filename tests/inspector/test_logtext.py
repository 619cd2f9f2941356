import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.logtext import (
    MAX_LINE_BYTES,
    format_log_line,
    format_utc_ns,
    parse_log_line,
    parse_utc_ns,
    read_log_line,
)
from inspector.types import LogLine, MalformedLogLine
from tests.builders import a_log_line

YEAR_2200_NS = 7_258_118_400 * 10**9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("2026-03-02T06:01:30.000Z", 1_772_431_290_000_000_000),
        ("2026-03-02 06:01:30.000000001+00:00", 1_772_431_290_000_000_001),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text: str, expected: int) -> None:
    assert parse_utc_ns(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30T00:00:00Z", "2026-03-02T25:00:00Z", "١٩٧٠-01-01"],
)
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as 2026"):
        parse_utc_ns(text)


@pytest.mark.parametrize("text", ["2026-03-02T06:01:30", "2026-03-02T06:01:30+02:00"])
def test_a_time_must_say_that_it_is_utc(text: str) -> None:
    with pytest.raises(ValueError, match="not marked as UTC: end it with Z"):
        parse_utc_ns(text)


@given(st.integers(min_value=0, max_value=YEAR_2200_NS))
def test_times_survive_writing_and_reading(moment_ns: int) -> None:
    assert parse_utc_ns(format_utc_ns(moment_ns)) == moment_ns


@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(
        lambda text: text == text.rstrip("\r\n")
    ),
    logged_ns=st.integers(min_value=0, max_value=YEAR_2200_NS),
)
def test_any_text_survives_writing_and_reading(text: str, logged_ns: int) -> None:
    said = a_log_line(text=text, logged_ns=logged_ns)
    raw = format_log_line(said).encode() + b"\r\n"
    assert read_log_line("poly", raw, "here") == said


def test_a_line_may_say_nothing() -> None:
    said = parse_log_line("poly", "2026-03-02T06:00:45.859Z mes INFO", "here")
    assert isinstance(said, LogLine)
    assert (said.station, said.level, said.text) == ("mes", "INFO", "")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "is not '<UTC timestamp>"),
        (b"no log line at all", "is not '<UTC timestamp>"),
        (b"now mes INFO door open", "'now' is not a time"),
        (b"2026-03-02T06:00:45Z mes INFO door \xff", "not UTF-8 text: byte 36"),
        (b"x" * (MAX_LINE_BYTES + 1), "longer than 65536 bytes"),
    ],
)
def test_what_is_no_log_line_says_where_and_why(raw: bytes, problem: str) -> None:
    found = read_log_line("poly", raw, "line.log, row 3")
    assert isinstance(found, MalformedLogLine)
    assert found.where == "line.log, row 3"
    assert problem in found.problem
