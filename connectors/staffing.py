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
from inspector.ports import BranchActs, ShadowStore
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


def load_staffed_brain(
    model: Path, line: LineSettings, record: Record, trunks: Trunks
) -> Brain:
    """Load what is to judge a line now, and what its foreman needs to follow acts.

    Args:
        model: folder of the model.
        line: its settings.
        record: says which version that is.
        trunks: those in memory.

    Raises:
        SettingsError: the model has no settings for this line, or wrong ones.
        ArtifactError: no version that may judge can be loaded.
        StoreError: the record cannot be read.
    """
    from inspector.model.artifact import settings_file
    from inspector.model.sessions import give_back_memory

    default = load_settings(settings_file(model, line.id), ModelSettings).branch
    orders = Orders(
        line=line.id,
        acts=record.acts,
        load=partial(_load, model, line, trunks),
        default=default,
        release=give_back_memory,
    )
    first = first_on_duty(orders)
    return Brain(
        model=first.model,
        settings=_settings_of(model, line.id, first.version),
        folder=model,
        staff=Staff(orders=orders, first=first, shadows=record.shadows),
    )


def _load(model: Path, line: LineSettings, trunks: Trunks, version: str) -> Trained:
    from inspector.model.artifact import branch_folder
    from inspector.model.hybrid import HybridModel, load_branch

    settings = _settings_of(model, line.id, version)
    where = branch_folder(model, line.id, version)
    branch = load_branch(trunks.of(model), line.id, where, line.picture)
    scoring = HybridModel(trunks.of(model), branch, settings)
    return Trained(
        version=version,
        model=scoring,
        rules=rulebook(line, settings, model),
        drift=settings.drift,
        interrupt=scoring.interrupt,
    )


def _settings_of(model: Path, line: str, version: str) -> ModelSettings:
    from inspector.model.artifact import branch_folder, settings_file

    start = load_settings(settings_file(model, line), ModelSettings)
    if start.branch == version:
        return start
    changed = model / "settings" / line / f"{version}.toml"
    proposed = branch_folder(model, line, version) / "settings.toml"
    return load_settings(changed if changed.exists() else proposed, ModelSettings)
