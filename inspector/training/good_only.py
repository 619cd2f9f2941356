"""A branch for a line that has no defect yet: how unlike good parts is a part?

Several views of one pass through the backbone are weighed alike, each in the spread
that good parts show which were left out of it:

- each cell, told by several scales, against a small memory of good cells (Roth et al.,
  "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022); the distances are
  the defect map;
- the picture as a whole against a Gaussian of good pictures (Rippel et al., "Modeling
  the Distribution of Normal Data in Pre-Trained Deep Features for Anomaly Detection",
  ICPR 2020), shrunk as there are few (Ledoit and Wolf, 2004).

All of it is inside the graph. Good parts alone can promise how many of them are
rejected; of escapes they can promise nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inspector.errors import RecordingError
from inspector.guarantee import exceptions_allowed
from inspector.model.artifact import (
    BranchClass,
    BranchManifest,
    Figures,
    FittedTrunk,
    Parent,
    Weights,
    trunk_folder,
)
from inspector.model.hybrid import Branch as LoadedBranch
from inspector.model.hybrid import HybridModel
from inspector.model.hybrid import Trunk as LoadedTrunk
from inspector.recording import FrameRow, Recording
from inspector.settings import DecisionRules, ModelSettings
from inspector.training.backbones import PRETRAINED
from inspector.training.branch import Parts, remember_good_parts, spread_out
from inspector.training.export import export_branch, seal_branch
from inspector.training.figures import classes_of, learned_from, measure_shift
from inspector.training.lines import LineData
from inspector.training.networks import (
    GLANCE,
    GRID,
    WIDTH,
    WORST_CELLS,
    GoodParts,
    LiteBackbone,
    PictureBranch,
    PictureReading,
    standardise,
)
from inspector.training.pretrained import load_pretrained
from inspector.training.views import FeatureStore, Labelled, read_parts
from inspector.training.windows import read_log
from inspector.types import FloatArray, Problem

TAPS = (4, 7, 10, 14)
"""Blocks of the backbone whose outputs are read."""
CELL_VIEWS = ((TAPS, 1),)
"""What describes a cell: outputs of which blocks, averaged over how many cells a side.

Further views (fewer blocks, 3x3 cells) told bad parts no better on the training and
validation shifts of three lines.
"""
WHOLE_TAPS = (10, 14)
"""What describes the picture as a whole."""
FEWEST = 20
_MEMORY = 500
_CANDIDATES = 6_000
_BATCH = 16
_FALSE_REJECTS = 0.05
_REVIEWS = 0.2
"""Shares of good parts that may be rejected, and that may not pass outright."""
_SLOPE = 1.5
"""How fast a part's score rises with how unlike it is, in spreads."""
_UNLIKELY = -10.0
UNKNOWN_KIND = BranchClass(id="anomaly", en="anomaly", zh="异常")
"""What is unlike good parts is of no kind that anybody has seen."""


Unlike = NDArray[np.float64]
"""How unlike good parts each part is, in spreads of good parts."""


class Cells(nn.Module):
    """How far each cell is from the nearest cell of good parts."""

    mean: Tensor
    spread: Tensor
    memory: Tensor

    def __init__(self, good: Tensor) -> None:
        super().__init__()
        flat = good.flatten(0, 1)
        self.register_buffer("mean", flat.mean(0))
        self.register_buffer("spread", flat.std(0) + 1e-6)
        rng = np.random.default_rng(0)
        few = flat[rng.permutation(len(flat))[:_CANDIDATES]]
        few = (few - self.mean) / self.spread
        self.register_buffer("memory", few[spread_out(few, _MEMORY)].contiguous())

    def forward(self, cells: Tensor) -> Tensor:
        """Map cells `[n, GRID * GRID, channels]` to distances `[n, GRID * GRID]`."""
        x = (cells - self.mean) / self.spread
        squared = (
            (x**2).sum(2, keepdim=True)
            - 2 * x @ self.memory.T
            + (self.memory**2).sum(1)
        )
        return squared.amin(2).clamp(min=1e-6).sqrt()


