"""The whole of training, one stage after another: recordings in, a model out.

1. Each modality alone: branches from pictures (self-supervision over all lines, then
   each line's labels and masks), the log Transformer from the logs of all lines.
2. Alignment: a part's log and picture are brought together, contrastively.
3. Joint fine-tuning: fusion and log Transformer learn the verdict together.

Then routes are calibrated, the router learns which short cuts are harmless, all is
exported, compared with ONNX Runtime, and thresholds are found on the validation shift.
"""

from __future__ import annotations

import copy
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tomli_w
import torch
from numpy.typing import NDArray
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from inspector.errors import ArtifactError, PictureError
from inspector.measures.ranking import auroc
from inspector.model.artifact import (
    BranchManifest,
    Figures,
    FittedTrunk,
    ShiftFigures,
    Weights,
    branch_folder,
    settings_file,
    trunk_folder,
)
from inspector.model.hybrid import Branch as LoadedBranch
from inspector.model.hybrid import HybridModel
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.recording import Recording
from inspector.settings import DecisionRules, ModelSettings, PictureRules
from inspector.thresholds import find_thresholds
from inspector.training.ablation import VARIANTS, Ablated, Lessons, Trained, ablate
from inspector.training.backbones import SCRATCH, Backbone, make_backbone
from inspector.training.branch import (
    HeadPlan,
    self_supervise,
)
from inspector.training.export import (
    check_agreement,
    export_branch,
    export_trunk,
    seal_branch,
)
from inspector.training.figures import (
    classes_of,
    learned_from,
    measure_shift,
    shift_figures,
)
from inspector.training.guarding import add_guards
from inspector.training.joint import (
    JointPlan,
    Outcome,
    Pair,
    Trunk,
    align,
    calibrate,
    fuse,
    glanced,
    outcome,
    train_look_router,
    train_router,
)
from inspector.training.lines import (
    LineData,
    Opinions,
    Seen,
    Start,
    ask_of_unseen_logs,
    train_branch,
)
from inspector.training.log import LogPlan, learn_imagined, train_log
from inspector.training.networks import (
    GLANCE,
    LOOK,
    Branch,
    BranchHeads,
    CrossModalFusion,
    LookRouter,
    Router,
)
from inspector.training.reference import (
    Agreement,
    Numbers,
    TorchModel,
    agreement,
)
from inspector.training.scratch import EPOCHS
from inspector.training.views import (
    VIEWS,
    FeatureStore,
    SamplesOnDisk,
    read_labelled,
)
from inspector.training.windows import pair as pair_windows
from inspector.training.windows import read_log
from inspector.types import Problem, Sample

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is trained, and for how long."""

    backbone: str = "efficientnet-lite0"
    """Or `scratch`: the same network, knowing nothing; or `timm:NAME[:FILE]`."""
    self_supervision_epochs: int = 4
    heads: HeadPlan = field(default_factory=HeadPlan)
    log: LogPlan = field(default_factory=LogPlan)
    joint: JointPlan = field(default_factory=JointPlan)
    folds: int = 3
    wanted_escape_rate: float = 0.02
    version: str = "1"
    threads: int = 0
    """0 leaves it to torch."""

    @classmethod
    def quick(cls) -> Plan:
        """Plan for a first look: minutes instead of a quarter of an hour."""
        plan = cls()
        return replace(
            plan,
            self_supervision_epochs=1,
            heads=replace(plan.heads, epochs=15),
            log=replace(plan.log, imagined_lines=30, epochs=4),
            joint=replace(plan.joint, alignment_epochs=1, joint_epochs=3),
            folds=2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What training found for one line."""

    line: str
    weights: Weights
    decisions: DecisionRules
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What training found, and how long each stage took.

    ablated: what each stage was worth, if that was asked for.
    """

    lines: tuple[LineReport, ...]
    stage_s: dict[str, float]
    ablated: tuple[Ablated, ...] = ()


def train(
    recordings: Sequence[Recording],
    out: Path,
    plan: Plan,
    ablate_on: str | None = None,
) -> TrainingReport:
    """Train a model for some lines, and write it when it has proved sound.

    Args:
        recordings: one for each line, with labelled shifts `train` and `val`.
        out: folder of the model; must not hold one yet.
        plan: what, and for how long.
        ablate_on: a shift; also train without some of the stages, and compare on it.

    Raises:
        RecordingError: a recording cannot be learned from.
        ArtifactError: `out` holds something, or two recordings are of one line.
        ExportError: the exported model does not answer as the trained one.
        MissingExtraError: a package is not installed.
    """
    _check_free(recordings, out)
    torch.manual_seed(0)
    if plan.threads:
        torch.set_num_threads(plan.threads)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
        training = _Training(recordings, plan, Path(scratch))
        report = training.run(Path(scratch) / "model", ablate_on)
        if out.exists():
            out.rmdir()
        shutil.move(Path(scratch) / "model", out)
    return report


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One line on its way through training."""

    line: LineData
    branch: Branch
    pair: Pair


