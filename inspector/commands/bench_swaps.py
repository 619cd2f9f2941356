"""Swaps, and a branch in shadow, while a line runs: what they cost parts and memory.

A line is replayed with its branch left alone, with its branch swapped again and again,
and with another branch in shadow, in turns, so that a noisy machine is fair to all.
Every swap is to a version of its own, a copy of the line's branch under another name,
so that each one is fetched, checked, loaded, verified and rehearsed as a new branch is.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.branches import Act, BranchAct
from inspector.types import NS_PER_MS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from connectors.staffing import Record, Trunks
    from inspector.account import Account
    from inspector.pipeline import Pipeline
    from inspector.recording import Recording
    from inspector.reporting.tables import Section

RATE = 30.0
"""Parts per second."""
_LOOK_EVERY_S = 0.02
_WARM_UP_SWAPS = 10
"""Swaps after which memory is held against what comes: pools have filled by then."""


class Meanwhile(StrEnum):
    """What is done while a line runs."""

    NOTHING = "nothing"
    SWAPS = "swaps"
    SHADOW = "a branch in shadow"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlan:
    """How much is swapped and replayed."""

    swaps: int = 100
    """Altogether, spread evenly over the replays with swaps."""
    rounds: int = 3
    """Replays of each kind."""
    limit: int | None = None
    """Parts of each replay; `None` takes all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRun:
    """What became of one replay."""

    meanwhile: Meanwhile
    parts: int
    verdicts: int
    faults: int
    """Parts without a verdict, or that could not be judged."""
    swaps: int
    branches: int
    """Versions that verdicts name."""
    shadowed: int
    shadow_lost: int
    p50_ms: float
    """From a part's arrival to its committed row."""
    p99_ms: float
    worst_ms: float
    """From a part's arrival to its decision."""
    takes_over_ms: tuple[float, ...]
    """Of each swap, from the act on record to the first decision by the new branch."""
    memory_mb: tuple[float, ...]
    """Resident memory at the start, and after each swap, or else at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workshop:
    """What all replays have in common."""

    recording: Recording
    model: Path
    trunks: Trunks
    limit: int | None


def measure_swaps(recording: Recording, model: Path, plan: SwapPlan) -> list[SwapRun]:
    """Replay a recording with and without swaps, and with a shadow, in turns.

    Args:
        recording: of the line.
        model: folder of its model; it is copied, and not changed.
        plan: how much.

    Raises:
        InspectorError: a version cannot be loaded, or the line failed.
    """
    from connectors.staffing import Trunks

    # A hundred swaps are no news here.
    logging.getLogger("inspector").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="swaps-") as given:
        place, line = Path(given), recording.settings.id
        copies = copy_versions(model, line, place / "model", plan.swaps)
        shop = _Workshop(
            recording=recording,
            model=place / "model",
            trunks=Trunks(),
            limit=plan.limit,
        )
        return [
            _replay(shop, place / "run", meanwhile, copies[number :: plan.rounds])
            for number in range(plan.rounds)
            for meanwhile in Meanwhile
        ]


def _replay(
    shop: _Workshop, where: Path, meanwhile: Meanwhile, versions: list[str]
) -> SwapRun:
    where.mkdir()
    with _opened(shop, where) as (pipeline, record, engine):
        parts = len(shop.recording.select(None, limit=shop.limit))
        hand = _Hand(shop.recording.settings.id, pipeline, record, parts)
        with hand.at_work(meanwhile, versions):
            account = pipeline.run()
        found = _summary(account, hand, engine, meanwhile)
    shutil.rmtree(where)
    return found


def copy_versions(model: Path, line: str, place: Path, count: int) -> list[str]:
    """Copy a model, with further versions of a line's branch that judge alike.

    Large files are linked, not copied, where the file system can.

    Returns:
        The versions, oldest first; the line's own is not among them.
    """
    from inspector.model.artifact import branch_folder, settings_file
    from inspector.settings import ModelSettings, load_settings

    own = load_settings(settings_file(model, line), ModelSettings).branch
    shutil.copytree(model / "trunk", place / "trunk", copy_function=_link)
    (place / "settings").mkdir()
    shutil.copy(settings_file(model, line), settings_file(place, line))
    source, copied = branch_folder(model, line, own), branch_folder(place, line, own)
    shutil.copytree(source, copied, copy_function=_link)
    versions = [f"{own}.{number}" for number in range(1, count + 1)]
    for version in versions:
        copy_version(copied, version)
    return versions


def copy_version(source: Path, version: str) -> Path:
    """Copy a branch under the name of another version, beside it."""
    import tomli_w

    from inspector.model.artifact import MANIFEST, SETTINGS, sha256_of, write_manifest

    target = source.with_name(version)
    target.mkdir()
    for file in source.iterdir():
        if file.name not in {MANIFEST, SETTINGS}:
            _link(file, target / file.name)
    settings = tomllib.loads((source / SETTINGS).read_text(encoding="utf-8"))
    said = tomli_w.dumps({**settings, "branch": version}).encode()
    (target / SETTINGS).write_bytes(said)
    manifest = tomllib.loads((source / MANIFEST).read_text(encoding="utf-8"))
    files = {**manifest["files"], SETTINGS: sha256_of(said)}
    write_manifest(target, {**manifest, "version": version, "files": files})
    return target


def _link(source: Path | str, target: Path | str) -> object:
    try:
        os.link(source, target)
    except OSError:  # Another disk, or one that has no links.
        shutil.copy(source, target)
    return target


@contextmanager
def _opened(shop: _Workshop, where: Path) -> Iterator[tuple[Pipeline, Record, Engine]]:
    """Open a line on a database of its own."""
    from connectors.database.engine import open_engine
    from connectors.staffing import Source, load_staffed_brain, open_record
    from connectors.wiring import (
        Excerpt,
        assemble_line,
        open_archive,
        open_branch_store,
        replay_feed,
    )

    line, model = shop.recording.settings, shop.model
    database = f"sqlite:///{where / 'verdicts.db'}"
    archive = open_archive(database, where / "evidence", upgrade=True)
    record, engine = open_record(database), open_engine(database)
    store = open_branch_store(model)
    try:
        source = Source(model=model, store=store, trunks=shop.trunks)
        brain = load_staffed_brain(line, source, record)
        feed = replay_feed(shop.recording, Excerpt(pace=RATE, limit=shop.limit))
        yield assemble_line(line, feed, brain, archive), record, engine
    finally:
        engine.dispose()
        record.close()
        archive.verdicts.close()


class _Hand:
    """Acts on a line's branches while the line runs."""

    def __init__(
        self, line: str, pipeline: Pipeline, record: Record, parts: int
    ) -> None:
        self._line = line
        self._pipeline = pipeline
        self._record = record
        self._parts = parts
        self._ended = threading.Event()
        self.memory_mb = [resident_mb()]
        self.acted_ns: dict[str, int] = {}

    @contextmanager
    def at_work(self, meanwhile: Meanwhile, versions: list[str]) -> Iterator[None]:
        """Do what is to be done until the context is left."""
        if meanwhile is Meanwhile.SHADOW:
            self._act(Act.SHADOW, versions[0])
        swaps = versions if meanwhile is Meanwhile.SWAPS else []
        thread = threading.Thread(target=self._swap, args=(swaps,), daemon=True)
        thread.start()
        yield
        self._ended.set()
        thread.join()
        if not swaps:
            self.memory_mb.append(resident_mb())

    def _swap(self, versions: list[str]) -> None:
        """Swap evenly over the parts of the run, one swap after the other."""
        every = self._parts / (len(versions) + 1)
        before = None
        for done, version in enumerate(versions):
            if not self._wait_for(done, int((done + 1) * every)):
                return
            self._act(Act.LIVE, version, before)
            before = version
            if self._wait_for(done + 1, 0):
                self.memory_mb.append(resident_mb())

    def _wait_for(self, swaps: int, verdicts: int) -> bool:
        """Wait until so many swaps are made and so many parts have their verdict."""
        while not self._ended.wait(_LOOK_EVERY_S):
            account = self._pipeline.account()
            if account.handovers >= swaps and account.verdicts >= verdicts:
                return True
        return False

    def _act(self, act: Act, version: str, before: str | None = None) -> None:
        self.acted_ns[version] = now_ns = time.time_ns()
        self._record.acts.record(
            BranchAct(
                line=self._line,
                act=act,
                version=version,
                from_version=before or version.rpartition(".")[0],
                who="bench",
                why="to measure what it costs",
                acted_ns=now_ns,
            )
        )


