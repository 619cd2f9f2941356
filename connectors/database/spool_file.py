"""The file in which batches wait for the database: bounded, durable, in order.

A SQLite file of one owner. Its bound is SQLite's own (`max_page_count`), so that a full
spool and a full disk are one and the same to whoever writes: nothing was written, and
what waits stays whole. Even removing takes room on a disk, a few pages for its journal:
a file of ballast beside the spool is given up for that. Plain `sqlite3`, because the
file must work while nothing else does.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.database.read import as_verdict
from connectors.database.verdict_store import as_row
from inspector.errors import StoreAwayError, StoreError
from inspector.ports import Batch

_TABLES = """
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    verdicts INTEGER NOT NULL,
    content TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY,
    verdicts INTEGER NOT NULL,
    content TEXT NOT NULL,
    reason TEXT NOT NULL
);
"""
_ROOM_FOR_MARKS_PAGES = 16
"""Pages that removing takes: without them a full spool could never be emptied."""
_BALLAST_BYTES = 256 * 1024
_MOMENTS = ("captured_at", "decided_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A batch that waits; `number` grows in the order in which they came."""

    number: int
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLevel:
    """How full a spool file is."""

    batches: int
    verdicts: int
    refused: int
    """Batches that the database will never take; kept here for people."""
    used_bytes: int
    max_bytes: int


class SpoolFile:
    """Batches in a file; thread-safe, and no other program may hold it meanwhile.

    Args:
        path: of the file; it is made with its folder.
        max_bytes: the most it may grow to.

    Raises:
        StoreError: it cannot be made, is no spool, or is in use.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=1.0
            )
            self._prepare()
        self._take_ballast()

    def append(self, batch: Batch) -> None:
        """Keep a batch behind those that wait; durable when this returns.

        Raises:
            StoreAwayError: there is no room, on the disk or within the bound.
            StoreError: it holds what no database can keep.
        """
        row = len(batch.verdicts), _as_text(batch)
        with self._lock, self._told():
            self._open.execute(f"PRAGMA max_page_count = {self._pages()}")
            self._open.execute(
                "INSERT INTO waiting (verdicts, content) VALUES (?, ?)", row
            )

    def oldest(self, limit: int) -> list[Waiting]:
        """Give the batches that wait the longest, in order; they stay.

        Raises:
            StoreError: the file cannot be read.
        """
        question = "SELECT number, content FROM waiting ORDER BY number LIMIT ?"
        with self._lock, self._told():
            rows = self._open.execute(question, (limit,)).fetchall()
        return [Waiting(number=row[0], batch=_as_batch(row[1])) for row in rows]

    def remove_until(self, number: int) -> None:
        """Forget what is in the database: all up to a number.

        Raises:
            StoreError: the file cannot be changed.
        """
        self._change(("DELETE FROM waiting WHERE number <= ?", (number,)))

    def set_aside(self, number: int, reason: str) -> None:
        """Take a batch out of the order, and keep it for people to look at.

        Raises:
            StoreError: the file cannot be changed.
        """
        self._change(
            (
                "INSERT INTO refused SELECT number, verdicts, content, ? "
                "FROM waiting WHERE number = ?",
                (reason, number),
            ),
            ("DELETE FROM waiting WHERE number = ?", (number,)),
        )

    def level(self) -> SpoolLevel:
        """Say how full it is.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._lock, self._told():
            batches, verdicts = self._row(
                "SELECT count(*), coalesce(sum(verdicts), 0) FROM waiting"
            )
            (refused,) = self._row("SELECT count(*) FROM refused")
            (pages,) = self._row("PRAGMA page_count")
            (free,) = self._row("PRAGMA freelist_count")
            return SpoolLevel(
                batches=batches,
                verdicts=verdicts,
                refused=refused,
                used_bytes=(pages - free) * self._page_bytes,
                max_bytes=self._max_bytes,
            )

    def close(self) -> None:
        """Release the file; what waits in it waits on."""
        with self._lock:
            self._open.close()

    def _prepare(self) -> None:
        # One owner: a second program would replay what the first one replays.
        for pragma in (
            "locking_mode = EXCLUSIVE",
            # No write-ahead log: a full disk would let it neither grow nor be emptied.
            "journal_mode = TRUNCATE",
            "synchronous = FULL",
        ):
            self._open.execute(f"PRAGMA {pragma}")
        self._page_bytes = int(self._row("PRAGMA page_size")[0])
        self._open.executescript(_TABLES)

    def _pages(self) -> int:
        return max(self._max_bytes // self._page_bytes, 1)

    def _row(self, question: str) -> Any:
        return self._open.execute(question).fetchone()

    def _change(self, *acts: tuple[str, tuple[object, ...]]) -> None:
        """Do what makes room, all or nothing; at need in the room of the ballast."""
        with self._lock, self._told():
            room = self._pages() + _ROOM_FOR_MARKS_PAGES
            self._open.execute(f"PRAGMA max_page_count = {room}")
            try:
                self._do(acts)
            except sqlite3.OperationalError:
                self._ballast().unlink(missing_ok=True)
                self._do(acts)
                self._take_ballast()

    def _do(self, acts: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        with self._open:
            self._open.execute("BEGIN IMMEDIATE")
            for statement, values in acts:
                self._open.execute(statement, values)

    def _ballast(self) -> Path:
        return self.path.with_name(f"{self.path.name}.ballast")

    def _take_ballast(self) -> None:
        """Hold room that can be given up; without it, when the disk is full already."""
        if self._ballast().exists():
            return
        try:
            self._ballast().write_bytes(bytes(_BALLAST_BYTES))
        except OSError:
            self._ballast().unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into what the line understands."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreAwayError(self._why(error)) from error
        except sqlite3.DatabaseError as error:
            message = f"spool {self.path}: {error}: move it away, and keep it"
            raise StoreError(message) from error
        except OSError as error:
            message = f"spool {self.path}: {error.strerror}"
            raise StoreAwayError(message) from error

    def _why(self, error: sqlite3.OperationalError) -> str:
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind == sqlite3.SQLITE_BUSY:
            return f"spool {self.path}: another program uses it: one spool per worker"
        if kind == sqlite3.SQLITE_FULL:
            limit_mb = self._max_bytes / 1e6
            return f"spool {self.path}: full, at {limit_mb:g} MB or for want of disk"
        return f"spool {self.path}: {error}"


def _as_text(batch: Batch) -> str:
    try:
        rows = [as_row(verdict) for verdict in batch.verdicts]
        plain = [{k: v for k, v in row.items() if k not in _MOMENTS} for row in rows]
        return json.dumps({"verdicts": plain, "along": dict(batch.along)})
    except (OverflowError, TypeError) as error:
        message = f"a batch cannot be kept: {error}"
        raise StoreError(message) from error


def _as_batch(text: str) -> Batch:
    plain = json.loads(text)
    verdicts = tuple(as_verdict(row) for row in plain["verdicts"])
    return Batch(verdicts=verdicts, along=plain["along"])
