"""Pictures and their features in every orientation, computed once.

The backbone is frozen while heads learn, so its features are kept in half precision,
100 KB for each picture and orientation: heads then train in seconds, and in folds. They
are kept in memory up to `IN_MEMORY_BYTES` a line, and on disk above that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, overload

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inspector.errors import PictureError, RecordingError
from inspector.model.artifact import Preprocessing
from inspector.model.pictures import decode, fit_tiles, tile_boxes
from inspector.recording import FrameRow, Recording
from inspector.settings import PictureRules
from inspector.training.networks import GRID, SIDE, PictureNetwork, standardise
from inspector.types import FloatArray, Pixels, Problem, Sample, Window

VIEWS = 4
"""As taken, mirrored left to right, top to bottom, and both: optics allow them all."""
IN_MEMORY_BYTES = 1 << 30
"""For one grid of features in all views; six thousand pictures fit."""
_BATCH = 16
GREY_AXES = 2
HALF_WHITE = 127


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """The labelled parts of a line that can be learned from, in order of capture.

    Each part has the same number of tiles, one behind the other; `places` finds them.

    preprocessing: how its pictures became tiles.
    pictures: `[parts * tiles, SIDE, SIDE, 1 or 3]` uint8.
    target: `[parts]` how surely the part is defective, 0 to 1.
    bad: `[parts]` whether its label is a defect.
    kind: `[parts]` number of the defect kind, -1 for good parts.
    masks: `[parts * tiles, GRID, GRID]` defect in each cell, 0 or 1; -1 where unknown.
    """

    recording: Recording
    rows: tuple[FrameRow, ...]
    preprocessing: Preprocessing
    pictures: Pixels = field(repr=False)
    target: FloatArray = field(repr=False)
    bad: NDArray[np.bool_] = field(repr=False)
    kind: NDArray[np.int64] = field(repr=False)
    masks: FloatArray = field(repr=False)

    @property
    def line(self) -> str:
        """Name of the line."""
        return self.recording.settings.id

    @property
    def kinds(self) -> list[str]:
        """Its defect kinds."""
        return self.recording.settings.classes[1:]

    @property
    def has_masks(self) -> bool:
        """Whether any defect is marked in its picture."""
        return bool((self.masks[self.places(np.flatnonzero(self.bad))] >= 0).any())

    @property
    def tiles(self) -> int:
        """How many tiles a part has."""
        return self.preprocessing.picture.tiles.count

    def places(self, parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the places of some parts' tiles: `[parts * tiles]`."""
        return places_of(parts, self.tiles)

    def of_split(self, split: str) -> NDArray[np.int64]:
        """Give the places of a split's parts."""
        return np.flatnonzero([row.split == split for row in self.rows])


def read_labelled(recording: Recording, splits: Sequence[str]) -> Labelled:
    """Read the labelled parts of some splits.

    Raises:
        RecordingError: a split lacks good or bad parts, or a picture cannot be read.
    """
    rows = tuple(
        row
        for row in recording.select()
        if row.split in splits and row.label is not None
    )
    good = recording.settings.classes[0]
    bad = np.array([row.label != good for row in rows], bool)
    _check_enough(recording, rows, bad, splits)
    return read_parts(recording, rows)


def read_parts(recording: Recording, rows: Sequence[FrameRow]) -> Labelled:
    """Read some labelled parts, whichever classes they are of.

    Raises:
        RecordingError: a picture cannot be read.
    """
    good = recording.settings.classes[0]
    kinds = {name: at for at, name in enumerate(recording.settings.classes[1:])}
    rules = recording.settings.picture or PictureRules()
    wanted, pictures = _read_pictures(recording, rows, rules)
    return Labelled(
        recording=recording,
        rows=tuple(rows),
        preprocessing=wanted,
        pictures=pictures,
        target=np.array([_target(row, good) for row in rows], np.float32),
        bad=np.array([row.label != good for row in rows], bool),
        kind=np.array([kinds.get(row.label or "", -1) for row in rows]),
        masks=np.concatenate([_masks(row, good, wanted) for row in rows]),
    )


