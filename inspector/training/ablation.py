"""Does each stage of training pay? The same line again, without some of them.

- Without stage one, nothing learns alone: the heads of the branch, the log Transformer
  and fusion start from nothing and learn from the fused verdict only. The distance to
  good parts belongs to stage one and is left out.
- Without stage two, log and picture are not aligned before they are fused.

Every variant reads the same features of the same frozen backbone, sees the labels as
often as all stages together do, and is measured on a shift that none has seen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inspector.measures.estimates import Estimate, bootstrap, draw_parts
from inspector.measures.ranking import auroc
from inspector.model.artifact import Weights
from inspector.model.lines import LineReader
from inspector.shifts import cases_of, samples_of
from inspector.training.branch import HeadPlan
from inspector.training.joint import (
    JointPlan,
    Pair,
    Parts,
    Trunk,
    calibrate,
    contrast,
    fuse,
    outcome,
)
from inspector.training.lines import LineData
from inspector.training.log import LogNetwork, LogPlan, with_gaps
from inspector.training.networks import (
    LOOK,
    Branch,
    BranchHeads,
    CrossModalFusion,
    LookRouter,
    PictureReading,
    Router,
    with_summary,
    worst_tiles,
)
from inspector.training.reference import TorchModel
from inspector.training.retrieval import Recall, recall
from inspector.training.views import VIEWS
from inspector.training.windows import batch

ALL_STAGES = "all three stages"
VARIANTS = ("without stage 1", "without stage 2", "without stages 1 and 2")
Progress = Callable[[int], None]
Numbers = NDArray[np.float64]
_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A line after training: its data, its branch, its pair and its weights."""

    line: LineData = field(repr=False)
    branch: Branch = field(repr=False)
    pair: Pair = field(repr=False)
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablated:
    """What a variant reaches on one line.

    behind: area of all stages minus this one's, paired. recall: on the validation
    shift, with pictures as stage one reads them; `None` where there was no stage one.
    """

    line: str
    variant: str
    parts: int
    auroc: Estimate
    behind: Estimate
    recall: Recall | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """How the variants learn: by the plans that all stages follow."""

    heads: HeadPlan
    log: LogPlan
    joint: JointPlan

    @property
    def together(self) -> int:
        """Epochs of learning together: as many as the longest of the stages apart."""
        return max(self.heads.epochs, self.log.epochs) + self.joint.joint_epochs


def ablate(
    complete: tuple[Trunk, Sequence[Trained]],
    after_stage_one: Trunk,
    plan: Lessons,
    split: str,
    done: Progress,
) -> list[Ablated]:
    """Train the variants, and measure all on a shift.

    Args:
        complete: the trunk and the lines after all three stages.
        after_stage_one: the trunk as stage one left it.
        plan: how they learn.
        split: the shift to measure on.
        done: told after each variant.
    """
    trunk, cases = complete
    found = {ALL_STAGES: _scores(trunk, cases, split)}
    recalls = {ALL_STAGES: [_recall(trunk, case) for case in cases]}
    done(1)
    for variant, aligned in zip(VARIANTS, (True, False, False), strict=True):
        if variant == "without stage 2":
            other, changed = _without_alignment(after_stage_one, cases, plan)
            recalls[variant] = [_recall(other, case) for case in changed]
        else:
            other, changed = learn_together(cases, plan, aligned=aligned)
        found[variant] = _scores(other, changed, split)
        done(1)
    return [
        _ablated(case, split, variant, (found, at), recalls.get(variant))
        for at, case in enumerate(cases)
        for variant in found
    ]


