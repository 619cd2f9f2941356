"""A trained branch on its way to a line: exported, compared, thresholds found, sealed.

All of it is found on the validation shift with the exported branch itself, so that what
is promised is promised of the files that will judge.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomli_w
import torch
from numpy.typing import NDArray

from inspector.errors import PictureError
from inspector.measures.ranking import auroc
from inspector.model.artifact import (
    BranchManifest,
    Figures,
    FittedTrunk,
    Parent,
    ShiftFigures,
    Weights,
)
from inspector.model.hybrid import Branch as LoadedBranch
from inspector.model.hybrid import HybridModel
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.recording import Recording
from inspector.settings import DecisionRules, ModelSettings, PictureRules
from inspector.thresholds import find_thresholds
from inspector.training.export import check_agreement, export_branch, seal_branch
from inspector.training.figures import (
    classes_of,
    learned_from,
    measure_shift,
    shift_figures,
)
from inspector.training.guarding import add_guards
from inspector.training.joint import Outcome, Pair, Trunk, glanced
from inspector.training.lines import LineData
from inspector.training.networks import Branch
from inspector.training.reference import Agreement, Numbers, TorchModel, agreement
from inspector.training.views import SamplesOnDisk
from inspector.training.windows import pair as pair_windows
from inspector.types import Sample

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What training found for one line."""

    line: str
    weights: Weights
    decisions: DecisionRules
    agreement: Agreement


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A line's branch with all that was found for it, before it is exported.

    asked: logits of its parts by networks that never saw them.
    """

    branch: Branch
    pair: Pair
    asked: Outcome
    weights: Weights

    @property
    def line(self) -> LineData:
        """What it has learned from."""
        return self.pair.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a version is to be called, and where it comes from."""

    version: str
    backbone: str
    wanted_escape_rate: float
    parent: Parent | None = None


def manifest_of(learned: Learned, making: Making, trunk: FittedTrunk) -> BranchManifest:
    """Say what a branch is, knows and learned from; files and figures come later.

    Raises:
        OSError: a picture or a log cannot be read.
    """
    recording = learned.line.labelled.recording
    settings = recording.settings
    return BranchManifest(
        line=settings.id,
        version=making.version,
        parent=making.parent,
        classes=classes_of(settings),
        backbone=making.backbone,
        preprocessing=learned.line.labelled.preprocessing,
        weights=learned.weights,
        travel_s={each.name: each.seconds_to_camera for each in settings.stations},
        trunk=trunk,
        learned_from=learned_from(recording),
        files={},
    )


def write_branch(
    folder: Path,
    trunk: tuple[Trunk, LoadedTrunk],
    learned: Learned,
    making: Making,
) -> tuple[ModelSettings, LineReport]:
    """Export a branch into an empty folder, find its thresholds, and seal it.

    Args:
        folder: becomes the version.
        trunk: as torch knows it, and as it will run.
        learned: the branch.
        making: its name and origin.

    Returns:
        The settings that the version proposes, and what was found.

    Raises:
        ExportError: the exported branch does not answer as the trained one.
    """
    fitted = FittedTrunk(version=trunk[1].id.version, sha256=trunk[1].id.sha256)
    manifest = manifest_of(learned, making, fitted)
    export_branch(folder, learned.branch, learned.line, manifest)
    model = trunk[1], LoadedBranch(folder)
    settings, report, val = _settle(trunk[0], learned, making, model)
    judging = HybridModel(*model, settings)
    test = _on_unseen(learned.line.labelled.recording, judging, settings)
    seal_branch(folder, settings, Figures(val=val, test=test))
    return settings, report


def _settle(
    trunk: Trunk,
    learned: Learned,
    making: Making,
    model: tuple[LoadedTrunk, LoadedBranch],
) -> tuple[ModelSettings, LineReport, ShiftFigures]:
    """Compare both runtimes on `val`; find short cuts and thresholds there."""
    labelled, weights = learned.line.labelled, learned.weights
    samples = _val_samples(learned.line)
    bad = labelled.bad[learned.line.val]
    settings = ModelSettings(
        line=labelled.line, branch=making.version, decisions=DecisionRules()
    )
    both = _scores(HybridModel(*model, settings, always_both=True), samples)
    rules = find_thresholds(both, bad, making.wanted_escape_rate)
    shifts = labelled.bad[learned.line.train], bad
    look = find_look_tolerance(trunk, learned.asked, weights, shifts)
    settings = _decided_by(settings, rules, look)
    settings = _find_short_cuts(model, settings, samples)
    wanted = model[1].manifest.preprocessing
    torch_model = TorchModel(trunk, learned.branch, weights, model[1].reader, wanted)
    compared = agreement(torch_model.scores(samples), both, rules)
    check_agreement(labelled.line, compared)
    # Thresholds are for the scores that will be decided on: with the short cuts.
    routed = _scores(HybridModel(*model, settings), samples)
    rules = find_thresholds(routed, bad, making.wanted_escape_rate)
    settings = _decided_by(settings, rules, look)
    judging = HybridModel(*model, settings)
    settings = add_guards(settings, judging, learned.pair, weights)
    report = LineReport(
        line=labelled.line,
        weights=weights,
        decisions=settings.decisions,
        agreement=compared,
    )
    return settings, report, shift_figures(routed, bad, settings.decisions)


