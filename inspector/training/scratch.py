"""A backbone that starts from nothing: for those who may not use published weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from inspector.recording import Recording
from inspector.training.networks import LiteBackbone, standardise
from inspector.training.views import VIEWS, Labelled, read_labelled, turned

EPOCHS = 6
_BATCH = 16
_RATE = 1e-3


def train_from_scratch(
    recordings: Sequence[Recording],
    progress: Callable[[int], None],
    epochs: int = EPOCHS,
) -> LiteBackbone:
    """Train EfficientNet-Lite0 on the labelled pictures of all lines.

    Every picture is shown in random orientation; one linear layer for each line tells
    good from bad, and is thrown away.

    Returns:
        The backbone, frozen.
    """
    torch.manual_seed(0)
    backbone = LiteBackbone().train()
    _start_well(backbone)
    lines = [read_labelled(recording, ("train",)) for recording in recordings]
    heads = nn.ModuleList(nn.LazyLinear(1) for _ in lines)
    probe = backbone(torch.zeros(2, 3, 224, 224))
    for head in heads:
        head(_pooled(probe))
    optimiser = torch.optim.AdamW(
        [*backbone.parameters(), *heads.parameters()], _RATE, weight_decay=0.05
    )
    batches = [at for line in lines for at in range(0, len(line.rows), _BATCH)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _RATE, total_steps=epochs * len(batches)
    )
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        for line, head, parts in _deal(lines, heads, rng):
            logit = head(_pooled(backbone(_pictures(line, parts, rng))))
            logit = logit.reshape(-1, line.tiles).amax(1)
            target = torch.from_numpy(line.target[parts])
            loss = functional.binary_cross_entropy_with_logits(logit, target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(backbone.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            progress(len(parts))
    return backbone.eval().requires_grad_(False)


def _start_well(backbone: nn.Module) -> None:
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1


def _pooled(features: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([x for f in features for x in (f.mean((2, 3)), f.amax((2, 3)))], 1)


def _deal(
    lines: Sequence[Labelled], heads: nn.ModuleList, rng: np.random.Generator
) -> list[tuple[Labelled, nn.Module, np.ndarray]]:
    batches = []
    for line, head in zip(lines, heads, strict=True):
        mixed = rng.permutation(len(line.rows))
        batches += [
            (line, head, mixed[at : at + _BATCH]) for at in range(0, len(mixed), _BATCH)
        ]
    return [batches[at] for at in rng.permutation(len(batches))]


def _pictures(
    line: Labelled,
    parts: np.ndarray,
    rng: np.random.Generator,
) -> torch.Tensor:
    shown = turned(line.pictures[line.places(parts)], int(rng.integers(VIEWS)))
    x = standardise(torch.from_numpy(shown))
    return x.contiguous(memory_format=torch.channels_last)
