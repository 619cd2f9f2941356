"""A new branch for a line, beside a trunk that stays as it is, bit for bit.

The trunk is read from the model and frozen. What is learned is the branch alone: heads
on the backbone's features, the memory of good parts, and how the line's opinions are
weighed. A line that the trunk has never seen is read by the trunk as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from inspector.model.artifact import (
    Artifact,
    Parent,
    TrunkManifest,
    trunk_folder,
)
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.recording import Recording
from inspector.settings import ModelSettings
from inspector.training.backbones import PRETRAINED, Backbone, make_backbone
from inspector.training.branch import HeadPlan, self_supervise, train_heads
from inspector.training.eyes import SwiftBackbone
from inspector.training.joint import Pair, Trunk, calibrate, outcome
from inspector.training.lines import LineData, Opinions, Start, train_branch
from inspector.training.log import read_windows
from inspector.training.networks import (
    GLANCE,
    LOOK,
    Branch,
    BranchHeads,
)
from inspector.training.programme import heads_for
from inspector.training.reference import load_torch_branch, load_torch_trunk
from inspector.training.settling import Learned, LineReport, Making, write_branch
from inspector.training.stages import Stages
from inspector.training.views import VIEWS, FeatureStore, Labelled, read_labelled
from inspector.training.windows import read_log

_FEWEST_EPOCHS = 6
"""Heads that learn for less time than this are not worth their thresholds."""
_TIMED_PARTS = 96
_HEADS_EACH = 2
"""A look and a glance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which branch is wanted.

    version: its name.
    parent: the version that it follows; `None` for a line's first.
    start_from: folder of a branch whose heads it starts from; `None` starts anew.
    budget_s: wall-clock time that training may take; `None`: as long as it needs.
    """

    version: str
    parent: Parent | None = None
    start_from: Path | None = None
    budget_s: float | None = None
    wanted_escape_rate: float = 0.02
    heads: HeadPlan = field(default_factory=HeadPlan)
    self_supervision_epochs: int = 4
    folds: int = 3
    labels: Callable[[Labelled], Labelled] = lambda labelled: labelled
    """Leaves out labelled parts, to see what fewer labels are worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchReport:
    """What training a branch found, and what it took.

    epochs, views: how long heads learned and from how many orientations; fewer than
        planned where the budget said so.
    processor_s: processor time of this program.
    parameters: numbers that were learned; the trunk's are none of them.
    """

    found: LineReport
    settings: ModelSettings
    epochs: int
    views: int
    parts: int
    processor_s: float
    stage_s: dict[str, float]
    parameters: int


def train_successor(
    recording: Recording, model: Path, out: Path, order: Order
) -> BranchReport:
    """Train a branch for a model's trunk, and write it into an empty folder.

    Args:
        recording: of the line, with labelled shifts `train` and `val`.
        model: whose trunk it is for; nothing in it is changed.
        out: becomes the version.
        order: which branch is wanted.

    Raises:
        RecordingError: there is nothing to learn from.
        ArtifactError: the model's trunk, or the branch to start from, is altered.
        ExportError: the exported branch does not answer as the trained one.
        MissingExtraError: a package is not installed.
    """
    torch.manual_seed(0)
    begun, begun_s = time.monotonic(), time.process_time()
    stages = Stages()
    trunk = load_torch_trunk(model), LoadedTrunk(trunk_folder(model))
    with stages, TemporaryDirectory() as scratch:
        backbone, heads = _eyes(order)
        labelled = order.labels(read_labelled(recording, ("train", "val")))
        swift = SwiftBackbone(backbone, labelled.preprocessing.channels)
        views = _views_within(order, swift, labelled, begun)
        pictures = views * len(labelled.pictures)
        with stages.stage("features", pictures) as done:
            store = FeatureStore(
                Path(scratch), swift, labelled.pictures, done, labelled.tiles, views
            )
        line = LineData(
            labelled=labelled,
            store=store,
            log=read_log(recording, labelled.rows),
            train=labelled.of_split("train"),
            val=labelled.of_split("val"),
        )
        start = _start(order, backbone, heads, line, stages)
        plan = _plan_within(order, start, line, begun)
        known = Artifact.open(trunk_folder(model), TrunkManifest).manifest.lines
        learned = _learn(
            start,
            backbone,
            line,
            (plan, order.folds),
            trunk[0],
            stages,
            log_is_honest=labelled.line not in known,
        )
        making = Making(
            version=order.version,
            backbone=backbone.name,
            wanted_escape_rate=order.wanted_escape_rate,
            parent=order.parent,
        )
        with stages.stage("export and check", 1):
            settings, found = write_branch(out, trunk, learned, making)
    return BranchReport(
        found=found,
        settings=settings,
        epochs=plan.epochs,
        views=views,
        parts=len(labelled.rows),
        processor_s=time.process_time() - begun_s,
        stage_s=stages.taken_s,
        parameters=learned_numbers(learned.branch),
    )