def places_of(parts: NDArray[np.int64], tiles: int) -> NDArray[np.int64]:
    """Give the places of parts' tiles, one part's behind the other's."""
    return (parts[:, None] * tiles + np.arange(tiles)).reshape(-1)


class SamplesOnDisk(Sequence[Sample]):
    """Samples whose pictures are read when they are asked for, and not kept.

    Args:
        rows: of the parts; their pictures have been read before, so they can be.
        windows: of the same parts.
    """

    def __init__(self, rows: Sequence[FrameRow], windows: Sequence[Window]) -> None:
        self._rows = rows
        self._windows = windows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Sample: ...

    @overload
    def __getitem__(self, at: slice) -> SamplesOnDisk: ...

    def __getitem__(self, at: int | slice) -> Sample | SamplesOnDisk:
        """Read one sample, or name some."""
        if isinstance(at, slice):
            return SamplesOnDisk(self._rows[at], self._windows[at])
        pixels = decode(self._rows[at].file.read_bytes())
        return Sample(window=self._windows[at], pixels=pixels)


class FeatureStore:
    """Features of every picture in every view: of a full look, then of a glance.

    Args:
        folder: an empty folder for the files, if there are too many for memory.
        backbone: frozen.
        pictures: `[parts * tiles, SIDE, SIDE, 1 or 3]`.
        progress: told how many pictures were done.
        tiles: of each part.
        views: how many views there are features of, the picture as taken first.
    """

    def __init__(
        self,
        folder: Path,
        backbone: PictureNetwork,
        pictures: Pixels,
        progress: Callable[[int], None],
        tiles: int = 1,
        views: int = VIEWS,
    ) -> None:
        self.tiles = tiles
        self.views = views
        self._pictures = len(pictures)
        self._levels: list[list[NDArray[np.float16]]] = [
            self._extract(folder / f"view{view}", backbone, pictures, view, progress)
            for view in range(views)
        ]

    def read(self, parts: NDArray[np.int64], view: int = 0) -> list[Tensor]:
        """Read features of some parts in one view.

        Returns:
            Grids of the full look, then of the glance (see `LOOK` and `GLANCE`): of
            each `[parts * tiles, channels, cells, cells]`.
        """
        places = places_of(parts, self.tiles)
        return [torch.from_numpy(level[places]).float() for level in self._levels[view]]

    def batches(
        self, parts: NDArray[np.int64], view: int = 0
    ) -> Iterator[tuple[NDArray[np.int64], list[Tensor]]]:
        """Read the features of many parts, some at a time."""
        for start in range(0, len(parts), 64):
            some = parts[start : start + 64]
            yield some, self.read(some, view)

    @torch.no_grad()
    def _extract(
        self,
        stem: Path,
        backbone: PictureNetwork,
        pictures: Pixels,
        view: int,
        progress: Callable[[int], None],
    ) -> list[NDArray[np.float16]]:
        levels: list[NDArray[np.float16]] = []
        for start in range(0, len(pictures), _BATCH):
            some = turned(pictures[start : start + _BATCH], view)
            x = standardise(torch.from_numpy(some))
            x = x.contiguous(memory_format=torch.channels_last)
            found = (*backbone(x), *backbone.glance(x))
            if not levels:
                levels = [self._file(stem, at, x) for at, x in enumerate(found)]
            for level, features in zip(levels, found, strict=True):
                level[start : start + _BATCH] = features.half().numpy()
            progress(len(some))
        return levels

    def _file(self, stem: Path, level: int, like: Tensor) -> NDArray[np.float16]:
        shape = self._pictures, *like.shape[1:]
        if VIEWS * math.prod(shape) * np.float16().nbytes < IN_MEMORY_BYTES:
            return np.empty(shape, np.float16)
        return np.lib.format.open_memmap(
            f"{stem}-{level}.npy", mode="w+", dtype=np.float16, shape=shape
        )