TOLERANCES = (0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25)
LOOK_TOLERANCES = (
    *(0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.05, 0.06, 0.07),
    *(0.08, 0.1, 0.12, 0.14, 0.16, 0.2),
)
_AREA_LOST = 0.002
"""Area under the ROC curve that glances may cost on parts with honest opinions."""
_CHANGED_VERDICTS = 0.01


def find_look_tolerance(
    trunk: Trunk,
    found: Outcome,
    weights: Weights,
    shifts: Sequence[NDArray[np.bool_]],
) -> float:
    """Find the largest tolerance whose glances tell bad from good as a full look does.

    They must do so on each shift by itself, and at every smaller tolerance too: what
    holds on one shift by chance does not hold on the next.

    Args:
        trunk: with its routers trained.
        found: logits of the parts, by networks that never saw them, shift by shift.
        weights: of the line.
        shifts: of each shift which of its parts are bad.
    """
    parts = sum(len(bad) for bad in shifts)
    impressions, *scored = (each[:parts] for each in glanced(found, weights))
    with torch.no_grad():
        expected = trunk.look_router(impressions).numpy()
    glance, full = (each.numpy().astype(np.float64) for each in scored)
    best = 0.0
    for tolerance in LOOK_TOLERANCES:
        scores = np.where(expected <= tolerance, glance, full)
        if not _as_good(scores, full, shifts):
            break
        best = tolerance
    return best


def _as_good(
    scores: Numbers, full: Numbers, shifts: Sequence[NDArray[np.bool_]]
) -> bool:
    """Whether scores lose hardly any area under the ROC curve on any of the shifts."""
    ends = np.cumsum([len(bad) for bad in shifts])[:-1]
    pairs = zip(np.split(scores, ends), np.split(full, ends), shifts, strict=True)
    return all(
        auroc(some, bad, once) >= auroc(all_of_it, bad, once) - _AREA_LOST
        for some, all_of_it, bad in pairs
        for once in (np.ones((1, len(bad))),)
    )


def _find_short_cuts(
    model: tuple[LoadedTrunk, LoadedBranch],
    settings: ModelSettings,
    samples: Sequence[Sample],
) -> ModelSettings:
    """Take the largest tolerance at which leaving out a modality changes no verdicts.

    It is kept only if it pays: asking the router must cost less than it spares.
    """
    best = without = _tolerating(settings, 0.0)
    wanted = _scores(HybridModel(*model, without), samples)
    for tolerance in TOLERANCES:
        candidate = _tolerating(settings, tolerance)
        scores = _scores(HybridModel(*model, candidate), samples)
        flips = agreement(scores, wanted, settings.decisions).flips
        if flips > _CHANGED_VERDICTS * len(samples):
            break
        best = candidate
    if best is without:
        return without
    pays = _mean_ms(model, (best, without), samples)
    return best if pays[0] < pays[1] else without


def _decided_by(
    settings: ModelSettings, rules: DecisionRules, look_tolerance: float
) -> ModelSettings:
    """Take thresholds, and keep what is settled about short cuts."""
    kept = {
        "route_tolerance": settings.decisions.route_tolerance,
        "look_tolerance": look_tolerance,
    }
    return settings.model_copy(update={"decisions": rules.model_copy(update=kept)})


def _tolerating(settings: ModelSettings, tolerance: float) -> ModelSettings:
    rules = settings.decisions.model_copy(update={"route_tolerance": tolerance})
    return settings.model_copy(update={"decisions": rules})


def _mean_ms(
    model: tuple[LoadedTrunk, LoadedBranch],
    variants: Sequence[ModelSettings],
    samples: Sequence[Sample],
) -> list[float]:
    """Time variants part by part in turn, once all lines of the log are known."""
    models = [HybridModel(*model, settings) for settings in variants]
    for each in models:
        _scores(each, samples)
    spent = np.zeros(len(models))
    for sample in samples:
        for at, each in enumerate(models):
            begun = time.perf_counter()
            each.score(sample)
            spent[at] += time.perf_counter() - begun
    return [float(ms) for ms in 1000 * spent / len(samples)]


def write_settings(path: Path, settings: ModelSettings) -> None:
    """Write what a line starts with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tomli_w.dumps(settings.model_dump(exclude_none=True)).encode())


def _on_unseen(
    recording: Recording, model: HybridModel, settings: ModelSettings
) -> ShiftFigures | None:
    """Measure a finished model on `test`; nothing is chosen by it.

    A picture of a shift that nothing was learned from must not cost the training.
    """
    rules = settings.decisions
    try:
        return measure_shift(recording, "test", lambda x: model.score(x).score, rules)
    except (OSError, PictureError) as error:
        _log.warning("%s: test was not measured: %s", settings.line, error)
        return None


def _val_samples(line: LineData) -> Sequence[Sample]:
    rows = [line.labelled.rows[part] for part in line.val]
    windows = pair_windows(line.labelled.recording, rows)
    if line.labelled.preprocessing.picture != PictureRules():
        return SamplesOnDisk(rows, windows)
    pictures = line.labelled.pictures[line.val]
    return [
        Sample(window=window, pixels=picture)
        for window, picture in zip(windows, pictures, strict=True)
    ]


def _scores(model: HybridModel, samples: Sequence[Sample]) -> Numbers:
    return np.array([model.score(sample).score for sample in samples])
