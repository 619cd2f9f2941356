"""A worker: its share of the lines, as Kafka hands them out.

```
broker ──▶ reader ──▶ line: feeds ──▶ pipeline ──▶ verdict, offset, outbox: a commit
            │                                                        │
            └─▶ clerk: dead letters, gaps, late lines ──▶ (same)   └──▶ relay ──▶ broker
```
The reader asks and never waits; each line has the threads of its pipeline; the clerk
puts on record what has no verdict; the relay publishes. A partition is claimed in the
database before it is read, so that only its newest owner can store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kafka.claims import ClaimReader
from connectors.kafka.clients import Clients, wait_for
from connectors.kafka.delivering import Clerk, Patience, lane_of
from connectors.kafka.fed_line import Build, FedLine, LineTools, LineWitness
from connectors.kafka.feeds import FeedSpace, FeedTools, RawMessage
from connectors.kafka.line_folder import LineFolder
from connectors.kafka.publishing import Relay
from connectors.kafka.reading import Reader
from connectors.kafka.settings import FedLineSettings, WorkerSettings
from connectors.kafka.stalls import Lag, StallWatch
from connectors.kafka.states import Condition, StateBoard
from connectors.kafka.topics import (
    PARTITIONER_HINT,
    check_topics,
    is_misplaced,
    misplaced_keys,
    partition_of,
)
from inspector.account import Account
from inspector.clockwatch import ClockWatch
from inspector.delivery import Claim, DeliveryLedger, PartFault, Partition
from inspector.errors import InspectorError, SettingsError, SourceError, StoreError

_log = logging.getLogger(__name__)

_DRAIN_S = 5.0
"""How long a line may take to judge and store what it has in hand."""
_GIVE_UP_S = 1.0
_LOOK_EVERY_S = 1.0
_BEGIN_AGAIN_S = 3.0
_READY_WITHIN_S = 120.0
_KNOWN_NUMBERS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCounts:
    """What went on so far; for metrics and for the report at the end."""

    accounts: dict[str, Account]
    """Of each line's latest run."""
    lags: dict[int, Lag]
    dead_letters: int
    dead_letters_lost: int
    amendments: int
    amendments_lost: int
    published: int
    publishing_failures: int
    misplaced: int
    unknown_lines: int
    duplicates: int
    fenced: int