def turned(grids: NDArray[np.generic], view: int) -> NDArray[np.generic]:
    """Show `[n, rows, columns, ...]` in a view; the same view again undoes it."""
    if view & 1:
        grids = grids[:, :, ::-1]
    if view & 2:
        grids = grids[:, ::-1]
    return np.ascontiguousarray(grids)


def _check_enough(
    recording: Recording,
    rows: Sequence[FrameRow],
    bad: NDArray[np.bool_],
    splits: Sequence[str],
) -> None:
    table = recording.folder / "frames.csv"
    problems = []
    for split in splits:
        here = np.array([row.split == split for row in rows], bool)
        for what, count in (("good", here & ~bad), ("defective", here & bad)):
            if count.sum() < _FEWEST:
                problem = f"{int(count.sum())} {what} parts in split {split}"
                needed = f"at least {_FEWEST} are needed"
                if what == "defective":
                    needed += ", or none by inspector branch train --good-only"
                problems.append(Problem.in_file(table, f"{problem}: {needed}"))
    if problems:
        raise RecordingError(problems)


_FEWEST = 4


def _read_pictures(
    recording: Recording, rows: Sequence[FrameRow], rules: PictureRules
) -> tuple[Preprocessing, Pixels]:
    """Read all pictures; they are grey if every one is, else all are colour.

    Each is cut into tiles before the next is read: large ones do not fit in memory
    together.
    """
    tiles, problems = [], []
    for row in rows:
        try:
            pixels = decode(row.file.read_bytes())
            channels: Literal[1, 3] = 1 if pixels.ndim == GREY_AXES else 3
            tiles.append(fit_tiles(pixels, _preprocessing(channels, rules)))
        except (OSError, PictureError) as error:
            table = recording.folder / "frames.csv"
            problems.append(
                Problem.in_file(table, f"{row.file.name}: {error}", row.row)
            )
    if problems:
        raise RecordingError(problems)
    channels = 1 if all(each.shape[3] == 1 for each in tiles) else 3
    shape = len(tiles) * rules.tiles.count, SIDE, SIDE, channels
    pictures = np.empty(shape, np.uint8)
    for each, place in zip(tiles, np.split(pictures, len(tiles)), strict=True):
        place[:] = each
    return _preprocessing(channels, rules), pictures


def _preprocessing(channels: Literal[1, 3], rules: PictureRules) -> Preprocessing:
    return Preprocessing(height=SIDE, width=SIDE, channels=channels, picture=rules)


def _target(row: FrameRow, good: str) -> float:
    """Prefer how sure the experts were to what they were rounded to."""
    if row.defect_probability is not None:
        return row.defect_probability
    return float(row.label != good)


def _masks(row: FrameRow, good: str, wanted: Preprocessing) -> FloatArray:
    """Give the defect in each cell of a part's tiles: `[tiles, GRID, GRID]`."""
    count = wanted.picture.tiles.count
    if row.label == good:
        return np.zeros((count, GRID, GRID), np.float32)
    if row.mask is None:
        return np.full((count, GRID, GRID), -1, np.float32)
    mask = (decode(row.mask.read_bytes()) > HALF_WHITE).astype(np.float32)
    if mask.ndim != GREY_AXES:
        mask = mask.max(2)
    boxes = tile_boxes(mask.shape[0], mask.shape[1], wanted.picture)
    return np.stack(
        [
            _cells(mask[box.y : box.y + box.height, box.x : box.x + box.width])
            for box in boxes
        ]
    )


def _cells(mask: FloatArray) -> FloatArray:
    small = cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    cells = small.reshape(GRID, SIDE // GRID, GRID, SIDE // GRID).max((1, 3))
    return np.asarray(cells > _TOUCHED, np.float32)


_TOUCHED = 0.3
"""A cell is defective when a pixel of the small picture is so much covered."""
