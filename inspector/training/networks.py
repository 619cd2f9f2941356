"""The hybrid model as torch networks: branch, log Transformer, fusion and router.

The trunk (log lines, log context, fusion, router) knows no production line; all that a
line needs of its own is in its branch. Both meet in tokens of `WIDTH` numbers. The two
networks that read the log are in `log_networks`.

Attention is scaled dot-product attention with several heads, and blocks are pre-norm
(Vaswani et al., "Attention Is All You Need", 2017; Xiong et al., "On Layer
Normalization in the Transformer Architecture", 2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inspector.model.lines import CIRCUMSTANCES
from inspector.training.efficientnet_lite import EfficientNetLite0, channels_at

WIDTH = 64
"""Numbers in a token of the trunk, whichever modality it comes from."""
GRID = 14
"""A branch looks at the picture in `GRID` x `GRID` cells."""
SIDE = 16 * GRID
"""Pixels a side of the picture that a branch looks at."""
WORST_CELLS = 10
"""Cells whose distance to good parts counts."""
HEADS = 4
ROUTES = 2
"""The router weighs two short cuts: the picture alone, and the log alone."""
FUSED_CELLS = 32
"""Picture cells that fusion attends to, the likeliest defects first."""
FUSED_LINES = 16
"""Log lines that fusion attends to, beside the log's summary."""
LOOK = slice(0, 3)
"""Which grids of features a full look reads: of 14, 14 and 7 cells a side."""
GLANCE = slice(3, 5)
"""Which grids a glance reads, behind those: of 14 and 7 cells a side."""
IMPRESSION = 6
"""Numbers by which a glance is judged, see `impression`."""
_LITE_TAPS = (4, 10, 14)


