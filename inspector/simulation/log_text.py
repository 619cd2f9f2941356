"""Simulated log text of a line whose stations fall ill and recover.

Every station has a hidden state, healthy or faulty, a Markov chain from part to part.
It moves what the station writes and the chance that a part passing it is bad; no label
is ever written. Given the labels of real parts, states are drawn that explain them, by
forward filtering and backward sampling (Frühwirth-Schnatter, 1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.types import NS_PER_S, LogLine

Bools = NDArray[np.bool_]

FALLS_ILL = 0.025
RECOVERS = 0.10
_SHARE_OF_READINGS = 0.6
_TRAVEL_JITTER_S = 0.15
_FAULT_MESSAGE = 0.15
_FALSE_ALARM = 0.01
_CHATTER_PER_PART = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class StationProfile:
    """How a simulated station writes.

    drift: how far its reading moves when it is faulty, in spreads.
    limit: beyond it, in the direction of the drift, a reading is a warning.
    """

    name: str
    seconds_to_camera: float
    reading: str
    unit: str
    usual: float
    spread: float
    drift: float
    limit: float
    code: str
    faults: tuple[str, ...]


CELL_LINE = (
    StationProfile(
        name="soldering-1",
        seconds_to_camera=44,
        reading="hot bar temp",
        unit="C",
        usual=352.0,
        spread=3.5,
        drift=3.0,
        limit=361.0,
        code="SB-31",
        faults=("hot bar above window", "热压头温度过高"),
    ),
    StationProfile(
        name="handler-2",
        seconds_to_camera=27,
        reading="suction",
        unit="kPa",
        usual=71.0,
        spread=2.2,
        drift=-3.0,
        limit=65.5,
        code="HD-07",
        faults=("cell slipped on transfer", "真空吸附不足"),
    ),
    StationProfile(
        name="press-3",
        seconds_to_camera=15,
        reading="plate pressure",
        unit="mbar",
        usual=810.0,
        spread=30.0,
        drift=2.8,
        limit=885.0,
        code="PR-12",
        faults=("pressure rises too fast", "升压速率超限"),
    ),
)

_CHATTER = (
    "heartbeat ok",
    "recipe R7 active",
    "door D2 closed",
    "tray change",
    "operator login shift B",
    "ambient 24 C",
    "compressed air 6.2 bar",
    "barcode read retry",
    "换班完成",
)
_BYSTANDERS = ("mes", "conveyor", "utilities", "safety-plc")


def draw_states(parts: int, stations: int, rng: np.random.Generator) -> Bools:
    """Draw the hidden states: `[stations, parts]`, whether a station is faulty."""
    states = np.zeros((stations, parts), bool)
    for part in range(1, parts):
        flips = rng.random(stations) < np.where(
            states[:, part - 1], RECOVERS, FALLS_ILL
        )
        states[:, part] = states[:, part - 1] ^ flips
    return states


def draw_labels(states: Bools, rng: np.random.Generator) -> Bools:
    """Draw which parts are bad, `[parts]`, given the stations' states."""
    survives = np.where(states, 0.45, 0.985).prod(axis=0)
    return np.asarray(rng.random(states.shape[1]) > survives)


def explain_labels(bad: Bools, stations: int, rng: np.random.Generator) -> Bools:
    """Draw states that explain which parts are bad: `[stations, parts]`.

    Each station explains the labels on its own; together they agree more or less, as
    the stations of a real line would.
    """
    rate = float(np.clip(bad.mean(), 0.02, 0.98))
    if_faulty = min(0.97, 1.9 * rate + 0.1)
    share_ill = FALLS_ILL / (FALLS_ILL + RECOVERS)
    if_healthy = max(0.01, (rate - share_ill * if_faulty) / (1 - share_ill))
    return np.stack(
        [_explain(bad, if_healthy, if_faulty, rng) for _ in range(stations)]
    )


