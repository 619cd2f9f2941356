"""A line's settings: what `line.toml` may say, checked when it is read.

A recording's `line.toml` needs only the first table (id, takt, camera, classes,
stations); `inspector run` reads the same file with its sources and model added.
Thresholds are settings too, because they follow the wanted escape rate and not the
weights; training writes them to `settings/<line>.toml` beside the model.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from inspector.errors import SettingsError
from inspector.types import Problem

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\w[\w.\-]*$")]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Distance = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NEVER_REJECT = 1.01
"""A threshold that no score reaches: a score of 1 itself may be a good part's."""
Threshold = Annotated[float, Field(ge=0, le=NEVER_REJECT, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Station(_Strict):
    """A place on the line that writes log text."""

    name: Name
    seconds_to_camera: Seconds
    """Nominal travel time of a part from this station to the camera."""


class WindowRules(_Strict):
    """How a frame is paired with log lines, in event time."""

    max_wait_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 25.0
    """How long a part waits for log lines that are on their way."""
    travel_tolerance_s: Seconds = 10.0
    """Lines of a station concern parts that pass within this time of them."""
    out_of_order_s: Seconds = 1.0
    """How far behind the newest line an older one may still arrive."""
    horizon_s: Seconds = 180.0
    """Lines older than this before the frame concern it only by its serial."""
    max_lines: Annotated[int, Field(ge=1, le=4096)] = 48
    """The window keeps this many lines: by serial first, then nearest in time."""
    max_buffered_lines: Annotated[int, Field(ge=100)] = 200_000
    """Bound on lines held in memory for parts to come; the oldest go first."""


MAX_SIDE = 4096
"""Pixels; larger pictures than any area camera on a line delivers."""
MAX_TILES = 8
"""Along one side; more tiles than 64 cost more than any takt gives."""


class Region(NamedTuple):
    """A rectangle of a picture, in its pixels; x runs right and y down, from 0."""

    x: Annotated[int, Field(ge=0, lt=MAX_SIDE)]
    y: Annotated[int, Field(ge=0, lt=MAX_SIDE)]
    width: Annotated[int, Field(gt=0, le=MAX_SIDE)]
    height: Annotated[int, Field(gt=0, le=MAX_SIDE)]

    def lies_in(self, height: int, width: int) -> bool:
        """Say whether a picture of that size has all of it."""
        return self.x + self.width <= width and self.y + self.height <= height

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.x},{self.y}"


class TileRules(_Strict):
    """How the region is cut into tiles that are each looked at on their own."""

    rows: Annotated[int, Field(ge=1, le=MAX_TILES)] = 1
    columns: Annotated[int, Field(ge=1, le=MAX_TILES)] = 1
    overlap: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] = 0.0
    """Share of a tile's side that it has in common with the next, so that a defect on
    a cut is whole in one of them."""

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return self.rows * self.columns


class PictureRules(_Strict):
    """Which part of the picture is looked at, and how closely."""

    region: Region | None = None
    """The rest of the picture is never looked at; `None` looks at all of it."""
    tiles: TileRules = TileRules()

    @model_validator(mode="after")
    def _inside(self) -> Self:
        region = self.region
        if region is not None and not region.lies_in(MAX_SIDE, MAX_SIDE):
            message = f"region {region} reaches beyond {MAX_SIDE}x{MAX_SIDE}"
            raise ValueError(message)
        return self

    def __str__(self) -> str:
        region = "the whole picture" if self.region is None else f"{self.region}"
        tiles = self.tiles
        if tiles.count == 1:
            return f"{region} in one piece"
        cut = f"{tiles.rows}x{tiles.columns} tiles"
        return f"{region} in {cut} that overlap by {tiles.overlap:g}"


class Promise(_Strict):
    """What a threshold promises of parts like those it was found on."""

    threshold: Threshold
    """What is promised holds for this score, and for any that is stricter."""
    parts: Annotated[int, Field(ge=1)]
    """Bad parts for escapes, good parts for false rejects."""
    exceptions_allowed: Annotated[int, Field(ge=0)]
    """How many of them the threshold may decide wrongly."""
    wanted_rate: Probability
    expected_bound: Probability
    """The expected rate is at most this."""
    bound_at_confidence: Probability
    """With the guarantee's confidence, the rate is at most this."""
    confidence_of_wanted_rate: Probability
    """With this confidence, the rate is at most the wanted one."""


class Guarantee(_Strict):
    """What the thresholds promise, and how surely (`docs/confidence.md`)."""

    method: Literal["conformal risk control, exact binomial"] = (
        "conformal risk control, exact binomial"
    )
    confidence: Probability = 0.95
    escapes: Promise
    false_rejects: Promise


