"""The data that flows: frame -> window -> sample -> scores -> verdict.

Each stage makes a new frozen value; nothing is filled in later. Times of the world are
UTC nanoseconds since 1970 and end in `_ns`; times of the monotonic clock, used for ages
and deadlines only, end in `_mono_ns`; durations end in `_ms` or `_s`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""A picture: `[height, width]` grey or `[height, width, 3]` RGB, 0 to 255."""

FloatArray = NDArray[np.float32]

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Decision(StrEnum):
    """What happens to the part."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    REJECT = "REJECT"
    REVIEW = "REVIEW"


class Route(StrEnum):
    """Which modalities were computed for a part."""

    PICTURE = "picture"
    LOG = "log"
    BOTH = "both"
    NONE = "none"


class Look(StrEnum):
    """How closely the picture of a part was looked at."""

    NONE = "none"
    GLANCE = "glance"
    """The first layers of the branch alone."""
    FULL = "full"


class LogContext(StrEnum):
    """How much of the log a part's window held when it was closed.

    `COMPLETE`: the log had moved past every line that can concern the part.
    `PARTIAL`: the bounded wait ended before that, with some lines in hand.
    `LATE`: the bounded wait ended before that, with no line that concerns the part.
    `MISSING`: the line has no log, or its log has ended or never spoke.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    LATE = "late"
    MISSING = "missing"


class Fault(StrEnum):
    """Why a part could not be judged; each is also counted."""

    PICTURE_MISSING = "picture_missing"
    CHECKSUM = "checksum"
    DECODE = "decode"
    PICTURE_UNUSABLE = "picture_unusable"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN = "unknown"
    DEADLINE = "deadline"
    STALLED = "stalled"
    OVERLOAD = "overload"
    MODEL_UNVERIFIED = "model_unverified"
    DRIFT = "drift"
    UNSTORED = "unstored"
    """Only ever signalled: the verdict that was decided could not be kept."""
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One trigger of one camera: one part to be judged.

    A source fills `encoded` (a file as the camera delivered it) or `pixels` (raw), or
    neither and says why in `problem`: a part whose picture is lost is still a part.
    """

    line: str
    camera: str
    frame_id: int
    """Unique within the line and camera, for ever."""
    serial: str | None
    captured_ns: int
    received_mono_ns: int
    encoded: bytes | None = field(default=None, repr=False)
    pixels: Pixels | None = field(default=None, repr=False)
    sha256: str | None = None
    """The sender's checksum of `encoded`, in hex; checked before judging."""
    problem: str | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the production line's log text."""

    line: str
    logged_ns: int
    station: str
    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedLogLine:
    """Log text that could not be read; counted and reported, never dropped silently."""

    line: str
    where: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A frame with the log lines that concern it, closed at a known moment."""

    frame: Frame
    log_lines: tuple[LogLine, ...]
    """In order of event time."""
    log_context: LogContext
    closed_mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the model reads: a decoded picture and the window it belongs to."""

    window: Window
    pixels: Pixels | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchId:
    """Names the exact CNN branch that looked at a picture."""

    line: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkId:
    """Names the exact trunk: log Transformer, fusion and router."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What the model says of a sample; probabilities run from 0 (good) to 1."""

    score: float
    """Probability that the part is defective, by the route that was taken."""
    picture_score: float | None
    log_score: float | None
    route: Route
    defect: str | None
    """The likeliest defect kind, if the part is defective; `None` without a picture."""
    defect_map: FloatArray | None = field(repr=False)
    """`[rows, columns]` probability of a defect in each cell of the picture."""
    look: Look = Look.NONE
    line_weights: FloatArray | None = field(default=None, repr=False)
    """`[lines]` share of the log's say that each of the window's lines had, 0 to 1, in
    the window's order; `None` if the log was not read."""
    stage_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided about one part, by what, and when: one row of the record."""

    line: str
    camera: str
    frame_id: int
    serial: str | None
    captured_ns: int
    decided_ns: int
    decision: Decision
    reason: str
    """Never empty: the rule that decided, in words a person can read."""
    fault: Fault | None
    score: float | None
    picture_score: float | None
    log_score: float | None
    defect: str | None
    route: Route
    look: Look
    log_context: LogContext
    log_lines: int
    trunk: TrunkId
    branch: BranchId
    settings_sha256: str
    latency_ms: float
    """From the frame's arrival to the decision."""
    stage_ms: Mapping[str, float]
    evidence: str | None
    """Path of the picture inside the evidence folder, for parts that did not pass."""
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowJudgement:
    """What a branch in shadow would have decided about a part, beside what was."""

    live: Verdict
    shadow: Verdict
    """Its `latency_ms` is what looking at the part took, decoding included."""
    evidence: str | None = None
    """Path of the picture inside the evidence folder, where the two disagree."""

    @property
    def disagrees(self) -> bool:
        """Whether the branches decide otherwise; a fault decides nothing."""
        faultless = self.live.fault is None and self.shadow.fault is None
        return faultless and self.live.decision is not self.shadow.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input: where it is, what it is, what to do."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @classmethod
    def in_file(cls, path: Path, what: str, row: int | None = None) -> Problem:
        """Name a file and, where there is one, the row (the header is row 1)."""
        return cls(where=f"{path}" if row is None else f"{path}, row {row}", what=what)
