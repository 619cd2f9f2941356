"""What the console says, in plain Python: no Qt, no database, no words of a language.

Every value that a widget shows is worked out here and tested without a window. Ages are
taken from the monotonic clock; the wall clock only tells how old a part was when the
console first saw it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from inspector.disposition import Kind
from inspector.types import NS_PER_S, Decision
from inspector.verification import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspector.evidence import KeptLine, WindowRecord

STALE_S = 1.0
"""A picture is veiled this long after the next part was due."""
TARGET_MM, PRIMARY_MM = 15.0, 20.0
"""Least side of what is touched, and of what decides about a part."""
_MM_PER_INCH = 25.4
_KEPT_SIGNS = {"\t": " ", "\n": " ", "\r": " "}
_SPACINGS = 32
_LONGEST_SPACING_S = 30.0


class Health(StrEnum):
    """How well something is, in the words of NAMUR NE 107."""

    GOOD = "good"
    MAINTENANCE = "maintenance"
    OUT_OF_SPECIFICATION = "out_of_specification"
    FUNCTION_CHECK = "function_check"
    FAILURE = "failure"
    UNKNOWN = "unknown"


def plain(words: str | None, longest: int = 500) -> str:
    """Make foreign text safe to show: one line, without control or bidi signs.

    Text that a station wrote may hold anything; it is never read as markup, and signs
    that turn the reading direction around are shown as a box.
    """
    if not words:
        return ""
    cut = words[: longest + 1]
    kept = "".join(_KEPT_SIGNS.get(sign, sign) for sign in cut)
    clean = "".join("\ufffd" if _is_odd(sign) else sign for sign in kept)
    return clean if len(words) <= longest else f"{clean[:longest]}\u2026"


def _is_odd(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def pixels_of(millimetres: float, dots_per_inch: float) -> int:
    """Say how many pixels a length takes on a screen; odd screens count as 96 dpi."""
    sound = dots_per_inch if 40 <= dots_per_inch <= 600 else 96.0  # noqa: PLR2004
    return math.ceil(millimetres * sound / _MM_PER_INCH)


class Counted(Protocol):
    """Counters of a shift, as `connectors.database.reading.watching` gives them."""

    @property
    def decisions(self) -> Mapping[str, int]:
        """Parts by decision."""
        ...

    @property
    def faults(self) -> Mapping[str, int]:
        """Parts by fault."""
        ...

    @property
    def parts(self) -> int:
        """All parts."""
        ...

    @property
    def overruns(self) -> int:
        """Parts that were late or handed back."""
        ...

    @property
    def p99_ms(self) -> float | None:
        """Latency that 99 % do not exceed."""
        ...


class Part(Protocol):
    """A verdict as lists show it."""

    @property
    def id(self) -> int:
        """Number of the row."""
        ...

    @property
    def serial(self) -> str | None:
        """What is written on the part."""
        ...

    @property
    def frame_id(self) -> int:
        """Number of the trigger."""
        ...

    @property
    def decision(self) -> str:
        """PASS, REJECT or REVIEW."""
        ...

    @property
    def score(self) -> float | None:
        """Probability of a defect."""
        ...

    @property
    def branch_version(self) -> str:
        """What judged."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether the part comes from a recording."""
        ...


def name_of(part: Part) -> str:
    """Name a part as people call it: by its serial, or by its trigger's number."""
    return plain(part.serial, 40) or f"#{part.frame_id}"