def learned_numbers(branch: Branch) -> int:
    """Count the numbers of a branch that its training finds; its backbone is given."""
    heads = sum(
        p.numel() for each in (branch.heads, branch.glancing) for p in each.parameters()
    )
    memory = sum(each.memory.numel() for each in (branch.good, branch.glance_good))
    return heads + memory


def _eyes(order: Order) -> tuple[Backbone, tuple[BranchHeads, BranchHeads] | None]:
    """Give the backbone, and heads to start from if a branch is named."""
    if order.start_from is None:
        return make_backbone(PRETRAINED, (), lambda _: None), None
    branch, _ = load_torch_branch(order.start_from)
    backbone = branch.backbone
    assert isinstance(backbone, Backbone)  # noqa: S101 - for the type checker
    return backbone, (branch.heads, branch.glancing)


def _start(
    order: Order,
    backbone: Backbone,
    heads: tuple[BranchHeads, BranchHeads] | None,
    line: LineData,
    stages: Stages,
) -> Start:
    """Let heads know pictures before they learn labels: these, or another line's."""
    kinds = len(line.labelled.kinds)
    if heads is None:
        heads = (
            BranchHeads(backbone.channels, kinds),
            BranchHeads(backbone.channels[:-1], kinds),
        )
        epochs = order.self_supervision_epochs
        tasks = [(line.store, line.train)]
        total = _HEADS_EACH * epochs * len(line.train)
        if line.store.views > 1:
            with stages.stage("pictures, self-supervised", total) as done:
                self_supervise(heads[0], LOOK, tasks, epochs, done)
                self_supervise(heads[1], GLANCE, tasks, epochs, done)
    look, glance = (heads_for(each, kinds) for each in heads)
    return Start(look=look, glance=glance)


def _learn(
    start: Start,
    backbone: Backbone,
    line: LineData,
    plan: tuple[HeadPlan, int],
    trunk: Trunk,
    stages: Stages,
    *,
    log_is_honest: bool,
) -> Learned:
    heads, folds = plan
    total = _HEADS_EACH * heads.epochs * len(line.train) * folds
    with stages.stage("pictures", total) as done:
        branch, seen = train_branch(start, backbone, line, plan, done)
    with stages.stage("log, by the trunk as it is", 1), torch.no_grad():
        everything = np.arange(len(line.labelled.rows))
        log = read_windows(trunk.log, line.log, everything).logit
        pair = Pair(line, Opinions(picture=seen, log=log))
        asked = outcome(trunk, pair)
    weights = calibrate(pair, asked, log_is_honest=log_is_honest)
    return Learned(branch, pair, asked, weights)


# Within a budget.


def _views_within(
    order: Order, backbone: SwiftBackbone, labelled: Labelled, begun: float
) -> int:
    """Say of how many orientations features can be had in two fifths of the budget."""
    if order.budget_s is None:
        return VIEWS
    some = labelled.pictures[:_SOME_PICTURES]
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        FeatureStore(Path(folder), backbone, some, lambda _: None, 1, 1)
    each_s = (time.monotonic() - started) / len(some)
    left_s = 0.4 * (order.budget_s - (started - begun))
    affordable = int(left_s / (each_s * len(labelled.pictures)))
    return max(1, min(VIEWS, affordable))


_SOME_PICTURES = 16


def _plan_within(order: Order, start: Start, line: LineData, begun: float) -> HeadPlan:
    """Shorten how long heads learn to what is left of the budget.

    Six tenths of what is left are for heads; the rest is for export and thresholds.
    """
    if order.budget_s is None:
        return order.heads
    each_s = _time_of_a_part(start, line)
    left_s = 0.6 * (order.budget_s - (time.monotonic() - begun))
    times = _HEADS_EACH * order.folds * len(line.train)
    affordable = int(left_s / (each_s * times))
    epochs = max(_FEWEST_EPOCHS, min(order.heads.epochs, affordable))
    return replace(order.heads, epochs=epochs)


def _time_of_a_part(start: Start, line: LineData) -> float:
    """Time how long heads take to learn from one part, once."""
    some = line.train[:: max(1, len(line.train) // _TIMED_PARTS)]
    started = time.monotonic()
    train_heads(
        start.look,
        LOOK,
        line.store,
        line.labelled,
        some,
        HeadPlan(epochs=1),
        lambda _: None,
    )
    return (time.monotonic() - started) / len(some)
