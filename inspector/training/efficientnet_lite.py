"""EfficientNet-Lite0: the picture network that every branch starts from.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks" (ICML 2019), in the "Lite" form published with TensorFlow Lite: no
squeeze-and-excite, ReLU6 instead of swish, so that it quantises well. Padding is
TensorFlow's "same" (more on the right and bottom at stride 2), which the published
weights need.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional


class Stage(NamedTuple):
    """One row of the architecture table."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
BATCH_NORM_EPSILON = 1e-3


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's "same": any odd pixel goes right and bottom.

    The padding is computed from the traced size, so an exported graph has a fixed one.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, c, h, w]` to `[n, c', ceil(h / stride), ceil(w / stride)]`."""
        return super().forward(self._padded(x))

    def grey(self, x: Tensor) -> Tensor:
        """Map `[n, 1, h, w]` as if it had as many channels as this expects, all alike.

        The weights of the channels are added up instead, which a graph does once.
        """
        weight = self.weight.sum(1, keepdim=True)
        return functional.conv2d(self._padded(x), weight, self.bias, self.stride)

    def _padded(self, x: Tensor) -> Tensor:
        bottom, right = (
            self._total_padding(size, axis) for axis, size in enumerate(x.shape[-2:])
        )
        return functional.pad(
            x, (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2)
        )

    def _total_padding(self, size: int, axis: int) -> int:
        stride, kernel = self.stride[axis], self.kernel_size[axis]
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPSILON, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project back; add the input where shapes allow."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expand
        if stage.expand != 1:
            self._expand_conv = nn.Conv2d(inputs, wide, 1, bias=False)
            self._bn0 = _batch_norm(wide)
        self._depthwise_conv = SameConv2d(
            wide, wide, stage.kernel, stride, groups=wide, bias=False
        )
        self._bn1 = _batch_norm(wide)
        self._project_conv = nn.Conv2d(wide, stage.channels, 1, bias=False)
        self._bn2 = _batch_norm(stage.channels)
        self._expands = stage.expand != 1
        self._residual = stride == 1 and inputs == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, c, h, w]` to `[n, c', h / stride, w / stride]`."""
        y = x
        if self._expands:
            y = functional.relu6(self._bn0(self._expand_conv(y)))
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        projected: Tensor = self._bn2(self._project_conv(y))
        return x + projected if self._residual else projected


class EfficientNetLite0(nn.Module):
    """The convolutional part, 16 blocks; names match the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM_CHANNELS, 3, 2, bias=False)
        self._bn0 = _batch_norm(STEM_CHANNELS)
        blocks: list[nn.Module] = []
        channels = STEM_CHANNELS
        for stage in STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(InvertedResidual(channels, stage, stride))
                channels = stage.channels
        self._blocks = nn.ModuleList(blocks)

    def features(self, x: Tensor, taps: tuple[int, ...]) -> list[Tensor]:
        """Run up to the last tap and return the output of each tapped block.

        Args:
            x: `[n, 1 or 3, h, w]`, normalised.
            taps: block numbers, rising, 0 to 15. Blocks 4, 10 and 14 end the scales
                of stride 8, 16 and 32.

        Returns:
            For each tap `[n, channels, h / stride, w / stride]`.
        """
        stem = self._conv_stem
        x = functional.relu6(self._bn0(stem.grey(x) if x.shape[1] == 1 else stem(x)))
        found: list[Tensor] = []
        for number, block in enumerate(self._blocks[: taps[-1] + 1]):
            x = block(x)
            if number in taps:
                found.append(x)
        return found


def strip_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop the ImageNet head from published weights; the rest is returned as is."""
    heads = ("_conv_head.", "_bn1.", "_fc.")
    return {name: value for name, value in state.items() if not name.startswith(heads)}


def channels_at(block: int) -> int:
    """Give the number of output channels of block 0 to 15."""
    widths = [stage.channels for stage in STAGES for _ in range(stage.repeats)]
    return widths[block]