class Freshness:
    """How old the newest part of a line is, and whether that is too old.

    A line with a part every two seconds is not stale between two of them, so a picture
    is veiled one second after the next part was due by the median of late spacings.
    """

    def __init__(self) -> None:
        self._seen_s: float | None = None
        self._spacings: list[float] = []

    def seen(self, now_s: float, age_s: float = 0.0) -> None:
        """Take note of a part.

        Args:
            now_s: monotonic.
            age_s: how old it was by then; for the first one that a console finds.
        """
        moment = now_s - max(0.0, age_s)
        if self._seen_s is not None:
            spacing = moment - self._seen_s
            if 0.0 < spacing < _LONGEST_SPACING_S:
                self._spacings = [*self._spacings[1 - _SPACINGS :], spacing]
        self._seen_s = moment

    def age_s(self, now_s: float) -> float | None:
        """Say how old the newest part is; `None` before the first."""
        return None if self._seen_s is None else max(0.0, now_s - self._seen_s)

    @property
    def due_s(self) -> float:
        """The spacing at which parts come, by the median; 0 while unknown."""
        inner = sorted(self._spacings)
        return inner[len(inner) // 2] if inner else 0.0

    def is_stale(self, now_s: float) -> bool:
        """Whether the next part should have been here a second ago."""
        age = self.age_s(now_s)
        return age is None or age > STALE_S + self.due_s


def spoken_age(age_s: float | None) -> tuple[float, str]:
    """Give an age as a number and its unit: `ms`, `s`, `min`, `h` or `d`."""
    if age_s is None:
        return 0.0, ""
    for limit, unit, size in (
        (1, "ms", 0.001),
        (120, "s", 1),
        (7200, "min", 60),
        (172_800, "h", 3600),
    ):
        if age_s < limit:
            return age_s / size, unit
    return age_s / 86_400, "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A camera or a log: how it is, and how old the last thing it sent is."""

    health: Health
    age_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """All that a line's tile shows."""

    line: str
    is_running: bool
    decision: str | None
    part: str
    score: float | None
    parts: int
    passed: int
    rejected: int
    reviewed: int
    faults: int
    overruns: int
    parts_per_min: float
    p99_ms: float | None
    branch: str
    camera: SourceHealth
    log: SourceHealth
    age_s: float | None
    is_stale: bool
    is_simulated: bool

    @property
    def yield_percent(self) -> float | None:
        """Parts that passed at once, in percent; `None` of nothing."""
        return 100 * self.passed / self.parts if self.parts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNow:
    """What is known of a line at one moment, before it is made into a tile."""

    line: str
    last: Part | None
    counts: Counted
    parts_per_min: float
    camera: SourceHealth | None = None
    log: SourceHealth | None = None


def tile_of(now: LineNow, fresh: Freshness, now_s: float) -> Tile:
    """Make a line's tile."""
    counts, last, age_s = now.counts, now.last, fresh.age_s(now_s)
    stale = fresh.is_stale(now_s)
    return Tile(
        line=plain(now.line, 64),
        is_running=not stale,
        decision=None if last is None else last.decision,
        part="" if last is None else name_of(last),
        score=None if last is None else last.score,
        parts=counts.parts,
        passed=counts.decisions.get(Decision.PASS, 0),
        rejected=counts.decisions.get(Decision.REJECT, 0),
        reviewed=counts.decisions.get(Decision.REVIEW, 0),
        faults=sum(counts.faults.values()),
        overruns=counts.overruns,
        parts_per_min=0.0 if stale else now.parts_per_min,
        p99_ms=counts.p99_ms,
        branch="" if last is None else plain(last.branch_version, 24),
        camera=now.camera or _guessed(stale=stale, age_s=age_s),
        log=now.log or SourceHealth(health=Health.UNKNOWN, age_s=None),
        age_s=age_s,
        is_stale=stale,
        is_simulated=last is not None and last.is_simulated,
    )


def _guessed(*, stale: bool, age_s: float | None) -> SourceHealth:
    """Judge a camera by its parts, where the line's program says nothing of it."""
    health = Health.GOOD if not stale else Health.FUNCTION_CHECK
    return SourceHealth(health=health, age_s=age_s)


# Reviewing.


class Deed(StrEnum):
    """What a person can do with the part on the screen, by a key or a barcode."""

    CONFIRM = "confirm"
    GOOD = "good"
    GOOD_FIX = "good_fix"
    OTHER = "other"
    REWORK = "rework"
    SCRAP = "scrap"
    UNDO = "undo"
    SKIP = "skip"
    MAP = "map"
    BLIND = "blind"
    COMMENT = "comment"


KEYS: Mapping[Deed, str] = {
    Deed.CONFIRM: "C",
    Deed.GOOD: "G",
    Deed.GOOD_FIX: "F",
    Deed.OTHER: "O",
    Deed.REWORK: "R",
    Deed.SCRAP: "S",
    Deed.UNDO: "U",
    Deed.SKIP: "N",
    Deed.MAP: "M",
    Deed.BLIND: "B",
    Deed.COMMENT: "T",
}
"""One key for each deed, shown on its button."""
CODES: Mapping[str, Deed] = {f"DO-{deed.value.upper()}": deed for deed in KEYS}
"""What the barcodes on the bench say; everything else is a serial."""

_OUTCOMES = {
    Deed.CONFIRM: (Outcome.CONFIRMED, None),
    Deed.GOOD: (Outcome.FALSE_CALL, None),
    Deed.GOOD_FIX: (Outcome.FALSE_CALL_FIX_PROCESS, None),
    Deed.OTHER: (Outcome.OTHER_DEFECT, None),
    Deed.REWORK: (Outcome.CONFIRMED, Kind.REWORK),
    Deed.SCRAP: (Outcome.CONFIRMED, Kind.SCRAP),
}
DECIDING = frozenset(_OUTCOMES)
"""Deeds that say something of the part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A deed in the words of the record: what was found, what becomes of the part."""

    outcome: Outcome
    disposition: Kind | None


def said_by(deed: Deed, decision: str) -> Said:
    """Put a deed into the record's words, by what the machine had said.

    Of a part that passed, "good" confirms the verdict and everything else is an escape.
    """
    outcome, disposition = _OUTCOMES[deed]
    if decision == Decision.PASS:
        is_good = deed in {Deed.GOOD, Deed.GOOD_FIX}
        outcome = Outcome.CONFIRMED if is_good else Outcome.ESCAPE
    return Said(outcome=outcome, disposition=disposition)


@dataclass(slots=True)
class WorkList:
    """The parts that wait for a person, and which one is on the screen.

    New parts join at the end; a part that was decided here or elsewhere leaves. Where
    the operator stands never jumps because the list has changed.
    """

    parts: list[Part] = field(default_factory=list)
    at: int = 0
    _gone: set[int] = field(default_factory=set)

    @property
    def current(self) -> Part | None:
        """The part on the screen."""
        return self.parts[self.at] if self.at < len(self.parts) else None

    def join(self, parts: Iterable[Part]) -> int:
        """Add what is new; gives how many that were."""
        known = {part.id for part in self.parts} | self._gone
        new = [part for part in parts if part.id not in known]
        self.parts += new
        return len(new)

    def leave(self, number: int) -> None:
        """Take a part out: it was decided."""
        self._gone.add(number)
        place = self.place_of(number)
        if place is None:
            return
        del self.parts[place]
        if place < self.at or self.at == len(self.parts):
            self.at = max(0, self.at - 1)

    def come_back(self, part: Part) -> None:
        """Put a part in again, on the screen: its decision was taken back."""
        self._gone.discard(part.id)
        if self.place_of(part.id) is None:
            self.parts.insert(self.at, part)
        self.go_to(part.id)

    def skip(self) -> None:
        """Go on to the next part; after the last comes the first."""
        self.at = (self.at + 1) % len(self.parts) if self.parts else 0

    def back(self) -> None:
        """Go to the part before."""
        self.at = (self.at - 1) % len(self.parts) if self.parts else 0

    def go_to(self, number: int) -> bool:
        """Go to a part by its number; `False` if it is not in the list."""
        place = self.place_of(number)
        self.at = self.at if place is None else place
        return place is not None

    def place_of(self, number: int) -> int | None:
        """Say at which place a part stands."""
        places = (at for at, part in enumerate(self.parts) if part.id == number)
        return next(places, None)


def median(values: Sequence[float]) -> float | None:
    """Give the middle one of some figures; `None` of none."""
    inner = sorted(values)
    if not inner:
        return None
    half = len(inner) // 2
    return inner[half] if len(inner) % 2 else (inner[half - 1] + inner[half]) / 2


# The log around a part, on a time axis.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A log line with its place on the axis: seconds before the picture, and row."""

    station: str
    level: str
    text: str
    seconds: float
    """Relative to the capture: negative before it."""
    weight: float | None
    row: int
    is_heavy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAxis:
    """The log around a part: stations are rows, time runs to the right."""

    stations: tuple[str, ...]
    lines: tuple[PlacedLine, ...]
    since_s: float
    until_s: float


HEAVIEST = 5


def log_axis(record: WindowRecord) -> LogAxis:
    """Lay a part's window out; the heaviest lines are marked, wherever they stand."""
    kept = record.log_lines
    stations = _in_order_of_first(kept)
    heavy = _heaviest(kept)
    lines = tuple(
        PlacedLine(
            station=plain(line.station, 40),
            level=plain(line.level, 12),
            text=plain(line.text),
            seconds=(line.logged_ns - record.captured_ns) / NS_PER_S,
            weight=line.weight,
            row=stations.index(line.station),
            is_heavy=at in heavy,
        )
        for at, line in enumerate(kept)
    )
    moments = [line.seconds for line in lines] or [0.0]
    return LogAxis(
        stations=tuple(plain(each, 40) for each in stations),
        lines=lines,
        since_s=min(*moments, -1.0),
        until_s=max(*moments, 1.0),
    )


def _in_order_of_first(kept: Sequence[KeptLine]) -> list[str]:
    """Order stations as the part met them: by the mean moment of their lines."""
    moments: dict[str, list[int]] = {}
    for line in kept:
        moments.setdefault(line.station, []).append(line.logged_ns)
    return sorted(moments, key=lambda name: sum(moments[name]) / len(moments[name]))


def _heaviest(kept: Sequence[KeptLine]) -> frozenset[int]:
    weighed = [(line.weight or 0.0, at) for at, line in enumerate(kept)]
    return frozenset(at for weight, at in sorted(weighed)[-HEAVIEST:] if weight > 0)


# Parts that look alike.


def likeness(one: WindowRecord, other: WindowRecord) -> float:
    """Say how alike two parts are, 0 to 1: where on the picture, and which stations.

    The cosine between defect maps and stations' shares of the log's say, each of length
    1, so that neither drowns the other.
    """
    both = [
        cosine
        for cosine in (
            _cosine(_cells(one), _cells(other)),
            _cosine(_shares(one), _shares(other)),
        )
        if cosine is not None
    ]
    return sum(both) / len(both) if both else 0.0


def _cells(record: WindowRecord) -> dict[str, float]:
    """Give the cells above the map's middle: the rest is background."""
    rows = record.defect_map or ()
    values = [value for row in rows for value in row]
    middle = median(values) or 0.0
    return {
        f"{y},{x}": value - middle
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
        if value > middle
    }


def _shares(record: WindowRecord) -> dict[str, float]:
    shares: dict[str, float] = {}
    for line in record.log_lines:
        shares[line.station] = shares.get(line.station, 0.0) + (line.weight or 0.0)
    return shares


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    lengths = math.hypot(*one.values()) * math.hypot(*other.values())
    if not lengths:
        return None
    return sum(value * other.get(key, 0.0) for key, value in one.items()) / lengths


def outline_cells(
    rows: Sequence[Sequence[float]], share: float = 0.6
) -> list[tuple[int, int]]:
    """Name the cells `(row, column)` that make up the region of a defect.

    Those with at least that share of the hottest cell's value; none of a map whose
    hottest cell stands out from nothing.
    """
    values = [value for row in rows for value in row]
    hottest = max(values, default=0.0)
    middle = median(values) or 0.0
    if hottest <= middle:
        return []
    floor = middle + share * (hottest - middle)
    return [
        (y, x)
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
        if value >= floor
    ]
