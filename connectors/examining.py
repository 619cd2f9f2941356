"""Brings a branch before the gate: fetched, checked, loaded, and shown known parts.

Beside `wiring`, this is where stores of branches, the record and the model meet. What
cannot be fetched, read or loaded is a refusal like any other, only that nobody can
overrule it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from sqlalchemy import Engine

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.replay_set import KeptParts, verified_parts
from connectors.wiring import open_branch_store
from inspector.branches import standing
from inspector.errors import (
    AlteredError,
    ArtifactError,
    ContractError,
    FormatError,
    GoldenError,
    GraphError,
    InspectorError,
    RecordingError,
    SettingsError,
    SignatureError,
    TrunkError,
)
from inspector.gate import (
    Contender,
    GateReport,
    Known,
    Refusal,
    ReplayPart,
    ReplaySet,
    examine,
)
from inspector.model.artifact import (
    GOLDEN,
    Artifact,
    BranchManifest,
    check_classes,
    check_picture_rules,
    settings_file,
    trunk_folder,
)
from inspector.model.hybrid import Branch, HybridModel, Trunk, check_trunk
from inspector.model.pictures import decode
from inspector.model.sessions import FAILURES
from inspector.model.versions import settings_of_version
from inspector.ports import BranchStore
from inspector.recording import SPLITS, Recording
from inspector.settings import BranchRules, LineSettings, ModelSettings, load_settings
from inspector.shifts import Case, Pictures, cases_of
from inspector.types import (
    BranchId,
    Frame,
    LogContext,
    Problem,
    Sample,
    Scores,
    TrunkId,
    Window,
)

_CHECKS = {
    AlteredError: "files",
    FormatError: "format",
    GraphError: "graph",
    TrunkError: "trunk",
    GoldenError: "golden samples",
    SignatureError: "signature",
    ContractError: "contract",
    SettingsError: "settings",
}
"""What the gate calls each way in which a branch can be broken."""
_WARM_UP = 2
"""Rounds over the golden samples; the first is slower than all that follow."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line with its model: where its branches, its record and its evidence are."""

    line: str
    model: Path
    """Folder of the model: the trunk, and what the line starts with."""
    rules: BranchRules = field(default_factory=BranchRules)
    settings: LineSettings | None = None
    """The line's own, where they are known: its classes, and its region and cut."""
    engine: Engine | None = None
    """Of an up-to-date database; `None`: there is no record, nobody verified a part."""
    evidence: Path = Path("evidence")


def running_version(place: Place) -> str | None:
    """Say which version judges a line; `None` if its model names none.

    Raises:
        StoreError: the record cannot be read.
        SettingsError: the model's settings for the line cannot be read.
    """
    if place.engine is not None:
        acts = SqlBranchActs(place.engine).acts(place.line)
        live = standing(place.line, acts).live
        if live is not None:
            return live
    return starting_version(place.model, place.line)


def starting_version(model: Path, line: str) -> str | None:
    """Say which version a line starts with; `None` if its model names none.

    Raises:
        SettingsError: the model's settings for the line cannot be read.
    """
    start = settings_file(model, line)
    return load_settings(start, ModelSettings).branch if start.exists() else None


def examine_version(place: Place, version: str) -> GateReport:
    """Bring a version before the gate, against the branch that runs.

    Args:
        place: the line.
        version: that wants to judge it.

    Raises:
        ArtifactError: the model's trunk cannot be loaded.
        RecordingError: the golden parts cannot be read.
        StoreError: the record or the store of branches cannot be read.
    """
    trunk = Trunk(trunk_folder(place.model))
    store = open_branch_store(place.model, place.rules)
    current = running_version(place)
    loading = _Loading(place=place, store=store, trunk=trunk)
    candidate = loading.candidate(version)
    if isinstance(candidate, Refusal):
        return _refused(place, version, current, candidate)
    running, notes = _running(loading, current)
    parts = replace(_replay_set(place), samples=candidate.samples)
    found = examine(candidate.contender, running, parts, place.rules.gate)
    figures = {"load_s": candidate.load_s, **found.figures}
    return replace(
        found,
        running=current,
        notes=(*notes, *found.notes),
        figures=MappingProxyType(figures),
    )


