"""Words of log text, cut the same way for both databases.

Neither database's own way is used: PostgreSQL reads `stringer-2` as a number, SQLite
takes a Chinese sentence for one word. Here a word is a run of letters and digits in
small letters, and each Chinese, Japanese or Korean sign is a word of its own, so that
any piece of such text is found as a phrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ONE_SIGN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_ONE_SIGN}]|[^\W_{_ONE_SIGN}]+")
_ASKED = re.compile(r'"([^"]*)"?|(\S+)')
MOST_WORDS = 16_000
"""PostgreSQL counts positions no further."""
_LONGEST = 200
"""Letters of a word that are kept: no word of a log is longer, only noise is."""


def words_of(text: str) -> list[str]:
    """Cut text into words, in their order."""
    even = unicodedata.normalize("NFKC", text).lower()
    return [word[:_LONGEST] for word in _WORD.findall(even)]


def phrases_of(asked: str) -> list[list[str]]:
    """Cut what a person typed into phrases that must all occur.

    Blanks part phrases, except inside double quotes; `stringer-2` is a phrase of two.
    """
    found = [
        words_of(quoted or plain)
        for quoted, plain in (match.groups() for match in _ASKED.finditer(asked))
    ]
    return [phrase for phrase in found if phrase]


def fts5_query(phrases: Iterable[list[str]]) -> str:
    """Write phrases for SQLite; the last word of each may be a beginning."""
    return " AND ".join(f'"{" ".join(phrase)}" *' for phrase in phrases)


def tsquery(phrases: Iterable[list[str]]) -> str:
    """Write phrases for PostgreSQL; the last word of each may be a beginning."""
    quoted = ([f"'{word}'" for word in phrase] for phrase in phrases)
    return " & ".join(f"({' <-> '.join(words)}:*)" for words in quoted)


def tsvector(words: Iterable[str]) -> str:
    """Write words with their positions for PostgreSQL."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words, start=1):
        if place > MOST_WORDS:
            break
        places.setdefault(word, []).append(place)
    return " ".join(
        f"'{word}':{','.join(map(str, found[:255]))}" for word, found in places.items()
    )
