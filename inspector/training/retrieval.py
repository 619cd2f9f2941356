"""How well a part's log finds its picture, and the other way round.

Recall at k: the share of parts whose own counterpart is among the k likeliest (Radford
et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inspector.training.joint import Pair, Parts, Trunk, likeness
from inspector.training.log import read_windows
from inspector.training.networks import PictureReading

TOP = (1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Recall at 1 and at 5 among so many parts."""

    parts: int
    text_to_picture: tuple[float, ...]
    picture_to_text: tuple[float, ...]

    @property
    def by_chance(self) -> tuple[float, ...]:
        """What guessing would give."""
        return tuple(min(1.0, k / self.parts) for k in TOP)


@torch.no_grad()
def recall(trunk: Trunk, pair: Pair, parts: Parts) -> Recall:
    """Let the logs and pictures of some parts find each other.

    Args:
        trunk: what is asked.
        pair: the line's data; the pictures are read by networks that never saw them.
        parts: places of the parts to be told apart.
    """
    logs = read_windows(trunk.log.eval(), pair.line.log, parts)
    pictures = PictureReading(*(each[parts] for each in pair.opinions.picture.full))
    alike = likeness(trunk.fusion.eval(), logs, pictures)
    return Recall(
        parts=len(parts),
        text_to_picture=_found(alike),
        picture_to_text=_found(alike.T),
    )


def _found(alike: Tensor) -> tuple[float, ...]:
    """Share of rows whose own column is among the likeliest; ties count as behind."""
    own = alike.diagonal()[:, None]
    ahead = (alike >= own).sum(1) - 1
    return tuple(float((ahead < k).float().mean()) for k in TOP)
