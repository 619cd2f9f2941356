"""Writes a recording as `docs/recordings.md` describes it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import tomli_w

from inspector.errors import RecordingError
from inspector.logtext import format_log_line, format_utc_ns
from inspector.simulation.log_text import StationProfile
from inspector.types import LogLine, Problem

_COLUMNS = (
    *("frame_id", "captured_at", "camera", "serial", "file", "label", "split"),
    *("mask", "defect_probability"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLine:
    """What `line.toml` says."""

    id: str
    takt_s: float
    camera: str
    classes: tuple[str, ...]
    stations: tuple[StationProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPart:
    """One row of `frames.csv` and its files, PNG both."""

    captured_ns: int
    serial: str
    label: str
    split: str
    picture: bytes = field(repr=False)
    mask: bytes | None = field(default=None, repr=False)
    defect_probability: float | None = None


def write_recording(
    folder: Path,
    line: SimulatedLine,
    parts: Iterable[RecordedPart],
    log: Sequence[LogLine],
) -> None:
    """Write a recording, all of it or nothing.

    Raises:
        RecordingError: the folder is there and not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "is not empty: name a new folder for the recording"
        raise RecordingError([Problem.in_file(folder, what)])
    try:
        with _whole(folder) as unfinished:
            _write_line(unfinished / "line.toml", line)
            _write_parts(unfinished, line, parts)
            (unfinished / "logs").mkdir()
            text = "".join(f"{format_log_line(each)}\n" for each in log)
            (unfinished / "logs/line.log").write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise RecordingError([Problem.in_file(folder, what)]) from error


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        unfinished = Path(scratch) / "recording"
        unfinished.mkdir()
        yield unfinished
        if folder.exists():
            folder.rmdir()
        shutil.move(unfinished, folder)


def _write_line(path: Path, line: SimulatedLine) -> None:
    content = {
        "id": line.id,
        "takt_s": line.takt_s,
        "camera": line.camera,
        "classes": list(line.classes),
        "stations": [
            {"name": each.name, "seconds_to_camera": each.seconds_to_camera}
            for each in line.stations
        ],
    }
    path.write_bytes(tomli_w.dumps(content).encode())


def _write_parts(
    folder: Path, line: SimulatedLine, parts: Iterable[RecordedPart]
) -> None:
    (folder / "frames").mkdir()
    with (folder / "frames.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS)
        table.writeheader()
        for frame_id, part in enumerate(parts):
            picture = f"frames/{frame_id:06d}.png"
            (folder / picture).write_bytes(part.picture)
            table.writerow(
                {
                    "frame_id": frame_id,
                    "captured_at": format_utc_ns(part.captured_ns),
                    "camera": line.camera,
                    "serial": part.serial,
                    "file": picture,
                    "label": part.label,
                    "split": part.split,
                    "mask": _write_mask(folder, frame_id, part.mask),
                    "defect_probability": _shown(part.defect_probability),
                }
            )


def _write_mask(folder: Path, frame_id: int, mask: bytes | None) -> str:
    if mask is None:
        return ""
    (folder / "masks").mkdir(exist_ok=True)
    name = f"masks/{frame_id:06d}.png"
    (folder / name).write_bytes(mask)
    return name


def _shown(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.2f}"
