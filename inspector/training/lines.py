"""Stage one for a whole line, with honest opinions of its parts for the later stages.

What is learned from a branch's and a log network's opinions must not see opinions of
parts that those were trained on: they are far too sure. So both are also trained on
blocks of the training shift, and asked about the block that was left out
(cross-fitting; Wolpert, "Stacked Generalization", 1992). Blocks are of neighbouring
parts, because neighbours share modules and log lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inspector.training.branch import (
    HeadPlan,
    fit_weights,
    look_at_parts,
    opinions_of,
    remember_good_parts,
    train_heads,
)
from inspector.training.log import LogNetwork, LogPlan, LogTask, read_windows, train_log
from inspector.training.networks import (
    GLANCE,
    LOOK,
    Branch,
    BranchHeads,
    PictureNetwork,
    PictureReading,
)
from inspector.training.views import FeatureStore, Labelled
from inspector.training.windows import LineLog

Parts = NDArray[np.int64]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineData:
    """Everything there is to learn from of one line."""

    labelled: Labelled = field(repr=False)
    store: FeatureStore = field(repr=False)
    log: LineLog = field(repr=False)
    train: Parts = field(repr=False)
    val: Parts = field(repr=False)

    @property
    def task(self) -> LogTask:
        """What the log Transformer learns of this line."""
        return LogTask(self.log, self.train, self.labelled.target)

    def blocks(self, folds: int) -> list[Parts]:
        """Cut the training shift into blocks of neighbouring parts."""
        return [np.asarray(block) for block in np.array_split(self.train, folds)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What a branch sees of a line's labelled parts, by place.

    full: readings of full looks; the logit is that of glance and look together.
    glance: readings of glances.
    glance_share: weight of the glance's logit in that of both together.
    """

    full: PictureReading
    glance: PictureReading
    glance_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opinions:
    """Opinions of a line's parts by networks that were not trained on them.

    log: `[parts]` logits.
    """

    picture: Seen
    log: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """Heads that have learned from the pictures of all lines, for any line."""

    look: BranchHeads
    glance: BranchHeads


def train_branch(
    start: Start,
    backbone: PictureNetwork,
    line: LineData,
    plan: tuple[HeadPlan, int],
    progress: Progress,
) -> tuple[Branch, Seen]:
    """Train a line's branch on its training shift.

    Args:
        start: where heads start from.
        backbone: frozen.
        line: its data.
        plan: how heads learn, and the number of blocks.
        progress: told how many parts were done.

    Returns:
        The branch; and for every labelled part what networks see that never saw it:
        of the training shift, a branch that left out the part's block.
    """
    heads, folds = plan
    blocks = line.blocks(folds)
    parts = [line.train, *(np.setdiff1d(line.train, block) for block in blocks)]
    branch, *others = [
        _branch_of(start, backbone, line, some, heads, progress) for some in parts
    ]
    asked = [*zip(blocks, others, strict=True), (line.val, branch)]
    honest = np.concatenate([block for block, _ in asked])
    opinions = torch.cat(
        [opinions_of(each, line.store, block) for block, each in asked]
    )
    known, bad = opinions.numpy(), line.labelled.bad[honest]
    at_a_glance = fit_weights(known[:, :2], bad)
    glanced = known[:, :2] @ at_a_glance[:2] + at_a_glance[2]
    share, *own = fit_weights(np.column_stack([glanced, known[:, 2:]]), bad)
    everything = np.arange(len(line.labelled.rows))
    for _, each in asked:
        each.opinion.copy_(torch.tensor(own))
        each.glance_opinion.copy_(torch.tensor(at_a_glance))
    full, glance = look_at_parts(branch, line.store, everything)
    for block, each in asked:
        own_full, own_glance = look_at_parts(each, line.store, block)
        _put(full, block, own_full)
        _put(glance, block, own_glance)
    full = full._replace(logit=full.logit + share * glance.logit)
    return branch, Seen(full=full, glance=glance, glance_share=share)


def _put(whole: PictureReading, parts: Parts, reading: PictureReading) -> None:
    for every, some in zip(whole, reading, strict=True):
        every[parts] = some


def ask_of_unseen_logs(
    start: LogNetwork,
    network: LogNetwork,
    lines: Sequence[LineData],
    plan: LogPlan,
    folds: int,
    progress: Progress,
) -> list[Tensor]:
    """Give each line's log logits by networks that never saw the part's block.

    Args:
        start: what a network knows before it sees labels.
        network: trained on all of the training shift.
        lines: the lines.
        plan: how the networks that leave out a block learn.
        folds: the number of blocks.
        progress: told how many parts were done.
    """
    found = [
        read_windows(network, line.log, np.arange(len(line.labelled.rows))).logit
        for line in lines
    ]
    blocks = [line.blocks(folds) for line in lines]
    for fold in range(folds):
        tasks = [
            LogTask(line.log, np.setdiff1d(line.train, cut[fold]), line.labelled.target)
            for line, cut in zip(lines, blocks, strict=True)
        ]
        other = train_log(start, tasks, plan, progress)
        for logits, line, cut in zip(found, lines, blocks, strict=True):
            logits[cut[fold]] = read_windows(other, line.log, cut[fold]).logit
    return found


def _branch_of(
    start: Start,
    backbone: PictureNetwork,
    line: LineData,
    parts: Parts,
    plan: HeadPlan,
    progress: Progress,
) -> Branch:
    good = parts[~line.labelled.bad[parts]]
    glance, look = (
        (
            train_heads(
                heads, scales, line.store, line.labelled, parts, plan, progress
            ),
            remember_good_parts(line.store, scales, good),
        )
        for heads, scales in ((start.glance, GLANCE), (start.look, LOOK))
    )
    return Branch(backbone, glance, look).eval()
