"""Stage one of training, log: the log Transformer.

It learns first on imagined lines, where the state of every station is known. What it
makes of a single line is settled then; on the labelled windows of the recorded lines
only the half that reads lines together learns, so no recorded word is learned by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from inspector.model.lines import BUCKETS, word_pieces
from inspector.training.averaging import ema
from inspector.training.imagined import ImaginedLog, imagine
from inspector.training.log_networks import (
    LogContext,
    LogLineEncoder,
    LogReading,
    of_another_part,
    state_loss,
    trust_loss,
)
from inspector.training.windows import LineLog, LogBatch, batch
from inspector.types import FloatArray

Parts = NDArray[np.int64]
_BATCH = 32
_IMAGINED_BATCH = 24
_AT_ONCE = 256
Learning = TypeVar("Learning", bound=nn.Module)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """How long the log Transformer learns."""

    imagined_lines: int = 60
    imagined_parts: int = 300
    imagined_epochs: int = 2
    imagined_rate: float = 3e-3
    epochs: int = 10
    rate: float = 1e-3
    weight_decay: float = 0.05
    average: float = 0.98
    lines_left_out: float = 0.3
    """Share of a window's lines hidden in training: logs have gaps."""
    swapped: float = 0.15
    """Share of windows told as another part's: they must say nothing."""

    @property
    def imagined_total(self) -> int:
        """Parts to imagine, and to learn from."""
        return self.imagined_lines * self.imagined_parts * (1 + self.imagined_epochs)


class LogNetwork(nn.Module):
    """The two halves of the log Transformer: line by line, then together."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = LogLineEncoder()
        self.context = LogContext()

    def forward(self, windows: LogBatch) -> LogReading:
        """Read windows that stand side by side."""
        reading = self.context(
            self.encode(windows), windows.circumstances, windows.present
        )
        return cast("LogReading", reading)

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


def learn_imagined(plan: LogPlan, progress: Callable[[int], None]) -> LogNetwork:
    """Teach a log Transformer on imagined lines; their words mean nothing."""
    torch.manual_seed(0)
    network = LogNetwork().train()
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(plan.imagined_lines):
        lines.append(imagine(plan.imagined_parts, rng))
        progress(plan.imagined_parts)
    starts = range(0, plan.imagined_parts, _IMAGINED_BATCH)
    cases = [(line, start) for line in lines for start in starts]
    learner = _Learner(
        network,
        rate=plan.imagined_rate,
        plan=plan,
        steps=plan.imagined_epochs * len(cases),
    )
    for _ in range(plan.imagined_epochs):
        for at in rng.permutation(len(cases)):
            learner.step(_imagined_loss(network, cases[at], plan, rng))
            progress(_IMAGINED_BATCH)
    return learner.averaged


def _imagined_loss(
    network: LogNetwork,
    case: tuple[ImaginedLog, int],
    plan: LogPlan,
    rng: np.random.Generator,
) -> Tensor:
    line, start = case
    parts = np.arange(start, min(start + _IMAGINED_BATCH, len(line.target)))
    windows = strange_words(batch(line.log, parts), rng)
    share = float(rng.choice([0.0, plan.lines_left_out, 0.7]))
    windows = with_gaps(windows, share, rng)
    windows, swapped = with_swapped(windows, plan.swapped, rng)
    reading = network(windows)
    target = torch.from_numpy(line.target[parts]).clone()
    target[swapped] = _IMAGINED_RATE
    told = ~swapped
    verdict = functional.binary_cross_entropy_with_logits(reading.logit, target)
    faulty = torch.from_numpy(line.faulty[parts])
    states = state_loss(
        reading.states[told],
        faulty[told],
        windows.circumstances[told] * windows.present[told][..., None],
    )
    return verdict + 0.5 * states + 0.3 * trust_loss(reading.trust, swapped)


_IMAGINED_RATE = 0.35
"""Chance of a defect of a part about which nothing is known."""


def train_log(
    start: LogNetwork,
    tasks: Sequence[LogTask],
    plan: LogPlan,
    progress: Callable[[int], None],
) -> LogNetwork:
    """Teach a log Transformer the logs of several recorded lines.

    Args:
        start: what it knows already; is not changed.
        tasks: the lines.
        plan: how long.
        progress: told how many parts were done.

    Returns:
        The running average of the network, for evaluation.
    """
    torch.manual_seed(0)
    network = deepcopy(start).train()
    encoded = [encode_all(start, task.log) for task in tasks]
    rates = nn.Parameter(torch.zeros(len(tasks)))
    rng = np.random.default_rng(0)
    steps = plan.epochs * len(list(mixed(tasks, rng)))
    learner = _Learner(
        network.context, rate=plan.rate, plan=plan, steps=steps, more=[rates]
    )
    for _ in range(plan.epochs):
        for at, parts in mixed(tasks, rng):
            windows, swapped, target = _windows_of(tasks[at], parts, plan, rng)
            lines = encoded[at][windows.contents][windows.lines]
            reading = network.context(lines, windows.circumstances, windows.present)
            # Lines differ in how often parts are bad; the network is not to learn that.
            logit = reading.logit + rates[at]
            loss = functional.binary_cross_entropy_with_logits(logit, target)
            learner.step(loss + 0.1 * trust_loss(reading.trust, swapped))
            progress(len(parts))
    network.context = learner.averaged
    return network.eval()


def _windows_of(
    task: LogTask, parts: Parts, plan: LogPlan, rng: np.random.Generator
) -> tuple[LogBatch, Tensor, Tensor]:
    """Give windows to learn from, which are swapped, and how surely parts are bad."""
    windows = with_gaps(batch(task.log, parts), plan.lines_left_out, rng)
    windows, swapped = with_swapped(windows, plan.swapped, rng)
    target = torch.from_numpy(task.target[parts]).clone()
    target[swapped] = float(task.target[task.parts].mean())
    return windows, swapped, target


class _Learner(Generic[Learning]):
    """Takes the steps of one course of training, and keeps the running average."""

    def __init__(
        self,
        network: Learning,
        *,
        rate: float,
        plan: LogPlan,
        steps: int,
        more: Sequence[nn.Parameter] = (),
    ) -> None:
        self._network = network
        groups = [{"params": list(network.parameters())}]
        if more:
            groups.append({"params": list(more), "weight_decay": 0.0})  # type: ignore[dict-item]
        self._optimiser = torch.optim.AdamW(
            groups, rate, weight_decay=plan.weight_decay
        )
        highest = [rate, 1e-2][: len(groups)]
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, highest, total_steps=max(steps, 2)
        )
        self._average = AveragedModel(network, multi_avg_fn=ema(plan.average))

    def step(self, loss: Tensor) -> None:
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        self._average.update_parameters(self._network)

    @property
    def averaged(self) -> Learning:
        return cast("Learning", self._average.module.eval())


def mixed(
    tasks: Sequence[LogTask], rng: np.random.Generator
) -> Iterator[tuple[int, Parts]]:
    """Deal the parts of all lines in batches, each of one line, in mixed order.

    Gives the place of the line among the tasks, and parts of it.
    """
    batches = []
    for place, task in enumerate(tasks):
        parts = rng.permutation(task.parts)
        batches += [
            (place, parts[at : at + _BATCH]) for at in range(0, len(parts), _BATCH)
        ]
    for at in rng.permutation(len(batches)):
        yield batches[at]


def with_gaps(windows: LogBatch, share: float, rng: np.random.Generator) -> LogBatch:
    """Hide a share of the lines."""
    kept = torch.from_numpy(rng.random(windows.present.shape) >= share).float()
    return replace(windows, present=windows.present * kept)


def with_swapped(
    windows: LogBatch, share: float, rng: np.random.Generator
) -> tuple[LogBatch, Tensor]:
    """Tell a share of the windows as another part's; gives which: `[n]`."""
    swapped = torch.from_numpy(rng.random(len(windows.present)) < share)
    other = of_another_part(windows.circumstances)
    told = torch.where(swapped[:, None, None], other, windows.circumstances)
    return replace(windows, circumstances=told), swapped


