"""Words of log text: what is found, whoever wrote it."""

from __future__ import annotations

import pytest

from connectors.database.reading.words import (
    MOST_WORDS,
    fts5_query,
    phrases_of,
    tsquery,
    tsvector,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stringer-2 WARN 75.7 kPa", ["stringer", "2", "warn", "75", "7", "kpa"]),
        ("层压温度high", ["层", "压", "温", "度", "high"]),
        ("FULLWIDTH \uff11\uff12", ["fullwidth", "12"]),
        ("a_b'c\\d", ["a", "b", "c", "d"]),
        ("", []),
    ],
)
def test_text_is_cut_into_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_quotes_make_a_phrase_and_so_does_a_hyphen() -> None:
    assert phrases_of('"solder temp" stringer-2 ...') == [
        ["solder", "temp"],
        ["stringer", "2"],
    ]
    assert phrases_of('"never closed') == [["never", "closed"]]


def test_what_a_person_typed_is_never_a_command_of_the_database() -> None:
    phrases = phrases_of("x' OR 1 NEAR( a* :b & !c")
    assert fts5_query(phrases[:2]) == '"x" * AND "or" *'
    assert tsquery([["a", "b"], ["c"]]) == "('a' <-> 'b':*) & ('c':*)"


def test_words_beyond_what_postgresql_counts_are_left_out() -> None:
    long = tsvector(f"w{number}" for number in range(MOST_WORDS + 9))
    assert len(long.split()) == MOST_WORDS
    often = tsvector(["same"] * 1000)
    assert often.count(",") == 254
