"""A frozen backbone run by ONNX Runtime: a fifth of the time that torch takes.

Heads learn from features that never change, so nothing of the backbone needs torch.
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from inspector.training.export import graph_of
from inspector.training.networks import SIDE, PictureNetwork


class SwiftBackbone(PictureNetwork):
    """Gives the features of a full look and of a glance, computed together.

    They are kept from the one call to the other, for the same pictures.

    Args:
        backbone: frozen.
        channels: of the pictures.
    """

    def __init__(self, backbone: PictureNetwork, channels: Literal[1, 3]) -> None:
        super().__init__()
        import onnxruntime  # noqa: PLC0415 - slow, and only for new branches

        self.channels = backbone.channels
        example = {"picture": torch.zeros(1, channels, SIDE, SIDE)}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            graph_of(_Both(backbone), example, axis=None),
            options,
            providers=["CPUExecutionProvider"],
        )
        self._seen: tuple[Tensor, list[Tensor]] | None = None

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map `[n, 1 or 3, SIDE, SIDE]` to features on grids of 14, 14 and 7 cells."""
        return tuple(self._features(pictures)[: len(self.channels)])

    def glance(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map the same pictures, at half size, to grids of 14 and 7 cells."""
        return tuple(self._features(pictures)[len(self.channels) :])

    def _features(self, pictures: Tensor) -> list[Tensor]:
        if self._seen is None or self._seen[0] is not pictures:
            each = [self._run(picture) for picture in pictures]
            together = [torch.cat(level) for level in zip(*each, strict=True)]
            self._seen = pictures, together
        return self._seen[1]

    def _run(self, picture: Tensor) -> list[Tensor]:
        asked = {"picture": np.ascontiguousarray(picture[None].numpy())}
        return [torch.from_numpy(level) for level in self._session.run(None, asked)]


class _Both(nn.Module):
    def __init__(self, backbone: PictureNetwork) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        look = cast("tuple[Tensor, ...]", self.backbone(picture))
        return (*look, *self.backbone.glance(picture))
