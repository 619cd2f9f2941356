"""A recorded production line on disk: `line.toml`, `frames.csv`, pictures and logs.

`Recording.load` reads the tables and refuses them with every problem at once; `check`
reads the pictures, masks and log text as well. A picture that is missing does not keep
a recording from being loaded: on a replay that part is a part whose picture is lost.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from inspector.errors import PictureError, RecordingError, SettingsError
from inspector.logtext import parse_utc_ns, read_log_line
from inspector.settings import LineSettings, Region, load_settings
from inspector.types import LogLine, MalformedLogLine, Pixels, Problem

SPLITS = ("train", "val", "test")
REQUIRED_COLUMNS = (
    "frame_id",
    "captured_at",
    "camera",
    "serial",
    "file",
    "label",
    "split",
)
MAX_FRAME_ID = 2**63 - 1
_BOM = b"\xef\xbb\xbf"

Field = TypeVar("Field")

Decode = Callable[[bytes], Pixels]
"""Turns a picture file into pixels; raises `PictureError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRow:
    """One row of `frames.csv`: a part, its picture and what was found of it later."""

    frame_id: int
    captured_ns: int
    camera: str
    serial: str | None
    file: Path
    """The picture, inside the recording's folder; it need not exist."""
    label: str | None
    """One of the line's classes; `None` where nobody looked."""
    split: str
    mask: Path | None
    """255 on the defect, 0 elsewhere, of the picture's size."""
    defect_probability: float | None
    sha256: str | None
    row: int
    """Row in `frames.csv`; the header is row 1."""
    module: str | None = None
    """What larger thing the part belongs to, such as a solar module or a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Something a log file holds, with the moment at which a replay delivers it."""

    due_ns: int
    """Event time, but never before what stands above it in the same file."""
    entry: LogLine | MalformedLogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded line whose tables were read and found sound."""

    folder: Path
    settings: LineSettings
    rows: tuple[FrameRow, ...]
    """In the order of the file."""
    log_files: tuple[Path, ...]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the tables of a recording.

        Raises:
            RecordingError: every problem of `line.toml` and `frames.csv`.
        """
        settings, rows, problems = _read_tables(folder)
        if settings is None or problems:
            raise RecordingError(problems)
        return cls(
            folder=folder,
            settings=settings,
            rows=tuple(rows),
            log_files=_log_files(folder),
        )

    def select(
        self, split: str | None = None, start: int = 0, limit: int | None = None
    ) -> tuple[FrameRow, ...]:
        """Rows in order of capture: of one split, from `start`, at most `limit`."""
        wanted = [row for row in self.rows if split is None or row.split == split]
        wanted.sort(key=lambda row: row.captured_ns)
        return tuple(wanted[start : None if limit is None else start + limit])

    def log_lines(self) -> list[LogLine]:
        """Every readable log line of every log file, in order of event time."""
        entries = (entry for path in self.log_files for entry in self._entries(path))
        lines = [entry for entry in entries if isinstance(entry, LogLine)]
        return sorted(lines, key=lambda entry: entry.logged_ns)

    def log_entries(self) -> list[LogEntry]:
        """All that the log files hold, merged; each file in its written order."""
        files = (_with_due_times(self._entries(path)) for path in self.log_files)
        return list(heapq.merge(*files, key=lambda entry: entry.due_ns))

    def _entries(self, path: Path) -> Iterator[LogLine | MalformedLogLine]:
        return _read_log(path, self.settings.id)


def check(folder: Path, decode: Decode) -> list[Problem]:
    """Read all of a recording, pictures and log text too, and list what is wrong."""
    settings, rows, problems = _read_tables(folder)
    rules = settings.picture if settings else None
    region = rules.region if rules else None
    for row in rows:
        problems += _PictureCheck(folder, row, decode).run(region)
    line = settings.id if settings else folder.name
    return problems + [
        Problem(where=entry.where, what=entry.problem)
        for path in _log_files(folder)
        for entry in _read_log(path, line)
        if isinstance(entry, MalformedLogLine)
    ]


def _read_tables(
    folder: Path,
) -> tuple[LineSettings | None, list[FrameRow], list[Problem]]:
    if not folder.is_dir():
        return None, [], [Problem.in_file(folder, "is not a folder")]
    settings: LineSettings | None = None
    problems: list[Problem] = []
    try:
        settings = load_settings(folder / "line.toml", LineSettings)
    except SettingsError as error:
        problems += error.problems
    table = _FrameTable(folder, settings.classes if settings else None)
    rows = table.read()
    return settings, rows, problems + table.problems


def _log_files(folder: Path) -> tuple[Path, ...]:
    found = (folder / "logs").glob("*.log")
    return tuple(sorted(path for path in found if path.is_file()))


def _read_log(path: Path, line: str) -> Iterator[LogLine | MalformedLogLine]:
    # Only a line feed ends a line: text may hold any other separator Unicode knows.
    with path.open("rb") as log:
        for row, raw in enumerate(log, start=1):
            text = raw.removeprefix(_BOM) if row == 1 else raw
            yield read_log_line(line, text, f"{path}, row {row}")


def _with_due_times(
    entries: Iterable[LogLine | MalformedLogLine],
) -> Iterator[LogEntry]:
    due_ns = 0
    for entry in entries:
        if isinstance(entry, LogLine):
            due_ns = max(due_ns, entry.logged_ns)
        yield LogEntry(due_ns=due_ns, entry=entry)


class _FrameTable:
    """Reads `frames.csv`, collecting problems instead of stopping at the first."""

    def __init__(self, folder: Path, classes: list[str] | None) -> None:
        self.problems: list[Problem] = []
        self._folder = folder
        self._path = folder / "frames.csv"
        self._root = folder.resolve()
        self._classes = classes
        self._rows_by_id: dict[tuple[str, int], int] = {}

    def read(self) -> list[FrameRow]:
        records = _csv_records(self._text())
        try:
            _, header = next(records, (1, []))
            if not self._header_is_sound(header):
                return []
            found = [self._row(row, header, record) for row, record in records]
        except _NotCsvError as error:
            self._report(error.row, f"is not CSV: {error}")
            return []
        return [row for row in found if row is not None]

    def _report(self, row: int | None, what: str) -> None:
        self.problems.append(Problem.in_file(self._path, what, row))

    def _text(self) -> str:
        try:
            raw = self._path.read_bytes().removeprefix(_BOM)
        except FileNotFoundError:
            self._report(None, "does not exist")
            return ""
        except OSError as error:
            self._report(None, f"cannot be read: {error.strerror}")
            return ""
        for row, line in enumerate(raw.split(b"\n"), start=1):
            if not _is_utf8(line):
                self._report(row, "is not UTF-8 text: save the file as UTF-8")
        return raw.decode("utf-8", errors="replace")

    def _header_is_sound(self, header: list[str]) -> bool:
        if not header:
            if not self.problems:
                self._report(None, f"is empty: begin with {','.join(REQUIRED_COLUMNS)}")
            return False
        missing = [name for name in REQUIRED_COLUMNS if name not in header]
        twice = sorted({name for name in header if header.count(name) > 1})
        for name in missing:
            self._report(1, f"column {name} is missing")
        for name in twice:
            self._report(1, f"column {name} stands there twice")
        return not missing and not twice

    def _row(self, row: int, header: list[str], record: list[str]) -> FrameRow | None:
        if len(record) != len(header):
            counts = f"has {len(record)} fields, the header names {len(header)}"
            self._report(row, counts)
            return None
        before = len(self.problems)
        found = _RowReader(row, dict(zip(header, record, strict=True)), self._report)
        frame_id = found.field("frame_id", _frame_id)
        captured_ns = found.field("captured_at", parse_utc_ns)
        camera = found.field("camera", _camera)
        file = found.field("file", self._inside)
        label = found.optional("label", self._label)
        split = found.field("split", _split)
        mask = found.optional("mask", self._inside)
        probability = found.optional("defect_probability", _probability)
        sha256 = found.optional("sha256", _sha256)
        if frame_id is not None and camera is not None:
            self._note_id(row, camera, frame_id)
        if frame_id is None or captured_ns is None or camera is None or file is None:
            return None
        if split is None or len(self.problems) > before:
            return None
        return FrameRow(
            frame_id=frame_id,
            captured_ns=captured_ns,
            camera=camera,
            serial=found.values["serial"].strip() or None,
            file=file,
            label=label,
            split=split,
            mask=mask,
            defect_probability=probability,
            sha256=sha256,
            row=row,
            module=found.values.get("module", "").strip() or None,
        )

    def _note_id(self, row: int, camera: str, frame_id: int) -> None:
        first = self._rows_by_id.setdefault((camera, frame_id), row)
        if first != row:
            what = f"field frame_id: {frame_id} stands in row {first} already"
            self._report(row, f"{what}: give each frame of {camera} its own")

    def _label(self, text: str) -> str:
        if self._classes is not None and text not in self._classes:
            known = ", ".join(self._classes)
            message = f"{text!r} is not one of the classes in line.toml ({known})"
            raise ValueError(message)
        return text

    def _inside(self, text: str) -> Path:
        if not text:
            message = "is empty: name a picture inside the recording"
            raise ValueError(message)
        # A zero byte would make the file system itself raise.
        safe = text.replace("\0", "")
        path = (self._root / safe).resolve()
        if safe != text or not path.is_relative_to(self._root):
            message = f"{text!r} leaves the recording's folder"
            raise ValueError(message)
        return self._folder / safe


@dataclass(frozen=True, slots=True)
class _RowReader:
    """Reads the fields of one row, reporting what is wrong with each."""

    row: int
    values: Mapping[str, str]
    report: Callable[[int, str], None]

    def field(self, name: str, read: Callable[[str], Field]) -> Field | None:
        try:
            return read(self.values[name].strip())
        except ValueError as error:
            self.report(self.row, f"field {name}: {error}")
            return None

    def optional(self, name: str, read: Callable[[str], Field]) -> Field | None:
        return self.field(name, read) if self.values.get(name, "").strip() else None


class _NotCsvError(ValueError):
    """Quotes that do not match, or a field without end."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


def _csv_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the row on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for record in reader:
            if record:
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _NotCsvError(begins, str(error)) from error


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _frame_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MAX_FRAME_ID):
        message = f"{text!r} is not a whole number from 0 to {MAX_FRAME_ID}"
        raise ValueError(message)
    return int(text)


def _camera(text: str) -> str:
    if not text:
        message = "is empty: name the camera"
        raise ValueError(message)
    return text


def _split(text: str) -> str:
    if text not in SPLITS:
        message = f"{text!r} is not one of {', '.join(SPLITS)}"
        raise ValueError(message)
    return text


def _probability(text: str) -> float:
    message = f"{text!r} is not a number from 0 to 1"
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(message) from error
    if not 0 <= value <= 1:
        raise ValueError(message)
    return value


def _sha256(text: str) -> str:
    digest = text.lower()
    if len(digest) != hashlib.sha256().digest_size * 2 or set(digest) - set(
        "0123456789abcdef"
    ):
        message = f"{text!r} is not a sha256 of 64 hex digits"
        raise ValueError(message)
    return digest


class _PictureCheck:
    """Reads the picture and the mask of one row and notes what is wrong with them."""

    def __init__(self, folder: Path, row: FrameRow, decode: Decode) -> None:
        self.problems: list[Problem] = []
        self._folder = folder
        self._row = row
        self._decode = decode

    def run(self, region: Region | None) -> list[Problem]:
        picture = self._pixels(self._row.file, self._row.sha256)
        if picture is not None and region and not region.lies_in(*picture.shape[:2]):
            what = f"is {_size(picture)}: the region {region} reaches beyond it"
            self._report(self._row.file, what)
        if self._row.mask is not None:
            mask = self._pixels(self._row.mask, None)
            self._compare(picture, mask, self._row.mask)
        return self.problems

    def _pixels(self, path: Path, sha256: str | None) -> Pixels | None:
        try:
            encoded = path.read_bytes()
            if sha256 is not None and hashlib.sha256(encoded).hexdigest() != sha256:
                self._report(path, "was altered: its sha256 is not that of its row")
            return self._decode(encoded)
        except FileNotFoundError:
            self._report(path, "does not exist")
        except OSError as error:
            self._report(path, f"cannot be read: {error.strerror}")
        except PictureError as error:
            self._report(path, f"cannot be used: {error}")
        return None

    def _compare(self, picture: Pixels | None, mask: Pixels | None, path: Path) -> None:
        if picture is None or mask is None or picture.shape[:2] == mask.shape[:2]:
            return
        self._report(path, f"is {_size(mask)}, its picture {_size(picture)}")

    def _report(self, path: Path, what: str) -> None:
        what = f"{path.relative_to(self._folder)} {what}"
        table = self._folder / "frames.csv"
        self.problems.append(Problem.in_file(table, what, self._row.row))


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
