"""Whole recordings: simulated parts, or real solar cells with simulated log text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from inspector.errors import InputError, MissingExtraError
from inspector.logtext import parse_utc_ns
from inspector.model.pictures import encode_png
from inspector.settings import Name
from inspector.simulation.log_text import (
    CELL_LINE,
    draw_labels,
    draw_states,
    explain_labels,
    write_log,
)
from inspector.simulation.pictures import KINDS, draw_part
from inspector.simulation.recording_writer import (
    RecordedPart,
    SimulatedLine,
    write_recording,
)
from inspector.types import NS_PER_S

ELPV_TERMS = (
    "Pictures: ELPV data set of solar cells (Buerhop-Lutz et al. 2018; Deitsch et al. "
    "2019), CC BY-NC-SA 4.0: for research and trial, not for commercial use. "
    "The log text is simulated."
)
ELPV_SPLITS = {"train": 850, "val": 200, "test": 500}
_DAYS = {"train": "2026-03-02", "val": "2026-03-03", "test": "2026-03-04"}
_SPLIT_SHARES = {"train": 0.5, "val": 0.2, "test": 0.3}
_TAKT_S = 2.0
DEFECTIVE_AT = 0.5
"""A cell counts as defective from this probability of the experts on."""

Bools = NDArray[np.bool_]


def simulate_line(folder: Path, name: str, parts: int, seed: int) -> None:
    """Write a recording of synthetic parts.

    Raises:
        InputError: that is no name for a line.
        RecordingError: the folder is not empty, or cannot be written.
    """
    _check_name(name)
    rng = np.random.default_rng(seed)
    splits = _deal(parts)
    states = draw_states(parts, len(CELL_LINE), rng)
    bad = draw_labels(states, rng)
    captured_ns = _moments(splits)
    serials = [f"P{100000 + part}" for part in range(parts)]
    line = _line(name, ("good", *KINDS))

    def drawn() -> Iterator[RecordedPart]:
        for part, split in enumerate(splits):
            kind = str(rng.choice(KINDS)) if bad[part] else None
            picture, mask = draw_part(kind, rng)
            yield RecordedPart(
                captured_ns=captured_ns[part],
                serial=serials[part],
                label=kind or "good",
                split=split,
                picture=encode_png(picture),
                mask=None if kind is None else encode_png(mask),
            )

    log = write_log(name, captured_ns, serials, states, CELL_LINE, rng)
    write_recording(folder, line, drawn(), log)


def record_elpv(
    folder: Path, seed: int = 1, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Write the polycrystalline ELPV cells as a recording with simulated log text.

    Cells stay in the data set's order, so that a module's cells stay in one shift.

    Raises:
        MissingExtraError: the package `elpv-dataset` is not installed.
        RecordingError: the folder is not empty, or cannot be written.
    """
    pictures, probabilities = _elpv_cells()
    rng = np.random.default_rng(seed)
    splits = [name for name, parts in ELPV_SPLITS.items() for _ in range(parts)]
    parts = min(len(splits), len(pictures))
    splits = splits[:parts]
    bad = probabilities[:parts] >= DEFECTIVE_AT
    states = explain_labels(bad, len(CELL_LINE), rng)
    captured_ns = _moments(splits)
    serials = [f"C{200000 + part}" for part in range(parts)]
    line = _line("elpv", ("good", "defective"))

    def recorded() -> Iterator[RecordedPart]:
        for part, split in enumerate(splits):
            progress(1)
            yield RecordedPart(
                captured_ns=captured_ns[part],
                serial=serials[part],
                label="defective" if bad[part] else "good",
                split=split,
                picture=encode_png(pictures[part]),
                defect_probability=float(probabilities[part]),
            )

    log = write_log("elpv", captured_ns, serials, states, CELL_LINE, rng)
    write_recording(folder, line, recorded(), log)


def _elpv_cells() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    try:
        from elpv_dataset.utils import load_dataset  # noqa: PLC0415 - an extra
    except ImportError as error:
        package = "elpv-dataset"
        raise MissingExtraError(package, "demo") from error
    pictures, probabilities, kinds = load_dataset()
    poly = np.asarray(kinds) == "poly"
    return np.asarray(pictures)[poly], np.asarray(probabilities, np.float64)[poly]


def _check_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        what = "use 1 to 64 letters, digits, dots, dashes and underscores"
        where = f"line {name!r}"
        raise InputError.single(where, what) from error


def _line(name: str, classes: tuple[str, ...]) -> SimulatedLine:
    return SimulatedLine(
        id=name, takt_s=_TAKT_S, camera="cam-1", classes=classes, stations=CELL_LINE
    )


def _deal(parts: int) -> list[str]:
    counts = {name: int(share * parts) for name, share in _SPLIT_SHARES.items()}
    counts["train"] += parts - sum(counts.values())
    return [name for name, count in counts.items() for _ in range(count)]


def _moments(splits: Sequence[str]) -> list[int]:
    """Let each shift begin at six on its day."""
    begins = {name: parse_utc_ns(f"{day}T06:00:00.000Z") for name, day in _DAYS.items()}
    passed = dict.fromkeys(_DAYS, 0)
    moments = []
    for split in splits:
        moments.append(begins[split] + int(passed[split] * _TAKT_S * NS_PER_S))
        passed[split] += 1
    return moments
