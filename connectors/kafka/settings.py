"""What `worker.toml` and the lines of its folder may say.

An integrator whose messages have other names or shapes says so here; nothing else of
the program knows how a message is laid out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from inspector.settings import LineSettings, Name, Seconds

TopicName = Annotated[
    str, Field(min_length=1, max_length=249, pattern=r"^[A-Za-z0-9._\-]+$")
]
FieldName = Annotated[str, Field(min_length=1, max_length=128)]
"""A header's name, or the path of a field in JSON: `a.b` is field b of object a."""
TimeUnit = Literal["ns", "us", "ms", "s", "iso"]
"""Of a time that is a number since 1970 in UTC; `iso`: text as in RFC 3339."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FrameShape(_Strict):
    """Where a frame message says what; the defaults are the documented names."""

    frame_id: FieldName = "frameid"
    camera: FieldName = "camera"
    serial: FieldName = "serial"
    captured: FieldName = "capturedns"
    captured_unit: TimeUnit = "ns"
    sha256: FieldName = "sha256"
    """Of the picture's bytes, in hex; also those a claim check points to."""
    crc32c: FieldName = "crc32c"
    """Of the picture's bytes: eight hex digits, an alternative to sha256."""
    is_simulated: FieldName = "issimulated"
    content_type: FieldName = "content-type"
    shape: FieldName = "shape"
    """Of raw pixels: `HEIGHTxWIDTH` grey or `HEIGHTxWIDTHx3` RGB, eight bits each."""
    uri: FieldName = "dataref"
    """Where a large picture lies: a claim check, read through fsspec."""
    trace: FieldName = "traceparent"
    body: Literal["picture", "json"] = "picture"
    """`json`: the value is an object that holds the fields, and the picture in
    base64 in the field `picture`."""
    picture: FieldName = "picture"
    require_checksum: bool = False
    """Refuse to judge a picture that came without sha256 and crc32c."""


class LogShape(_Strict):
    """Where a log message says what."""

    form: Literal["auto", "text", "json", "syslog"] = "auto"
    """`auto` takes `{` for JSON, `<` and a digit for syslog, all else for text."""
    time: FieldName = "time"
    time_unit: TimeUnit = "iso"
    station: FieldName = "station"
    level: FieldName = "level"
    text: FieldName = "text"
    default_level: Annotated[str, Field(pattern=r"^[A-Z]+$")] = "INFO"
    syslog_station: Literal["host", "app"] = "app"
    """Which part of a syslog line names the station."""


class Topics(_Strict):
    """The names of the topics."""

    frames: TopicName = "inspector.frames"
    logs: TopicName = "inspector.logs"
    verdicts: TopicName = "inspector.verdicts"
    states: TopicName = "inspector.line-states"
    dead_letters: TopicName = "inspector.dead-letters"

    @model_validator(mode="after")
    def _distinct(self) -> Topics:
        names = list(self.model_dump().values())
        if len(set(names)) != len(names):
            message = "topics names one topic twice"
            raise ValueError(message)
        return self


class KafkaSettings(_Strict):
    """How the broker is reached, what is read, and where results go."""

    brokers: Annotated[list[str], Field(min_length=1)] = ["localhost:9092"]
    group: Annotated[str, Field(min_length=1, max_length=200)] = "inspector"
    topics: Topics = Topics()
    create_topics: bool = False
    """Make missing topics, with `partitions`; a plant usually makes them itself."""
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 12
    replication: Annotated[int, Field(ge=1, le=9)] = 1
    line_from: FieldName = "key"
    """`key`, or the name of the header that names the line."""
    when_behind: Literal["review", "wait"] = "review"
    """A line faster than its model: `review` leaves the oldest waiting parts to a
    person, `wait` lets them wait in Kafka (for lines whose parts can wait)."""
    largest_message: Annotated[int, Field(ge=1024, le=1 << 30)] = 8 * 1024 * 1024
    """Bytes; larger messages of ours are cut, larger claims are not fetched."""
    claims_under: list[str] = []
    """Claim checks are only read from addresses that begin with one of these."""
    session_s: Annotated[float, Field(ge=1, le=300)] = 10.0
    """A worker that is silent for so long is dead, and its lines go to others."""
    stalled_after_s: Annotated[float, Field(ge=1, le=30)] = 20.0
    """A partition that has work and stores nothing for so long is reported."""
    rewind_s: Seconds = 60.0
    """The log is read again from so much earlier than the lines' own reach demands."""
    catch_up_s: Seconds = 10.0
    """How long frames wait, at a start, for the log that was read again."""
    clock_limit_s: Annotated[float, Field(gt=0)] = 5.0
    """A station's clock may be off from the camera's by so much before an alarm."""
    api_version: tuple[int, int] | None = None
    """Only for brokers that cannot be asked for theirs."""


class MessageShapes(_Strict):
    """Names and shapes of the messages of one line, or of all of a worker's."""

    frames: FrameShape = FrameShape()
    logs: LogShape = LogShape()


class WorkerSettings(_Strict):
    """A worker: takes its share of all lines of a folder, as Kafka hands them out."""

    name: Name = "worker"
    """Names the worker in line states; give each its own."""
    lines: Path = Path("lines")
    """A folder with one `LINE.toml` for each line that may be judged."""
    database: str = "sqlite:///inspector.db"
    evidence: Path = Path("evidence")
    kafka: KafkaSettings = KafkaSettings()
    messages: MessageShapes = MessageShapes()


class FedLineSettings(LineSettings):
    """A line that is fed by messages: `LINE.toml` in a worker's folder of lines."""

    model: Path
    messages: MessageShapes | None = None
    """Other names or shapes than the worker's; `None`: the same."""