class Worker:
    """Judges the lines that Kafka hands to it, until it is stopped.

    Args:
        settings: of the worker.
        ledger: the database.
        build: puts a line together.
        clients: replaced in tests.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        ledger: DeliveryLedger,
        build: Build,
        clients: Clients | None = None,
    ) -> None:
        self._settings = settings
        self._kafka = settings.kafka
        self._ledger = ledger
        self._build = build
        self._clients = clients or Clients(settings.kafka, settings.name)
        self._folder = LineFolder(settings.lines)
        self._fetch = ClaimReader(
            settings.kafka.claims_under, settings.kafka.largest_message
        )
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._lines: dict[str, FedLine] = {}
        self._ended: list[FedLine] = []
        self._gave_up: dict[int, threading.Event] = {}
        self._begin_again: dict[int, float] = {}
        self._partitions = 0
        self._away: str | None = None
        self._seen = Counter[str]()
        self._warned: set[str] = set()
        topics = settings.kafka.topics
        self._relay = Relay(self._clients, ledger, self._lanes)
        self._board = StateBoard(settings.name, topics.states, self._relay.announce)
        self._clerk = Clerk(
            self._patience(self._stopping), topics.dead_letters, self._relay.wake
        )
        reach_s = self._folder.reach_s()
        self._reader = Reader(self._clients, self, self._stopping, reach_s)
        self._stalls = StallWatch(self._clients, self._reader.holdings, self._stopping)

    def run(self) -> WorkerCounts:
        """Work until `stop`; waits for a broker that is not there yet.

        Raises:
            SettingsError: the topics are not such that no part can go astray.
        """
        try:
            self._partitions = self._check()
        except SourceError:
            return self.counts()
        self._relay.start()
        self._stalls.start()
        watching = threading.Thread(target=self._watch, name="watch", daemon=True)
        watching.start()
        try:
            self._reader.run()
        except SourceError as error:
            _log.info("%s", error)
        finally:
            self._stopping.set()
            self._clerk.close(_GIVE_UP_S)
            self._relay.close(_DRAIN_S)
        return self.counts()

    def stop(self) -> None:
        """Hand the lines over and end."""
        self._stopping.set()

    def counts(self) -> WorkerCounts:
        """Say what went on so far; any thread may ask."""
        with self._lock:
            lines = [*self._ended, *self._lines.values()]
        accounts = {line.name: line.so_far() for line in lines}
        clerk, relay = self._clerk.counts, self._relay.counts
        return WorkerCounts(
            accounts={name: each for name, each in accounts.items() if each},
            lags=self._stalls.lags(),
            dead_letters=clerk.dead_letters,
            dead_letters_lost=clerk.dead_letters_lost,
            amendments=clerk.amendments,
            amendments_lost=clerk.amendments_lost,
            published=relay.sent,
            publishing_failures=relay.failures,
            misplaced=self._seen["misplaced"],
            unknown_lines=self._seen["unknown lines"],
            duplicates=sum(line.frames.duplicates for line in lines),
            fenced=self._seen["fenced"],
        )

    # What the reader asks for; see `Share`.

    def open(self, number: int) -> Claim:
        """Claim a partition, and start those of its lines that have settings.

        Raises:
            SourceError: the partition was given up meanwhile.
        """
        gave_up = self._new_turn(number)
        claim = self._claim(number, gave_up)
        lines = [
            line
            for line in self._folder.names()
            if partition_of(line.encode(), self._partitions) == number
        ]
        for line in lines:
            self._start(line, number)
        for line in lines:
            found = self._lines.get(line)
            if found is not None:
                found.wait_until_ready(_READY_WITHIN_S)
        return claim

    def offer_frame(self, message: RawMessage) -> bool:
        """Hand a frame's message to its line; `False` if it has no room."""
        name = self._line_of(message)
        if name is None or not self._folder.knows(name):
            return self._refuse_stranger(message, name)
        self._note_place(message, name)
        line = self._line(name, message)
        return line is not None and line.frames.offer(message)

    def offer_line(self, message: RawMessage) -> bool:
        """Hand a log message to its line; `False` if it has no room."""
        name = self._line_of(message)
        if name is None or not self._folder.knows(name):
            self._seen["unknown lines"] += 1
            words = f"there are no settings for line {name!r}"
            self._clerk.refuse_line(message, name or "", words)
            return True
        line = self._line(name, message)
        return line is not None and line.log.offer(message)

    def has_read_log(self, number: int) -> bool:
        """Whether the partition's lines have taken in all log text they got."""
        return all(line.log.is_empty for line in self._of([number]))

    def close(self, numbers: Sequence[int]) -> None:
        """Stop the lines of partitions, all at once; see `Share`."""
        with self._lock:
            for number in numbers:
                self._gave_up.pop(number, threading.Event()).set()
        lines = self._of(numbers)
        for line in lines:
            line.stop()
        until = time.monotonic() + _DRAIN_S
        for line in lines:
            if not line.join(until - time.monotonic()):
                _log.warning("line %s is abandoned with parts in hand", line.name)
                line.abandon()
        for line in lines:
            line.join(_GIVE_UP_S)
            self._forget(line)

    def broken(self) -> Sequence[int]:
        """Name the partitions whose lines broke down, when it is time to try again."""
        now_s = time.monotonic()
        with self._lock:
            due = [number for number, at in self._begin_again.items() if at <= now_s]
            for number in due:
                del self._begin_again[number]
        return due

    # Lines.

    def _line(self, name: str, message: RawMessage) -> FedLine | None:
        """Give a line that judges; one whose settings are new is started."""
        line = self._lines.get(name)
        if line is None:
            self._start(name, message.partition.number)
            return None
        return line if line.ready else None

    def _start(self, name: str, number: int) -> None:
        with self._lock:
            if name in self._lines or number not in self._gave_up:
                return
            try:
                line = FedLine(self._tools(self._folder.settings(name)), number)
            except SettingsError as error:
                self._cannot_start(name, number, error)
                return
            self._lines[name] = line
        line.start()

    def _cannot_start(self, name: str, number: int, error: InspectorError) -> None:
        """Say it once; its partition waits until the settings are right."""
        if f"{error}" not in self._warned:
            self._warned.add(f"{error}")
            _log.error("line %s (partition %s) cannot start: %s", name, number, error)
        self._board.say(name, Condition(running=False, fault=f"{error}"))

    def _tools(self, settings: FedLineSettings) -> LineTools:
        waits = self._kafka.when_behind == "wait"
        clocks = ClockWatch(self._kafka.clock_limit_s)
        abandoned = threading.Event()
        feed = FeedTools(
            line=settings.id,
            camera=settings.camera,
            shapes=settings.messages or self._settings.messages,
            fetch=self._fetch,
            complaints=self._clerk,
            known_numbers=lambda camera: self._known(settings.id, camera, abandoned),
            restamp=waits,
            space=FeedSpace(frames=8 if waits else 64),
        )
        return LineTools(
            settings=settings,
            feed=feed,
            patience=self._patience(abandoned),
            witness=LineWitness(settings, clocks, self._clerk),
            build=self._build,
            verdicts=self._kafka.topics.verdicts,
            wake=self._relay.wake,
            changed=self._changed,
        )

    def _changed(self, line: FedLine) -> None:
        """Note that a line has begun or ended; called from its own thread."""
        running = line.trouble is None and line.account is None
        if line.trouble is not None:
            # A worker that was fenced is often no member any more: it learns of that
            # within a session, and must not fence the new owner before.
            pause_s = self._kafka.session_s if line.fenced else _BEGIN_AGAIN_S
            self._seen["fenced"] += line.fenced
            with self._lock:
                if self._lines.get(line.name) is line:
                    self._begin_again[line.number] = time.monotonic() + pause_s
        self._say(line, running=running)

    def _say(self, line: FedLine, *, running: bool) -> None:
        self._board.say(
            line.name,
            Condition(
                running=running,
                branch=line.branch,
                fault=line.trouble or self._fault_of(line),
                watermark_ns=line.witness.watermark_ns,
                clocks_s=line.witness.clocks.ahead_s(),
            ),
        )

    def _fault_of(self, line: FedLine) -> str | None:
        lag = self._stalls.lags().get(line.number)
        if lag is not None and lag.stalled:
            return f"nothing was stored for {lag.still_for_s:.0f} s while parts wait"
        return self._away or line.witness.clocks.alarm()

    def _of(self, numbers: Sequence[int]) -> list[FedLine]:
        with self._lock:
            return [line for line in self._lines.values() if line.number in numbers]

    def _forget(self, line: FedLine) -> None:
        with self._lock:
            if self._lines.get(line.name) is line:
                del self._lines[line.name]
            self._ended.append(line)
            self._begin_again.pop(line.number, None)

    # Messages of no line.

    def _line_of(self, message: RawMessage) -> str | None:
        """Name the line that a message is for; `None` if it names none."""
        source = self._kafka.line_from
        if source == "key":
            raw = message.key
        else:
            raw = dict(message.headers).get(source)
        try:
            return None if raw is None else raw.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def _refuse_stranger(self, message: RawMessage, name: str | None) -> bool:
        if not self._clerk.has_room:
            return False
        self._seen["unknown lines"] += 1
        words = f"there are no settings for line {name!r}"
        if message.progress is not None:
            message.progress.began(message.offset, message.message_ns)
        self._clerk.refuse(message, name or "", words, PartFault.UNKNOWN_LINE)
        return True

    def _note_place(self, message: RawMessage, name: str) -> None:
        key, number = message.key, message.partition.number
        if is_misplaced(key, number, self._partitions):
            self._seen["misplaced"] += 1
            if name not in self._warned:
                self._warned.add(name)
                _log.error("frames of line %s: %s", name, PARTITIONER_HINT)

    # Start, claims and watching.

    def _check(self) -> int:
        admin = wait_for(self._clients.admin, "topics", self._stopping)
        try:
            partitions = check_topics(admin, self._kafka)
        finally:
            admin.close()
        reader = wait_for(self._clients.reader, "topics", self._stopping)
        try:
            for topic in (self._kafka.topics.frames, self._kafka.topics.logs):
                for key, number in misplaced_keys(reader, topic, partitions):
                    self._warned.add(key.decode("utf-8", "replace"))
                    words = "key %r lies in partition %s of %s: %s"
                    _log.error(words, key, number, topic, PARTITIONER_HINT)
        finally:
            reader.close(autocommit=False)
        return partitions

    def _new_turn(self, number: int) -> threading.Event:
        gave_up = threading.Event()
        with self._lock:
            self._gave_up[number] = gave_up
        return gave_up

    def _claim(self, number: int, gave_up: threading.Event) -> Claim:
        partition = Partition(topic=self._kafka.topics.frames, number=number)
        while not gave_up.is_set():
            try:
                claim = self._ledger.claim(partition, self._settings.name)
            except StoreError as error:
                self._note_away(f"{error}")
                gave_up.wait(_LOOK_EVERY_S)
            else:
                self._note_away(None)
                return claim
        message = f"partition {partition} was given up before it was claimed"
        raise SourceError(message)

    def _known(
        self, line: str, camera: str, abandoned: threading.Event
    ) -> Sequence[int]:
        while True:
            try:
                return self._ledger.known_numbers(line, camera, _KNOWN_NUMBERS)
            except StoreError as error:
                self._note_away(f"{error}")
                if abandoned.wait(_LOOK_EVERY_S):
                    raise

    def _patience(self, abandoned: threading.Event) -> Patience:
        return Patience(ledger=self._ledger, abandoned=abandoned, away=self._note_away)

    def _note_away(self, trouble: str | None) -> None:
        if trouble is not None and self._away is None:
            _log.error("parts wait: %s", trouble)
        elif trouble is None and self._away is not None:
            _log.warning("the database is back")
        self._away = trouble

    def _lanes(self) -> list[str]:
        return [lane_of(number) for number in self._reader.holdings()]

    def _watch(self) -> None:
        """Say again how each line is, now and then: clocks, stalls, the database."""
        while not self._stopping.wait(_LOOK_EVERY_S):
            with self._lock:
                lines = list(self._lines.values())
            for line in lines:
                if line.ready:
                    self._say(line, running=True)
