"""Log lines as numbers: what the log Transformer reads of each line, and when.

A line's content is its station, level and words. Serials are taken out of the text, so
that a line about another part reads the same and need not be encoded again; whether a
serial was this part's own is told apart, as part of the line's circumstances. A number
keeps its value in several forms: how far it is from what the same wording usually says
(robust standard score) and how far on the way to its other heap of readings, how far
from a limit in the same line, and its magnitude. A wording that was never seen is read
by value: its number is compared with the readings of the same station that it is near.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from inspector.model.usual import Usual, learn_usual
from inspector.types import NS_PER_S, FloatArray, LogLine, Window

WORDS = 24
"""Words and numbers that are read of one line; what follows is cut off."""
PIECES = 8
"""Hashed pieces of a word: the whole word, then its three-letter runs."""
BUCKETS = 4096
"""Hash buckets of word pieces; bucket 0 is padding."""
REMEMBERED_TEXTS = 20_000
"""Texts that need not be split again: neighbouring parts share most of their lines."""
NUMBER_FEATURES = 8
CIRCUMSTANCES = 9
OFFSET_SCALE_S = 10.0
"""Offsets from the nominal travel time are told in tens of seconds."""

IntArray = NDArray[np.int64]

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_CHUNK = re.compile(
    r"(?P<number>(?<![\w.\-])[-+]?\d+(?:\.\d+)?(?![\w.\-]*\d))"
    r"|(?P<han>[\u4e00-\u9fff])"
    r"|(?P<word>[^\W\u4e00-\u9fff]+(?:[\-./][^\W\u4e00-\u9fff]+)*|%)"
)
_LIMIT_WORDS = frozenset(
    ("limit", "max", "min", "setpoint", "target", "threshold", "限", "值", "上", "下")
)
_CLIP = 6.0
_ENOUGH = 8


Wordings = Mapping[str, tuple[Usual, ...]]
"""For each wording (station and text, numbers and serials blanked), its numbers.

The wordings that were seen most come first.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """One word or number of a line's text."""

    word: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class LineText:
    """A line's text with the serials taken out."""

    tokens: tuple[Token, ...]
    serials: tuple[str, ...]

    @property
    def wording(self) -> str:
        """The text with its numbers blanked."""
        return " ".join("#" if t.value is not None else t.word for t in self.tokens)

    @property
    def values(self) -> list[float]:
        """The numbers in the text, in order."""
        return [token.value for token in self.tokens if token.value is not None]


@dataclass(frozen=True, slots=True, eq=False)
class LineContent:
    """What the line encoder reads.

    pieces: `[WORDS, PIECES]` bucket numbers, 0 where there is none.
    numbers: `[WORDS, NUMBER_FEATURES]`.
    """

    pieces: IntArray
    numbers: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WindowLines:
    """A window's log as the Transformer reads it.

    keys: content key of each line; equal keys have equal content.
    circumstances: `[lines, CIRCUMSTANCES]`: when, where and about whom.
    """

    keys: tuple[str, ...]
    circumstances: FloatArray


