"""Pictures from a folder: those that lie there, or also those that are still to come.

A picture's frame id comes from its file name and its capture time from the file's
modification time, so the same file is the same part on every run.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import SourceError
from inspector.types import Frame

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True, order=True)
class _Found:
    modified_ns: int
    name: str
    size: int


class PictureFolder:
    """Delivers each picture file of a folder once, the oldest first.

    Args:
        folder: where the pictures lie; folders inside it are not entered.
        line: the production line.
        camera: the camera that writes them.
        watch: keep looking for new pictures. A picture is delivered once its size and
            time stayed the same between two looks: it may still be written.
        poll_s: pause between two looks.
    """

    def __init__(
        self,
        folder: Path,
        line: str,
        camera: str,
        watch: bool = False,
        poll_s: float = 0.2,
    ) -> None:
        self._folder = folder
        self._line = line
        self._camera = camera
        self._watch = watch
        self._poll_s = poll_s
        self._stopping = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures; one that cannot be read is a frame with its `problem`.

        Raises:
            SourceError: the folder cannot be read.
        """
        arrivals = self._arrivals() if self._watch else iter(sorted(self._look()))
        for found in arrivals:
            if self._stopping.is_set():
                return
            yield self._frame(found)

    def stop(self) -> None:
        """Make `frames()` end."""
        self._stopping.set()

    def _arrivals(self) -> Iterator[_Found]:
        delivered: set[str] = set()
        before: set[_Found] = set()
        while not self._stopping.is_set():
            now = {found for found in self._look() if found.name not in delivered}
            settled = sorted(now & before)
            delivered.update(found.name for found in settled)
            yield from settled
            before = now
            self._stopping.wait(self._poll_s)

    def _look(self) -> list[_Found]:
        try:
            with os.scandir(self._folder) as entries:
                looks = [_look_at(entry) for entry in entries if _is_picture(entry)]
        except OSError as error:
            message = f"{self._folder}: cannot be read: {error.strerror}"
            raise SourceError(message) from error
        return [found for found in looks if found is not None]

    def _frame(self, found: _Found) -> Frame:
        encoded, problem = _read(self._folder / found.name)
        return Frame(
            line=self._line,
            camera=self._camera,
            frame_id=frame_id_of(found.name),
            serial=None,
            captured_ns=found.modified_ns,
            received_mono_ns=time.monotonic_ns(),
            encoded=encoded,
            problem=problem,
        )


def frame_id_of(name: str) -> int:
    """Number a file by its name: 63 bits, which every database's integers hold."""
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _is_picture(entry: os.DirEntry[str]) -> bool:
    # Hidden files are how cautious writers name what they have not finished.
    suffix = Path(entry.name).suffix.lower()
    return suffix in SUFFIXES and not entry.name.startswith(".")


def _look_at(entry: os.DirEntry[str]) -> _Found | None:
    try:
        if not entry.is_file():
            return None
        seen = entry.stat()
    except FileNotFoundError:  # gone between the listing and the look
        return None
    return _Found(seen.st_mtime_ns, entry.name, seen.st_size)


def _read(path: Path) -> tuple[bytes | None, str | None]:
    try:
        return path.read_bytes(), None
    except OSError as error:
        return None, f"picture {path.name} cannot be read: {error.strerror}"
