"""Stage one of training, pictures: a line's branch, from features that stay as is.

Heads start from self-supervision over the pictures of all lines together, then learn a
line's labels: how surely a part is defective, of which kind, and, where there are
masks, in which cells.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from inspector.training.averaging import ema
from inspector.training.networks import (
    GLANCE,
    GRID,
    LOOK,
    WIDTH,
    Branch,
    BranchHeads,
    GoodParts,
    PictureReading,
    patch_features,
    worst_tiles,
)
from inspector.training.views import FeatureStore, Labelled, turned
from inspector.types import FloatArray

MEMORY = 500
"""Patches of good parts that a branch remembers."""
_CANDIDATES = 12_000
_EVERY = 3
_BATCH = 32
_DEFECT_CELL_WEIGHT = 5.0

Parts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPlan:
    """How long heads learn.

    Without masks a line's labels say little about where to look, and heads that learn
    too eagerly recognise exposures and neighbours instead of defects.
    """

    epochs: int = 30
    with_masks: float = 1e-3
    without_masks: float = 3e-4
    weight_decay: float = 0.05
    average: float = 0.98
    """Decay of the running average of the weights that is kept."""


def self_supervise(
    heads: BranchHeads,
    scales: slice,
    lines: Sequence[tuple[FeatureStore, Parts]],
    epochs: int,
    progress: Callable[[int], None],
) -> None:
    """Teach heads to describe a cell alike in every view, and different cells apart.

    Bardes et al., "VICReg" (ICLR 2022), between cells of two orientations.

    Args:
        heads: learn in place; so do their feature statistics.
        scales: `LOOK` or `GLANCE`: which features they read.
        lines: features of each line, and the parts to learn from.
        epochs: times through all parts.
        progress: told how many parts were done.
    """
    optimiser = torch.optim.AdamW(heads.parameters(), 1e-3, weight_decay=0.05)
    rng = np.random.default_rng(0)
    heads.train()
    for _ in range(epochs):
        for store, parts in _mixed(lines, rng):
            one, other = rng.choice(store.views, 2, replace=False)
            loss = _view_loss(
                _upright(heads(store.read(parts, one)[scales]), one),
                _upright(heads(store.read(parts, other)[scales]), other),
            )
            _step(optimiser, loss)
            progress(len(parts))


def train_heads(
    start: BranchHeads,
    scales: slice,
    store: FeatureStore,
    labelled: Labelled,
    parts: Parts,
    plan: HeadPlan,
    progress: Callable[[int], None],
) -> BranchHeads:
    """Teach a copy of some heads a line's labels.

    Args:
        start: where to start from; stays as it is.
        scales: `LOOK` or `GLANCE`: which features they read.
        store: the line's features.
        labelled: what is known of its parts.
        parts: places of the parts to learn from.
        plan: for how long, and how eagerly.
        progress: told how many parts were done.

    Returns:
        The running average of the heads, for evaluation.
    """
    heads = copy.deepcopy(start).train()
    rate = plan.with_masks if labelled.has_masks else plan.without_masks
    optimiser = torch.optim.AdamW(
        heads.parameters(), rate, weight_decay=plan.weight_decay
    )
    steps = plan.epochs * -(-len(parts) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    average = AveragedModel(heads, multi_avg_fn=ema(plan.average), use_buffers=True)
    rng = np.random.default_rng(0)
    for _ in range(plan.epochs):
        for some in _shuffled(parts, rng):
            view = int(rng.integers(store.views))
            reading = heads(store.read(some, view)[scales])
            _step(optimiser, branch_loss(reading, labelled, some, view))
            schedule.step()
            average.update_parameters(heads)
            progress(len(some))
    learned = average.module.eval()
    assert isinstance(learned, BranchHeads)  # noqa: S101 - for the type checker
    return learned


def branch_loss(
    reading: PictureReading, labelled: Labelled, parts: Parts, view: int
) -> Tensor:
    """Say how wrong a reading of some parts' tiles in one view is.

    A part's label is compared with its worst tile: the one with most of the defect
    where that is marked, else the one that the reading itself finds worst.
    """
    masks = labelled.masks[labelled.places(parts)]
    worst = worst_tiles(reading, _badness(reading.logit, masks, labelled.tiles))
    target = torch.from_numpy(labelled.target[parts])
    loss = functional.binary_cross_entropy_with_logits(worst.logit, target)
    kinds = torch.from_numpy(labelled.kind[parts])
    if (kinds >= 0).any() and worst.classes.shape[1] > 1:
        loss = loss + 0.3 * functional.cross_entropy(
            worst.classes, kinds, ignore_index=-1
        )
    if labelled.has_masks:
        loss = loss + _mask_loss(reading.cells, masks, view)
    return loss


def _badness(logit: Tensor, masks: FloatArray, tiles: int) -> Tensor:
    """Say how bad each tile is, `[parts, tiles]`: by its mask, then by its logit."""
    marked = torch.from_numpy(masks.clip(0).sum((1, 2)))
    found = logit.detach().sigmoid() / 2 + marked
    return found.reshape(-1, tiles)


@torch.no_grad()
def remember_good_parts(store: FeatureStore, scales: slice, good: Parts) -> GoodParts:
    """Choose the patches of good parts, as taken, that stand for all of them.

    Greedy k-centre selection in a random projection (Roth et al., CVPR 2022). Views
    are left out: more patches move the centres to the outliers among them.
    """
    rng = np.random.default_rng(0)
    patches = torch.cat(
        [
            patch_features(features[scales]).flatten(0, 1)[::_EVERY]
            for _, features in store.batches(good)
        ]
    )
    mean, spread = patches.mean(0), patches.std(0) + 1e-6
    few = rng.permutation(len(patches))[:_CANDIDATES]
    patches = (patches[few] - mean) / spread
    return GoodParts(mean, spread, patches[spread_out(patches, MEMORY)].contiguous())


@torch.no_grad()
def opinions_of(branch: Branch, store: FeatureStore, parts: Parts) -> Tensor:
    """Give the heads' logit and the distance to good parts, of a glance and of a look.

    Returns:
        `[parts, 4]`, glance first, of the tile where the glance's heads point.
    """
    found = [
        torch.stack(
            [
                branch.glancing(features[GLANCE]).logit,
                branch.glance_good(features[GLANCE]),
                branch.heads(features[LOOK]).logit,
                branch.good(features[LOOK]),
            ],
            1,
        )
        for _, features in store.batches(parts)
    ]
    opinions = torch.cat(found).reshape(-1, store.tiles, 4)
    return opinions[torch.arange(len(opinions)), opinions[..., 0].argmax(1)]


def fit_weights(known: FloatArray, bad: NDArray[np.bool_]) -> list[float]:
    """Fit a weight for each opinion, not below 0, and a bias; ridge keeps it humble.

    Args:
        known: `[parts, opinions]` logits or distances.
        bad: `[parts]`.
    """
    mean, spread = known.mean(0), known.std(0) + 1e-6
    kept = np.ones(known.shape[1], bool)
    weights = np.zeros(len(kept))
    bias = float(np.log(bad.mean() / (1 - bad.mean())))
    while kept.any():
        model = LogisticRegression(C=0.3).fit(
            (known - mean)[:, kept] / spread[kept], bad
        )
        if (model.coef_[0] >= 0).all():
            weights[kept] = model.coef_[0] / spread[kept]
            bias = float(model.intercept_[0] - (weights * mean).sum())
            break
        # One at a time: without the worst, another may be worth something after all.
        kept[np.flatnonzero(kept)[model.coef_[0].argmin()]] = False
    return [*map(float, weights), bias]


@torch.no_grad()
def look_at_parts(
    branch: Branch, store: FeatureStore, parts: Parts
) -> tuple[PictureReading, PictureReading]:
    """Look at parts as taken, in full and at a glance, where the glance points."""
    full, glances = [], []
    for _, features in store.batches(parts):
        glance = branch.read_glance(features)
        pointed = glance.logit.reshape(-1, store.tiles)
        full.append(worst_tiles(branch.read(features), pointed))
        glances.append(worst_tiles(glance, pointed))
    return _together(full), _together(glances)


def _together(found: Sequence[PictureReading]) -> PictureReading:
    return PictureReading(*(torch.cat(each) for each in zip(*found, strict=True)))


def _mixed(
    lines: Sequence[tuple[FeatureStore, Parts]], rng: np.random.Generator
) -> list[tuple[FeatureStore, Parts]]:
    batches = [
        (store, some) for store, parts in lines for some in _shuffled(parts, rng)
    ]
    return [batches[at] for at in rng.permutation(len(batches))]


def _shuffled(parts: Parts, rng: np.random.Generator) -> list[Parts]:
    mixed = rng.permutation(parts)
    return [mixed[at : at + _BATCH] for at in range(0, len(mixed), _BATCH)]


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    for group in optimiser.param_groups:
        nn.utils.clip_grad_norm_(group["params"], 1.0)
    optimiser.step()


def _upright(reading: PictureReading, view: int) -> Tensor:
    """Put cells back where they are in the picture as taken."""
    grid = reading.tokens.reshape(-1, GRID, GRID, WIDTH)
    axes = [axis for axis, bit in ((2, 1), (1, 2)) if view & bit]
    return grid.flip(axes).flatten(0, 2)


def _view_loss(one: Tensor, other: Tensor) -> Tensor:
    alike = functional.mse_loss(one, other)
    return 25 * alike + sum(
        25 * functional.relu(1 - (x.var(0) + 1e-4).sqrt()).mean() + _covariance(x)
        for x in (one, other)
    )


def _covariance(x: Tensor) -> Tensor:
    centred = x - x.mean(0)
    covariance = centred.T @ centred / (len(x) - 1)
    apart = covariance - torch.diag(covariance.diagonal())
    return (apart**2).sum() / x.shape[1]


def _mask_loss(cells: Tensor, masks: FloatArray, view: int) -> Tensor:
    known = (masks[:, 0, 0] >= 0).nonzero()[0]
    if not len(known):
        return cells.sum() * 0
    wanted = torch.from_numpy(turned(masks[known], view)).flatten(1)
    return functional.binary_cross_entropy_with_logits(
        cells[known], wanted, pos_weight=torch.tensor(_DEFECT_CELL_WEIGHT)
    )


def spread_out(patches: Tensor, count: int) -> list[int]:
    """Choose patches that stand for all: greedy k-centres in a random projection."""
    generator = torch.Generator().manual_seed(0)
    width = patches.shape[1]
    flat = patches @ torch.randn(width, 64, generator=generator) / 8
    chosen = [0]
    distance = torch.full((len(flat),), torch.inf)
    while len(chosen) < min(count, len(flat)):
        distance = torch.minimum(distance, ((flat - flat[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(distance.argmax()))
    return chosen
