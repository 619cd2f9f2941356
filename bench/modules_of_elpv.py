"""Tell which cells of a recording came from one solar module: `frame_id,module`.

The ELPV data set does not name modules, but it lists the cells of one after the other.
This script finds each recorded picture in the package `elpv-dataset` by its content,
brings the cells back into that order, and cuts it where a block of the recording ends
and where the exposure changes. What it writes is inferred, and is for

    inspector evaluate REC --model M --modules modules.csv

Use: python bench/modules_of_elpv.py REC modules.csv
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
from elpv_dataset.utils import load_dataset
from numpy.typing import NDArray

from inspector.measures.groups import change_points
from inspector.recording import FrameRow, Recording
from inspector.shifts import Pictures


def modules_of(recording: Recording) -> dict[int, str]:
    """Give the module of each frame whose picture is in the data set."""
    cells, _, _ = load_dataset()
    place = {_content(cell): at for at, cell in enumerate(np.asarray(cells))}
    pictures = Pictures(recording)
    found: dict[str, list[tuple[int, FrameRow]]] = {}
    for row in recording.rows:
        at = place.get(_content(pictures.pixels(row)))
        if at is not None:
            found.setdefault(row.split, []).append((at, row))
    modules: dict[int, str] = {}
    for shift in found.values():
        shift.sort(key=lambda each: each[0])
        modules |= _cut([at for at, _ in shift], [row for _, row in shift], cells)
    return modules


def _cut(places: list[int], rows: list[FrameRow], cells: Any) -> dict[int, str]:
    """Cut cells in the data set's order into modules, named by their first cell."""
    modules = {}
    (gaps,) = np.nonzero(np.diff(places) > 1)
    bounds = [0, *(gaps + 1), len(places)]
    for start, end in itertools.pairwise(bounds):
        block = [cells[at] for at in places[start:end]]
        exposure = np.array([(cell.mean(), cell.std()) for cell in block])
        starts = [0, *change_points(np.log(exposure + 1))]
        for at in range(start, end):
            first = places[start + max(s for s in starts if s <= at - start)]
            modules[rows[at].frame_id] = f"from cell {first:04d}"
    return modules


def _content(pixels: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def main() -> None:
    """Write the table."""
    folder, table = map(Path, sys.argv[1:])
    modules = modules_of(Recording.load(folder))
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("frame_id", "module"))
        writer.writerows(sorted(modules.items()))
    print(f"{table}: {len(modules)} frames, {len(set(modules.values()))} modules")


if __name__ == "__main__":
    main()