class Whole(nn.Module):
    """How far a picture as a whole is from good ones, in their own spread."""

    mean: Tensor
    spread: Tensor
    precision: Tensor

    def __init__(self, good: Tensor) -> None:
        from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - slow to import

        super().__init__()
        self.register_buffer("mean", good.mean(0))
        self.register_buffer("spread", good.std(0) + 1e-6)
        covariance, _ = ledoit_wolf(((good - self.mean) / self.spread).numpy())
        precision = torch.from_numpy(np.linalg.inv(covariance)).float()
        self.register_buffer("precision", precision)

    def forward(self, whole: Tensor) -> Tensor:
        """Map descriptions `[n, numbers]` to distances `[n]`."""
        x = (whole - self.mean) / self.spread
        return ((x @ self.precision) * x).sum(1).clamp(min=1e-6).sqrt()


class Described(NamedTuple):
    """Pictures as features.

    cells: for each of `CELL_VIEWS` `[n, GRID * GRID, channels]`.
    whole: `[n, numbers]`.
    """

    cells: list[Tensor]
    whole: Tensor

    def of(self, parts: NDArray[np.int64]) -> Described:
        """Take some of them."""
        return Described([view[parts] for view in self.cells], self.whole[parts])

    @staticmethod
    def together(found: Sequence[Described]) -> Described:
        """Put pictures behind one another."""
        cells = zip(*(each.cells for each in found), strict=True)
        whole = torch.cat([each.whole for each in found])
        return Described([torch.cat(view) for view in cells], whole)


class Scale(NamedTuple):
    """How unlike good parts are from good parts: what is usual, and its spread."""

    usual: float
    spread: float

    @staticmethod
    def of(distances: FloatArray) -> Scale:
        """Measure distances of good parts that were left out."""
        return Scale(float(distances.mean()), float(distances.std()) + 1e-6)


