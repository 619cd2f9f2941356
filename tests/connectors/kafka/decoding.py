"""Anything that may stand in a message, for the decoders to bear."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from connectors.kafka.claims import ClaimReader
from connectors.kafka.fields import UndecodableError
from connectors.kafka.frame_messages import FrameMessage, decode_frame
from connectors.kafka.log_messages import decode_log
from connectors.kafka.settings import FrameShape, LogShape
from inspector.types import Frame, LogLine, MalformedLogLine

NAMES = [
    *("frameid", "camera", "serial", "capturedns", "sha256", "crc32c", "shape"),
    *("issimulated", "content-type", "dataref", "traceparent", "x"),
]
_LIKELY = st.sampled_from(
    [b"7", b"1790000000000000000", b"cam-1", b"true", b"8x8", b"image/raw", b""]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.one_of(st.none(), _LIKELY, st.binary())),
    max_size=12,
)
JSON_BYTES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*NAMES, "time", "text"]), inner, max_size=5)
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
_SYSLOG = st.from_regex(r"<\d{1,3}>1 \S+ \S+ \S+ - - (-|\[.*\]) .*", fullmatch=True)
_TEXT = st.text(max_size=80).map(lambda said: said.encode("utf-8", "replace"))
VALUES = st.one_of(
    st.none(),
    st.binary(max_size=200),
    JSON_BYTES,
    _TEXT,
    _SYSLOG.map(lambda said: said.encode("utf-8", "replace")),
    _TEXT.map(lambda said: b"2026-03-02T06:01:30.000Z press INFO " + said),
)
SHAPES = st.sampled_from([FrameShape(), FrameShape(body="json", captured_unit="s")])
_NO_CLAIMS = ClaimReader([], 1000)


def decode_a_frame(
    headers: list[tuple[str, bytes | None]], value: bytes | None, shape: FrameShape
) -> None:
    """Decode; whatever it was, the answer is a sound part or a reason."""
    message = FrameMessage(
        line="poly", headers=headers, value=value, received_mono_ns=1
    )
    try:
        frame = decode_frame(message, shape, "cam-1", _NO_CLAIMS).frame
    except UndecodableError:
        return
    assert isinstance(frame, Frame)
    assert 0 <= frame.frame_id < 2**63
    assert 0 <= frame.captured_ns < 2**63
    assert frame.problem or (frame.encoded is None) != (frame.pixels is None)


def decode_a_line(value: bytes | None) -> None:
    """Decode; whatever it was, the answer is a line or a named problem."""
    entry = decode_log("poly", value, "logs-0@1", LogShape())
    if isinstance(entry, LogLine):
        assert entry.station
        entry.text.encode("utf-8")
    else:
        assert isinstance(entry, MalformedLogLine)
        assert entry.problem
