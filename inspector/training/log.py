"""Stage one of training, log: the log Transformer, on the windows of all lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from inspector.training.averaging import ema
from inspector.training.networks import (
    LogContext,
    LogLineEncoder,
    LogReading,
)
from inspector.training.windows import LineLog, LogBatch, batch
from inspector.types import FloatArray

Parts = NDArray[np.int64]
_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """How long the log Transformer learns."""

    epochs: int = 12
    rate: float = 1e-3
    weight_decay: float = 0.1
    average: float = 0.98
    lines_left_out: float = 0.4
    """Share of a window's lines hidden in training: logs have gaps."""


class LogNetwork(nn.Module):
    """The two halves of the log Transformer: line by line, then together."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = LogLineEncoder()
        self.context = LogContext()

    def forward(self, windows: LogBatch) -> LogReading:
        """Read windows that stand side by side."""
        tokens = self.context(
            self.encode(windows), windows.circumstances, windows.present
        )
        return self.context.read(tokens)

    def encode(self, windows: LogBatch) -> Tensor:
        """Encode each different content once: `[n, k, WIDTH]`."""
        encoded: Tensor = self.lines(windows.pieces, windows.numbers)
        return encoded[windows.lines]


@dataclass(frozen=True, slots=True, eq=False)
class LogTask:
    """A line's log, the parts to learn from, and how surely each is defective."""

    log: LineLog
    parts: Parts
    target: FloatArray


def train_log(
    tasks: Sequence[LogTask], plan: LogPlan, progress: Callable[[int], None]
) -> LogNetwork:
    """Teach one log Transformer the logs of several lines.

    Returns:
        The running average of the network, for evaluation.
    """
    torch.manual_seed(0)
    network = LogNetwork().train()
    optimiser = torch.optim.AdamW(
        network.parameters(), plan.rate, weight_decay=plan.weight_decay
    )
    rng = np.random.default_rng(0)
    steps = plan.epochs * len(list(mixed(tasks, rng)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.rate, total_steps=steps
    )
    average = AveragedModel(network, multi_avg_fn=ema(plan.average))
    for _ in range(plan.epochs):
        for task, parts in mixed(tasks, rng):
            windows = with_gaps(batch(task.log, parts), plan.lines_left_out, rng)
            reading = network(windows)
            target = torch.from_numpy(task.target[parts])
            loss = functional.binary_cross_entropy_with_logits(reading.logit, target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            progress(len(parts))
    return cast("LogNetwork", average.module.eval())


def mixed(
    tasks: Sequence[LogTask], rng: np.random.Generator
) -> Iterator[tuple[LogTask, Parts]]:
    """Deal the parts of all lines in batches, each of one line, in mixed order."""
    batches = []
    for task in tasks:
        parts = rng.permutation(task.parts)
        batches += [
            (task, parts[at : at + _BATCH]) for at in range(0, len(parts), _BATCH)
        ]
    for at in rng.permutation(len(batches)):
        yield batches[at]


def with_gaps(windows: LogBatch, share: float, rng: np.random.Generator) -> LogBatch:
    """Hide a share of the lines."""
    kept = torch.from_numpy(rng.random(windows.present.shape) >= share).float()
    return LogBatch(
        windows.pieces,
        windows.numbers,
        windows.lines,
        windows.circumstances,
        windows.present * kept,
    )


@torch.no_grad()
def read_windows(network: LogNetwork, log: LineLog, parts: Parts) -> LogReading:
    """Read the windows of parts, one batch after another.

    Returns:
        Tokens padded to the longest window of all, with the summary first.
    """
    found = [
        network(batch(log, parts[at : at + 64])) for at in range(0, len(parts), 64)
    ]
    wide = max(reading.tokens.shape[1] for reading in found)
    tokens = [
        functional.pad(reading.tokens, (0, 0, 0, wide - reading.tokens.shape[1]))
        for reading in found
    ]
    return LogReading(
        torch.cat(tokens),
        torch.cat([reading.summary for reading in found]),
        torch.cat([reading.logit for reading in found]),
    )