class DecisionRules(_Strict):
    """Where the score becomes a decision."""

    reject_at: Threshold = 0.5
    """A score at or above this rejects the part; above 1, none is without a person."""
    pass_below: Threshold = 0.5
    """A score below this passes it; between the two a person looks (REVIEW)."""
    wanted_escape_rate: Probability = 0.02
    """The share of bad parts that may pass, for which the thresholds were found."""
    deadline_ms: Milliseconds = 500.0
    """A part not decided this long after its arrival is REVIEW."""
    route_tolerance: Probability = 0.02
    """How far leaving out the picture or the log may be expected to move the score from
    the full one; 0 leaves out neither, and asks no router."""
    look_tolerance: Probability = 0.02
    """How far a full look may be expected to move the score after a glance and still
    be spared; 0 always looks in full."""
    guarantee: Guarantee | None = None
    """What the thresholds promise; `None` in settings that promise nothing."""

    @property
    def loosened(self) -> bool:
        """Whether a threshold is looser than the one the guarantee is about."""
        return self.guarantee is not None and (
            self.pass_below > self.guarantee.escapes.threshold
            or self.reject_at < self.guarantee.false_rejects.threshold
        )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.pass_below > self.reject_at:
            message = "pass_below must not be above reject_at"
            raise ValueError(message)
        return self


StatisticName = Literal[
    "brightness",
    "contrast",
    "sharpness",
    "picture score",
    "log score",
    "score",
    "log lines",
]
STATISTICS: tuple[StatisticName, ...] = get_args(StatisticName)
"""What is watched of every part (`inspector.drift`), in this order."""
TENTHS = 10


class MovingStatistic(_Strict):
    """What a statistic was on the calibration shifts, and how far it may move."""

    name: StatisticName
    tenths: Annotated[list[Finite], Field(min_length=TENTHS, max_length=TENTHS)]
    """Mean of each tenth of the parts, the lowest first."""
    noticed_at: Distance
    """Beyond what honest runs of parts reached: the move is logged."""
    limit_down: Distance
    """Beyond this, towards lower values, parts are left to a person."""
    limit_up: Distance

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if sorted(self.tenths) != self.tenths:
            message = "tenths must not fall"
            raise ValueError(message)
        return self


class DriftRules(_Strict):
    """When a shift has moved too far from the ones that thresholds were found on."""

    enabled: bool = True
    """`false` never leaves a part to a person because the shift has moved."""
    parts: Annotated[int, Field(ge=TENTHS, le=10_000, multiple_of=TENTHS)] = 60
    """How many of the latest parts are compared with the calibration shifts."""
    returns_at: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Parts are decided again when the distance is below this share of the limit."""
    honest_runs: Annotated[int, Field(ge=0)] = 0
    """Runs of so many parts, apart from each other, that the limits came from."""
    statistics: Annotated[list[MovingStatistic], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [each.name for each in self.statistics]
        if len(set(names)) != len(names):
            message = "statistics name one thing twice"
            raise ValueError(message)
        return self


class FolderFrames(_Strict):
    """Pictures in a folder, in order of name."""

    kind: Literal["folder"]
    path: Path
    watch: bool = False
    """Keep looking for new pictures instead of ending with the last one."""


class CaptureFrames(_Strict):
    """A video file, a USB camera by number, or an RTSP address, through OpenCV."""

    kind: Literal["video", "usb", "rtsp"]
    address: str
    open_timeout_ms: int = Field(default=5000, gt=0)
    read_timeout_ms: int = Field(default=2000, gt=0)
    reconnect_for_s: Seconds = 0.0
    """Give up after this long without a picture; 0 tries for ever."""


class RecordingFrames(_Strict):
    """A recorded line, replayed."""

    kind: Literal["recording"]
    path: Path
    rate: Annotated[float, Field(gt=0)] | Literal["own", "max"] = "own"


class LogFile(_Strict):
    """A growing log file, followed through rotation (`tail -F`)."""

    kind: Literal["tail"]
    path: Path
    from_start: bool = False


Margin = Annotated[float, Field(gt=0, lt=1)]
Words = Annotated[str, Field(min_length=1, max_length=80)]


class ClassName(_Strict):
    """What people call a class of parts."""

    en: Words | None = None
    """In English; `None`: as it is called in `classes`."""
    zh: Words | None = None
    """In Chinese; `None`: as in `classes`."""


class LineSettings(_Strict):
    """One production line."""

    id: Name
    takt_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    camera: Name
    classes: Annotated[list[Name], Field(min_length=2)]
    """The label of a good part first, then the defect kinds."""
    class_names: dict[Name, ClassName] = {}
    """What people call each class; decides nothing."""
    stations: list[Station] = []
    windows: WindowRules = WindowRules()
    picture: PictureRules | None = None
    """`None` leaves it to the branch, which was trained for one region and one cut."""

    @property
    def log_reach_s(self) -> float:
        """How far back from a frame the log matters to it, in seconds."""
        travel_s = max((each.seconds_to_camera for each in self.stations), default=0)
        rules = self.windows
        reach_s = max(rules.horizon_s, travel_s + rules.travel_tolerance_s)
        return reach_s + rules.out_of_order_s

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (
            ("classes", self.classes),
            ("stations", [station.name for station in self.stations]),
        ):
            if len(set(names)) != len(names):
                message = f"{what} names one thing twice"
                raise ValueError(message)
        unknown = sorted(set(self.class_names) - set(self.classes))
        if unknown:
            message = f"class_names: {unknown[0]} is not one of the classes"
            raise ValueError(message)
        return self


class GateRules(_Strict):
    """What a branch must prove before it may judge a line (`inspector.gate`)."""

    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """How surely a branch must not be worse than the running one."""
    margin_auroc: Margin = 0.05
    """It may lose less than this much area under the ROC curve."""
    margin_errors: Margin = 0.05
    """Less than this share of the parts more may be decided wrongly."""
    margin_reviews: Margin = 0.1
    """Less than this share of the parts more may be left to a person."""
    fewest_bad: Annotated[int, Field(ge=2)] = 30
    """With fewer verified bad parts, what people said proves nothing by itself."""
    fewest_good: Annotated[int, Field(ge=2)] = 30
    """The same, of good ones."""
    most_parts: Annotated[int, Field(ge=10, le=100_000)] = 400
    """Of the verified parts, so many of the newest are judged again."""
    flips_allowed: Annotated[int, Field(ge=0)] = 0
    """Confirmed rejects that the new branch may pass."""
    median_ms: Milliseconds = 100.0
    """What half of the parts may take at most, on this machine."""
    p99_ms: Milliseconds = 300.0
    """What all but one in a hundred may take at most."""
    load_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    """Within this time a branch must be loaded, checked and warm."""


class BranchRules(_Strict):
    """Where a line's branches come from, and what they must prove."""

    store: str | None = None
    """A folder, or a URL that fsspec knows; `None`: the model's own folder."""
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """ed25519, as `inspector branch keygen` prints it: every branch must be signed."""
    golden: Path | None = None
    """A recording of golden parts: labelled ones that must never be judged wrongly."""
    gate: GateRules = GateRules()
    may_force: tuple[Words, ...] = ()
    """Who may overrule the gate, with a reason that goes on record."""


