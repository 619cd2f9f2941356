"""How a line is, in the words of NAMUR NE 107, and what of it is worth an alarm.

A line's program says of itself, once a second, when its camera and its log last spoke
and what it lacks (`Heartbeat`). Whoever looks judges by that and by the last verdicts,
so a program that has died cannot keep its death to itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from inspector.alarms import Condition, Reading
from inspector.types import NS_PER_S, Fault


class Health(StrEnum):
    """NE 107: the four words for what is not well, and the one for what is."""

    GOOD = "good"
    MAINTENANCE = "maintenance"
    """Works, and will not for long: see to it soon."""
    OUT_OF_SPECIFICATION = "out_of_specification"
    """Works outside of what it was made for: do not trust it blindly."""
    FUNCTION_CHECK = "function_check"
    """Somebody is at work on it; what it says does not count."""
    FAILURE = "failure"
    """Does not work."""


_GRAVITY = tuple(Health)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a line's program last said of itself; `None` of what it cannot tell."""

    line: str
    beat_ns: int
    takt_s: float
    deadline_ms: float
    frame_ns: int | None = None
    """When the camera last delivered a part, by this machine's clock."""
    log_ns: int | None = None
    """When the log last said something, by this machine's clock."""
    log_skew_s: float | None = None
    """How far the log's clock is ahead of this machine's."""
    has_log: bool = True
    is_setup: bool = False
    """Whether somebody is setting the line up."""
    is_simulated: bool = False
    disk_free: float | None = None
    """Share of the evidence's disk that is free, 0 to 1."""
    broker: str | None = None
    """What is wrong with the broker; `None`: nothing, or there is none."""
    database: str | None = None
    """What is wrong with the database, such as verdicts that wait on this machine."""
    stopped: str | None = None
    """Why the line's program stopped, if it said so."""
    is_broken: bool = False
    """Whether it stopped because it broke down, and not because it was to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLimits:
    """Where well ends."""

    beat_s: float = 5.0
    """A program that says nothing for so long is silent."""
    camera_takts: float = 3.0
    """A camera that delivers nothing for so many takts is silent."""
    camera_least_s: float = 1.5
    log_s: float = 30.0
    skew_s: float = 1.0
    late_share: float = 0.8
    """Share of the deadline that p99 may take."""
    drift_share: float = 0.5
    """Share of the last parts that were left to a person because the shift moved."""
    chance: float = 1e-4
    """A burst: so many rejects come by chance so rarely."""
    same_defect: int = 8
    """So many parts with one kind of defect, one after the other, are a run."""
    disk_free: float = 0.1
    parts: int = 50
    """How many of the last parts are looked at."""
    stale_s: float = 1.0
    """A picture older than this is shown veiled, whatever the takt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What the last verdicts of a line say."""

    decisions: Sequence[str] = ()
    """The newest last."""
    defects: Sequence[str | None] = ()
    """Of the same parts; `None` for those that passed."""
    faults: Sequence[str | None] = ()
    p99_ms: float | None = None
    usual_reject_share: float | None = None
    """Over a long time before; `None` where there was none."""
    put_away: str | None = None
    """Why the line's newest act on branches was to put one away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How a line is: the gravest word, and what led to it."""

    health: Health
    words: tuple[str, ...]
    frame_age_s: float | None
    log_age_s: float | None


def diagnose(
    beat: Heartbeat | None, readings: Sequence[Reading], now_ns: int
) -> Diagnosis:
    """Say how a line is.

    Args:
        beat: what its program last said; `None` if it never did.
        readings: of this line, as `readings_of` gives them.
        now_ns: the moment.
    """
    found = [
        (_WORD_OF[each.condition], each.words)
        for each in readings
        if not each.value < each.raise_at
    ]
    if beat is not None and beat.is_setup:
        found.append((Health.FUNCTION_CHECK, "the line is being set up"))
    if beat is not None and beat.stopped is not None and not beat.is_broken:
        found.append((Health.FUNCTION_CHECK, f"stopped: {beat.stopped}"))
    worst = max(
        (health for health, _ in found), key=_GRAVITY.index, default=Health.GOOD
    )
    return Diagnosis(
        health=worst,
        words=tuple(words for _, words in found),
        frame_age_s=_age_s(None if beat is None else beat.frame_ns, now_ns),
        log_age_s=_age_s(None if beat is None else beat.log_ns, now_ns),
    )


