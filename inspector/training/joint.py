"""Stages two and three: align the modalities, then fuse them; then learn short cuts.

Stage two is contrastive (Radford et al., "Learning Transferable Visual Models From
Natural Language Supervision", 2021), in the very space in which the log will ask the
picture. Stage three trains fusion and log Transformer together for the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inspector.model.artifact import Weights
from inspector.training.branch import fit_weights
from inspector.training.lines import LineData, Opinions
from inspector.training.log import LogNetwork, with_gaps
from inspector.training.log_networks import LogReading
from inspector.training.networks import (
    WIDTH,
    CrossModalFusion,
    LookRouter,
    PictureReading,
    Router,
    impression,
    with_summary,
)
from inspector.training.windows import LogBatch, batch
from inspector.types import FloatArray

Parts = NDArray[np.int64]
Progress = Callable[[int], None]
_BATCH = 32
_TEMPERATURE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPlan:
    """How long the modalities are aligned and fused."""

    alignment_epochs: int = 3
    joint_epochs: int = 6
    log_rate: float = 3e-5
    """Of the half that reads lines together, which has learned already: small steps
    keep what it knows. What is made of one line was settled on imagined lines."""
    fusion_rate: float = 1e-3
    lines_left_out: float = 0.4
    router_epochs: int = 40


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A line's data, with opinions of its parts by networks that never saw them."""

    line: LineData = field(repr=False)
    opinions: Opinions = field(repr=False)

    @property
    def honest(self) -> Parts:
        """Parts with honest opinions: the training shift's, by blocks, and `val`."""
        return np.concatenate([self.line.train, self.line.val])


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """The shared networks."""

    log: LogNetwork
    fusion: CrossModalFusion
    router: Router
    look_router: LookRouter


def align(trunk: Trunk, pairs: Sequence[Pair], plan: JointPlan, done: Progress) -> None:
    """Stage two: bring a part's log and picture together, other parts' apart."""
    optimiser = _optimiser(trunk, plan)
    for _, pair, parts in _deal(pairs, plan.alignment_epochs):
        reading, _ = _read(trunk, pair, parts, plan.lines_left_out)
        loss = contrast(trunk.fusion, reading, _of_parts(pair, parts))
        loss = loss + _verdict_loss(reading.logit, pair, parts)
        _step(optimiser, loss)
        done(len(parts))


def fuse(trunk: Trunk, pairs: Sequence[Pair], plan: JointPlan, done: Progress) -> None:
    """Stage three: learn what the sum of the opinions misses."""
    optimiser = _optimiser(trunk, plan)
    sums = [_sum_weights(pair) for pair in pairs]
    for at, pair, parts in _deal(pairs, plan.joint_epochs):
        reading, windows = _read(trunk, pair, parts, plan.lines_left_out)
        added = _added(trunk.fusion, reading, windows, pair, parts)
        on_picture, on_log, bias = sums[at]
        logit = on_picture * pair.opinions.picture.full.logit[parts]
        logit = logit + on_log * reading.logit + bias + added
        loss = _verdict_loss(logit, pair, parts)
        loss = loss + 0.5 * _verdict_loss(reading.logit, pair, parts)
        _step(optimiser, loss)
        done(len(parts))
    trunk.log.eval()
    trunk.fusion.eval()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Logits of a line's parts, in the order of `Pair.honest`."""

    picture: Tensor
    """Of the full look."""
    glance: Tensor
    cells: Tensor
    """Defect logits of the glance: `[parts, GRID * GRID]`."""
    log: Tensor
    added: Tensor
    lines: list[Tensor]
    """Encoded log lines of each part."""


@torch.no_grad()
def outcome(trunk: Trunk, pair: Pair) -> Outcome:
    """Ask the trained trunk about a line's parts."""
    added, lines = [], []
    for at in range(0, len(pair.honest), _BATCH):
        parts = pair.honest[at : at + _BATCH]
        reading, windows = _read(trunk, pair, parts, 0.0)
        added.append(_added(trunk.fusion, reading, windows, pair, parts))
        lines += list(trunk.log.encode(windows))
    opinions = pair.opinions
    return Outcome(
        opinions.picture.full.logit[pair.honest],
        opinions.picture.glance.logit[pair.honest],
        opinions.picture.glance.cells[pair.honest],
        opinions.log[pair.honest],
        torch.cat(added),
        lines,
    )


