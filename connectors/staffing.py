"""Staffs a line: which branch judges it, now and after each act on record.

Beside `wiring`, which puts the stations of a line together, this is where the record
of branches, the versions on disk and the trunk in memory meet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.wiring import Brain, Staff, rulebook
from inspector.foreman import Orders, Trained, first_on_duty
from inspector.ports import BranchActs, BranchStore, ShadowStore
from inspector.settings import LineSettings, ModelSettings, load_settings

if TYPE_CHECKING:
    from inspector.model.hybrid import Trunk


class Trunks:
    """Trunks in memory: each once, for however many lines of however many models."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Trunk] = {}

    def of(self, model: Path) -> Trunk:
        """Give the trunk of a model; it is loaded if no line has it yet.

        Raises:
            ArtifactError: altered, incomplete, or of another version.
        """
        from inspector.model.artifact import Artifact, TrunkManifest, trunk_folder
        from inspector.model.hybrid import Trunk

        folder = trunk_folder(model)
        with self._lock:
            sha256 = Artifact.open(folder, TrunkManifest).sha256
            if sha256 not in self._known:
                self._known[sha256] = Trunk(folder)
            return self._known[sha256]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a line's worker reads and writes beside verdicts."""

    acts: BranchActs
    shadows: ShadowStore
    close: Callable[[], None]


def open_record(database: str) -> Record:
    """Open the record of branches in a database that is up to date.

    Raises:
        SettingsError: not a URL of SQLite or PostgreSQL.
        MissingExtraError: the database's driver is not installed.
    """
    from connectors.database.branch_acts import SqlBranchActs
    from connectors.database.engine import open_engine
    from connectors.database.shadow_judgements import SqlShadowStore

    engine = open_engine(database)
    return Record(
        acts=SqlBranchActs(engine), shadows=SqlShadowStore(engine), close=engine.dispose
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a line's versions come from."""

    model: Path
    """Folder of the model: its trunk, and the settings of its lines."""
    store: BranchStore
    trunks: Trunks


def load_staffed_brain(line: LineSettings, source: Source, record: Record) -> Brain:
    """Load what is to judge a line now, and what its foreman needs to follow acts.

    Args:
        line: its settings.
        source: of versions.
        record: says which version judges.

    Raises:
        SettingsError: the model has no settings for this line, or wrong ones.
        ArtifactError: no version that may judge can be loaded.
        StoreError: the record cannot be read.
    """
    from inspector.model.artifact import settings_file
    from inspector.model.sessions import give_back_memory

    default = load_settings(settings_file(source.model, line.id), ModelSettings).branch
    orders = Orders(
        line=line.id,
        acts=record.acts,
        load=partial(load_trained, line, source),
        default=default,
        release=give_back_memory,
    )
    first = first_on_duty(orders)
    return Brain(
        model=first.model,
        settings=first.settings,
        folder=source.model,
        staff=Staff(orders=orders, first=first, shadows=record.shadows),
    )


def load_trained(line: LineSettings, source: Source, version: str) -> Trained:
    """Load and verify a version of a line's branch.

    Raises:
        ArtifactError: there is no such version, it was altered, or it does not fit.
        SettingsError: its settings cannot be read.
        StoreError: the store of branches cannot be read.
    """
    from connectors.examining import Place, load_version
    from inspector.model.hybrid import HybridModel
    from inspector.model.versions import settings_of_version

    folder = source.store.fetch(line.id, version)
    settings = settings_of_version(source.model, line.id, version, folder)
    trunk = source.trunks.of(source.model)
    place = Place(line=line.id, model=source.model, settings=line)
    scoring = HybridModel(trunk, load_version(place, trunk, folder), settings)
    return Trained(
        version=version,
        model=scoring,
        rules=rulebook(line, settings, source.model),
        settings=settings,
        interrupt=scoring.interrupt,
    )