def write_log(
    line: str,
    captured_ns: Sequence[int],
    serials: Sequence[str],
    states: Bools,
    stations: Sequence[StationProfile],
    rng: np.random.Generator,
) -> list[LogLine]:
    """Write what the stations say while parts pass, in order of time.

    Args:
        line: name of the line.
        captured_ns: `[parts]` when each part reaches the camera.
        serials: `[parts]`.
        states: `[stations, parts]`.
        stations: in the order of `states`.
        rng: makes it repeatable.
    """
    said: list[LogLine] = []
    for station, ill in zip(stations, states, strict=True):
        writer = _Writer(line, station, rng)
        for moment_ns, serial, faulty in zip(captured_ns, serials, ill, strict=True):
            said += writer.on_part(moment_ns, serial, bool(faulty))
    said += _chatter(line, captured_ns, stations, rng)
    return sorted(said, key=lambda each: each.logged_ns)


class _Writer:
    def __init__(
        self, line: str, station: StationProfile, rng: np.random.Generator
    ) -> None:
        self._line = line
        self._station = station
        self._rng = rng

    def on_part(self, captured_ns: int, serial: str, faulty: bool) -> list[LogLine]:
        """Say something, or nothing, about a part that passes."""
        said = []
        if self._rng.random() < _SHARE_OF_READINGS:
            said.append(self._reading(captured_ns, serial, faulty))
        if self._rng.random() < (_FAULT_MESSAGE if faulty else _FALSE_ALARM):
            said.append(self._alarm(captured_ns, faulty))
        return said

    def _reading(self, captured_ns: int, serial: str, faulty: bool) -> LogLine:
        station = self._station
        drift = station.drift if faulty else 0.0
        value = station.usual + station.spread * (drift + self._rng.normal())
        beyond = (value - station.limit) * np.sign(station.drift) > 0
        if beyond:
            text = (
                f"{station.code} {station.reading} {value:.1f} {station.unit} "
                f"limit {station.limit:.1f} {serial}"
            )
            return self._say(captured_ns, "WARN", text)
        text = f"{serial} {station.reading} {value:.1f} {station.unit}"
        return self._say(captured_ns, "INFO", text)

    def _alarm(self, captured_ns: int, faulty: bool) -> LogLine:
        message = self._station.faults[self._rng.integers(len(self._station.faults))]
        text = f"{self._station.code} {message}"
        if not faulty:
            return self._say(captured_ns, "WARN", f"{text} (self-cleared)")
        return self._say(captured_ns, self._rng.choice(["WARN", "ERROR"]), text)

    def _say(self, captured_ns: int, level: str, text: str) -> LogLine:
        offset_s = self._station.seconds_to_camera + self._rng.normal(
            scale=_TRAVEL_JITTER_S
        )
        return LogLine(
            line=self._line,
            logged_ns=_whole_ms(captured_ns - offset_s * NS_PER_S),
            station=self._station.name,
            level=str(level),
            text=text,
        )


def _explain(
    bad: Bools, if_healthy: float, if_faulty: float, rng: np.random.Generator
) -> Bools:
    step = np.array([[1 - FALLS_ILL, FALLS_ILL], [RECOVERS, 1 - RECOVERS]])
    chance = np.array([if_healthy, if_faulty])
    seen = np.where(bad[:, None], chance, 1 - chance)
    forward = np.zeros((len(bad), 2))
    belief = np.array([1.0, 0.0])
    for part, likelihood in enumerate(seen):
        belief = (belief @ step) * likelihood
        belief /= belief.sum()
        forward[part] = belief
    states = np.zeros(len(bad), int)
    weights = forward[-1]
    for part in range(len(bad) - 1, -1, -1):
        states[part] = rng.random() * weights.sum() < weights[1]
        weights = forward[part - 1] * step[:, states[part]]
    return states.astype(bool)


def _chatter(
    line: str,
    captured_ns: Sequence[int],
    stations: Sequence[StationProfile],
    rng: np.random.Generator,
) -> list[LogLine]:
    speakers = [*_BYSTANDERS, *(station.name for station in stations)]
    count = rng.poisson(_CHATTER_PER_PART * len(captured_ns))
    moments = rng.choice(np.asarray(captured_ns), size=count)
    return [
        LogLine(
            line=line,
            logged_ns=_whole_ms(moment - rng.uniform(0, 2) * NS_PER_S),
            station=str(rng.choice(speakers)),
            level="WARN" if rng.random() < _FALSE_ALARM else "INFO",
            text=str(rng.choice(_CHATTER)),
        )
        for moment in moments
    ]


def _whole_ms(moment_ns: float) -> int:
    return int(moment_ns) // 1_000_000 * 1_000_000
