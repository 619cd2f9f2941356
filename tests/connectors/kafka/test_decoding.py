"""Message decoders: what each form gives, and that nothing makes them fail."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from crc32c import crc32c
from hypothesis import given, settings

from connectors.kafka.claims import ClaimReader
from connectors.kafka.fields import UndecodableError
from connectors.kafka.frame_messages import (
    ClaimError,
    DecodedFrame,
    FrameMessage,
    decode_frame,
)
from connectors.kafka.log_messages import decode_log
from connectors.kafka.settings import FrameShape, LogShape
from inspector.types import LogLine, MalformedLogLine
from tests.connectors.kafka import decoding

WHERE = "logs-0@1"
CAPTURED_NS = 1_790_000_000_123_456_789


def decoded(
    value: bytes | None = b"picture",
    rules: FrameShape | None = None,
    claims: list[str] | None = None,
    **headers: str,
) -> DecodedFrame:
    said = {"frameid": "7", "capturedns": f"{CAPTURED_NS}"} | headers
    given_headers = [(name.replace("_", "-"), s.encode()) for name, s in said.items()]
    message = FrameMessage(
        line="poly", headers=given_headers, value=value, received_mono_ns=5
    )
    reader = ClaimReader(claims or [], 1000)
    return decode_frame(message, rules or FrameShape(), "cam-9", reader)


def test_a_frame_has_what_its_headers_say() -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    found = decoded(serial="S1", camera="cam-2", issimulated="true", traceparent=trace)
    frame = found.frame
    assert (frame.frame_id, frame.camera, frame.serial) == (7, "cam-2", "S1")
    assert (frame.captured_ns, frame.is_simulated) == (CAPTURED_NS, True)
    assert (frame.encoded, found.trace) == (b"picture", trace)


def test_a_message_without_camera_is_of_the_lines_own() -> None:
    assert decoded().frame.camera == "cam-9"


def test_raw_pixels_have_their_shape() -> None:
    frame = decoded(bytes(range(24)), shape="2x4x3").frame
    assert frame.pixels is not None
    assert frame.pixels.shape == (2, 4, 3)
    assert frame.pixels[1, 0, 0] == 12


def test_a_right_crc_passes_and_a_wrong_one_is_named() -> None:
    right = f"{crc32c(b'picture'):08x}"
    assert decoded(crc32c=right).frame.problem is None
    assert "crc32c" in (decoded(crc32c="12345678").frame.problem or "")


def test_a_picture_without_checksum_can_be_refused() -> None:
    rules = FrameShape(require_checksum=True)
    assert "checksum" in (decoded(rules=rules).frame.problem or "")


def test_a_claim_check_is_read_where_that_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    file.write_bytes(b"large picture")
    digest = hashlib.sha256(b"large picture").hexdigest()
    found = decoded(b"", claims=[str(tmp_path)], dataref=str(file), sha256=digest)
    assert (found.frame.encoded, found.frame.sha256) == (b"large picture", digest)
    elsewhere = decoded(b"", dataref=str(file), sha256=digest).frame
    assert "claims_under" in (elsewhere.problem or "")
    assert "needs sha256" in (
        decoded(b"", claims=[str(tmp_path)], dataref=str(file)).frame.problem or ""
    )


@pytest.mark.parametrize("name", ["missing.png", "../secret", "huge.png"])
def test_a_claim_that_cannot_be_had_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "huge.png").write_bytes(b"x" * 2000)
    with pytest.raises(ClaimError):
        ClaimReader([str(tmp_path)], 1000)(f"{tmp_path}/{name}")


def test_other_names_and_a_json_body_are_mapped_by_settings() -> None:
    shape = FrameShape(
        body="json",
        frame_id="part.counter",
        captured="part.at",
        captured_unit="ms",
        picture="image",
    )
    image = base64.b64encode(b"picture").decode()
    body = {"part": {"counter": 12, "at": 1790000000123.5}, "image": image}
    message = FrameMessage(
        line="poly", headers=[], value=json.dumps(body).encode(), received_mono_ns=1
    )
    frame = decode_frame(message, shape, "cam-1", ClaimReader([], 10)).frame
    assert (frame.frame_id, frame.encoded) == (12, b"picture")
    assert frame.captured_ns == 1_790_000_000_123_500_000


@pytest.mark.parametrize(
    "headers", [{"frameid": "x"}, {"frameid": "1.5"}, {"capturedns": ""}]
)
def test_a_frame_that_names_no_part_is_undecodable(headers: dict[str, Any]) -> None:
    with pytest.raises(UndecodableError):
        decoded(**headers)


LINES = {
    "text": b"2026-03-02T06:01:30.000Z press WARN force 5 kN",
    "json": b'{"time": "2026-03-02T06:01:30Z", "station": "press", '
    b'"level": "warn", "text": "force 5 kN"}',
    "syslog": b"<28>1 2026-03-02T07:01:30.000+01:00 host press - - - force 5 kN",
    "syslog with data": b"<28>1 2026-03-02T06:01:30Z host press 17 ID3 "
    b'[x@1 a="b\\"]" c="d"][y@2] \xef\xbb\xbfforce 5 kN',
}


@pytest.mark.parametrize("form", LINES)
def test_a_line_is_the_same_in_every_form(form: str) -> None:
    expected = decode_log("poly", LINES["text"], WHERE, LogShape())
    assert isinstance(expected, LogLine)
    assert decode_log("poly", LINES[form], WHERE, LogShape()) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"{}",
        b"[1]",
        b'{"time": 1e999, "station": "a"}',
        b"{" * 60_000,
        b"<999>1 2026-03-02T06:01:30Z h a - - - x",
        b"x" * 70_000,
    ],
)
def test_what_is_no_line_is_named(value: bytes | None) -> None:
    entry = decode_log("poly", value, WHERE, LogShape())
    assert isinstance(entry, MalformedLogLine)
    assert (entry.where, bool(entry.problem)) == (WHERE, True)


@settings(max_examples=150, deadline=None)
@given(decoding.HEADERS, decoding.VALUES, decoding.SHAPES)
def test_no_frame_message_makes_the_decoder_fail(
    headers: list[tuple[str, bytes | None]], value: bytes | None, shape: FrameShape
) -> None:
    decoding.decode_a_frame(headers, value, shape)


@settings(max_examples=150, deadline=None)
@given(decoding.VALUES)
def test_no_log_message_makes_the_decoder_fail(value: bytes | None) -> None:
    decoding.decode_a_line(value)
