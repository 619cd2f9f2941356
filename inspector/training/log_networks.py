"""The log Transformer: each line by itself, then the lines of a window together.

A station is well or ill, and its lines around the moment when the part passed it tell
which. So the lines of a station attend to what that station said then (attention whose
weights follow the distance in time from the passage), which gives one belief about the
station; and the beliefs about all stations add up. That sum is what makes the weight
of a line exact: what the log says with and without the line can be told in closed form.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inspector.model.lines import (
    BUCKETS,
    CIRCUMSTANCES,
    NUMBER_FEATURES,
    WORDS,
)
from inspector.training.networks import HEADS, WIDTH, Block

_OWN, _OTHER, _ON_LINE, _OFFSET, _STATION = 0, 1, 2, 4, 8
_WIDTHS = (0.05, 0.2, 0.5)
"""Of the kernels around a part's passage, in tens of seconds."""
_TINY = 1e-6


class LogLineEncoder(nn.Module):
    """Reads one log line at a time, so that a line seen before is not read again."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.pieces = nn.Embedding(BUCKETS, WIDTH, padding_idx=0)
        nn.init.normal_(self.pieces.weight, std=0.02)
        with torch.no_grad():
            self.pieces.weight[0] = 0
        self.numbers = nn.Sequential(
            nn.Linear(NUMBER_FEATURES, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH)
        )
        self.place = nn.Parameter(torch.randn(WORDS, WIDTH) * 0.02)
        self.block = Block(dropout)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, pieces: Tensor, numbers: Tensor) -> Tensor:
        """Encode lines.

        Args:
            pieces: `[lines, WORDS, PIECES]` int64, see `LineContent`.
            numbers: `[lines, WORDS, NUMBER_FEATURES]`; both may be cut after the
                longest line's last word.

        Returns:
            `[lines, WIDTH]`.
        """
        count = (pieces > 0).sum(2, keepdim=True)
        words = self.pieces(pieces).sum(2) / count.clamp(min=1).sqrt()
        present = (count[..., 0] > 0).float()
        words = words + self.place[: pieces.shape[1]]
        x = self.block(words + self.numbers(numbers), present)
        summed = (x * present[..., None]).sum(1)
        return cast("Tensor", self.norm(summed / present.sum(1, keepdim=True)))


class LogReading(NamedTuple):
    """What the log says of a part.

    tokens: `[n, k + 1, WIDTH]`, a summary token first, then one for each line.
    logit: `[n]` that the part is defective.
    weights: `[n, k]` share that each line had in the logit, at most 1 together.
    states: `[n, k]` logit that the station that wrote the line was ill when the part
        passed it.
    trust: `[n]` probability that this is the part's own log at all; where it is not,
        the log says nothing.
    """

    tokens: Tensor
    logit: Tensor
    weights: Tensor
    states: Tensor
    trust: Tensor

    @property
    def summary(self) -> Tensor:
        """The summary token: `[n, WIDTH]`."""
        return self.tokens[:, 0]


class LogContext(nn.Module):
    """Reads a window's lines together."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        known = CIRCUMSTANCES - 1 + len(_WIDTHS) + 1
        self.when = nn.Sequential(
            nn.Linear(known, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.relevance = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, HEADS)
        )
        self.nothing = nn.Parameter(torch.zeros(HEADS))
        self.value = nn.Linear(WIDTH, WIDTH)
        self.belief = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Dropout(dropout)
        )
        self.state = nn.Linear(WIDTH, 1)
        self.harm = nn.Linear(WIDTH, 1, bias=False)
        self.own = nn.Sequential(nn.Linear(known, 32), nn.GELU(), nn.Linear(32, 16))
        self.trust = nn.Linear(16, 1)
        self.start = nn.Linear(WIDTH, WIDTH)
        self.summary_norm = nn.LayerNorm(WIDTH)
        self.line_norm = nn.LayerNorm(WIDTH)
        self.well = nn.Parameter(torch.zeros(()))
        self.unknown = nn.Parameter(torch.zeros(()))

    def forward(
        self, lines: Tensor, circumstances: Tensor, present: Tensor
    ) -> LogReading:
        """Read windows.

        Args:
            lines: `[n, k, WIDTH]` encoded lines.
            circumstances: `[n, k, CIRCUMSTANCES]`.
            present: `[n, k]`, 0 where a window has fewer lines.
        """
        when = _when(circumstances)
        x = self.norm(lines + self.when(when))
        same = _same_station(circumstances, present)
        shares, values = self._attend(x, same)
        heard = _mixed(shares, values)
        beliefs = self.belief(heard)
        beliefs = beliefs - self.belief(torch.zeros_like(heard[:1, :1]))
        each = present / same.sum(2).clamp(min=1)
        said = (beliefs * each[..., None]).sum(1)
        trust = self._trust(when, present)
        logit = self.unknown + trust * (
            self.well - self.unknown + self.harm(said)[:, 0]
        )
        summary = self.summary_norm(self.start(said * trust[:, None]))
        tokens = torch.cat([summary[:, None], self.line_norm(x + beliefs)], 1)
        weights = self._weights(shares, values, heard, present) * trust[:, None]
        states = self.state(beliefs)[..., 0]
        return LogReading(tokens, logit, weights, states, trust)

    def _attend(self, x: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
        """Share each station's say among its lines, and nobody: `[n, HEADS, k, k]`."""
        relevance = self.relevance(x).transpose(1, 2)
        logits = relevance[:, :, None, :] + (same[:, None] - 1.0) * 1e4
        nobody = self.nothing[None, :, None, None].expand(*logits.shape[:3], 1)
        shares = torch.cat([nobody, logits], 3).softmax(3)[..., 1:]
        values = self.value(x).unflatten(2, (HEADS, -1)).transpose(1, 2)
        return shares, values

    def _trust(self, when: Tensor, present: Tensor) -> Tensor:
        """Tell whether this is the part's own log at all: `[n]`, 0 to 1."""
        seen = self.own(when) - (1.0 - present[..., None]) * 1e4
        return cast("Tensor", self.trust(seen.amax(1).clamp(min=-9)).sigmoid()[:, 0])

    def _weights(
        self, shares: Tensor, values: Tensor, heard: Tensor, present: Tensor
    ) -> Tensor:
        """Weigh each line by what its station's say would be without it."""
        own = shares.diagonal(dim1=2, dim2=3)[..., None]
        own_values = own * values
        rest = heard - own_values.transpose(1, 2).flatten(2)
        left = (1.0 - own).clamp(min=_TINY).expand_as(values)
        without = self.belief(rest / left.transpose(1, 2).flatten(2))
        moved = (self.harm(self.belief(heard) - without)[..., 0]).abs() * present
        return cast("Tensor", moved / moved.sum(1, keepdim=True).clamp(min=_TINY))


def _when(circumstances: Tensor) -> Tensor:
    """Tell circumstances with kernels of several widths around the passage."""
    offset = circumstances[..., _OFFSET, None]
    widths = offset.new_tensor(_WIDTHS)
    near = torch.exp(-0.5 * (offset / widths) ** 2) * circumstances[..., _ON_LINE, None]
    return torch.cat([circumstances[..., :_STATION], near, offset.abs()], -1)


def _same_station(circumstances: Tensor, present: Tensor) -> Tensor:
    """Which lines a line's station wrote: `[n, k, k]`, 1 or 0."""
    station = circumstances[..., _STATION]
    same = (station[:, :, None] - station[:, None, :]).abs() < _TINY
    return same.float() * present[:, None, :]


def _mixed(shares: Tensor, values: Tensor) -> Tensor:
    return (shares @ values).transpose(1, 2).flatten(2)


def of_another_part(circumstances: Tensor) -> Tensor:
    """Tell lines as if the part were another: no serial is its own."""
    named = circumstances[..., _OWN] + circumstances[..., _OTHER]
    other = circumstances.clone()
    other[..., _OWN], other[..., _OTHER] = 0.0, named
    return other


def trust_loss(trust: Tensor, swapped: Tensor) -> Tensor:
    """Hold trust `[n]` against whether a window was told as another part's `[n]`."""
    own = (~swapped).float()
    return functional.binary_cross_entropy(trust.clamp(1e-4, 1 - 1e-4), own)


def state_loss(states: Tensor, faulty: Tensor, circumstances: Tensor) -> Tensor:
    """Hold beliefs about stations against the truth.

    Args:
        states: `[n, k]` logits, see `LogReading`.
        faulty: `[n, stations + 1]` the truth, by number of the station.
        circumstances: `[n, k, CIRCUMSTANCES]`.
    """
    station = (circumstances[..., _STATION] * 8).round().long()
    wanted = faulty.gather(1, station)
    on_line = circumstances[..., _ON_LINE]
    losses = functional.binary_cross_entropy_with_logits(
        states, wanted, reduction="none"
    )
    return (losses * on_line).sum() / on_line.sum().clamp(min=1)
