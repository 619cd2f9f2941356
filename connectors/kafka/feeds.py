"""A line's frames and log text, as its share of the worker's messages.

The reader offers raw messages and never waits; the line's own threads decode them. What
waits here when the line stops is dropped: it was never begun, and its offsets stay
where they are, so that whoever takes the line over reads it again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from connectors.kafka.fields import UndecodableError
from connectors.kafka.frame_messages import (
    DecodedFrame,
    FetchClaim,
    FrameMessage,
    decode_frame,
)
from connectors.kafka.log_messages import decode_log
from connectors.kafka.progress import PartitionProgress
from connectors.kafka.settings import MessageShapes
from inspector.delivery import CountedFault, Headers, PartFault, Partition
from inspector.numbering import Missing, NumberWatch
from inspector.queues import BoundedQueue, QueueClosedError, WhenFull
from inspector.types import Frame, LogLine, MalformedLogLine, Verdict

_LOOK_EVERY_S = 0.25
_REMEMBERED = 4096
_COUNTED_SINGLY = 1000
"""Missing numbers of a longer run are one row, and not one each."""
_Identity = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """A message as Kafka delivered it."""

    partition: Partition
    offset: int
    message_ns: int
    key: bytes | None
    headers: Headers
    value: bytes | None = field(repr=False)
    received_mono_ns: int
    progress: PartitionProgress | None
    """Where it is accounted for; `None` for log text, which is read again."""

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"


class Complaints(Protocol):
    """Puts on record what gets no verdict; may wait for room, or say there is none."""

    def refuse(self, message: RawMessage, line: str, reason: str) -> None:
        """Send a message of a frame to the dead letters, and count it; may wait."""
        ...

    def refuse_line(self, message: RawMessage, line: str, reason: str) -> None:
        """Send a log message to the dead letters if there is room; never waits."""
        ...

    def missing(self, faults: Sequence[CountedFault]) -> None:
        """Count frames that never came; may wait."""
        ...

    def settled(self, message: RawMessage) -> None:
        """Note a message that needs nothing more, such as a repetition; may wait."""
        ...


@dataclass(slots=True)
class Origin:
    """The messages that brought a part, and what goes on record with its verdict."""

    captured_ns: int
    trace: str | None
    messages: list[RawMessage]
    faults: list[CountedFault] = field(default_factory=list)


class FeedSpace(NamedTuple):
    """How many messages may wait for a line."""

    frames: int = 64
    lines: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTools:
    """What a feed needs to read a line's messages."""

    line: str
    camera: str
    shapes: MessageShapes
    fetch: FetchClaim
    complaints: Complaints
    known_numbers: Callable[[str], Sequence[int]]
    """Gives for a camera the newest numbers that are accounted for."""
    restamp: bool
    """Whether a part's age counts from its turn: it may wait in Kafka."""
    space: FeedSpace = field(default_factory=FeedSpace)


