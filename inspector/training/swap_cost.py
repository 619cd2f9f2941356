"""What a new line costs: its branch beside a trunk that never saw it, or everything.

Both learn from the same recordings and are asked about the same shift, `test`. Results
are kept in a folder, because retraining everything takes long: what is there already is
not made again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.model.artifact import (
    Artifact,
    BranchManifest,
    TrunkManifest,
    branch_folder,
    trunk_folder,
)
from inspector.model.hybrid import Branch as LoadedBranch
from inspector.model.hybrid import HybridModel
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.model.versions import settings_of_version
from inspector.recording import Recording
from inspector.shifts import samples_of
from inspector.training.programme import Plan
from inspector.training.reference import load_torch_branch, load_torch_trunk
from inspector.training.retraining import (
    Retrained,
    model_of_all,
    retrain,
    trunk_without,
)
from inspector.training.successor import Order, learned_numbers, train_successor
from inspector.training.views import Labelled, places_of

SHARES = (0.1, 0.25, 0.5, 1.0)
"""Of the training shift's labels."""
_REPORT = "made.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one model cost.

    labels: labelled pictures of the line's training shift.
    parameters: numbers that were learned; bytes_shipped: of what a station needs.
    scores: of the labelled parts of `test`.
    """

    labels: int
    processor_s: float
    parameters: int
    bytes_shipped: int
    scores: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapCost:
    """A branch, with so many of the labels, beside retraining everything.

    bad: of each labelled part of `test`, whether it is.
    """

    line: str
    everything: Made
    branches: dict[float, Made]
    bad: NDArray[np.bool_]
    retrained: Retrained


def measure_swap_cost(
    recording: Recording, others: Sequence[Recording], work: Path, plan: Plan
) -> SwapCost:
    """Train everything, then a branch alone with more and more labels.

    Args:
        recording: of the new line.
        others: of the lines that the trunk knows.
        work: folder that keeps what was trained.
        plan: of retraining; branches learn for as long as theirs there.

    Raises:
        InputError: the folder keeps what was made of other recordings.
        RecordingError: a recording cannot be learned from.
    """
    line = recording.settings.id
    retrained = retrain([*others, recording], work, plan)
    order = Order(
        version="1",
        heads=plan.heads,
        self_supervision_epochs=plan.self_supervision_epochs,
        folds=plan.folds,
    )
    known = trunk_without(work, line)
    branches = {
        share: _branch(recording, known, work / f"{line}-{share:g}", order, share)
        for share in SHARES
    }
    rows = [row for row in recording.select("test") if row.label is not None]
    good = recording.settings.classes[0]
    return SwapCost(
        line=line,
        everything=_everything(recording, work, retrained),
        branches=branches,
        bad=np.array([row.label != good for row in rows]),
        retrained=retrained,
    )


def with_share(share: float) -> Callable[[Labelled], Labelled]:
    """Leave so many of the training shift's labels, bad and good ones alike.

    Those that are left are spread over the shift. The validation shift keeps its
    labels: thresholds are not found without.
    """

    def few(labelled: Labelled) -> Labelled:
        train = labelled.of_split("train")
        bad = labelled.bad[train]
        kept = [_spread(train[bad == each], share) for each in (False, True)]
        parts = np.sort(np.concatenate([*kept, labelled.of_split("val")]))
        places = places_of(parts, labelled.tiles)
        return replace(
            labelled,
            rows=tuple(labelled.rows[part] for part in parts),
            pictures=labelled.pictures[places],
            target=labelled.target[parts],
            bad=labelled.bad[parts],
            kind=labelled.kind[parts],
            masks=labelled.masks[places],
        )

    return few


def _spread(parts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    count = max(_FEWEST, round(share * len(parts)))
    at = np.linspace(0, len(parts) - 1, count).round().astype(np.int64)
    return np.asarray(parts[np.unique(at)])


_FEWEST = 4


def _branch(
    recording: Recording, model: Path, folder: Path, order: Order, share: float
) -> Made:
    kept = folder / _REPORT
    if kept.exists():
        return Made(**json.loads(kept.read_text()))
    shutil.rmtree(folder, ignore_errors=True)
    version = folder / order.version
    wanted = replace(order, labels=with_share(share))
    report = train_successor(recording, model, version, wanted)
    trunk = LoadedTrunk(trunk_folder(model))
    judging = HybridModel(trunk, LoadedBranch(version), report.settings)
    artifact = Artifact.open(version, BranchManifest)
    train = artifact.manifest.learned_from.parts["train"]
    made = Made(
        labels=train if share == 1 else round(share * train),
        processor_s=report.processor_s,
        parameters=report.parameters,
        bytes_shipped=_bytes(artifact),
        scores=_scores(recording, judging),
    )
    kept.write_text(json.dumps(asdict(made)))
    return made


def _everything(recording: Recording, work: Path, retrained: Retrained) -> Made:
    model, line = model_of_all(work), recording.settings.id
    folder = branch_folder(model, line, "1")
    settings = settings_of_version(model, line, "1", folder)
    trunk = LoadedTrunk(trunk_folder(model))
    judging = HybridModel(trunk, LoadedBranch(folder), settings)
    lines = sorted(retrained.recordings)
    folders = [branch_folder(model, each, "1") for each in lines]
    torch_trunk = load_torch_trunk(model)
    parts = (
        torch_trunk.log,
        torch_trunk.fusion,
        torch_trunk.router,
        torch_trunk.look_router,
    )
    shared = sum(p.numel() for part in parts for p in part.parameters())
    own = sum(learned_numbers(load_torch_branch(each)[0]) for each in folders)
    artifacts = [Artifact.open(each, BranchManifest) for each in folders]
    shared_files = Artifact.open(trunk_folder(model), TrunkManifest)
    return Made(
        labels=sum(each.manifest.learned_from.parts["train"] for each in artifacts),
        processor_s=retrained.processor_s,
        parameters=shared + own,
        bytes_shipped=_bytes(shared_files) + sum(map(_bytes, artifacts)),
        scores=_scores(recording, judging),
    )


def _bytes(artifact: Artifact[BranchManifest] | Artifact[TrunkManifest]) -> int:
    """Count what a station needs of it: not what only a successor needs."""
    sizes = ((artifact.folder / name).stat() for name in artifact.manifest.files)
    return sum(each.st_size for each in sizes)


def _scores(recording: Recording, model: HybridModel) -> list[float]:
    return [model.score(sample).score for sample in samples_of(recording, "test")]