class GoodOnlyBranch(PictureBranch):
    """A branch that knows good parts alone; it keeps the form of any other.

    Args:
        backbone: frozen.
        cells, whole: what good parts are like, in each view of their cells.
        glance: the same of a glance.
        scales: of the distance in each view, of the whole's, and of the glance's.
        middle: how unlike, in spreads, a part is that scores one half.
        kinds: of defects that the line names; none is ever recognised.
    """

    def __init__(
        self,
        backbone: LiteBackbone,
        parts: tuple[Sequence[Cells], Whole],
        glance: GoodParts,
        scales: Sequence[Scale],
        middle: float,
        kinds: int,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.cells = nn.ModuleList(parts[0])
        self.whole = parts[1]
        self.glance_good = glance
        self.scales = scales
        self.middle = middle
        self.kinds = kinds

    def forward(self, picture: Tensor) -> PictureReading:
        """Look in full at pictures `[n, SIDE, SIDE, 1 or 3]` of 0 to 255."""
        seen = describe(self.backbone, picture)
        *on_cells, on_whole, _ = self.scales
        distances = [
            memory(view) for memory, view in zip(self.cells, seen.cells, strict=True)
        ]
        unlike = _in(on_whole, self.whole(seen.whole))
        for scale, each in zip(on_cells, distances, strict=True):
            unlike = unlike + _in(scale, _worst(each))
        cells = _SLOPE * (_in(on_cells[0], distances[0]) - 1)
        logit = _SLOPE * (unlike - self.middle)
        return self._reading(seen.cells[0], cells, logit)

    def glance(self, picture: Tensor) -> PictureReading:
        """Glance at the same pictures: it only says which tile is the worst."""
        features = self.backbone.glance(standardise(picture))
        distance = self.glance_good(features)
        logit = _SLOPE * (_in(self.scales[-1], distance) - self.middle / 2)
        fine = features[0].flatten(2).transpose(1, 2)
        return self._reading(fine, fine.mean(2) * 0 + logit[:, None], logit)

    def _reading(
        self, features: Tensor, cells: Tensor, logit: Tensor
    ) -> PictureReading:
        missing = max(0, WIDTH - features.shape[2])
        tokens = functional.pad(features, (0, missing))[:, :, :WIDTH]
        known = cells.new_full((self.kinds,), _UNLIKELY)
        kinds = torch.cat([known, known.new_zeros(1)])
        return PictureReading(tokens, cells, logit, kinds.expand(len(logit), -1))


def describe(backbone: LiteBackbone, picture: Tensor) -> Described:
    """Describe pictures `[n, SIDE, SIDE, 1 or 3]` by their cells and as a whole."""
    levels = backbone.network.features(standardise(picture), TAPS)
    named = dict(zip(TAPS, levels, strict=True))
    grids = {tap: _on_grid(level) for tap, level in named.items()}
    whole = [
        pooled
        for tap in WHOLE_TAPS
        for pooled in (named[tap].mean((2, 3)), named[tap].flatten(2).std(2))
    ]
    cells = [
        _smoothed(torch.cat([grids[tap] for tap in taps], 1), side)
        .flatten(2)
        .transpose(1, 2)
        for taps, side in CELL_VIEWS
    ]
    return Described(cells, torch.cat(whole, 1))


def _smoothed(grid: Tensor, side: int) -> Tensor:
    return functional.avg_pool2d(grid, side, 1, side // 2, count_include_pad=False)


def _on_grid(level: Tensor) -> Tensor:
    if level.shape[2] == 2 * GRID:
        return functional.avg_pool2d(level, 2)
    return functional.interpolate(level, scale_factor=GRID / level.shape[2])


def _worst(distances: Tensor) -> Tensor:
    return distances.topk(WORST_CELLS, 1).values.mean(1)


def _in(scale: Scale, distances: Tensor) -> Tensor:
    return (distances - scale.usual) / scale.spread


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodOrder:
    """Which branch is wanted: its version, and the first how many good parts it knows.

    parts: `None` takes all good parts of the training shift.
    """

    version: str
    parent: Parent | None = None
    parts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodReport:
    """What was made of good parts alone.

    false_rejects: share of good parts, left out in turn, that it would reject;
        not_passed: that it would not pass outright.
    """

    settings: ModelSettings
    parts: int
    false_rejects: float
    not_passed: float
    figures: Figures
    took_s: float


def train_good_only(
    recording: Recording, model: Path, out: Path, order: GoodOrder
) -> GoodReport:
    """Make a branch of a line's good parts alone, and write it into an empty folder.

    Raises:
        RecordingError: there are too few good parts, or a picture cannot be read.
        ArtifactError: the model's trunk is altered.
        MissingExtraError: a package is not installed.
    """
    begun = time.monotonic()
    torch.manual_seed(0)
    rows = _good_rows(recording, order.parts)
    labelled = read_parts(recording, rows)
    backbone = load_pretrained()
    with torch.no_grad(), TemporaryDirectory() as folder:
        store = FeatureStore(
            Path(folder), backbone, labelled.pictures, lambda _: None, labelled.tiles, 1
        )
        line = _line(recording, labelled, store)
        branch, unlike = _learn(backbone, line, len(labelled.kinds))
        trunk = LoadedTrunk(trunk_folder(model))
        manifest = _manifest(recording, labelled, order, trunk)
        export_branch(out, branch, line, manifest)
        settings = _settings(
            recording.settings.id, order.version, unlike, branch.middle
        )
        judging = HybridModel(trunk, LoadedBranch(out), settings)
        figures = _measure(recording, judging, settings.decisions)
        seal_branch(out, settings, figures)
    scores = _score(unlike - branch.middle)
    rules = settings.decisions
    return GoodReport(
        settings=settings,
        parts=len(rows),
        false_rejects=float((scores >= rules.reject_at).mean()),
        not_passed=float((scores >= rules.pass_below).mean()),
        figures=figures,
        took_s=time.monotonic() - begun,
    )


def _good_rows(recording: Recording, most: int | None) -> tuple[FrameRow, ...]:
    good = recording.settings.classes[0]
    rows = tuple(row for row in recording.select("train") if row.label == good)[:most]
    if len(rows) < FEWEST:
        what = (
            f"has {len(rows)} good parts in split train: at least {FEWEST} are needed"
        )
        table = recording.folder / "frames.csv"
        raise RecordingError([Problem.in_file(table, what)])
    return rows


def _line(recording: Recording, labelled: Labelled, store: FeatureStore) -> LineData:
    parts = np.arange(len(labelled.rows))
    return LineData(
        labelled=labelled,
        store=store,
        log=read_log(recording, labelled.rows),
        train=parts,
        val=parts,
    )


def _learn(
    backbone: LiteBackbone, line: LineData, kinds: int
) -> tuple[GoodOnlyBranch, Unlike]:
    """Learn good parts; gives how unlike each is from the others, in spreads."""
    pictures = torch.from_numpy(line.labelled.pictures)
    found = [describe(backbone, some) for some in torch.split(pictures, _BATCH)]
    seen = Described.together(found)
    halves = np.array_split(line.train, 2)
    left_out = [
        _distances(line, seen, other, half)
        for half, other in ((halves[0], halves[1]), (halves[1], halves[0]))
    ]
    *distances, glances = (np.concatenate(x) for x in zip(*left_out, strict=True))
    scales = [Scale.of(each) for each in distances]
    unlike = np.sum(
        [
            (each - scale.usual) / scale.spread
            for each, scale in zip(distances, scales, strict=True)
        ],
        axis=0,
    )
    allowed = exceptions_allowed(len(unlike), _FALSE_REJECTS)
    middle = float(np.sort(unlike)[::-1][allowed])
    branch = GoodOnlyBranch(
        backbone,
        ([Cells(view) for view in seen.cells], Whole(seen.whole)),
        remember_good_parts(line.store, GLANCE, line.train),
        [*scales, Scale.of(glances)],
        float(np.nextafter(middle, np.inf)),
        kinds,
    )
    return branch.eval(), unlike


def _distances(
    line: LineData, seen: Described, known: Parts, asked: Parts
) -> list[Unlike]:
    """Measure how far parts are from others; each is as far as its worst tile."""
    tiles = line.labelled.tiles
    good, other = (seen.of(line.labelled.places(each)) for each in (known, asked))
    glance = remember_good_parts(line.store, GLANCE, known)
    glances = torch.cat([glance(x[GLANCE]) for _, x in line.store.batches(asked)])
    on_cells = [
        _worst(Cells(mine)(theirs))
        for mine, theirs in zip(good.cells, other.cells, strict=True)
    ]
    found = (*on_cells, Whole(good.whole)(other.whole), glances)
    return [each.reshape(-1, tiles).amax(1).double().numpy() for each in found]


def _score(unlike: Unlike) -> Unlike:
    return np.asarray(1 / (1 + np.exp(-_SLOPE * unlike)))


def _manifest(
    recording: Recording, labelled: Labelled, order: GoodOrder, trunk: LoadedTrunk
) -> BranchManifest:
    settings = recording.settings
    return BranchManifest(
        line=settings.id,
        version=order.version,
        parent=order.parent,
        classes=[*classes_of(settings), UNKNOWN_KIND],
        backbone=PRETRAINED,
        preprocessing=labelled.preprocessing,
        weights=_PICTURE_ALONE,
        travel_s={each.name: each.seconds_to_camera for each in settings.stations},
        trunk=FittedTrunk(version=trunk.id.version, sha256=trunk.id.sha256),
        learned_from=learned_from(recording),
        files={},
    )


_PICTURE_ALONE = Weights(
    glance_share=0.0,
    picture=(1.0, 0.0),
    glance=(1.0, 0.0),
    log=(0.0, -3.0),
    both=(1.0, 0.0, 0.0, 0.0),
    glance_and_log=(1.0, 0.0, 0.0),
)
"""What a log is worth on this line, only labels can tell."""


def _settings(line: str, version: str, unlike: Unlike, middle: float) -> ModelSettings:
    scores = _score(unlike - middle)
    passing = float(np.quantile(scores, 1 - _REVIEWS))
    rules = DecisionRules(
        reject_at=0.5,
        pass_below=min(passing, 0.5),
        route_tolerance=0.0,
        look_tolerance=0.0,
    )
    return ModelSettings(line=line, branch=version, decisions=rules)


def _measure(recording: Recording, model: HybridModel, rules: DecisionRules) -> Figures:
    """Measure it on labelled shifts, where there are any; nothing is chosen by them."""
    val, test = (
        measure_shift(recording, split, lambda x: model.score(x).score, rules)
        for split in ("val", "test")
    )
    return Figures(val=val, test=test)