class LineReader:
    """Reads the log lines of one production line.

    Args:
        wordings: what the line's numbers usually say, learned in its training shift.
        travel_s: nominal travel time of each station to the camera, in seconds.
    """

    def __init__(self, wordings: Wordings, travel_s: Mapping[str, float]) -> None:
        self._wordings = wordings
        self._travel_s = dict(travel_s)
        self._numbered = {name: 1 + at for at, name in enumerate(sorted(travel_s))}
        self._gauges: defaultdict[str, list[Usual]] = defaultdict(list)
        for wording, numbers in wordings.items():
            self._gauges[wording.partition(" ")[0]] += numbers

    def window(self, window: Window) -> WindowLines:
        """Name the content of each line, and tell its circumstances."""
        lines = window.log_lines
        serial = window.frame.serial
        shape = serial_shape(serial)
        keys, rows = [], np.zeros((len(lines), CIRCUMSTANCES), np.float32)
        for row, line in zip(rows, lines, strict=True):
            text = read_text(line.text, shape)
            keys.append(_key(line, text))
            self._tell(row, line, text, window)
        return WindowLines(tuple(keys), rows)

    def content(self, key: str) -> LineContent:
        """Read the content that a key of `window` names."""
        station, level, wording = key.split("\x1f")
        tokens = read_text(wording, None).tokens
        pieces = np.zeros((WORDS, PIECES), np.int64)
        numbers = np.zeros((WORDS, NUMBER_FEATURES), np.float32)
        head = (Token(f"@{station}"), Token(f"!{level}"))
        for at, token in enumerate((*head, *tokens)[:WORDS]):
            buckets = word_pieces("#" if token.value is not None else token.word)
            pieces[at, : len(buckets)] = buckets
        self._tell_numbers(numbers[len(head) :], station, tokens)
        return LineContent(pieces, numbers)

    def _tell(
        self, row: FloatArray, line: LogLine, text: LineText, window: Window
    ) -> None:
        age_s = (window.frame.captured_ns - line.logged_ns) / NS_PER_S
        travel_s = self._travel_s.get(line.station)
        own = window.frame.serial is not None and window.frame.serial in text.serials
        row[0] = own
        row[1] = bool(text.serials) and not own
        row[2] = travel_s is not None
        row[3] = math.log1p(max(age_s, 0.0)) / 5
        if travel_s is not None:
            offset_s = age_s - travel_s
            row[4] = np.clip(offset_s / OFFSET_SCALE_S, -3, 3)
            row[5] = math.exp(-0.5 * (offset_s / 1.0) ** 2)
            row[6] = math.exp(-0.5 * (offset_s / 4.0) ** 2)
            row[7] = offset_s >= 0
            row[8] = self._numbered[line.station] / 8

    def _tell_numbers(
        self, rows: FloatArray, station: str, tokens: Sequence[Token]
    ) -> None:
        text = LineText(tuple(tokens), ())
        usual = self._wordings.get(f"{station} {text.wording}", ())
        limit = _limit_at(tokens)
        reading: tuple[float, Usual | None] = (0.0, None)
        number = 0
        for at, token in enumerate(tokens):
            if token.value is None:
                continue
            known = usual[number] if number < len(usual) else None
            number += 1
            if at >= len(rows):
                return
            sure = 1.0 if known else 0.5
            known = known or _gauge(self._gauges.get(station, ()), token.value)
            rows[at, :4] = _number_features(token.value, known, sure)
            rows[at, 6:] = _towards_other(token.value, known)
            if at == limit:
                rows[at, 4:6] = 1.0, _beyond(reading, token.value)
            reading = token.value, known


@lru_cache(maxsize=REMEMBERED_TEXTS)
def read_text(text: str, shape: str | None) -> LineText:
    """Split a line's text into words and numbers, and take the serials out.

    Args:
        text: the line's text.
        shape: what a serial looks like (`serial_shape`), or `None` if unknown.
    """
    tokens: list[Token] = []
    serials: list[str] = []
    for found in _CHUNK.finditer(text):
        chunk = found.group()
        if found.lastgroup == "number":
            tokens.append(Token(chunk, float(chunk)))
        elif shape is not None and serial_shape(chunk) == shape:
            serials.append(chunk)
        else:
            tokens.append(Token(chunk.lower()))
    return LineText(tuple(tokens), tuple(serials))


@lru_cache(maxsize=4096)
def serial_shape(serial: str | None) -> str | None:
    """Say what a serial looks like: `M0004107` is `A9999999`.

    Letters and digits of one length are taken for the serial of some part.
    """
    if serial is None:
        return None
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", serial))


@lru_cache(maxsize=65536)
def word_pieces(word: str) -> tuple[int, ...]:
    """Hash a word and its three-letter runs into buckets, at most `PIECES`."""
    edged = f"<{word}>"
    runs = (edged[at : at + 3] for at in range(len(edged) - 2))
    pieces = dict.fromkeys((edged, *runs))
    return tuple(1 + crc32(piece.encode()) % (BUCKETS - 1) for piece in pieces)[:PIECES]