def load_version(place: Place, trunk: Trunk, folder: Path) -> Branch:
    """Load a version for a line, and hold it to its contract.

    Args:
        place: the line.
        trunk: of its model.
        folder: that holds the version, as a store handed it out.

    Raises:
        ArtifactError: it is broken in any way, or does not fit the line or the trunk.
    """
    branch = Branch(folder)
    check_trunk(trunk.id, branch.manifest, folder)
    if place.settings is not None:
        check_classes(place.line, place.settings.classes, branch.manifest, folder)
        wanted = place.settings.picture
        check_picture_rules(place.line, wanted, branch.manifest.preprocessing, folder)
    return branch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """A branch that was loaded, and what that took."""

    contender: Contender
    samples: list[Sample]
    """Its golden samples."""
    load_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loading:
    """Loads versions of a line's branch."""

    place: Place
    store: BranchStore
    trunk: Trunk

    def candidate(self, version: str) -> _Loaded | Refusal:
        """Load a version within the time it may take; what is wrong is a refusal."""
        allowed_s = self.place.rules.gate.load_s
        try:
            loaded = _within(allowed_s, lambda: self.load(version))
        except (ArtifactError, SettingsError) as error:
            check = _CHECKS.get(type(error), "contract")
            return Refusal(check=check, words=f"{error}", may_be_forced=False)
        if loaded is None:
            words = f"was not loaded and warm within {allowed_s:g} s"
            return Refusal(check="load", words=words, may_be_forced=False)
        return loaded

    def load(self, version: str) -> _Loaded:
        """Load a version, and look at its golden samples until it is warm."""
        begun = time.monotonic()
        folder = self.store.fetch(self.place.line, version)
        branch = load_version(self.place, self.trunk, folder)
        model, line = self.place.model, self.place.line
        settings = settings_of_version(model, line, version, folder)
        scoring = _Tried(HybridModel(self.trunk, branch, settings))
        samples = _golden_samples(folder)
        for sample in samples * _WARM_UP:
            scoring.score(sample)
        contender = Contender(
            manifest=branch.manifest,
            model=scoring,
            rules=settings.decisions,
        )
        load_s = time.monotonic() - begun
        return _Loaded(contender=contender, samples=samples, load_s=load_s)


class _Tried:
    """A model on trial: whatever its graphs raise is an error that the gate counts."""

    def __init__(self, model: HybridModel) -> None:
        self._model = model

    @property
    def trunk(self) -> TrunkId:
        return self._model.trunk

    @property
    def branch(self) -> BranchId:
        return self._model.branch

    @property
    def verified(self) -> bool:
        return self._model.verified

    def score(self, sample: Sample) -> Scores:
        try:
            return self._model.score(sample)
        except FAILURES as error:
            problem = Problem(where=f"branch {self.branch.version}", what=f"{error}")
            raise ArtifactError([problem]) from error


def _within(seconds: float, work: Callable[[], _Result]) -> _Result | None:
    """Do work that may hang; `None` if it is not done in time."""
    results: list[_Result] = []
    errors: list[InspectorError] = []

    def run() -> None:
        try:
            results.append(work())
        except InspectorError as error:
            errors.append(error)

    worker = threading.Thread(target=run, name="load a branch", daemon=True)
    worker.start()
    worker.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else None


def _running(
    loading: _Loading, version: str | None
) -> tuple[Contender | None, tuple[str, ...]]:
    """Load the branch that runs, to compare with; what is wrong with it is a note."""
    if version is None:
        return None, ("no branch runs: there is nothing to compare with",)
    try:
        return loading.load(version).contender, ()
    except (ArtifactError, SettingsError) as error:
        # A broken branch must not keep a sound one out.
        return None, (f"the running branch {version} cannot be loaded: {error}",)


def _refused(
    place: Place, version: str, running: str | None, refusal: Refusal
) -> GateReport:
    return GateReport(
        line=place.line,
        version=version,
        running=running,
        refusals=(refusal,),
        notes=(),
        figures=MappingProxyType({}),
    )


# The parts whose truth is known.


def _replay_set(place: Place) -> ReplaySet:
    found = ReplaySet(parts=())
    if place.engine is not None:
        kept = KeptParts(engine=place.engine, evidence=place.evidence, decode=decode)
        found = verified_parts(kept, place.line, place.rules.gate.most_parts)
    return replace(found, parts=(*found.parts, *_golden_parts(place)))


def _golden_parts(place: Place) -> Iterator[ReplayPart]:
    """Give the golden parts of a line: every labelled part of their recording.

    Raises:
        RecordingError: it cannot be read, or is of another line.
    """
    folder = place.rules.golden
    if folder is None:
        return
    recording = Recording.load(folder)
    if recording.settings.id != place.line:
        what = f"is of line {recording.settings.id}, not of line {place.line}"
        raise RecordingError([Problem.in_file(folder, what)])
    pictures = Pictures(recording)

    def read(case: Case) -> Callable[[], Sample]:
        return lambda: Sample(window=case.window, pixels=pictures.pixels(case.row))

    for case in (case for split in SPLITS for case in cases_of(recording, split)):
        yield ReplayPart(
            name=f"golden part {case.row.frame_id}",
            bad=case.is_bad,
            known=Known.GOLDEN,
            was_rejected=False,
            read=read(case),
        )


def _golden_samples(folder: Path) -> list[Sample]:
    """Give a branch's golden samples as parts without a log: to warm and time it."""
    artifact = Artifact.open(folder, BranchManifest)
    window = Window(
        frame=Frame(
            line=artifact.manifest.line,
            camera="golden",
            frame_id=0,
            serial=None,
            captured_ns=0,
            received_mono_ns=0,
        ),
        log_lines=(),
        log_context=LogContext.MISSING,
        closed_mono_ns=0,
    )
    pictures = artifact.arrays(GOLDEN)["pictures"].astype(np.uint8)
    return [Sample(window=window, pixels=each) for each in pictures]
