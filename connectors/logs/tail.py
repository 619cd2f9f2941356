"""The log text of a running line: a file that grows, and that rotation replaces.

Follows a file by its name, as `tail -F` does: through rename-and-create (what the old
file still got is read first) and through truncation. A file that was truncated and has
already grown past the place where reading stopped looks like one that merely grew; a
rotation by copy-and-truncate can lose text that way, by its nature.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from inspector.errors import SourceError
from inspector.logtext import MAX_LINE_BYTES, read_log_line, too_long
from inspector.types import LogLine, MalformedLogLine

_CHUNK_BYTES = 64 * 1024

Entry = LogLine | MalformedLogLine


class FollowedLog:
    """Delivers each line of a log file once its line feed was written.

    Args:
        path: the log file; it may be created later.
        line: the production line.
        from_start: also deliver what the file holds already. A file that appears
            later, or by rotation, is always read from its start.
        poll_s: pause between two looks at a file that has not grown.
    """

    def __init__(
        self, path: Path, line: str, from_start: bool = False, poll_s: float = 0.05
    ) -> None:
        self._path = path
        self._line = line
        self._from_start = from_start
        self._poll_s = poll_s
        self._stopping = threading.Event()

    def lines(self) -> Iterator[Entry]:
        """Yield lines as they are written, until `stop()`.

        Raises:
            SourceError: the file is there and cannot be read.
        """
        try:
            yield from self._follow()
        except OSError as error:
            message = f"{self._path}: cannot be read: {error.strerror}"
            raise SourceError(message) from error

    def stop(self) -> None:
        """Make `lines()` end."""
        self._stopping.set()

    def _follow(self) -> Iterator[Entry]:
        skip = not self._from_start
        while not self._stopping.is_set():
            log = self._open()
            if log is None:
                self._stopping.wait(self._poll_s)
            else:
                with log:
                    if skip:
                        _skip_to_last_line(log)
                    yield from self._read_out(log)
            skip = False

    def _open(self) -> BinaryIO | None:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            return None

    def _read_out(self, log: BinaryIO) -> Iterator[Entry]:
        """Deliver one file as it grows, until another one has taken its name."""
        text = _LineCutter(self._path, self._line, log.tell())
        replaced = False
        while not self._stopping.is_set():
            chunk = log.read(_CHUNK_BYTES)
            if chunk:
                yield from text.cut(chunk)
            elif replaced:
                # Looked at once more after the rename: the writer may have been slow.
                yield from text.rest()
                return
            elif os.fstat(log.fileno()).st_size < log.tell():
                yield from text.rest()
                log.seek(0)
                text = _LineCutter(self._path, self._line, 0)
            else:
                replaced = self._is_replaced(log)
                self._stopping.wait(self._poll_s)

    def _is_replaced(self, log: BinaryIO) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:  # renamed, and the new file is not there yet
            return False
        return not os.path.samestat(named, os.fstat(log.fileno()))


class _LineCutter:
    """Cuts bytes into lines, whatever pieces they come in, and holds at most one."""

    def __init__(self, path: Path, line: str, offset: int) -> None:
        self._path = path
        self._line = line
        self._offset = offset
        """Where in the file the line in hand begins."""
        self._length = 0
        self._held = bytearray()

    def cut(self, chunk: bytes) -> Iterator[Entry]:
        pieces = chunk.split(b"\n")
        for piece in pieces[:-1]:
            self._hold(piece)
            yield self._finish()
        self._hold(pieces[-1])

    def rest(self) -> Iterator[Entry]:
        """Yield what was written without a line feed: nothing will follow it."""
        if self._length:
            yield self._finish()

    def _hold(self, piece: bytes) -> None:
        self._length += len(piece)
        room = MAX_LINE_BYTES + 1 - len(self._held)
        self._held += piece[:room]

    def _finish(self) -> Entry:
        where = f"{self._path}, byte {self._offset}"
        too_much = self._length > MAX_LINE_BYTES
        raw = bytes(self._held)
        self._offset += self._length + 1
        self._length = 0
        self._held.clear()
        if too_much:
            return too_long(self._line, where)
        return read_log_line(self._line, raw, where)


def _skip_to_last_line(log: BinaryIO) -> None:
    """Go to the end, or to where a line begins that is still being written."""
    end = log.seek(0, os.SEEK_END)
    back = min(end, MAX_LINE_BYTES)
    log.seek(end - back)
    last = log.read(back).rfind(b"\n")
    log.seek(end - back + last + 1 if last >= 0 or back == end else end)