def learn_together(
    cases: Sequence[Trained], plan: Lessons, *, aligned: bool
) -> tuple[Trunk, list[Trained]]:
    """Let everything start from nothing and learn from the fused verdict alone.

    Args:
        cases: lines, for their data and their backbone.
        plan: how fast and for how long.
        aligned: first bring logs and pictures together, contrastively.
    """
    torch.manual_seed(0)
    trunk = Trunk(LogNetwork(), CrossModalFusion(), Router(), LookRouter())
    heads = [_empty_heads(case.branch) for case in cases]
    optimiser = torch.optim.AdamW(
        [
            {"params": trunk.log.parameters(), "lr": plan.log.rate},
            {"params": trunk.fusion.parameters(), "lr": plan.joint.fusion_rate},
            *(
                {"params": each.parameters(), "lr": _rate(case, plan.heads)}
                for each, case in zip(heads, cases, strict=True)
            ),
        ],
        weight_decay=plan.heads.weight_decay,
    )
    rng = np.random.default_rng(0)
    for contrasting, epochs in (
        (True, plan.joint.alignment_epochs if aligned else 0),
        (False, plan.together),
    ):
        for at, parts in _deal(cases, epochs, rng):
            loss = _loss(
                trunk, (heads[at], cases[at].line), (parts, plan.log), rng, contrasting
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for group in optimiser.param_groups:
                torch.nn.utils.clip_grad_norm_(group["params"], 1.0)
            optimiser.step()
    for module in (trunk.log, trunk.fusion, *heads):
        module.eval()
    return trunk, [
        Trained(case.line, _of_heads(case.branch, each), case.pair, _PLAIN_SUM)
        for case, each in zip(cases, heads, strict=True)
    ]


_PLAIN_SUM = Weights(
    glance_share=0.0,
    picture=(1.0, 0.0),
    glance=(1.0, 0.0),
    log=(1.0, 0.0),
    both=(1.0, 1.0, 1.0, 0.0),
    glance_and_log=(1.0, 1.0, 0.0),
)
"""What learned together is summed up as it was learned."""


def _without_alignment(
    after_stage_one: Trunk, cases: Sequence[Trained], plan: Lessons
) -> tuple[Trunk, list[Trained]]:
    trunk = copy.deepcopy(after_stage_one)
    pairs = [case.pair for case in cases]
    fuse(trunk, pairs, plan.joint, lambda _: None)
    weights = [calibrate(pair, outcome(trunk, pair)) for pair in pairs]
    return trunk, [
        Trained(case.line, case.branch, case.pair, each)
        for case, each in zip(cases, weights, strict=True)
    ]


def _loss(
    trunk: Trunk,
    branch: tuple[BranchHeads, LineData],
    lesson: tuple[Parts, LogPlan],
    rng: np.random.Generator,
    contrasting: bool,
) -> torch.Tensor:
    (heads, line), (parts, plan) = branch, lesson
    view = int(rng.integers(VIEWS))
    every = heads(line.store.read(parts, view)[LOOK])
    picture: PictureReading = worst_tiles(
        every, every.logit.reshape(-1, line.store.tiles)
    )
    windows = with_gaps(batch(line.log, parts), plan.lines_left_out, rng)
    log = trunk.log(windows)
    if contrasting:
        return contrast(trunk.fusion, log, picture)
    added = trunk.fusion(
        picture.tokens, picture.cells, log.tokens, with_summary(windows.present)
    )
    target = torch.from_numpy(line.labelled.target[parts])
    return functional.binary_cross_entropy_with_logits(
        picture.logit + log.logit + added, target
    )


def _empty_heads(branch: Branch) -> BranchHeads:
    kinds = branch.heads.classes.out_features
    return BranchHeads(branch.heads.channels, kinds).train()


def _of_heads(branch: Branch, heads: BranchHeads) -> Branch:
    """Give a branch that says what its heads say, and nothing else."""
    glance = branch.glancing, branch.glance_good
    return Branch(branch.backbone, glance, (heads, branch.good)).eval()


def _rate(case: Trained, plan: HeadPlan) -> float:
    has_masks = case.line.labelled.has_masks
    return plan.with_masks if has_masks else plan.without_masks


def _deal(
    cases: Sequence[Trained], epochs: int, rng: np.random.Generator
) -> Iterator[tuple[int, Parts]]:
    for _ in range(epochs):
        batches = []
        for at, case in enumerate(cases):
            mixed = rng.permutation(case.line.train)
            starts = range(0, len(mixed), _BATCH)
            batches += [(at, mixed[start : start + _BATCH]) for start in starts]
        for chosen in rng.permutation(len(batches)):
            yield batches[chosen]


def _scores(trunk: Trunk, cases: Sequence[Trained], split: str) -> list[Numbers]:
    return [_score(trunk, case, split) for case in cases]


def _score(trunk: Trunk, case: Trained, split: str) -> Numbers:
    labelled = case.line.labelled
    stations = labelled.recording.settings.stations
    travel_s = {each.name: each.seconds_to_camera for each in stations}
    reader = LineReader(case.line.log.wordings, travel_s)
    model = TorchModel(trunk, case.branch, case.weights, reader, labelled.preprocessing)
    return model.scores(list(samples_of(labelled.recording, split)))


def _recall(trunk: Trunk, case: Trained) -> Recall:
    return recall(trunk, case.pair, case.line.val)


def _ablated(
    case: Trained,
    split: str,
    variant: str,
    found: tuple[dict[str, list[Numbers]], int],
    recalls: list[Recall] | None,
) -> Ablated:
    scores, at = found
    recording = case.line.labelled.recording
    bad = np.array([each.is_bad for each in cases_of(recording, split)])
    counts = draw_parts(bad)
    own, full = scores[variant][at], scores[ALL_STAGES][at]
    return Ablated(
        line=case.line.labelled.line,
        variant=variant,
        parts=len(bad),
        auroc=bootstrap(lambda drawn: auroc(own, bad, drawn), counts),
        behind=bootstrap(
            lambda drawn: auroc(full, bad, drawn) - auroc(own, bad, drawn), counts
        ),
        recall=None if recalls is None else recalls[at],
    )
