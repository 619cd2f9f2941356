"""Imagined production lines, to teach the log Transformer what logs are about.

Recorded shifts are short and labels say little about the stations. An imagined line's
stations fall ill and recover before our eyes, so the network can be told the state of
each station at the moment a part passed it, without end and without labels. Nothing
here is taken from a real log: words are drawn letter by letter, and every habit of a
line (takt, travel times, gauges, drifts, how often and how it reports) is drawn anew,
so that what is learned holds for lines and wordings that nobody has seen (domain
randomisation; Tobin et al., 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.model.lines import LineReader, learn_wordings
from inspector.settings import LineSettings, Station
from inspector.training.windows import LineLog, in_numbers, pair_frames
from inspector.types import NS_PER_S, FloatArray, Frame, LogLine

Bools = NDArray[np.bool_]

_LIMITS = ("limit", "max", "min", "threshold")
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
_HAN = tuple(chr(0x4E00 + at) for at in range(0, 6000, 7))
_LEARNED = 0.6
"""Share of an imagined shift from which its usual values are learned."""
_AROUND = 5
"""A station does more harm in the middle of an illness than at its edges: parts."""
_BASE = 0.12
_HARM = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class ImaginedLog:
    """The log of an imagined line's parts, and the truth about them.

    faulty: `[parts, stations + 1]` whether the station was faulty when the part passed
        it, by the number that `LineReader` gives the station; 0 is nobody's.
    target: `[parts]` chance that the part is defective.
    """

    log: LineLog = field(repr=False)
    faulty: FloatArray = field(repr=False)
    target: FloatArray = field(repr=False)


def imagine(parts: int, rng: np.random.Generator) -> ImaginedLog:
    """Imagine a line, and a shift of so many parts."""
    settings = _settings(rng)
    takt_ns = int(settings.takt_s * NS_PER_S)
    frames = [_frame(settings, part, takt_ns) for part in range(parts)]
    said: list[LogLine] = []
    states = []
    for station in settings.stations:
        ill = _states(parts, rng)
        said += _Voice(settings.id, station, rng).say_all(frames, ill)
        states.append(ill)
    said += _chatter(settings, frames, rng)
    said.sort(key=lambda line: line.logged_ns)
    return _in_numbers(settings, frames, said, np.array(states))


def _in_numbers(
    settings: LineSettings,
    frames: Sequence[Frame],
    said: Sequence[LogLine],
    states: Bools,
) -> ImaginedLog:
    until_ns = frames[int(_LEARNED * len(frames))].captured_ns
    known = (line for line in said if line.logged_ns <= until_ns)
    wordings = learn_wordings(known, frames[0].serial)
    travel_s = {each.name: each.seconds_to_camera for each in settings.stations}
    log = in_numbers(
        LineReader(wordings, travel_s),
        wordings,
        pair_frames(settings, frames, said),
    )
    # The reader numbers stations by name.
    order = np.argsort([each.name for each in settings.stations])
    faulty = np.concatenate([np.zeros((1, len(frames))), states[order]]).T
    return ImaginedLog(log, faulty.astype(np.float32), _target(states))


def _target(states: Bools) -> FloatArray:
    near = np.ones(2 * _AROUND + 1) / (2 * _AROUND + 1)
    around = np.stack([np.convolve(row, near, "same") for row in states])
    harm = 1 - _HARM * (states + around)
    return np.asarray(1 - (1 - _BASE) * harm.prod(0), np.float32)


def _settings(rng: np.random.Generator) -> LineSettings:
    count = int(rng.integers(2, 6))
    stations = [
        Station(name=f"{_word(rng)}-{at}", seconds_to_camera=float(rng.uniform(8, 70)))
        for at in range(count)
    ]
    return LineSettings(
        id="imagined",
        takt_s=float(rng.uniform(1.0, 3.0)),
        camera="none",
        classes=["good", "bad"],
        stations=stations,
    )


def _frame(settings: LineSettings, part: int, takt_ns: int) -> Frame:
    return Frame(
        line=settings.id,
        camera=settings.camera,
        frame_id=part,
        serial=f"X{100_000 + part}",
        captured_ns=100 * NS_PER_S + part * takt_ns,
        received_mono_ns=0,
    )


def _states(parts: int, rng: np.random.Generator) -> Bools:
    """Draw a sticky state: some stations are well all day, some often ill."""
    falls_ill = np.exp(rng.uniform(np.log(0.003), np.log(0.05)))
    recovers = np.exp(rng.uniform(np.log(0.015), np.log(0.2)))
    draws = rng.random(parts)
    states = np.zeros(parts, bool)
    ill = False
    for part, draw in enumerate(draws):
        ill ^= bool(draw < (recovers if ill else falls_ill))
        states[part] = ill
    if rng.random() < 0.2:  # noqa: PLR2004
        states[: int(_LEARNED * parts)] = False
    return states


class _Voice:
    """How one imagined station writes."""

    def __init__(self, line: str, station: Station, rng: np.random.Generator) -> None:
        self._line, self._station, self._rng = line, station, rng
        self._gauge, self._unit, self._code = _words(rng), _word(rng), _word(rng)
        self._limit_word = str(rng.choice(_LIMITS))
        self._places = int(rng.integers(0, 3))
        self._usual = float(np.exp(rng.uniform(np.log(2), np.log(1500))))
        self._spread = self._usual * float(rng.uniform(0.004, 0.06))
        self._drift = float(rng.uniform(2.5, 8) * rng.choice([-1, 1]))
        self._limit = self._usual + self._spread * self._drift * rng.uniform(0.4, 1.1)
        self._reports, self._alarms = rng.uniform(0.35, 0.9), rng.uniform(0.03, 0.3)
        self._false_alarms = rng.uniform(0.0, 0.03)
        self._jitter_s = rng.uniform(0.05, 0.4)
        self._warns_too = rng.random() < 0.5  # noqa: PLR2004
        self._faults = [_words(rng) for _ in range(3)]
        self._pardon = _words(rng)

    def say_all(self, frames: Sequence[Frame], ill: Bools) -> list[LogLine]:
        said: list[LogLine] = []
        moved = self._usual + self._spread * self._rng.uniform(-0.5, 0.5)
        for part, (frame, faulty) in enumerate(zip(frames, ill, strict=True)):
            usual = self._usual if part < _LEARNED * len(frames) else moved
            if self._rng.random() < self._reports:
                said += self._reading(frame, usual, bool(faulty))
            if self._rng.random() < (self._alarms if faulty else self._false_alarms):
                said.append(self._alarm(frame, bool(faulty)))
        return said

    def _reading(self, frame: Frame, usual: float, faulty: bool) -> list[LogLine]:
        drift = self._drift * faulty + self._rng.normal()
        value = usual + self._spread * drift
        plain = f"{self._gauge} {value:.{self._places}f} {self._unit}"
        said = [self._say(frame, "INFO", f"{frame.serial} {plain}")]
        if (value - self._limit) * np.sign(self._drift) > 0:
            limit = f"{self._limit_word} {self._limit:.{self._places}f}"
            text = f"{self._code} {plain} {limit} {frame.serial}"
            warning = self._say(frame, "WARN", text)
            said = [*said, warning] if self._warns_too else [warning]
        return said

    def _alarm(self, frame: Frame, faulty: bool) -> LogLine:
        text = f"{self._code} {self._faults[self._rng.integers(3)]}"
        if not faulty:
            return self._say(frame, "WARN", f"{text} {self._pardon}")
        return self._say(frame, str(self._rng.choice(["WARN", "ERROR"])), text)

    def _say(self, frame: Frame, level: str, text: str) -> LogLine:
        age_s = self._station.seconds_to_camera + self._rng.normal() * self._jitter_s
        logged_ns = frame.captured_ns - int(age_s * NS_PER_S)
        return LogLine(
            line=self._line,
            logged_ns=logged_ns,
            station=self._station.name,
            level=level,
            text=text,
        )


def _chatter(
    settings: LineSettings, frames: Sequence[Frame], rng: np.random.Generator
) -> list[LogLine]:
    """Draw what is said all day and means nothing."""
    speakers = [*(each.name for each in settings.stations)]
    speakers += [_word(rng) for _ in speakers]
    sayings = [_words(rng) for _ in range(12)]
    sayings += [f"{_words(rng)} {rng.uniform(0, 50):.1f} {_word(rng)}" for _ in "1234"]
    count = rng.poisson(rng.uniform(0.2, 1.0) * len(frames))
    first, last = frames[0].captured_ns, frames[-1].captured_ns
    return [
        LogLine(
            line=settings.id,
            logged_ns=int(moment),
            station=str(rng.choice(speakers)),
            level="WARN" if rng.random() < 0.1 else "INFO",  # noqa: PLR2004
            text=str(rng.choice(sayings)),
        )
        for moment in rng.uniform(first - 60 * NS_PER_S, last, count)
    ]


def _words(rng: np.random.Generator) -> str:
    if rng.random() < 0.25:  # noqa: PLR2004
        return "".join(rng.choice(_HAN, int(rng.integers(3, 8))))
    return " ".join(_word(rng) for _ in range(int(rng.integers(1, 5))))


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(_LETTERS, int(rng.integers(3, 9))))