class Attention(nn.Module):
    """Attention of `queries` over `context`, several heads side by side."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self, queries: Tensor, context: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attend.

        Args:
            queries: `[n, q, width]`.
            context: `[n, k, width]`.
            present: `[n, k]`, 1 where the context holds something, else 0.

        Returns:
            `[n, q, width]`, and the weights averaged over heads `[n, q, k]`.
        """
        query = self._heads(self.query(queries))
        key, value = (self._heads(each) for each in self.key_value(context).chunk(2, 2))
        logits = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        logits = logits + (present[:, None, None, :] - 1.0) * 1e4
        weights = logits.softmax(-1)
        mixed = (weights @ value).transpose(1, 2).flatten(2)
        return self.out(mixed), weights.mean(1)

    def _heads(self, x: Tensor) -> Tensor:
        batch, count, width = x.shape
        return x.reshape(batch, count, HEADS, width // HEADS).transpose(1, 2)


class Block(nn.Module):
    """A pre-norm Transformer block."""

    def __init__(self, dropout: float, width: int = WIDTH) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """Map `[n, k, width]` to the same shape; `present` is `[n, k]`."""
        normed = self.norm(x)
        x = x + self.dropout(self.attention(normed, normed, present)[0])
        return cast("Tensor", x + self.dropout(self.feed(x)))


def with_summary(present: Tensor) -> Tensor:
    """Say that a summary token stands before the lines: `[n, k]` to `[n, k + 1]`."""
    return torch.cat([torch.ones_like(present[:, :1]), present], 1)


class CrossModalFusion(nn.Module):
    """Each modality asks the other; gives what the sum of their opinions misses."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.norm_picture = nn.LayerNorm(WIDTH)
        self.norm_log = nn.LayerNorm(WIDTH)
        self.log_asks_picture = Attention()
        self.picture_asks_log = Attention()
        self.judge = nn.Sequential(
            nn.LayerNorm(3 * WIDTH + 2),
            nn.Dropout(dropout),
            nn.Linear(3 * WIDTH + 2, WIDTH),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(WIDTH, 1, bias=False),
        )
        last = self.judge[-1]
        nn.init.zeros_(cast("nn.Linear", last).weight)

    def forward(
        self, picture: Tensor, cells: Tensor, log: Tensor, present: Tensor
    ) -> Tensor:
        """Fuse.

        Args:
            picture: `[n, GRID * GRID, WIDTH]` tokens of the branch.
            cells: `[n, GRID * GRID]` defect logits of the same cells.
            log: `[n, k + 1, WIDTH]` tokens of the log, summary first.
            present: `[n, k + 1]`.

        Returns:
            What to add to the logit `[n]`, at most 3 either way.
        """
        extremes = torch.stack([cells.amax(1), cells.mean(1)], 1)
        picture, cells = _likeliest(picture, cells)
        log, present = _foremost(log, present)
        picture, log = self.norm_picture(picture), self.norm_log(log)
        seen, _ = self.log_asks_picture(log[:, :1], picture, torch.ones_like(cells))
        worst = (picture * cells.softmax(1)[..., None]).sum(1, keepdim=True)
        heard, _ = self.picture_asks_log(worst, log, present)
        joint = torch.cat([log[:, 0], seen[:, 0], heard[:, 0], extremes], 1)
        added: Tensor = self.judge(joint)
        return 3.0 * torch.tanh(added[:, 0] / 3.0)


def _likeliest(picture: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Keep the `FUSED_CELLS` tokens of the likeliest defects: a fixed number."""
    logits, at = cells.topk(FUSED_CELLS, 1)
    return picture.gather(1, at[..., None].expand(-1, -1, WIDTH)), logits


def _foremost(log: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Keep the summary and the `FUSED_LINES` lines nearest to it: a fixed number.

    Windows with fewer lines are filled up with tokens that are not attended to.
    """
    log = functional.pad(log, (0, 0, 0, FUSED_LINES))
    present = functional.pad(present, (0, FUSED_LINES))
    near = (log[:, 1:] @ log[:, 0, :, None])[..., 0] + (present[:, 1:] - 1.0) * 1e4
    at = near.topk(FUSED_LINES, 1).indices
    lines = log[:, 1:].gather(1, at[..., None].expand(-1, -1, WIDTH))
    there = present[:, 1:].gather(1, at)
    return torch.cat([log[:, :1], lines], 1), torch.cat([present[:, :1], there], 1)


class Router(nn.Module):
    """Guesses, before the costly networks run, how far a short cut would be off."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.each = nn.Sequential(
            nn.Linear(WIDTH + CIRCUMSTANCES, width), nn.GELU(), nn.Linear(width, width)
        )
        self.judge = nn.Sequential(
            nn.Linear(2 * width + 1, width), nn.GELU(), nn.Linear(width, ROUTES)
        )

    def forward(self, lines: Tensor, circumstances: Tensor, present: Tensor) -> Tensor:
        """Expect `[n, ROUTES]`: |score change| by picture alone, and by log alone."""
        x = functional.gelu(self.each(torch.cat([lines, circumstances], 2)))
        count = present.sum(1, keepdim=True)
        mean = (x * present[..., None]).sum(1) / count.clamp(min=1)
        most = (x * present[..., None]).amax(1)
        pooled = torch.cat([mean, most, torch.log1p(count) / 4], 1)
        return cast("Tensor", self.judge(pooled).sigmoid())


class LookRouter(nn.Module):
    """Guesses, after a glance, how far a full look would move the score."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.judge = nn.Sequential(
            nn.Linear(IMPRESSION, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, 1),
        )

    def forward(self, impression: Tensor) -> Tensor:
        """Expect |score change| by a full look: `[n, IMPRESSION]` to `[n]`."""
        expected: Tensor = self.judge(impression).sigmoid()
        return expected[:, 0]


class PictureReading(NamedTuple):
    """What a branch sees in pictures.

    tokens: `[n, GRID * GRID, WIDTH]`.
    cells: `[n, GRID * GRID]` logit of a defect in each cell.
    logit: `[n]` that the part is defective.
    classes: `[n, kinds]` logits of the defect kinds.
    """

    tokens: Tensor
    cells: Tensor
    logit: Tensor
    classes: Tensor


def worst_tiles(reading: PictureReading, of: Tensor) -> PictureReading:
    """Keep the worst tile of each part: a part is as bad as its worst tile.

    Multiple-instance learning with a maximum (Dietterich et al., "Solving the multiple
    instance problem with axis-parallel rectangles", 1997): which tile is bad need not
    be known.

    Args:
        reading: `[parts * tiles, ...]`, one part's tiles behind the other's.
        of: `[parts, tiles]` how bad each tile is.

    Returns:
        `[parts, ...]`; the reading itself if there is one tile.
    """
    parts, tiles = of.shape
    if tiles == 1:
        return reading
    places = torch.arange(parts) * tiles + of.argmax(1)
    return PictureReading(*(each[places] for each in reading))


class BranchHeads(nn.Module):
    """From backbone features to tokens, defect map and opinions."""

    def __init__(self, channels: tuple[int, ...], kinds: int) -> None:
        super().__init__()
        self.channels = channels
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in channels)
        self.necks = nn.ModuleList(nn.Conv2d(c, WIDTH, 1) for c in channels)
        self.spread = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, groups=WIDTH)
        self.mix = nn.Conv2d(WIDTH, WIDTH, 1)
        self.map = nn.Conv2d(WIDTH, 1, 1)
        wide = 2 * (channels[-1] + WIDTH)
        self.pool_norm = nn.LayerNorm(wide)
        self.pooled = nn.Linear(wide, 1)
        self.classes = nn.Linear(wide, kinds)
        self.dropout = nn.Dropout(0.3)

    def forward(self, features: Sequence[Tensor]) -> PictureReading:
        """Read features of `[n, channels, cells, cells]`, the last twice as coarse."""
        normed = [norm(x) for norm, x in zip(self.norms, features, strict=True)]
        grid = self.grid(normed)
        cells = self.map(grid).flatten(1)
        wide = self.dropout(self.pool_norm(torch.cat(_pool(normed[-1], grid), 1)))
        # A soft maximum: one bad cell makes a bad part.
        worst = cells.logsumexp(1) - math.log(cells.shape[1])
        logit = worst + self.pooled(wide)[:, 0]
        tokens = grid.flatten(2).transpose(1, 2)
        return PictureReading(tokens, cells, logit, self.classes(wide))

    def grid(self, normed: Sequence[Tensor]) -> Tensor:
        """Bring normed features to the trunk's space: `[n, WIDTH, GRID, GRID]`."""
        *fine, coarse = normed
        levels = [*fine, functional.interpolate(coarse, scale_factor=2.0)]
        necks = zip(self.necks, levels, strict=True)
        x = functional.gelu(
            torch.stack([neck(self.dropout(level)) for neck, level in necks]).sum(0)
        )
        return cast("Tensor", x + self.mix(functional.gelu(self.spread(x))))


def _pool(coarse: Tensor, grid: Tensor) -> list[Tensor]:
    return [coarse.mean((2, 3)), coarse.amax((2, 3)), *(_pool_grid(grid))]


def _pool_grid(grid: Tensor) -> tuple[Tensor, Tensor]:
    return grid.mean((2, 3)), grid.amax((2, 3))


class GoodParts(nn.Module):
    """How unlike good parts a picture is: distance to remembered patches.

    Roth et al., "Towards Total Recall in Industrial Anomaly Detection" (CVPR 2022),
    with a small memory so that the distance costs next to nothing.
    """

    mean: Tensor
    spread: Tensor
    memory: Tensor

    def __init__(self, mean: Tensor, spread: Tensor, memory: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.register_buffer("memory", memory)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Measure features of the two fine scales; gives `[n]`, 0 is like good ones."""
        patches = (patch_features(features) - self.mean) / self.spread
        squared = (
            (patches**2).sum(2, keepdim=True)
            - 2 * patches @ self.memory.T
            + (self.memory**2).sum(1)
        )
        nearest = squared.amin(2).clamp(min=1e-6).sqrt()
        return nearest.topk(WORST_CELLS, 1).values.mean(1)


def patch_features(features: Sequence[Tensor]) -> Tensor:
    """Describe each cell by the two fine scales: `[n, GRID * GRID, channels]`.

    A coarser grid is repeated. Neighbours are not averaged in: on solar cells that told
    bad from good worse.
    """
    fine, middle = features[:2]
    if middle.shape[2] != fine.shape[2]:
        middle = functional.interpolate(middle, scale_factor=2.0)
    return torch.cat([fine, middle], 1).flatten(2).transpose(1, 2)


class PictureNetwork(nn.Module):
    """A backbone that can look at a picture in full, or just glance at it.

    channels: of the three scales of a full look.
    """

    channels: tuple[int, ...]

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map `[n, 1 or 3, SIDE, SIDE]` to features on grids of 14, 14 and 7 cells."""
        raise NotImplementedError

    def glance(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map the same pictures, at half their size, to the two finer scales.

        Their grids have 14 and 7 cells.
        """
        raise NotImplementedError


Sight = tuple[BranchHeads, GoodParts]
"""What reads one kind of look."""


class PictureBranch(nn.Module):
    """A line's CNN branch: picture in, tokens and opinions out.

    It is exported as two graphs. The glance reads the picture at half its size with
    the first layers of the backbone only; the full look reads all of it.
    """

    def forward(self, picture: Tensor) -> PictureReading:
        """Look in full at pictures `[n, SIDE, SIDE, 1 or 3]` of 0 to 255."""
        raise NotImplementedError

    def glance(self, picture: Tensor) -> PictureReading:
        """Glance at the same pictures."""
        raise NotImplementedError


class Branch(PictureBranch):
    """A branch that has learned from labels; a look's opinion is added to the glance's.

    opinion: weights of the heads and of the distance to good parts, and a bias, of a
        full look; glance_opinion: the same of a glance.
    """

    opinion: Tensor
    glance_opinion: Tensor

    def __init__(self, backbone: PictureNetwork, glance: Sight, look: Sight) -> None:
        super().__init__()
        self.backbone = backbone
        self.glancing, self.glance_good = glance
        self.heads, self.good = look
        for name in ("opinion", "glance_opinion"):
            self.register_buffer(name, torch.tensor([1.0, 0.0, 0.0]))

    def forward(self, picture: Tensor) -> PictureReading:
        """Look in full at pictures `[n, SIDE, SIDE, 1 or 3]` of 0 to 255."""
        return self.read(self.backbone(standardise(picture)))

    def glance(self, picture: Tensor) -> PictureReading:
        """Glance at the same pictures."""
        return self._read_glance(self.backbone.glance(standardise(picture)))

    def read(self, features: Sequence[Tensor]) -> PictureReading:
        """Read features of a full look: heads and distance, weighed together."""
        seen = self.heads(features[LOOK])
        return _weighed(seen, self.good(features[LOOK]), self.opinion)

    def read_glance(self, features: Sequence[Tensor]) -> PictureReading:
        """Read features of a glance."""
        return self._read_glance(features[GLANCE])

    def _read_glance(self, features: Sequence[Tensor]) -> PictureReading:
        seen = self.glancing(features)
        return _weighed(seen, self.glance_good(features), self.glance_opinion)


def _weighed(seen: PictureReading, distance: Tensor, opinion: Tensor) -> PictureReading:
    on_heads, on_distance, bias = opinion
    return seen._replace(logit=on_heads * seen.logit + on_distance * distance + bias)


def impression(logits: Tensor, cells: Tensor) -> Tensor:
    """Sum up a glance for the router: `[n, IMPRESSION]`.

    Args:
        logits: `[n, 3]` of the glance, of the log, and of both together, calibrated.
        cells: `[n, GRID * GRID]` defect logits of the glance.
    """
    extremes = [cells.amax(1), cells.mean(1), cells.std(1)]
    return torch.cat([logits, torch.stack(extremes, 1)], 1) / 4


def standardise(picture: Tensor) -> Tensor:
    """Set each picture's mean to 0 and spread to 1: exposure differs between parts.

    Args:
        picture: `[n, height, width, 1 or 3]` of 0 to 255.

    Returns:
        `[n, 1 or 3, height, width]`.
    """
    x = picture.permute(0, 3, 1, 2).float() / 255.0
    mean = x.mean((1, 2, 3), keepdim=True)
    spread = ((x - mean) ** 2).mean((1, 2, 3), keepdim=True).sqrt()
    return (x - mean) / (spread + 1e-3)


class LiteBackbone(PictureNetwork):
    """EfficientNet-Lite0 up to its 15th block, at three scales."""

    def __init__(self) -> None:
        super().__init__()
        self.network = EfficientNetLite0()
        self.channels = tuple(channels_at(block) for block in _LITE_TAPS)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map `[n, 1 or 3, 224, 224]` to grids of 14, 14 and 7 cells a side."""
        fine, middle, coarse = self.network.features(pictures, _LITE_TAPS)
        return functional.avg_pool2d(fine, 2), middle, coarse

    def glance(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Map the same, at half the size, to grids of 14 and 7 cells a side."""
        half = functional.avg_pool2d(pictures, 2)
        return tuple(self.network.features(half, _LITE_TAPS[:2]))