def calibrate(pair: Pair, found: Outcome, *, log_is_honest: bool = True) -> Weights:
    """Fit the weights of each route on honest opinions.

    What fusion adds was learned on the training shift, so only `val` can tell whether
    it helps: it is taken by a whole, a half, or not at all.

    Args:
        pair: the line's data.
        found: logits of its parts.
        log_is_honest: `False` if the trunk has learned this line's training shift, so
            that only `val` can tell what the log is worth.
    """
    bad = pair.line.labelled.bad[pair.honest]
    picture, log = found.picture.numpy(), found.log.numpy()
    glance = found.glance.numpy()
    on_picture = fit_weights(picture[:, None], bad)
    on_glance = fit_weights(glance[:, None], bad)
    val = slice(len(pair.line.train), None)
    told = slice(None) if log_is_honest else val
    on_log = fit_weights(log[told, None], bad[told])
    a, b, c = _humble_sum(picture[told], log[told], bad[told])
    wanted = torch.from_numpy(bad[val]).float()
    total = torch.from_numpy(a * picture + b * log + c)[val].float()
    losses = {
        share: float(
            functional.binary_cross_entropy_with_logits(
                total + share * found.added[val], wanted
            )
        )
        for share in (0.0, 0.5, 1.0)
    }
    share = min(losses, key=lambda share: losses[share])
    return Weights(
        glance_share=pair.opinions.picture.glance_share,
        picture=(on_picture[0], on_picture[1]),
        glance=(on_glance[0], on_glance[1]),
        log=(on_log[0], on_log[1]),
        both=(a, b, share, c),
        glance_and_log=_humble_sum(glance[told], log[told], bad[told]),
    )


