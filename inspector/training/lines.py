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
    read_parts,
    remember_good_parts,
    train_heads,
    weigh_opinions,
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
    plan: HeadPlan,
    progress: Progress,
) -> Branch:
    """Train a line's branch on its training shift; weigh its opinions on `val`."""
    branch = _branch_of(start, backbone, line, line.train, plan, progress)
    weigh_opinions(branch, line.store, line.labelled, line.val)
    return branch


def ask_of_unseen_pictures(
    branch: Branch,
    start: BranchHeads,
    line: LineData,
    plan: tuple[HeadPlan, int],
    progress: Progress,
) -> PictureReading:
    """Read each training part by heads that never saw its block, others by `branch`.

    Args:
        branch: trained on the whole shift; reads `val`.
        start: where the blocks' heads start from.
        line: its data.
        plan: how heads learn, and the number of blocks.
        progress: told how many parts were done.
    """
    heads, folds = plan
    parts = np.arange(len(line.labelled.rows))
    found = read_parts(branch, line.store, parts)
    for block in line.blocks(folds):
        rest = np.setdiff1d(line.train, block)
        other = _branch_of(start, branch.backbone, line, rest, heads, progress)
        other.opinion.copy_(branch.opinion)
        for whole, honest in zip(
            found, read_parts(other, line.store, block), strict=True
        ):
            whole[block] = honest
    return found


def ask_of_unseen_logs(
    network: LogNetwork,
    lines: Sequence[LineData],
    plan: LogPlan,
    folds: int,
    progress: Progress,
) -> list[Tensor]:
    """Give each line's log logits by networks that never saw the part's block."""
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
        other = train_log(tasks, plan, progress)
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