class _Training:
    def __init__(
        self, recordings: Sequence[Recording], plan: Plan, scratch: Path
    ) -> None:
        self._recordings = recordings
        self._plan = plan
        self._scratch = scratch
        self._stage_s: dict[str, float] = {}
        self._progress = Progress(
            TextColumn("{task.description:32}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )

    def run(self, out: Path, ablate_on: str | None) -> TrainingReport:
        with self._progress:
            with self._stage("backbone", self._pictures_to_learn()) as done:
                backbone = make_backbone(self._plan.backbone, self._recordings, done)
            lines = [self._read(each, backbone) for each in self._recordings]
            trunk, cases = self._stage_one(lines, backbone)
            after_stage_one = copy.deepcopy(trunk)
            found = self._stages_two_and_three(trunk, cases)
            reports = self._export(out, trunk, cases, found, backbone)
            ablated: list[Ablated] = []
            if ablate_on is not None:
                weights = [each for _, _, each in found]
                complete = trunk, _trained(cases, weights)
                ablated = self._ablate(complete, after_stage_one, ablate_on)
        return TrainingReport(
            lines=tuple(reports), stage_s=self._stage_s, ablated=tuple(ablated)
        )

    def _ablate(
        self,
        complete: tuple[Trunk, Sequence[Trained]],
        after_stage_one: Trunk,
        split: str,
    ) -> list[Ablated]:
        plan = self._plan
        lessons = Lessons(heads=plan.heads, log=plan.log, joint=plan.joint)
        with self._stage("without some stages", 1 + len(VARIANTS)) as done:
            return ablate(complete, after_stage_one, lessons, split, done)

    def _pictures_to_learn(self) -> int:
        """Count what the backbone is shown: nothing, unless it starts from nothing."""
        if self._plan.backbone != SCRATCH:
            return 1
        shifts = [recording.select("train") for recording in self._recordings]
        return EPOCHS * sum(row.label is not None for shift in shifts for row in shift)

    def _read(self, recording: Recording, backbone: Backbone) -> LineData:
        labelled = read_labelled(recording, ("train", "val"))
        folder = self._scratch / f"features-{labelled.line}"
        folder.mkdir()
        with self._stage(
            f"features of {labelled.line}", VIEWS * len(labelled.pictures)
        ) as done:
            store = FeatureStore(
                folder, backbone, labelled.pictures, done, labelled.tiles
            )
        return LineData(
            labelled=labelled,
            store=store,
            log=read_log(recording, labelled.rows),
            train=labelled.of_split("train"),
            val=labelled.of_split("val"),
        )

    def _stage_one(
        self, lines: Sequence[LineData], backbone: Backbone
    ) -> tuple[Trunk, list[_Case]]:
        start = self._self_supervised(lines, backbone)
        seen = [self._branch(line, start, backbone) for line in lines]
        plan, folds = self._plan.log, self._plan.folds
        parts = sum(len(line.train) for line in lines)
        with self._stage("1 imagined logs", plan.imagined_total) as done:
            untaught = learn_imagined(plan, done)
        total = plan.epochs * parts * folds
        with self._stage("1 logs alone", total) as done:
            network = train_log(untaught, [line.task for line in lines], plan, done)
            logs = ask_of_unseen_logs(untaught, network, lines, plan, folds, done)
        trunk = Trunk(network, CrossModalFusion(), Router(), LookRouter())
        cases = [
            _Case(line, branch, Pair(line, Opinions(picture=picture, log=log)))
            for line, (branch, picture), log in zip(lines, seen, logs, strict=True)
        ]
        return trunk, cases

    def _self_supervised(self, lines: Sequence[LineData], backbone: Backbone) -> Start:
        general = Start(
            look=BranchHeads(backbone.channels, 1),
            glance=BranchHeads(backbone.channels[:-1], 1),
        )
        epochs = self._plan.self_supervision_epochs
        parts = 2 * epochs * sum(len(line.train) for line in lines)
        tasks = [(line.store, line.train) for line in lines]
        with self._stage("1 pictures, self-supervised", parts) as done:
            self_supervise(general.look, LOOK, tasks, epochs, done)
            self_supervise(general.glance, GLANCE, tasks, epochs, done)
        return general

    def _branch(
        self, line: LineData, general: Start, backbone: Backbone
    ) -> tuple[Branch, Seen]:
        plan, folds = self._plan.heads, self._plan.folds
        kinds = len(line.labelled.kinds)
        start = Start(
            look=_for_line(general.look, kinds), glance=_for_line(general.glance, kinds)
        )
        parts = 2 * plan.epochs * len(line.train) * folds
        with self._stage(f"1 pictures of {line.labelled.line}", parts) as done:
            return train_branch(start, backbone, line, (plan, folds), done)

    def _stages_two_and_three(
        self, trunk: Trunk, cases: Sequence[_Case]
    ) -> list[tuple[Pair, Outcome, Weights]]:
        plan, pairs = self._plan.joint, [case.pair for case in cases]
        parts = sum(len(case.line.train) for case in cases)
        with self._stage("2 alignment", plan.alignment_epochs * parts) as done:
            align(trunk, pairs, plan, done)
        with self._stage("3 joint fine-tuning", plan.joint_epochs * parts) as done:
            fuse(trunk, pairs, plan, done)
        asked = [outcome(trunk, pair) for pair in pairs]
        found = [
            (pair, each, calibrate(pair, each))
            for pair, each in zip(pairs, asked, strict=True)
        ]
        honest = sum(len(pair.honest) for pair in pairs)
        with self._stage("router", 3 * plan.router_epochs * honest) as done:
            train_router(trunk, found, plan, done)
            glances = [(each, weights) for _, each, weights in found]
            train_look_router(trunk, glances, plan, done)
        return found

    def _export(
        self,
        out: Path,
        trunk: Trunk,
        cases: Sequence[_Case],
        found: Sequence[tuple[Pair, Outcome, Weights]],
        backbone: Backbone,
    ) -> list[LineReport]:
        with self._stage("export and check", len(cases)) as done:
            version = self._plan.version
            folder = trunk_folder(out)
            sha256 = export_trunk(folder, trunk, version, cases[0].line)
            loaded = LoadedTrunk(folder)
            reports = []
            for case, (_, asked, weights) in zip(cases, found, strict=True):
                manifest = self._manifest(case, weights, sha256, backbone)
                where = branch_folder(out, manifest.line, version)
                export_branch(where, case.branch, case.line, manifest)
                model = loaded, LoadedBranch(where)
                settled = self._settle(trunk, case, (asked, weights), model)
                settings, report, val = settled
                _write_settings(settings_file(out, manifest.line), settings)
                judging = HybridModel(*model, settings)
                test = _on_unseen(case.line.labelled.recording, judging, settings)
                seal_branch(where, settings, Figures(val=val, test=test))
                reports.append(report)
                done(1)
        return reports

    def _manifest(
        self, case: _Case, weights: Weights, trunk_sha256: str, backbone: Backbone
    ) -> BranchManifest:
        settings = case.line.labelled.recording.settings
        return BranchManifest(
            line=settings.id,
            version=self._plan.version,
            classes=classes_of(settings),
            backbone=backbone.name,
            preprocessing=case.line.labelled.preprocessing,
            weights=weights,
            travel_s={each.name: each.seconds_to_camera for each in settings.stations},
            trunk=FittedTrunk(version=self._plan.version, sha256=trunk_sha256),
            learned_from=learned_from(case.line.labelled.recording),
            files={},
        )

    def _settle(
        self,
        trunk: Trunk,
        case: _Case,
        found: tuple[Outcome, Weights],
        model: tuple[LoadedTrunk, LoadedBranch],
    ) -> tuple[ModelSettings, LineReport, ShiftFigures]:
        """Compare both runtimes on `val`; find short cuts and thresholds there."""
        line, weights = case.line.labelled.line, found[1]
        samples = _val_samples(case.line)
        bad = case.line.labelled.bad[case.line.val]
        settings = ModelSettings(
            line=line, branch=self._plan.version, decisions=DecisionRules()
        )
        both = _scores(HybridModel(*model, settings, always_both=True), samples)
        rules = find_thresholds(both, bad, self._plan.wanted_escape_rate)
        learned = case.line.labelled.bad[case.line.train]
        look = find_look_tolerance(trunk, *found, (learned, bad))
        settings = _decided_by(settings, rules, look)
        settings = _find_short_cuts(model, settings, samples)
        wanted = model[1].manifest.preprocessing
        torch_model = TorchModel(trunk, case.branch, weights, model[1].reader, wanted)
        compared = agreement(torch_model.scores(samples), both, rules)
        check_agreement(line, compared)
        # Thresholds are for the scores that will be decided on: with the short cuts.
        routed = _scores(HybridModel(*model, settings), samples)
        rules = find_thresholds(routed, bad, self._plan.wanted_escape_rate)
        settings = _decided_by(settings, rules, look)
        judging = HybridModel(*model, settings)
        settings = add_guards(settings, judging, case.pair, weights)
        report = LineReport(
            line=line,
            weights=weights,
            decisions=settings.decisions,
            agreement=compared,
        )
        return settings, report, shift_figures(routed, bad, settings.decisions)

    @contextmanager
    def _stage(self, name: str, total: int) -> Iterator[_Advance]:
        task = self._progress.add_task(name, total=total)
        begun = time.monotonic()
        yield _Advance(self._progress, task)
        self._progress.update(task, completed=total)
        self._stage_s[name] = time.monotonic() - begun


def _trained(cases: Sequence[_Case], weights: Sequence[Weights]) -> list[Trained]:
    return [
        Trained(case.line, case.branch, case.pair, each)
        for case, each in zip(cases, weights, strict=True)
    ]


def _for_line(general: BranchHeads, kinds: int) -> BranchHeads:
    """Give heads a line's kinds of defects; all else they know already."""
    heads = BranchHeads(general.channels, kinds)
    known = general.state_dict()
    heads.load_state_dict(
        {key: known[key] for key in known if not key.startswith("classes")},
        strict=False,
    )
    return heads


class _Advance:
    """Moves one progress bar."""

    def __init__(self, progress: Progress, task: int) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, parts: int) -> None:
        self._progress.advance(self._task, parts)  # type: ignore[arg-type]


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


def _write_settings(path: Path, settings: ModelSettings) -> None:
    path.parent.mkdir(exist_ok=True)
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


def _check_free(recordings: Sequence[Recording], out: Path) -> None:
    problems = []
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what = "is not empty: name a new folder for the model"
        problems.append(Problem.in_file(out, what))
    lines = [recording.settings.id for recording in recordings]
    for line in sorted({line for line in lines if lines.count(line) > 1}):
        problems.append(Problem(where=f"line {line}", what="is given twice"))
    if problems:
        raise ArtifactError(problems)