def _kept_buckets() -> Tensor:
    marks = ("#", "%", "!INFO", "!WARN", "!ERROR")
    words = ("limit", "max", "min", "threshold", "setpoint", "target")
    kept = {bucket for word in (*marks, *words) for bucket in word_pieces(word)}
    return torch.tensor(sorted({0, *kept}))


def strange_words(windows: LogBatch, rng: np.random.Generator) -> LogBatch:
    """Replace all words but levels and marks, alike ones alike: words that are new."""
    order = torch.from_numpy(1 + rng.permutation(BUCKETS - 1))
    changed = torch.cat([torch.zeros(1, dtype=torch.int64), order])
    kept = _kept_buckets()
    changed[kept] = kept
    return replace(windows, pieces=changed[windows.pieces])


@torch.no_grad()
def encode_all(network: LogNetwork, log: LineLog) -> Tensor:
    """Encode every different content of a line's log: `[contents, WIDTH]`."""
    network.eval()
    pieces, numbers = torch.from_numpy(log.pieces), torch.from_numpy(log.numbers)
    return torch.cat(
        [
            network.lines(pieces[at : at + _AT_ONCE], numbers[at : at + _AT_ONCE])
            for at in range(0, len(pieces), _AT_ONCE)
        ]
    )


@torch.no_grad()
def read_windows(network: LogNetwork, log: LineLog, parts: Parts) -> LogReading:
    """Read the windows of parts, one batch after another.

    Returns:
        Tokens padded to the longest window of all, with the summary first.
    """
    encoded = encode_all(network, log)
    found = []
    for at in range(0, len(parts), 64):
        windows = batch(log, parts[at : at + 64])
        lines = encoded[windows.contents][windows.lines]
        found.append(network.context(lines, windows.circumstances, windows.present))
    wide = max(reading.weights.shape[1] for reading in found)
    rooms = [(0, wide - reading.weights.shape[1]) for reading in found]
    pairs = list(zip(found, rooms, strict=True))
    return LogReading(
        torch.cat([functional.pad(each.tokens, (0, 0, *room)) for each, room in pairs]),
        torch.cat([each.logit for each in found]),
        torch.cat([functional.pad(each.weights, room) for each, room in pairs]),
        torch.cat([functional.pad(each.states, room) for each, room in pairs]),
        torch.cat([each.trust for each in found]),
    )
