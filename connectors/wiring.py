"""Puts a line together: the one place that knows every connector.

Heavy packages are imported where they are used, so that a command that needs no camera
starts without OpenCV, and one that needs no model without ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.account import Tally
from inspector.drift import DriftGuard
from inspector.errors import SettingsError, StoreAwayError
from inspector.foreman import Foreman, Orders, Trained
from inspector.judge import Judge, Rulebook
from inspector.pipeline import Capacities, Pipeline, Sources
from inspector.ports import (
    BatchStore,
    BranchStore,
    DriftWatch,
    EvidenceStore,
    FrameSource,
    LogSource,
    Model,
    ShadowStore,
    VerdictStore,
    Watcher,
)
from inspector.queues import WhenFull
from inspector.recording import Recording
from inspector.replay import Pace, ReplayClock
from inspector.settings import (
    BranchRules,
    CaptureFrames,
    FolderFrames,
    LineSettings,
    ModelSettings,
    PictureRules,
    RecordingFrames,
    RunSettings,
    SpoolRules,
    load_settings,
    settings_sha256,
)
from inspector.shadowing import Shadow
from inspector.storing import Archive, Storekeeper
from inspector.types import NS_PER_S, Problem
from inspector.windows import WindowAssembler, Witness

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connectors.database.spool import SpooledStore
    from connectors.kafka.fed_line import BuiltLine
    from connectors.kafka.settings import FedLineSettings, WorkerSettings
    from connectors.kafka.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Which parts of a recording are replayed, and how fast."""

    pace: Pace = "own"
    split: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """What a line's foreman needs to follow the record of branches."""

    orders: Orders
    first: Trained
    shadows: ShadowStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Brain:
    """A loaded model and the settings it decides by."""

    model: Model
    settings: ModelSettings
    folder: Path | None = None
    """Where the model lies, as it was given."""
    staff: Staff | None = None
    """`None`: the branch is never exchanged while the line runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """Where the verdicts of one line or worker wait while the database is away."""

    name: str
    rules: SpoolRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A line's sources, with the room that suits them."""

    sources: Sources
    capacities: Capacities
    witness: Witness | None = None
    """Is told what the windows show of clocks and late lines."""


def assemble_line(
    line: LineSettings,
    feed: Feed,
    brain: Brain,
    archive: Archive,
    watchers: Sequence[Watcher] = (),
) -> Pipeline:
    """Put the stations of a line together; nothing runs yet."""
    from inspector.model.pictures import decode, unusable

    tally = Tally()
    judge = Judge(
        brain.model,
        decode,
        unusable,
        rules=rulebook(line, brain.settings, brain.folder),
        drift=_drift_watch(brain.settings),
        audit_every=archive.audit_every,
    )
    return Pipeline(
        sources=feed.sources,
        assembler=WindowAssembler(line, feed.sources.log is not None, feed.witness),
        judge=judge,
        storekeeper=Storekeeper(archive, tally, watchers),
        tally=tally,
        foreman=_foreman(brain.staff, judge, archive, tally),
        capacities=feed.capacities,
    )


def load_brain(folder: Path, line: str, picture: PictureRules | None = None) -> Brain:
    """Load a line's model with the settings that training found for it.

    Args:
        folder: of the model.
        line: its name.
        picture: what the line's own settings say of region and tiles.

    Raises:
        SettingsError: the model has no settings for this line, or wrong ones.
        ArtifactError: the model is altered, incomplete, of another version, or was
            trained for another region or cut than the line's settings say.
    """
    from inspector.model.hybrid import load_model

    path = folder / "settings" / f"{line}.toml"
    settings = load_settings(path, ModelSettings)
    if settings.line != line:
        what = f"field line: is {settings.line}, but the line is {line}"
        raise SettingsError([Problem.in_file(path, what)])
    model = load_model(folder, line, settings=settings, picture=picture)
    return Brain(model=model, settings=settings, folder=folder)


def open_archive(
    database: str, evidence: Path, *, upgrade: bool, spool: Spool | None = None
) -> Archive:
    """Open where verdicts and evidence pictures are kept.

    Args:
        database: SQLAlchemy URL of SQLite or PostgreSQL.
        evidence: folder for pictures.
        upgrade: bring the database up to date, or make it, instead of refusing it.
        spool: where verdicts wait while the database is away; `None`: nowhere.

    Raises:
        SettingsError: not such a URL, or not up to date.
        StoreError: the database, the folder or the spool cannot be used.
        MissingExtraError: the database's driver is not installed.
    """
    from connectors.database import schema
    from connectors.database.engine import open_engine
    from connectors.database.evidence import EvidenceFolder
    from connectors.database.people.house_rules import audit_every
    from connectors.database.verdict_store import SqlVerdictStore
    from inspector.model.drawing import draw_rejected
    from inspector.model.pictures import encode_png

    engine = open_engine(database)
    if upgrade:
        schema.upgrade(engine)
    elif spool is None:
        schema.require_current(engine)
    store = SqlVerdictStore(engine)
    return Archive(
        verdicts=store if spool is None else _spooled(engine, store, spool),
        evidence=EvidenceFolder(evidence),
        encode_png=encode_png,
        draw=draw_rejected,
        audit_every=audit_every(engine),
    )


