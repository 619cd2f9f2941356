"""What the console reads and writes, off the window's thread; no Qt.

One `Records` stands for a database and its evidence folder. It may be there, not made
yet, of another version, or out of reach; the console says which and goes on by itself
when that changes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine

from connectors.database.engine import is_absent, open_engine, shown
from connectors.database.evidence import read_evidence
from connectors.database.read import stored_verdict
from connectors.database.reading.gathering import EvidencePlace, Gatherer
from connectors.database.reading.pages import VerdictPages
from connectors.database.reading.queries import Listed, VerdictQuery
from connectors.database.reading.watching import LineState, LineWatch
from connectors.database.schema import problems
from inspector.errors import InputError, InspectorError, StoreError
from inspector.evidence import WindowRecord, record_name
from inspector.types import NS_PER_S, Verdict
from ui.mailbox import Mailbox
from ui.view_model import Freshness, likeness

_log = logging.getLogger(__name__)

POLL_S = 0.05
"""How often the database is asked what is new."""
_TELL_AT_LEAST_S = 0.25
_RECONNECT_S = 1.0
_GATHER_REST_S = 5.0
_GATHERED_AT_ONCE = 300
SHIFT_HOURS = (6, 14, 22)
"""Local hours at which shifts begin where the house has set none."""
_COMPARED = 150
"""Parts before this one that are looked through for similar ones."""


class Access(StrEnum):
    """How the database stands."""

    READY = "ready"
    ABSENT = "absent"
    """A SQLite file that nobody has made yet."""
    OLD = "old"
    """A migration is needed."""
    GONE = "gone"
    """It cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The newest state of everything, as the lookout saw it."""

    access: Access
    words: str = ""
    """What is wrong, if anything is."""
    lines: Mapping[str, LineState] = field(default_factory=dict)
    fresh: Mapping[str, Freshness] = field(default_factory=dict)
    arrived: Sequence[Listed] = ()
    """Verdicts since the snapshot before; what a slow window missed is not here."""
    newest_id: int = 0
    seen_mono_s: float = 0.0


def shift_start(_line: str, moment_ns: int) -> int:
    """Say when the shift began that a moment lies in: 06, 14 and 22 o'clock here."""
    moment = datetime.fromtimestamp(moment_ns / NS_PER_S).astimezone()
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    begun = [
        day + timedelta(hours=hour) for hour in (SHIFT_HOURS[-1] - 24, *SHIFT_HOURS)
    ]
    return int(max(each for each in begun if each <= moment).timestamp()) * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFile:
    """What was kept of a part: its picture's bytes and its window, or why not."""

    row: Listed
    picture: bytes | None
    record: WindowRecord | None
    problem: str = ""


class Records:
    """The database and the evidence folder.

    Args:
        database: SQLAlchemy URL.
        evidence: folder of pictures and windows; `None` shows no picture.

    Raises:
        SettingsError: not a URL of a database that is supported.
    """

    def __init__(self, database: str, evidence: Path | None) -> None:
        self.engine: Engine = open_engine(database)
        self.name = shown(database)
        self.evidence = evidence

    def access(self) -> tuple[Access, str]:
        """Say how the database stands, and what is wrong if something is."""
        try:
            if is_absent(self.engine):
                return Access.ABSENT, self.name
            found = problems(self.engine)
        except InspectorError as error:
            return Access.GONE, str(error)
        if found:
            return Access.OLD, "\n".join(map(str, found))
        return Access.READY, ""

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def file_identity(self) -> tuple[int, int] | None:
        """Say which file a SQLite database is; `None` of any other."""
        name = self.engine.url.database
        if self.engine.url.get_backend_name() != "sqlite" or not name:
            return None
        try:
            found = Path(name).stat()
        except OSError:
            return (0, 0)
        return found.st_dev, found.st_ino

    def require_same_file(self, before: tuple[int, int] | None) -> None:
        """Let go of a SQLite file that was taken away: it would be read for ever.

        Raises:
            StoreError: another file lies there now, or none.
        """
        if self.file_identity() != before:
            self.engine.dispose()
            message = f"database {self.name}: its file was taken away"
            raise StoreError(message)

    def verdict(self, number: int) -> Verdict:
        """Give a whole verdict.

        Raises:
            InputError: there is none of that number.
            StoreError: the database cannot be read.
        """
        return stored_verdict(self.engine, number)

    def part_file(self, row: Listed) -> PartFile:
        """Read what was kept of a part; what is missing is said, never raised."""
        if self.evidence is None or row.evidence is None:
            return PartFile(row=row, picture=None, record=None)
        said: list[str] = []
        picture = self._try(row.evidence, said)
        window = self._try(
            record_name(row.line, row.camera, row.frame_id, row.decided_ns), said
        )
        record = None
        if window is not None:
            try:
                record = WindowRecord.from_json(window, "window")
            except InputError as error:
                said.append(str(error))
        return PartFile(
            row=row, picture=picture, record=record, problem="; ".join(said)
        )

    def picture(self, row: Listed) -> bytes | None:
        """Read a part's picture alone, or `None`."""
        return self._try(row.evidence, []) if row.evidence else None

    def golden(self, line: str) -> bytes | None:
        """Read the line's golden sample, `golden/LINE.png` or `.jpg`."""
        if self.evidence is None or not line.replace("-", "").isalnum():
            return None
        for ending in (".png", ".jpg"):
            file = self.evidence / "golden" / f"{line}{ending}"
            if file.is_file():
                return file.read_bytes()
        return None

    def last_good(self, row: Listed) -> Listed | None:
        """Give the newest part before this one that passed and whose picture is kept.

        Where none was kept, the part that was left to a person with the lowest score.

        Raises:
            StoreError: the database cannot be read.
        """
        before = VerdictQuery(line=row.line, until_ns=row.captured_ns)
        rows = VerdictPages(self.engine, before).first(_COMPARED)
        kept = [each for each in rows if each.evidence is not None]
        passed = [each for each in kept if each.decision == "PASS"]
        if passed:
            return passed[0]
        scored = [each for each in kept if each.score is not None and not each.fault]
        return min(scored, key=lambda each: each.score or 0.0, default=None)

    def similar(self, row: Listed, most: int = 4) -> list[tuple[float, Listed]]:
        """Find earlier parts whose defect map and stations resemble this part's.

        Raises:
            StoreError: the database cannot be read.
        """
        mine = self.part_file(row).record
        if mine is None:
            return []
        before = VerdictQuery(line=row.line, until_ns=row.captured_ns, not_passed=True)
        rows = VerdictPages(self.engine, before).first(_COMPARED)
        found = [
            (likeness(mine, record), each)
            for each in rows
            if (record := self.part_file(each).record) is not None
        ]
        return sorted(found, key=lambda pair: -pair[0])[:most]

    def _try(self, name: str, said: list[str]) -> bytes | None:
        if self.evidence is None:
            return None
        try:
            return read_evidence(self.evidence, name)
        except InputError as error:
            said.append(str(error))
            return None