class SpoolRules(_Strict):
    """Where verdicts wait on this machine while the database is away."""

    enabled: bool = True
    """`false` stops the line as soon as the database is away."""
    folder: Path = Path("spool")
    """One file for each line; one program may use it at a time."""
    max_mb: Annotated[float, Field(ge=0.1, le=100_000, allow_inf_nan=False)] = 256.0
    """About 700 bytes for each verdict; when it is full the line stops."""
    patience_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 2.0
    """A database that does not answer for so long is away."""


class RunSettings(LineSettings):
    """A production line with everything that `inspector run` needs."""

    frames: Annotated[
        FolderFrames | CaptureFrames | RecordingFrames, Field(discriminator="kind")
    ]
    log: LogFile | None = None
    model: Path
    database: str = "sqlite:///inspector.db"
    """SQLAlchemy URL without a password: `INSPECTOR_DATABASE_URL` overrides it."""
    evidence: Path = Path("evidence")
    branches: BranchRules = BranchRules()
    spool: SpoolRules = SpoolRules()


class ModelSettings(_Strict):
    """What training found for a line: `settings/<line>.toml` beside the model."""

    line: Name
    branch: Name
    """The branch version that runs."""
    decisions: DecisionRules
    drift: DriftRules | None = None
    """When the shift has moved too far; `None` in settings that do not watch it."""


SettingsT = TypeVar("SettingsT", bound=BaseModel)


def load_settings(path: Path, kind: type[SettingsT]) -> SettingsT:
    """Read a TOML file into settings.

    Raises:
        SettingsError: every field that is wrong, by name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError([Problem.in_file(path, _why(error))]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([Problem.in_file(path, "is not UTF-8 text")]) from error
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Problem.in_file(path, f"is not TOML: {error}")]) from error
    except ValidationError as error:
        raise SettingsError(_problems(path, error)) from error


def settings_sha256(*settings: _Strict) -> str:
    """Hash what the settings say, whatever the layout of their file.

    What people call a class decides nothing, and is left out.
    """
    digest = hashlib.sha256()
    for part in settings:
        digest.update(part.model_dump_json(exclude={"class_names"}).encode())
    return digest.hexdigest()


def _why(error: OSError) -> str:
    return "does not exist" if isinstance(error, FileNotFoundError) else str(error)


def _problems(path: Path, error: ValidationError) -> list[Problem]:
    return [
        Problem.in_file(
            path,
            f"field {'.'.join(map(str, found['loc'])) or '(whole file)'}: "
            f"{found['msg'].removeprefix('Value error, ')}",
        )
        for found in error.errors()
    ]