def _summary(
    account: Account, hand: _Hand, engine: Engine, meanwhile: Meanwhile
) -> SwapRun:
    from sqlalchemy import func, select

    from connectors.database.tables import verdicts

    row = verdicts.c
    question = select(row.branch_version, func.min(row.decided_ns)).group_by(
        row.branch_version
    )
    with engine.connect() as connection:
        first = {version: int(at) for version, at in connection.execute(question)}
        worst = connection.scalar(select(func.max(row.latency_ms))) or 0.0
    return SwapRun(
        meanwhile=meanwhile,
        parts=account.parts,
        verdicts=account.verdicts,
        faults=sum(account.faults.values()) + sum(account.verdict_faults.values()),
        swaps=account.handovers,
        branches=len(first),
        shadowed=account.shadowed,
        shadow_lost=account.shadow_lost,
        p50_ms=account.latency.p50,
        p99_ms=account.latency.p99,
        worst_ms=float(worst),
        takes_over_ms=tuple(
            (first[version] - at) / NS_PER_MS
            for version, at in hand.acted_ns.items()
            if version in first
        ),
        memory_mb=tuple(hand.memory_mb),
    )


def resident_mb() -> float:
    """Say how much memory this process holds, in MB; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def swaps_section(runs: list[SwapRun]) -> Section:
    """Lay the replays out, and what the swaps and the shadow cost."""
    from inspector.reporting.tables import Section, sheet

    by_kind = {kind: [r for r in runs if r.meanwhile is kind] for kind in Meanwhile}
    memory = [mb for run in by_kind[Meanwhile.SWAPS] for mb in run.memory_mb[1:]]
    growth = _growth(memory)
    parts = ("meanwhile", "parts", "verdicts", "faults", "swaps")
    times = ("p50 ms", "p99 ms", "worst decision ms")
    return Section(
        title=f"A line at {RATE:g} parts/s, its branch swapped or shadowed meanwhile",
        sheets=(
            sheet("Replays, in their order", (*parts, *times), [_row(r) for r in runs]),
            sheet(
                "Medians over the replays, and the ratio to nothing meanwhile",
                ("meanwhile", "p50 ms", "ratio", "p99 ms", "ratio ", "p99 by rounds"),
                [_medians(kind, by_kind) for kind in Meanwhile],
            ),
            sheet(
                "Resident memory, in MB",
                (f"after {_WARM_UP_SWAPS} swaps", "after all", "most", "per 100 swaps"),
                [_memory(memory, growth)],
            ),
        ),
        notes=(*_takes_over(by_kind[Meanwhile.SWAPS]), _shadows(by_kind)),
        content={
            "swaps_under_load": [asdict(each) for each in runs],
            "memory_growth_mb_per_100_swaps": growth,
        },
    )


def _row(run: SwapRun) -> tuple[str, ...]:
    return (
        *(run.meanwhile, f"{run.parts}", f"{run.verdicts}", f"{run.faults}"),
        *(f"{run.swaps}", f"{run.p50_ms:.2f}", f"{run.p99_ms:.2f}"),
        f"{run.worst_ms:.1f}",
    )


def _medians(
    kind: Meanwhile, by_kind: dict[Meanwhile, list[SwapRun]]
) -> tuple[str, ...]:
    import numpy as np

    some, plain = by_kind[kind], by_kind[Meanwhile.NOTHING]
    p50, p50_plain = (float(np.median([r.p50_ms for r in s])) for s in (some, plain))
    p99, p99_plain = (float(np.median([r.p99_ms for r in s])) for s in (some, plain))
    pairs = zip(some, plain, strict=True)
    rounds = " ".join(f"{run.p99_ms / alone.p99_ms:.2f}" for run, alone in pairs)
    ratios = f"{p50 / p50_plain:.2f}", f"{p99 / p99_plain:.2f}"
    return kind, f"{p50:.2f}", ratios[0], f"{p99:.2f}", ratios[1], rounds


def _memory(memory: list[float], growth: float) -> tuple[str, ...]:
    if len(memory) <= _WARM_UP_SWAPS:
        return "", "", "", "too few swaps"
    settled = f"{memory[_WARM_UP_SWAPS]:.0f}", f"{memory[-1]:.0f}"
    return *settled, f"{max(memory):.0f}", f"{growth:+.1f}"


def _takes_over(runs: list[SwapRun]) -> list[str]:
    import numpy as np

    waits = [each for run in runs for each in run.takes_over_ms]
    if not waits:
        return []
    return [
        "From an act on record to the first decision of the new branch: "
        f"{np.median(waits):.0f} ms at the median, {max(waits):.0f} ms at most; "
        "meanwhile the old branch judged."
    ]


def _shadows(by_kind: dict[Meanwhile, list[SwapRun]]) -> str:
    runs = by_kind[Meanwhile.SHADOW]
    judged, lost = (
        sum(getattr(run, name) for run in runs) for name in ("shadowed", "shadow_lost")
    )
    return f"In shadow, {judged} parts were judged too, and {lost} were not."


def _growth(memory: list[float]) -> float:
    """Fit a line through the memory after the first swaps: MB per 100 swaps."""
    import numpy as np

    settled = memory[_WARM_UP_SWAPS:]
    if len(settled) < _WARM_UP_SWAPS:
        return 0.0
    slope, _ = np.polyfit(np.arange(len(settled)), settled, 1)
    return float(slope) * 100