def learn_wordings(lines: Iterable[LogLine], serial: str | None) -> Wordings:
    """Learn what each wording's numbers usually say.

    A warning says the same gauge's reading in other words, and only when it is high;
    what is usual it must take from the wording that says it most.

    Args:
        lines: the log of a training shift.
        serial: any part's serial, to know the serials in the text by.

    Returns:
        What is usual of every number that was seen often enough to tell.
    """
    shape = serial_shape(serial)
    seen: defaultdict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for line in lines:
        text = read_text(line.text, shape)
        if text.values:
            seen[line.station, text.wording].append(text.values)
    wordings: dict[str, tuple[Usual, ...]] = {}
    gauges: defaultdict[str, list[Usual]] = defaultdict(list)
    for (station, wording), rows in sorted(seen.items(), key=_most_first):
        if len(rows) >= _ENOUGH:
            found = tuple(
                _usual(column, gauges[station]) for column in zip(*rows, strict=True)
            )
            wordings[f"{station} {wording}"] = found
            gauges[station] += found
    return wordings


def _most_first(
    seen: tuple[tuple[str, str], list[list[float]]],
) -> tuple[int, tuple[str, str]]:
    return -len(seen[1]), seen[0]


def _usual(column: Sequence[float], gauges: Sequence[Usual]) -> Usual:
    own = learn_usual(column)
    return _gauge(gauges, own.median) or own


def _gauge(gauges: Sequence[Usual], value: float) -> Usual | None:
    """Find the gauge of a station that a value may be a reading of."""
    return next((gauge for gauge in gauges if gauge.reaches(value)), None)


def wordings_to_json(wordings: Wordings) -> str:
    """Write wordings as JSON, to travel with the line's branch."""
    plain = {
        wording: [
            [each.median, each.spread]
            if each.other is None
            else [each.median, each.spread, each.other]
            for each in numbers
        ]
        for wording, numbers in wordings.items()
    }
    return json.dumps(plain, ensure_ascii=False, indent=0, allow_nan=False) + "\n"


def wordings_from_json(text: str) -> Wordings:
    """Read what `wordings_to_json` wrote.

    Raises:
        ValueError: not of that form.
    """
    try:
        return {
            str(wording): tuple(Usual(*map(float, each)) for each in numbers)
            for wording, numbers in json.loads(text).items()
        }
    except (AttributeError, TypeError) as error:
        message = f"not a table of wordings: {error}"
        raise ValueError(message) from error


def _key(line: LogLine, text: LineText) -> str:
    words = " ".join(token.word for token in text.tokens)
    return f"{line.station}\x1f{line.level}\x1f{words}"


def _number_features(
    value: float, usual: Usual | None, sure: float
) -> tuple[float, float, float, float]:
    magnitude = math.asinh(value) / 8
    if usual is None:
        return 1.0, magnitude, 0.0, 0.0
    return 1.0, magnitude, sure, _clipped((value - usual.median) / usual.spread) / 2


def _towards_other(value: float, usual: Usual | None) -> tuple[float, float]:
    """Say whether there is another heap, and how far on the way there a value is."""
    if usual is None or usual.other is None:
        return 0.0, 0.0
    way = (value - usual.median) / (usual.other - usual.median)
    return 1.0, max(-1.0, min(2.0, way))


def _limit_at(tokens: Sequence[Token]) -> int | None:
    """Find the number that a word like "limit" announces, after another number."""
    numbers = [at for at, token in enumerate(tokens) if token.value is not None]
    for at in numbers[1:]:
        if tokens[at - 1].word in _LIMIT_WORDS:
            return at
    return None


def _beyond(reading: tuple[float, Usual | None], limit: float) -> float:
    """Say how far a reading is above its limit, in spreads or in 2 % of the limit."""
    value, usual = reading
    scale = usual.spread if usual is not None else 0.02 * abs(limit) or 1.0
    return _clipped((value - limit) / scale) / 2


def _clipped(value: float) -> float:
    return max(-_CLIP, min(_CLIP, value))