_WORD_OF = {
    Condition.LINE_SILENT: Health.FAILURE,
    Condition.CAMERA_SILENT: Health.FAILURE,
    Condition.LOG_SILENT: Health.OUT_OF_SPECIFICATION,
    Condition.CLOCK_SKEW: Health.OUT_OF_SPECIFICATION,
    Condition.LATENCY: Health.OUT_OF_SPECIFICATION,
    Condition.DRIFT: Health.OUT_OF_SPECIFICATION,
    Condition.REJECT_BURST: Health.OUT_OF_SPECIFICATION,
    Condition.DEFECT_RUN: Health.OUT_OF_SPECIFICATION,
    Condition.DISK: Health.MAINTENANCE,
    Condition.BROKER: Health.MAINTENANCE,
    Condition.DATABASE: Health.FAILURE,
    Condition.BRANCH: Health.MAINTENANCE,
}


def readings_of(
    beat: Heartbeat, recent: Recent, limits: HealthLimits, now_ns: int
) -> list[Reading]:
    """Look at everything of a line that may be worth an alarm.

    A line that was stopped, or is being set up, is silent on purpose; one that broke
    down is not.
    """
    is_working = beat.stopped is None and not beat.is_setup
    program = _of_the_program(beat, limits, now_ns) if is_working else _at_rest(beat)
    readings = [
        *program,
        *_of_the_plant(beat, limits),
        *_of_the_parts(beat, recent, limits),
    ]
    return [each for each in readings if each is not None]


def _of_the_program(
    beat: Heartbeat, limits: HealthLimits, now_ns: int
) -> list[Reading | None]:
    silent_s = max(limits.camera_takts * beat.takt_s, limits.camera_least_s)
    log_ns = beat.log_ns if beat.has_log else None
    skew = None if beat.log_skew_s is None else abs(beat.log_skew_s)
    return [
        _reading(
            (Condition.LINE_SILENT, beat.line),
            _age_s(beat.beat_ns, now_ns),
            limits.beat_s,
            "its program has said nothing for {:.1f} s: see whether it runs",
        ),
        _reading(
            (Condition.CAMERA_SILENT, beat.line),
            _age_s(beat.frame_ns, now_ns),
            silent_s,
            "no part from the camera for {:.1f} s: see camera, cable and trigger",
        ),
        _reading(
            (Condition.LOG_SILENT, beat.line),
            _age_s(log_ns, now_ns),
            limits.log_s,
            "no log text for {:.0f} s: see the stations and their log file",
        ),
        _reading(
            (Condition.CLOCK_SKEW, beat.line),
            skew,
            limits.skew_s,
            "the log's clock is {:.1f} s off: set it, or parts get wrong lines",
        ),
    ]


def _at_rest(beat: Heartbeat) -> list[Reading | None]:
    """Let alarms about silence return, for it is meant, unless the line broke down."""
    why = f"its program stopped: {beat.stopped}" if beat.is_broken else None
    silent = (Condition.CAMERA_SILENT, Condition.LOG_SILENT, Condition.CLOCK_SKEW)
    return [
        _broken((Condition.LINE_SILENT, beat.line), why),
        *(_broken((condition, beat.line), None) for condition in silent),
    ]


def _of_the_plant(beat: Heartbeat, limits: HealthLimits) -> list[Reading | None]:
    used = None if beat.disk_free is None else 1 - beat.disk_free
    return [
        _reading(
            (Condition.DISK, beat.line),
            used,
            1 - limits.disk_free,
            "the evidence's disk is full to {:.0%}: prune or enlarge it",
            band=0.99,
        ),
        _broken((Condition.BROKER, beat.line), beat.broker),
        _broken((Condition.DATABASE, beat.line), beat.database),
    ]


def _of_the_parts(
    beat: Heartbeat, recent: Recent, limits: HealthLimits
) -> list[Reading | None]:
    late_ms = limits.late_share * beat.deadline_ms
    return [
        _reading(
            (Condition.LATENCY, beat.line),
            recent.p99_ms,
            late_ms,
            f"p99 {{:.0f}} ms of a deadline of {beat.deadline_ms:g} ms: see the load",
        ),
        _reading(
            (Condition.DRIFT, beat.line),
            _drifted(recent, limits),
            limits.drift_share,
            "{:.0%} of the last parts were left to a person because the shift moved",
        ),
        _burst(beat.line, recent, limits),
        _reading(
            (Condition.DEFECT_RUN, beat.line),
            float(_run(recent)),
            float(limits.same_defect),
            "{:.0f} parts in a row with the same defect: see the station that makes it",
            band=0.5,
        ),
        _broken((Condition.BRANCH, beat.line), recent.put_away),
    ]


