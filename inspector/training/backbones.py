"""The picture networks that a branch can be built on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from inspector.errors import InputError, MissingExtraError
from inspector.recording import Recording
from inspector.training.networks import (
    GRID,
    SIDE,
    LiteBackbone,
    PictureNetwork,
)
from inspector.training.pretrained import load_pretrained
from inspector.training.scratch import train_from_scratch

PRETRAINED = "efficientnet-lite0"
SCRATCH = "scratch"


class Backbone(PictureNetwork):
    """A frozen picture network with its name."""

    def __init__(self, network: PictureNetwork, name: str) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.channels = network.channels
        self.name = name

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map `[n, 3, SIDE, SIDE]` to features on grids of 14, 14 and 7 cells."""
        return cast("tuple[Tensor, ...]", self.network(pictures))

    def glance(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map the same pictures, at half size, to grids of 14 and 7 cells."""
        return self.network.glance(pictures)


class TimmBackbone(PictureNetwork):
    """Any network of timm that gives features at strides 8, 16 and 32."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.channels = tuple(network.feature_info.channels())

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map `[n, 1 or 3, SIDE, SIDE]` to grids of 14, 14 and 7 cells a side."""
        fine, middle, coarse = self.network(_coloured(pictures))
        return functional.adaptive_avg_pool2d(fine, GRID), middle, coarse

    def glance(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map the same pictures, at half size, to grids of 14 and 7 cells."""
        half = functional.avg_pool2d(_coloured(pictures), 2)
        fine, middle, _ = self.network(half)
        return fine, middle


def _coloured(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1)


def make_backbone(
    name: str, recordings: Sequence[Recording], progress: Callable[[int], None]
) -> Backbone:
    """Make the backbone that a plan names.

    Args:
        name: `efficientnet-lite0`, `scratch`, or `timm:NAME` with weights from the hub,
            or `timm:NAME:FILE` with weights from a file.
        recordings: pictures to learn from, for `scratch`.
        progress: told how many pictures were learned from.

    Raises:
        InputError: no such backbone, or it does not fit.
        MissingExtraError: its package is not installed.
    """
    makers: dict[str, Callable[[], LiteBackbone]] = {
        PRETRAINED: load_pretrained,
        SCRATCH: lambda: train_from_scratch(recordings, progress),
    }
    if name in makers:
        lite = makers[name]()
        return Backbone(lite, PRETRAINED)
    if name.startswith("timm:"):
        network = TimmBackbone(_from_timm(*name.split(":", 2)[1:]))
        return Backbone(network, name.split(":")[1])
    what = f"{name!r} is not {PRETRAINED}, {SCRATCH} or timm:NAME[:FILE]"
    where = "backbone"
    raise InputError.single(where, what)


def empty_backbone(name: str) -> Backbone:
    """Make the backbone that a branch's manifest names, without its weights.

    Raises:
        InputError: no such backbone.
        MissingExtraError: its package is not installed.
    """
    if name == PRETRAINED:
        lite = LiteBackbone()
        return Backbone(lite, name)
    network = TimmBackbone(_from_timm(name, empty=True))
    return Backbone(network, name)


def _from_timm(name: str, weights: str | None = None, *, empty: bool = False) -> Any:
    try:
        import timm  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        package = "timm"
        raise MissingExtraError(package, package) from error
    if weights is not None and not Path(weights).is_file():
        raise InputError.single(weights, "is not a file of weights")
    try:
        network = timm.create_model(
            name,
            pretrained=weights is None and not empty,
            features_only=True,
            out_indices=(2, 3, 4),
            checkpoint_path=weights or "",
        )
        with torch.no_grad():
            shapes = [x.shape[2] for x in network.eval()(torch.zeros(1, 3, SIDE, SIDE))]
    except (RuntimeError, ValueError, KeyError) as error:
        where, what = f"timm network {name}", f"{error}"
        raise InputError.single(where, what) from error
    if shapes != [2 * GRID, GRID, GRID // 2]:
        what = f"has features of {shapes} cells a side, not at strides 8, 16 and 32"
        where = f"timm network {name}"
        raise InputError.single(where, what)
    return network