def open_branch_store(model: Path, rules: BranchRules | None = None) -> BranchStore:
    """Open where a line's branches come from: the model's folder, unless told else.

    What is fetched from a URL is kept in the model's folder, under `cache`.

    Args:
        model: folder of the model.
        rules: of the line; `None` takes those that hold where nothing is said.

    Raises:
        SettingsError: the URL is of no kind that is known here.
        MissingExtraError: a package for it is not installed.
    """
    from connectors.branches.folder import FolderBranchStore

    said = rules or BranchRules()
    place = (said.store or f"{model}").removeprefix("file://")
    if "://" not in place:
        return FolderBranchStore(Path(place), said.public_key)
    from connectors.branches.remote import RemoteBranchStore

    return RemoteBranchStore(place, model / "cache", said.public_key)


def spooled(engine: Engine, inner: BatchStore, spool: Spool) -> SpooledStore:
    """Let batches wait on this machine while their database is away.

    Args:
        engine: of the database; it may be away already.
        inner: what stores a batch in one transaction.
        spool: where they wait; its name tells one worker from another.

    Raises:
        SettingsError: the database is not up to date.
        StoreError: the spool cannot be used.
    """
    from connectors.database import schema
    from connectors.database.spool import CheckedBatches, SpooledStore, SpoolLimits

    with suppress(StoreAwayError):
        schema.require_current(engine)
    rules = spool.rules
    limits = SpoolLimits(max_bytes=int(rules.max_mb * 1e6), patience_s=rules.patience_s)
    checked = CheckedBatches(inner, partial(schema.require_current, engine))
    return SpooledStore(checked, rules.folder / f"{spool.name}.db", limits)


def _spooled(engine: Engine, store: VerdictStore, spool: Spool) -> VerdictStore:
    from connectors.database.spool import PlainBatches

    return spooled(engine, PlainBatches(store), spool)


BrainFor = Callable[[Path, str, PictureRules | None], Brain]
"""Loads a line's model, as `load_brain` does."""


def assemble_worker(
    settings: WorkerSettings, database: str, brain_for: BrainFor = load_brain
) -> Worker:
    """Put a worker together that is fed by Kafka; nothing runs yet.

    Args:
        settings: of the worker.
        database: SQLAlchemy URL; it may be away already.
        brain_for: loads a line's model, once for each line.

    Raises:
        SettingsError: not such a URL, not up to date, or no folder of lines.
        StoreError: the folder of evidence cannot be made.
        MissingExtraError: the database's driver is not installed.
    """
    from connectors.database import schema
    from connectors.database.delivery_ledger import SqlDeliveryLedger
    from connectors.database.engine import open_engine
    from connectors.database.evidence import EvidenceFolder
    from connectors.kafka.worker import Worker

    engine = open_engine(database)
    with suppress(StoreAwayError):
        schema.require_current(engine)
    return Worker(
        settings,
        SqlDeliveryLedger(engine, settings.kafka.group),
        FedLines(EvidenceFolder(settings.evidence), brain_for),
    )


class FedLines:
    """Puts the lines of a worker together; a line's model is loaded once.

    Args:
        evidence: where the pictures of all lines are kept.
        brain_for: loads a line's model.
    """

    def __init__(self, evidence: EvidenceStore, brain_for: BrainFor) -> None:
        self._evidence = evidence
        self._brain_for = brain_for
        self._brains: dict[tuple[Path, str], Brain] = {}

    def __call__(
        self,
        line: FedLineSettings,
        sources: Sources,
        verdicts: VerdictStore,
        witness: Witness,
    ) -> BuiltLine:
        """Put a line together; see `Build`.

        Raises:
            InspectorError: its model cannot be loaded.
        """
        from connectors.kafka.fed_line import BuiltLine
        from inspector.model.drawing import draw_rejected
        from inspector.model.pictures import encode_png

        brain = self._brain(line)
        waits = sources.when_full is WhenFull.WAIT
        room = Capacities.for_recording() if waits else Capacities()
        archive = Archive(
            verdicts=verdicts,
            evidence=self._evidence,
            encode_png=encode_png,
            draw=draw_rejected,
        )
        feed = Feed(sources=sources, capacities=room, witness=witness)
        return BuiltLine(
            pipeline=assemble_line(line, feed, brain, archive),
            branch=brain.model.branch.version,
        )

    def _brain(self, line: FedLineSettings) -> Brain:
        key = (line.model, line.id)
        if key not in self._brains:
            self._brains[key] = self._brain_for(line.model, line.id, line.picture)
        return self._brains[key]