def _humble_sum(
    picture: FloatArray, log: FloatArray, bad: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Weigh both, and give the log no more than it has surely earned.

    Logs change from shift to shift more than pictures do. So the log gets the smallest
    share of its fitted weight whose loss is within one standard error of the best
    (Breiman et al., "Classification and Regression Trees", 1984).
    """
    a, b, _ = fit_weights(np.stack([picture, log], 1), bad)
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    fits = []
    for share in shares:
        known = a * picture + share * b * log
        scale, bias = fit_weights(known[:, None], bad)
        fits.append((scale * a, scale * share * b, bias))
    losses = [
        np.logaddexp(0, np.where(bad, -1, 1) * (x * picture + y * log + z))
        for x, y, z in fits
    ]
    best = min(losses, key=lambda loss: float(loss.mean()))
    for fit, loss in zip(fits, losses, strict=True):
        worse = loss - best
        if worse.mean() <= worse.std() / np.sqrt(len(worse)):
            return fit
    return fits[-1]


def train_router(
    trunk: Trunk,
    cases: Sequence[tuple[Pair, Outcome, Weights]],
    plan: JointPlan,
    done: Progress,
) -> None:
    """Teach the router how far each short cut is off the full answer."""
    optimiser = torch.optim.AdamW(trunk.router.parameters(), 2e-3, weight_decay=0.05)
    targets = [_short_cuts(found, weights) for _, found, weights in cases]
    rng = np.random.default_rng(0)
    for _ in range(plan.router_epochs):
        for at, (pair, found, _) in enumerate(cases):
            order = rng.permutation(len(pair.honest))
            for start in range(0, len(order), 64):
                some = order[start : start + 64]
                windows = batch(pair.line.log, pair.honest[some])
                lines = _padded([found.lines[part] for part in some], windows)
                expected = trunk.router(lines, windows.circumstances, windows.present)
                # The absolute error seeks the median, which hides rare large ones.
                loss = functional.mse_loss(expected, targets[at][some])
                _step(optimiser, 10 * loss)
                done(len(some))
    trunk.router.eval()


def _short_cuts(found: Outcome, weights: Weights) -> Tensor:
    a, b, share, c = weights.both
    both = (a * found.picture + b * found.log + share * found.added + c).sigmoid()
    picture = (weights.picture[0] * found.picture + weights.picture[1]).sigmoid()
    log = (weights.log[0] * found.log + weights.log[1]).sigmoid()
    return torch.stack([(picture - both).abs(), (log - both).abs()], 1).float()


def train_look_router(
    trunk: Trunk,
    cases: Sequence[tuple[Outcome, Weights]],
    plan: JointPlan,
    done: Progress,
) -> None:
    """Teach the router how far a full look moves the score after a glance."""
    router = trunk.look_router
    optimiser = torch.optim.AdamW(router.parameters(), 5e-3, weight_decay=0.05)
    told = [glanced(*case) for case in cases]
    known = torch.cat([impressions for impressions, _, _ in told])
    wanted = torch.cat([(full - glance).abs() for _, glance, full in told])
    rng = np.random.default_rng(0)
    router.train()
    for _ in range(plan.router_epochs):
        order = rng.permutation(len(known))
        for start in range(0, len(order), 64):
            some = order[start : start + 64]
            _step(
                optimiser, 10 * functional.mse_loss(router(known[some]), wanted[some])
            )
        done(len(known))
    router.eval()


def glanced(found: Outcome, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """Give what a glance leads to, first with the log and then without it.

    Returns:
        Impressions `[2 * parts, IMPRESSION]`, scores by the glance, and in full.
    """
    glance = weights.glance[0] * found.glance + weights.glance[1]
    log = weights.log[0] * found.log + weights.log[1]
    a, b, c = weights.glance_and_log
    total = a * found.glance + b * found.log + c
    nothing = torch.zeros_like(log)
    impressions = [
        impression(torch.stack(logits, 1).float(), found.cells)
        for logits in ((glance, log, total), (glance, nothing, glance))
    ]
    picture = weights.picture[0] * found.picture + weights.picture[1]
    w = weights.both
    both = w[0] * found.picture + w[1] * found.log + w[2] * found.added + w[3]
    return (
        torch.cat(impressions),
        torch.cat([total, glance]).sigmoid().float(),
        torch.cat([both, picture]).sigmoid().float(),
    )


def _padded(lines: Sequence[Tensor], windows: LogBatch) -> Tensor:
    wide = windows.present.shape[1]
    return torch.stack(
        [functional.pad(x[:wide], (0, 0, 0, max(0, wide - len(x)))) for x in lines]
    )


def _read(
    trunk: Trunk, pair: Pair, parts: Parts, left_out: float
) -> tuple[LogReading, LogBatch]:
    windows = batch(pair.line.log, parts)
    if left_out:
        windows = with_gaps(windows, left_out, np.random.default_rng(int(parts[0])))
    return trunk.log(windows), windows


def _added(
    fusion: CrossModalFusion,
    reading: LogReading,
    windows: LogBatch,
    pair: Pair,
    parts: Parts,
) -> Tensor:
    picture = pair.opinions.picture.full
    added: Tensor = fusion(
        picture.tokens[parts],
        picture.cells[parts],
        reading.tokens,
        with_summary(windows.present),
    )
    return added


def likeness(
    fusion: CrossModalFusion, log: LogReading, picture: PictureReading
) -> Tensor:
    """Say how alike each log is to each picture: `[n, n]`, -1 to 1.

    In the space in which the log's summary asks the picture: its query against the key
    of the cells that look worst.
    """
    weights = picture.cells.softmax(1)[..., None]
    worst = fusion.norm_picture((picture.tokens * weights).sum(1))
    key = fusion.log_asks_picture.key_value(worst)[:, :WIDTH]
    query = fusion.log_asks_picture.query(fusion.norm_log(log.summary))
    return functional.normalize(query, dim=1) @ functional.normalize(key, dim=1).T


def contrast(
    fusion: CrossModalFusion, log: LogReading, picture: PictureReading
) -> Tensor:
    """Ask that each log be most like its own picture, and the other way round."""
    alike = likeness(fusion, log, picture)
    own = torch.arange(len(alike))
    return 0.5 * (
        functional.cross_entropy(alike / _TEMPERATURE, own)
        + functional.cross_entropy(alike.T / _TEMPERATURE, own)
    )


def _of_parts(pair: Pair, parts: Parts) -> PictureReading:
    return PictureReading(*(each[parts] for each in pair.opinions.picture.full))


def _verdict_loss(logit: Tensor, pair: Pair, parts: Parts) -> Tensor:
    target = torch.from_numpy(pair.line.labelled.target[parts])
    return functional.binary_cross_entropy_with_logits(logit, target)


def _sum_weights(pair: Pair) -> tuple[float, float, float]:
    opinions = pair.opinions
    known = torch.stack([opinions.picture.full.logit, opinions.log], 1)[pair.line.train]
    a, b, c = fit_weights(known.numpy(), pair.line.labelled.bad[pair.line.train])
    return a, b, c


def _deal(pairs: Sequence[Pair], epochs: int) -> Iterator[tuple[int, Pair, Parts]]:
    rng = np.random.default_rng(1)
    for _ in range(epochs):
        batches = []
        for at, pair in enumerate(pairs):
            mixed = rng.permutation(pair.line.train)
            batches += [
                (at, pair, mixed[start : start + _BATCH])
                for start in range(0, len(mixed), _BATCH)
            ]
        for chosen in rng.permutation(len(batches)):
            yield batches[chosen]


def _optimiser(trunk: Trunk, plan: JointPlan) -> torch.optim.Optimizer:
    trunk.log.train()
    trunk.fusion.train()
    return torch.optim.AdamW(
        [
            {"params": trunk.log.context.parameters(), "lr": plan.log_rate},
            {"params": trunk.fusion.parameters(), "lr": plan.fusion_rate},
        ],
        weight_decay=0.1,
    )


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    for group in optimiser.param_groups:
        nn.utils.clip_grad_norm_(group["params"], 1.0)
    optimiser.step()
