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
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import torch
from torch import Tensor

from inspector.errors import ArtifactError
from inspector.model.artifact import (
    Weights,
    branch_folder,
    settings_file,
    trunk_folder,
)
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.recording import Recording
from inspector.training.ablation import VARIANTS, Ablated, Lessons, Trained, ablate
from inspector.training.backbones import SCRATCH, Backbone, make_backbone
from inspector.training.branch import HeadPlan, self_supervise
from inspector.training.export import export_trunk
from inspector.training.joint import (
    JointPlan,
    Outcome,
    Pair,
    Trunk,
    align,
    calibrate,
    fuse,
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
from inspector.training.log import LogNetwork, LogPlan, learn_imagined, train_log
from inspector.training.networks import (
    GLANCE,
    LOOK,
    Branch,
    BranchHeads,
    CrossModalFusion,
    LookRouter,
    Router,
)
from inspector.training.scratch import EPOCHS
from inspector.training.settling import (
    Learned,
    LineReport,
    Making,
    write_branch,
    write_settings,
)
from inspector.training.stages import Stages
from inspector.training.views import (
    VIEWS,
    FeatureStore,
    read_labelled,
)
from inspector.training.windows import read_log
from inspector.types import Problem


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
class TrainingReport:
    """What training found, and how long each stage took.

    ablated: what each stage was worth, if that was asked for.
    """

    lines: tuple[LineReport, ...]
    stage_s: dict[str, float]
    ablated: tuple[Ablated, ...] = ()
    processor_s: float = 0.0
    """Of this program for the model; what was asked for beside is not counted."""


def train(
    recordings: Sequence[Recording],
    out: Path,
    plan: Plan,
    ablate_on: str | None = None,
    without: Mapping[str, Path] = MappingProxyType({}),
) -> TrainingReport:
    """Train a model for some lines, and write it when it has proved sound.

    Args:
        recordings: one for each line, with labelled shifts `train` and `val`.
        out: folder of the model; must not hold one yet.
        plan: what, and for how long.
        ablate_on: a shift; also train without some of the stages, and compare on it.
        without: lines, and for each an empty folder for a model of a trunk alone that
            has learned from all the other lines: what a new line would find.

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
        report = training.run(Path(scratch) / "model", ablate_on, without)
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
        self._stages = Stages()
        self._untaught: LogNetwork
        """What a log Transformer knows before it has seen a recorded line."""

    def run(
        self, out: Path, ablate_on: str | None, without: Mapping[str, Path]
    ) -> TrainingReport:
        begun_s = time.process_time()
        with self._stages:
            with self._stages.stage("backbone", self._pictures_to_learn()) as done:
                backbone = make_backbone(self._plan.backbone, self._recordings, done)
            lines = [self._read(each, backbone) for each in self._recordings]
            trunk, cases = self._stage_one(lines, backbone)
            after_stage_one = copy.deepcopy(trunk)
            found = self._stages_two_and_three(trunk, cases)
            reports = self._export(out, trunk, cases, found, backbone)
            processor_s = time.process_time() - begun_s
            ablated: list[Ablated] = []
            if ablate_on is not None:
                weights = [each for _, _, each in found]
                complete = trunk, _trained(cases, weights)
                ablated = self._ablate(complete, after_stage_one, ablate_on)
            for line, folder in without.items():
                others = [case for case in cases if case.line.labelled.line != line]
                self._trunk_of(others, folder)
        return TrainingReport(
            lines=tuple(reports),
            stage_s=self._stages.taken_s,
            ablated=tuple(ablated),
            processor_s=processor_s,
        )

    def _trunk_of(self, others: Sequence[_Case], out: Path) -> None:
        """Train and write a trunk that knows logs and labels of these lines alone.

        Their branches are taken as they are: no label of another line is in them.
        """
        network, logs = self._read_logs([case.line for case in others])
        trunk = Trunk(network, CrossModalFusion(), Router(), LookRouter())
        cases = [
            replace(case, pair=Pair(case.line, replace(case.pair.opinions, log=log)))
            for case, log in zip(others, logs, strict=True)
        ]
        self._stages_two_and_three(trunk, cases)
        lines = [case.line for case in cases]
        export_trunk(trunk_folder(out), trunk, self._plan.version, lines)

    def _ablate(
        self,
        complete: tuple[Trunk, Sequence[Trained]],
        after_stage_one: Trunk,
        split: str,
    ) -> list[Ablated]:
        plan = self._plan
        lessons = Lessons(heads=plan.heads, log=plan.log, joint=plan.joint)
        with self._stages.stage("without some stages", 1 + len(VARIANTS)) as done:
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
        with self._stages.stage(
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
        plan = self._plan.log
        with self._stages.stage("1 imagined logs", plan.imagined_total) as done:
            self._untaught = learn_imagined(plan, done)
        network, logs = self._read_logs(lines)
        trunk = Trunk(network, CrossModalFusion(), Router(), LookRouter())
        cases = [
            _Case(line, branch, Pair(line, Opinions(picture=picture, log=log)))
            for line, (branch, picture), log in zip(lines, seen, logs, strict=True)
        ]
        return trunk, cases

    def _read_logs(
        self, lines: Sequence[LineData]
    ) -> tuple[LogNetwork, Sequence[Tensor]]:
        """Teach the log Transformer some lines, and ask it of parts it never saw."""
        plan, folds, start = self._plan.log, self._plan.folds, self._untaught
        total = plan.epochs * sum(len(line.train) for line in lines) * folds
        with self._stages.stage("1 logs alone", total) as done:
            network = train_log(start, [line.task for line in lines], plan, done)
            logs = ask_of_unseen_logs(start, network, lines, plan, folds, done)
        return network, logs

    def _self_supervised(self, lines: Sequence[LineData], backbone: Backbone) -> Start:
        general = Start(
            look=BranchHeads(backbone.channels, 1),
            glance=BranchHeads(backbone.channels[:-1], 1),
        )
        epochs = self._plan.self_supervision_epochs
        parts = 2 * epochs * sum(len(line.train) for line in lines)
        tasks = [(line.store, line.train) for line in lines]
        with self._stages.stage("1 pictures, self-supervised", parts) as done:
            self_supervise(general.look, LOOK, tasks, epochs, done)
            self_supervise(general.glance, GLANCE, tasks, epochs, done)
        return general

    def _branch(
        self, line: LineData, general: Start, backbone: Backbone
    ) -> tuple[Branch, Seen]:
        plan, folds = self._plan.heads, self._plan.folds
        kinds = len(line.labelled.kinds)
        start = Start(
            look=heads_for(general.look, kinds), glance=heads_for(general.glance, kinds)
        )
        parts = 2 * plan.epochs * len(line.train) * folds
        with self._stages.stage(f"1 pictures of {line.labelled.line}", parts) as done:
            return train_branch(start, backbone, line, (plan, folds), done)

    def _stages_two_and_three(
        self, trunk: Trunk, cases: Sequence[_Case]
    ) -> list[tuple[Pair, Outcome, Weights]]:
        plan, pairs = self._plan.joint, [case.pair for case in cases]
        parts = sum(len(case.line.train) for case in cases)
        with self._stages.stage("2 alignment", plan.alignment_epochs * parts) as done:
            align(trunk, pairs, plan, done)
        with self._stages.stage(
            "3 joint fine-tuning", plan.joint_epochs * parts
        ) as done:
            fuse(trunk, pairs, plan, done)
        asked = [outcome(trunk, pair) for pair in pairs]
        found = [
            (pair, each, calibrate(pair, each))
            for pair, each in zip(pairs, asked, strict=True)
        ]
        honest = sum(len(pair.honest) for pair in pairs)
        with self._stages.stage("router", 3 * plan.router_epochs * honest) as done:
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
        with self._stages.stage("export and check", len(cases)) as done:
            version = self._plan.version
            folder = trunk_folder(out)
            export_trunk(folder, trunk, version, [case.line for case in cases])
            both = trunk, LoadedTrunk(folder)
            making = Making(
                version=version,
                backbone=backbone.name,
                wanted_escape_rate=self._plan.wanted_escape_rate,
            )
            reports = []
            for case, (pair, asked, weights) in zip(cases, found, strict=True):
                learned = Learned(case.branch, pair, asked, weights)
                line = case.line.labelled.line
                where = branch_folder(out, line, version)
                settings, report = write_branch(where, both, learned, making)
                write_settings(settings_file(out, line), settings)
                reports.append(report)
                done(1)
        return reports


def _trained(cases: Sequence[_Case], weights: Sequence[Weights]) -> list[Trained]:
    return [
        Trained(case.line, case.branch, case.pair, each)
        for case, each in zip(cases, weights, strict=True)
    ]


def heads_for(general: BranchHeads, kinds: int) -> BranchHeads:
    """Give heads a line's kinds of defects; all else they know already."""
    heads = BranchHeads(general.channels, kinds)
    known = general.state_dict()
    heads.load_state_dict(
        {key: known[key] for key in known if not key.startswith("classes")},
        strict=False,
    )
    return heads


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