class FedFrames:
    """A line's frames; see the port `FrameSource`. `offer` is the reader's side."""

    def __init__(self, tools: FeedTools) -> None:
        self._tools = tools
        self._queue = BoundedQueue[RawMessage](tools.space.frames, WhenFull.WAIT)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._origins: dict[_Identity, Origin] = {}
        self._recent: OrderedDict[_Identity, int] = OrderedDict()
        """When the latest stored parts were captured."""
        self._watches: dict[str, NumberWatch] = {}
        self.duplicates = 0

    def offer(self, message: RawMessage) -> bool:
        """Take a message, or say that there is no room; only one thread may offer."""
        counts = self._queue.counts()
        if counts.put - counts.got >= self._queue.capacity or self._stopping.is_set():
            return False
        if message.progress is not None:
            message.progress.began(message.offset, message.message_ns)
        self._queue.put(message)
        return True

    def frames(self) -> Iterator[Frame]:
        """Yield the line's frames until `stop()`; a repeated one is not given again."""
        while not self._stopping.is_set():
            try:
                message = self._queue.get(_LOOK_EVERY_S)
            except TimeoutError:
                self._look_for_missing()
                continue
            except QueueClosedError:
                return
            frame = self._take(message)
            if frame is not None and not self._stopping.is_set():
                yield frame

    def stop(self) -> None:
        """Make `frames()` end."""
        self._stopping.set()
        self._queue.close()

    def origin(self, verdict: Verdict) -> Origin | None:
        """Give the messages that brought a part; `None` if they are settled."""
        with self._lock:
            return self._origins.get((verdict.camera, verdict.frame_id))

    def stored(self, verdict: Verdict) -> None:
        """Note that a part's verdict is on record, and forget where it came from."""
        identity = (verdict.camera, verdict.frame_id)
        with self._lock:
            self._origins.pop(identity, None)
            self._recent[identity] = verdict.captured_ns
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)

    def _take(self, message: RawMessage) -> Frame | None:
        try:
            decoded = self._decode(message)
        except UndecodableError as error:
            self._tools.complaints.refuse(message, self._tools.line, str(error))
            return None
        if self._is_repeated(message, decoded.frame):
            return None
        self._begin(message, decoded)
        return decoded.frame

    def _decode(self, message: RawMessage) -> DecodedFrame:
        now_ns = time.monotonic_ns()
        return decode_frame(
            FrameMessage(
                line=self._tools.line,
                headers=message.headers,
                value=message.value,
                received_mono_ns=(
                    now_ns if self._tools.restamp else message.received_mono_ns
                ),
            ),
            self._tools.shapes.frames,
            self._tools.camera,
            self._tools.fetch,
        )

    def _is_repeated(self, message: RawMessage, frame: Frame) -> bool:
        """Whether the part is in hand or stored; another part's number is not."""
        identity = (frame.camera, frame.frame_id)
        with self._lock:
            origin = self._origins.get(identity)
            if origin is not None and origin.captured_ns == frame.captured_ns:
                origin.messages.append(message)
                self.duplicates += 1
                return True
            is_stored = self._recent.get(identity) == frame.captured_ns
        if is_stored:
            self.duplicates += 1
            self._tools.complaints.settled(message)
        return is_stored

    def _begin(self, message: RawMessage, decoded: DecodedFrame) -> None:
        frame = decoded.frame
        watch = self._watch(frame.camera)
        missing = watch.saw(frame.frame_id, frame.captured_ns, time.monotonic_ns())
        origin = Origin(
            captured_ns=frame.captured_ns,
            trace=decoded.trace,
            messages=[message],
            faults=self._faults(frame.camera, missing),
        )
        with self._lock:
            # Two parts under one number, both in hand: the first one's message must
            # not be forgotten, and the store will count the second as a conflict.
            other = self._origins.get((frame.camera, frame.frame_id))
            if other is not None:
                origin.messages += other.messages
                origin.faults += other.faults
            self._origins[frame.camera, frame.frame_id] = origin

    def _watch(self, camera: str) -> NumberWatch:
        if camera not in self._watches:
            known = self._tools.known_numbers(camera)
            self._watches[camera] = NumberWatch(known, time.monotonic_ns())
        return self._watches[camera]

    def _look_for_missing(self) -> None:
        now_ns = time.monotonic_ns()
        for camera, watch in self._watches.items():
            gone = watch.overdue(now_ns)
            if gone:
                self._tools.complaints.missing(self._faults(camera, gone))

    def _faults(self, camera: str, missing: Sequence[Missing]) -> list[CountedFault]:
        line = self._tools.line
        return [each for run in missing for each in _gaps(line, camera, run)]


class FedLog:
    """A line's log text; see the port `LogSource`. `offer` is the reader's side."""

    def __init__(self, tools: FeedTools) -> None:
        self._tools = tools
        self._queue = BoundedQueue[RawMessage](tools.space.lines, WhenFull.WAIT)
        self._stopping = threading.Event()

    def offer(self, message: RawMessage) -> bool:
        """Take a message, or say that there is no room; only one thread may offer."""
        counts = self._queue.counts()
        if counts.put - counts.got >= self._queue.capacity or self._stopping.is_set():
            return False
        self._queue.put(message)
        return True

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits here for the line to take it in."""
        counts = self._queue.counts()
        return counts.put == counts.got

    def lines(self) -> Iterator[LogLine | MalformedLogLine]:
        """Yield lines until `stop()`; unreadable ones also go to the dead letters."""
        while not self._stopping.is_set():
            try:
                message = self._queue.get(_LOOK_EVERY_S)
            except TimeoutError:
                continue
            except QueueClosedError:
                return
            yield self._read(message)

    def stop(self) -> None:
        """Make `lines()` end."""
        self._stopping.set()
        self._queue.close()

    def _read(self, message: RawMessage) -> LogLine | MalformedLogLine:
        line = self._tools.line
        entry = decode_log(line, message.value, str(message), self._tools.shapes.logs)
        if isinstance(entry, MalformedLogLine):
            self._tools.complaints.refuse_line(message, line, entry.problem)
        return entry


def _gaps(line: str, camera: str, run: Missing) -> Iterator[CountedFault]:
    """Count each missing number by itself, so that finding it twice counts it once."""
    whole = CountedFault(
        identity=f"gap:{line}:{camera}:{run.first}-{run.last}",
        line=line,
        camera=camera,
        kind=PartFault.GAP,
        first_frame=run.first,
        last_frame=run.last,
        detail=f"frames {run.first} to {run.last} of camera {camera} never came",
        noted_ns=run.captured_ns,
    )
    if run.last - run.first >= _COUNTED_SINGLY:
        yield whole
        return
    for number in range(run.first, run.last + 1):
        yield replace(
            whole,
            identity=f"gap:{line}:{camera}:{number}",
            first_frame=number,
            last_frame=number,
            detail=f"frame {number} of camera {camera} never came",
        )