class Lookout(threading.Thread):
    """Looks what is new, and puts the newest state into the mailbox.

    Args:
        records: the database.
        mailbox: where snapshots go.
    """

    def __init__(self, records: Records, mailbox: Mailbox[object]) -> None:
        super().__init__(name="lookout", daemon=True)
        self._records = records
        self._mailbox = mailbox
        self._stop_asked = threading.Event()
        self._fresh: dict[str, Freshness] = {}
        self._lines: Mapping[str, LineState] = {}
        self._told_s = 0.0
        self._unread: list[Listed] = []

    def stop(self) -> None:
        """End soon."""
        self._stop_asked.set()

    def run(self) -> None:
        """Connect, watch, and connect again, until stopped."""
        while not self._stop_asked.is_set():
            access, words = self._records.access()
            if access is Access.READY:
                try:
                    self._watch()
                except InspectorError as error:
                    access, words = Access.GONE, str(error)
            elif access is Access.ABSENT and self._lines:
                access = Access.GONE  # it was there before
            if not self._stop_asked.is_set() and access is not Access.READY:
                self._tell(access, words)
            self._stop_asked.wait(_RECONNECT_S)

    def _watch(self) -> None:
        watch = LineWatch(self._records.engine, shift_start)
        file = self._records.file_identity()
        self._note(watch.states())
        while not self._stop_asked.is_set():
            rows = watch.refresh()
            if rows or time.monotonic() - self._told_s > _TELL_AT_LEAST_S:
                self._records.require_same_file(file)
                self._note(watch.states())
                self._tell(Access.READY, "", rows)
            if len(rows) < 1000:  # noqa: PLR2004 - else there is more at once
                self._stop_asked.wait(POLL_S)

    def _note(self, states: Mapping[str, LineState]) -> None:
        """Take note of when each line's newest part was seen first."""
        now_s = time.monotonic()
        for name, state in states.items():
            before = self._lines.get(name)
            if state.last is None or (before and before.last == state.last):
                continue
            age_s = time.time() - state.last.decided_ns / NS_PER_S
            self._fresh.setdefault(name, Freshness()).seen(now_s, age_s)
        self._lines = states

    def _tell(self, access: Access, words: str, rows: Sequence[Listed] = ()) -> None:
        self._told_s = time.monotonic()
        newest = max((row.id for row in rows), default=0)
        self._mailbox.put(
            Snapshot(
                access=access,
                words=words,
                lines=self._lines,
                fresh=dict(self._fresh),
                arrived=tuple(rows),
                newest_id=newest,
                seen_mono_s=self._told_s,
            )
        )


class GatheringThread(threading.Thread):
    """Counts the record and indexes its log text while the console is open.

    Args:
        records: the database.
        rest: waits so many seconds; replaced in tests.
    """

    def __init__(
        self, records: Records, rest: Callable[[float], object] | None = None
    ) -> None:
        super().__init__(name="gatherer", daemon=True)
        self._records = records
        self._stop_asked = threading.Event()
        self._rest = rest or self._stop_asked.wait
        self._ready = False

    def stop(self) -> None:
        """End soon."""
        self._stop_asked.set()

    def run(self) -> None:
        """Gather what is new, with rests, until stopped."""
        folder = self._records.evidence
        place = None if folder is None else EvidencePlace(folder=folder)
        gatherer = Gatherer(self._records.engine, place)
        while not self._stop_asked.is_set():
            took = self._gather(gatherer) if self._is_ready() else 0
            # Rarely: each turn writes, and SQLite has one writer, which is the line.
            is_behind = took >= _GATHERED_AT_ONCE
            self._rest(0.1 if is_behind else _GATHER_REST_S)

    def _is_ready(self) -> bool:
        """Whether the database was found up to date once; looking costs a while."""
        if not self._ready:
            self._ready = self._records.access()[0] is Access.READY
        return self._ready

    def _gather(self, gatherer: Gatherer) -> int:
        try:
            return gatherer.count(_GATHERED_AT_ONCE) + gatherer.read(16)
        except InspectorError as error:
            _log.info("gathering waits: %s", error)
            self._ready = False
            return 0
