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
from torch import Tensor, nn

from inspector.training.branch import (
    HeadPlan,
    both_opinions,
    fit_weights,
    read_parts,
    remember_good_parts,
    train_heads,
)
from inspector.training.log import LogNetwork, LogPlan, LogTask, read_windows, train_log
from inspector.training.networks import Branch, BranchHeads, PictureReading
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
class Opinions:
    """Opinions of a line's parts by networks that were not trained on them.

    picture: tokens, cells and logits of every labelled part, by place.
    log: `[parts]` logits.
    """

    picture: PictureReading
    log: Tensor


def train_branch(
    start: BranchHeads,
    backbone: nn.Module,
    line: LineData,
    plan: tuple[HeadPlan, int],
    progress: Progress,
) -> tuple[Branch, PictureReading]:
    """Train a line's branch on its training shift.

    Args:
        start: where heads start from.
        backbone: frozen.
        line: its data.
        plan: how heads learn, and the number of blocks.
        progress: told how many parts were done.

    Returns:
        The branch; and for every labelled part a reading by networks that never saw
        it: parts of the training shift by a branch that left out their block.
    """
    heads, folds = plan
    branch = _branch_of(start, backbone, line, line.train, heads, progress)
    others = [
        (
            block,
            _branch_of(
                start, backbone, line, np.setdiff1d(line.train, block), heads, progress
            ),
        )
        for block in line.blocks(folds)
    ]
    asked = [*others, (line.val, branch)]
    honest = np.concatenate([block for block, _ in asked])
    opinions = torch.cat(
        [both_opinions(each, line.store, block) for block, each in asked]
    )
    weights = fit_weights(opinions.numpy(), line.labelled.bad[honest])
    found = read_parts(branch, line.store, np.arange(len(line.labelled.rows)))
    for block, each in asked:
        each.opinion.copy_(torch.tensor(weights))
        reading = read_parts(each, line.store, block)
        for whole, part in zip(found, reading, strict=True):
            whole[block] = part
    return branch, found


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
    start: BranchHeads,
    backbone: nn.Module,
    line: LineData,
    parts: Parts,
    plan: HeadPlan,
    progress: Progress,
) -> Branch:
    heads = train_heads(start, line.store, line.labelled, parts, plan, progress)
    good = parts[~line.labelled.bad[parts]]
    with torch.no_grad():
        return Branch(backbone, heads, remember_good_parts(line.store, good)).eval()
