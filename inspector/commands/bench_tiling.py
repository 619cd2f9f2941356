"""What looking at tiles costs: the branch on large pictures, cut in several ways."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.model.hybrid import Branch
    from inspector.recording import Recording
    from inspector.reporting.tables import Section
    from inspector.types import Pixels

LARGE = (2448, 2048)
"""Width and height of a common 5-megapixel camera."""
CUTS = ((1, 1), (1, 2), (2, 2), (3, 3))
OVERLAP = 0.1
PICTURES = 12


def measure_tiling(
    recording: Recording, model: Path, split: str, rounds: int
) -> dict[str, dict[str, float]]:
    """Time the branch on pictures of the recording, enlarged, cut into more tiles.

    The cuts take turns picture by picture. Only time is measured: the branch was not
    trained for these cuts.

    Returns:
        For each cut, such as `2x2`, ms for a part: p50, p99, and the median of what
        fitting the tiles takes of it, `fit_p50`.

    Raises:
        RecordingError: a picture cannot be read.
        ArtifactError: the model cannot be loaded.
    """
    pictures = _large_pictures(recording, split)
    branches = {f"{r}x{c}": _branch(recording, model, r, c) for r, c in CUTS}
    for branch in branches.values():
        look(branch, pictures[0])
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in branches}
    for _ in range(rounds):
        for picture in pictures:
            for name, branch in branches.items():
                times[name].append(_time(branch, picture))
    return {name: _figures(each) for name, each in times.items()}


def look(branch: Branch, picture: Pixels) -> None:
    """Glance at every tile, and look in full where the glance points."""
    tiles = branch.fit(picture)
    branch.look(tiles, branch.glance(tiles))


def tiling_section(found: dict[str, dict[str, float]]) -> Section:
    """Lay the costs out."""
    from inspector.reporting.tables import Section, sheet

    rows = [
        (
            name,
            f"{each['p50']:.1f}",
            f"{each['p99']:.1f}",
            f"{each['fit_p50']:.1f}",
            f"{each['p50'] / found['1x1']['p50']:.2f} x",
        )
        for name, each in found.items()
    ]
    title = f"{LARGE[0]}x{LARGE[1]} pixels, overlap {OVERLAP:g}"
    columns = ("tiles", "p50 ms", "p99 ms", "of it fitting", "to 1x1")
    return Section(
        title="Tiles of a large picture",
        sheets=(sheet(title, columns, rows),),
        notes=("A glance at every tile, and a full look where the glance points.",),
        content={"tiling_ms": found},
    )


def _large_pictures(recording: Recording, split: str) -> list[Pixels]:
    import cv2
    import numpy as np

    from inspector.evaluation import samples_of

    samples = samples_of(recording, split, PICTURES)
    return [
        cv2.resize(sample.pixels, LARGE, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        for sample in samples
        if sample.pixels is not None
    ]


def _branch(recording: Recording, model: Path, rows: int, columns: int) -> Branch:
    """Load the line's branch, and have it cut pictures otherwise than it learned."""
    from inspector.model.artifact import branch_folder, settings_file
    from inspector.model.hybrid import Branch
    from inspector.settings import (
        ModelSettings,
        PictureRules,
        TileRules,
        load_settings,
    )

    line = recording.settings.id
    settings = load_settings(settings_file(model, line), ModelSettings)
    branch = Branch(branch_folder(model, line, settings.branch))
    overlap = 0.0 if rows * columns == 1 else OVERLAP
    cut = TileRules(rows=rows, columns=columns, overlap=overlap)
    wanted = branch.manifest.preprocessing.model_copy(
        update={"picture": PictureRules(tiles=cut)}
    )
    branch.manifest = branch.manifest.model_copy(update={"preprocessing": wanted})
    return branch


def _time(branch: Branch, picture: Pixels) -> tuple[float, float]:
    """Time a look, and fitting alone, in ms."""
    from inspector.model.pictures import fit_tiles

    begun = time.perf_counter()
    look(branch, picture)
    looked = time.perf_counter()
    fit_tiles(picture, branch.manifest.preprocessing)
    fitted = time.perf_counter()
    return (looked - begun) * 1000, (fitted - looked) * 1000


def _figures(times: list[tuple[float, float]]) -> dict[str, Any]:
    import numpy as np

    looks, fits = np.array(times).T
    return {
        "p50": float(np.percentile(looks, 50)),
        "p99": float(np.percentile(looks, 99)),
        "fit_p50": float(np.percentile(fits, 50)),
    }