def replay_feed(recording: Recording, excerpt: Excerpt) -> Feed:
    """Make the sources that replay a recording, frames and log in step."""
    from connectors.frames.recording import ReplayedFrames
    from connectors.logs.replay import ReplayedLog

    rows = recording.select(excerpt.split, limit=excerpt.limit)
    captured_ns = [row.captured_ns for row in rows]
    takt_s = recording.settings.takt_s
    clock = ReplayClock.at_pace(excerpt.pace, captured_ns, takt_s)
    frames = ReplayedFrames(recording, clock, rows)
    log: LogSource | None = None
    if recording.log_files and rows:
        since_ns = rows[0].captured_ns - _memory_ns(recording.settings)
        log = ReplayedLog(recording, clock, since_ns=since_ns)
    return Feed(
        sources=Sources(frames=frames, log=log, when_full=WhenFull.WAIT),
        capacities=Capacities.for_recording(),
    )


def live_feed(settings: RunSettings) -> Feed:
    """Make the sources that a line's settings name.

    Raises:
        RecordingError: the recording it names cannot be used.
        SettingsError: the recording it names is of another line.
    """
    if isinstance(settings.frames, RecordingFrames):
        return _recorded_feed(settings, settings.frames)
    when_full = _when_full(settings.frames)
    sources = Sources(
        frames=_frames(settings, settings.frames),
        log=_followed_log(settings),
        when_full=when_full,
    )
    waits = when_full is WhenFull.WAIT
    room = Capacities.for_recording() if waits else Capacities()
    return Feed(sources=sources, capacities=room)


def _drift_watch(settings: ModelSettings) -> DriftWatch | None:
    rules = settings.drift
    return DriftGuard(rules) if rules is not None and rules.enabled else None


def _foreman(
    staff: Staff | None, judge: Judge, archive: Archive, tally: Tally
) -> Foreman | None:
    if staff is None:
        return None
    shadow = Shadow(archive, staff.shadows, tally)
    return Foreman(staff.orders, judge, staff.first, shadow=shadow, tally=tally)


def rulebook(
    line: LineSettings, settings: ModelSettings, model: Path | None
) -> Rulebook:
    """Make the rules that parts are decided by, and name them by their hash."""
    # Where frames come from and rows go to does not decide: the hash leaves it out.
    deciding = LineSettings.model_validate(
        line.model_dump(include=set(LineSettings.model_fields))
    )
    return Rulebook(
        decisions=settings.decisions,
        settings_sha256=settings_sha256(deciding, settings),
        model_folder="" if model is None else str(model),
    )


def _memory_ns(settings: LineSettings) -> int:
    """How far back from a frame the log matters to it."""
    return int(settings.log_reach_s * NS_PER_S)


def _recorded_feed(settings: RunSettings, frames: RecordingFrames) -> Feed:
    recording = Recording.load(frames.path)
    if recording.settings.id != settings.id:
        what = f"is of line {recording.settings.id}, but the settings are {settings.id}"
        raise SettingsError([Problem.in_file(frames.path, what)])
    return replay_feed(recording, Excerpt(pace=frames.rate))


def _when_full(frames: FolderFrames | CaptureFrames) -> WhenFull:
    """Files can wait for the line; a camera cannot."""
    return WhenFull.OVERFLOW if frames.kind in {"usb", "rtsp"} else WhenFull.WAIT


def _frames(settings: RunSettings, frames: FolderFrames | CaptureFrames) -> FrameSource:
    if isinstance(frames, FolderFrames):
        from connectors.frames.folder import PictureFolder

        return PictureFolder(frames.path, settings.id, settings.camera, frames.watch)
    from connectors.frames.capture import CapturedFrames

    return CapturedFrames(frames, settings.id, settings.camera)


def _followed_log(settings: RunSettings) -> LogSource | None:
    if settings.log is None:
        return None
    from connectors.logs.tail import FollowedLog

    return FollowedLog(settings.log.path, settings.id, settings.log.from_start)