def _reading(
    key: tuple[Condition, str],
    value: float | None,
    limit: float,
    words: str,
    band: float = 0.8,
) -> Reading | None:
    """Make a reading, its band a share of the limit; `None` of what cannot be told."""
    if value is None:
        return None
    return Reading(
        condition=key[0],
        source=key[1],
        value=value,
        raise_at=limit,
        return_below=limit * band,
        words=words.format(value),
    )


def _broken(key: tuple[Condition, str], why: str | None) -> Reading:
    return Reading(
        condition=key[0],
        source=key[1],
        value=0.0 if why is None else math.inf,
        raise_at=1.0,
        return_below=1.0,
        words=why or "well again",
    )


def _drifted(recent: Recent, limits: HealthLimits) -> float | None:
    if len(recent.faults) < limits.parts:
        return None
    return sum(each == Fault.DRIFT for each in recent.faults) / len(recent.faults)


def _burst(line: str, recent: Recent, limits: HealthLimits) -> Reading | None:
    """Compare the last rejects with the usual share, by the exact binomial tail."""
    parts, usual = len(recent.decisions), recent.usual_reject_share
    if parts < limits.parts or usual is None:
        return None
    rejects = sum(each == "REJECT" for each in recent.decisions)
    chance = max(chance_of(rejects, parts, usual), 1e-300)
    return Reading(
        condition=Condition.REJECT_BURST,
        source=line,
        value=-math.log10(chance),
        raise_at=-math.log10(limits.chance),
        return_below=-math.log10(limits.chance) / 2,
        words=f"{rejects} / {parts} parts rejected, usually {usual:.1%}: "
        "see the last rejects",
    )


def chance_of(count: int, of: int, share: float) -> float:
    """Give the chance of at least so many, each with that share (binomial)."""
    return sum(
        math.comb(of, k) * share**k * (1 - share) ** (of - k)
        for k in range(count, of + 1)
    )


def _run(recent: Recent) -> int:
    """Count the parts at the end that have one and the same kind of defect."""
    length = 0
    for defect in reversed(recent.defects):
        if defect is None or defect != recent.defects[-1]:
            break
        length += 1
    return length


def _age_s(moment_ns: int | None, now_ns: int) -> float | None:
    return None if moment_ns is None else max(0.0, (now_ns - moment_ns) / NS_PER_S)


@dataclass(slots=True)
class Pulse:
    """What a line's program notes of itself, from any thread, for its heartbeat."""

    line: str
    takt_s: float
    deadline_ms: float
    has_log: bool = True
    utc_ns: Callable[[], int] = time.time_ns
    _now: Heartbeat = field(init=False)
    _ahead_s: deque[float] = field(init=False, default_factory=lambda: deque(maxlen=50))
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._now = Heartbeat(
            line=self.line,
            beat_ns=self.utc_ns(),
            takt_s=self.takt_s,
            deadline_ms=self.deadline_ms,
            has_log=self.has_log,
        )

    def frame(self, *, is_simulated: bool) -> None:
        """A part has come from the camera."""
        self.note(frame_ns=self.utc_ns(), is_simulated=is_simulated)

    def log_line(self, logged_ns: int) -> None:
        """A log line has come, which says it was written at that moment.

        Lines take their time to come, so the clocks' distance is that of the line that
        came soonest of the last ones. Of a replay nothing can be told.
        """
        now_ns = self.utc_ns()
        self._ahead_s.append((logged_ns - now_ns) / NS_PER_S)
        skew_s = None if self._now.is_simulated else max(self._ahead_s)
        self.note(log_ns=now_ns, log_skew_s=skew_s)

    def note(self, **changes: object) -> None:
        """Note fields of `Heartbeat`."""
        with self._lock:
            self._now = replace(self._now, **changes)  # type: ignore[arg-type]

    def beat(self) -> Heartbeat:
        """Give what is to be said now."""
        self.note(beat_ns=self.utc_ns())
        return self._now
