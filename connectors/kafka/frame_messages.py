"""Reads a frame message: a picture, raw pixels or a claim check, and whose it is.

What does not even say which part it is, is undecodable. Everything else is a part: one
whose picture is damaged, missing or of an unknown kind goes on with its `problem`, and
becomes REVIEW.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from connectors.kafka.fields import Fields, UndecodableError, json_object
from connectors.kafka.settings import FrameShape
from inspector.types import Frame, Pixels

_NAME = re.compile(r"\w[\w.\-]{0,63}")
_SHAPE = re.compile(r"(\d{1,5})x(\d{1,5})(?:x([13]))?", re.ASCII)
_MOST_PIXELS = 4096 * 4096
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_RAW = {"application/octet-stream", "image/x-raw", "image/raw"}

FetchClaim = Callable[[str], bytes]
"""Reads the bytes that a claim check points to; raises `ClaimError`."""


class ClaimError(Exception):
    """What a claim check points to cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMessage:
    """A message of the topic of frames, as Kafka delivered it."""

    line: str
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None = field(repr=False)
    received_mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedFrame:
    """A part, and the trace that its verdict goes on with."""

    frame: Frame
    trace: str | None


def decode_frame(
    message: FrameMessage, shape: FrameShape, camera: str, fetch: FetchClaim
) -> DecodedFrame:
    """Read one frame message.

    Args:
        message: as it came; anything may stand in it.
        shape: what is called how.
        camera: of the line's settings, for messages that name none.
        fetch: reads claim checks.

    Raises:
        UndecodableError: it does not say which part it is, and when it was captured.
    """
    body, picture = _body(message, shape)
    fields = Fields(message.headers, body)
    part = _part(message, fields, shape, camera)
    try:
        frame = _with_picture(part, picture, fields, shape, fetch)
    except (UndecodableError, ClaimError) as error:
        frame = replace(part, problem=str(error) or "the picture is missing")
    return DecodedFrame(frame=frame, trace=_trace(fields, shape))


def _body(
    message: FrameMessage, shape: FrameShape
) -> tuple[Mapping[str, Any], bytes | None]:
    if shape.body == "picture":
        return {}, message.value
    body = json_object(message.value or b"")
    encoded = Fields((), body).text(shape.picture, longest=1 << 30)
    try:
        return body, None if encoded is None else base64.b64decode(
            encoded, validate=True
        )
    except (binascii.Error, ValueError):
        # Whose picture it is stands beside it: the part is judged as one without.
        return body, None


def _part(
    message: FrameMessage, fields: Fields, shape: FrameShape, camera: str
) -> Frame:
    frame_id = fields.number(shape.frame_id)
    captured_ns = fields.moment_ns(shape.captured, shape.captured_unit)
    if frame_id is None or captured_ns is None:
        missing = shape.frame_id if frame_id is None else shape.captured
        raise UndecodableError(f"{missing} is missing")
    named = fields.text(shape.camera, longest=64) or camera
    if not _NAME.fullmatch(named):
        raise UndecodableError(f"{shape.camera} is {named!r}, not a name")
    return Frame(
        line=message.line,
        camera=named,
        frame_id=frame_id,
        serial=fields.text(shape.serial),
        captured_ns=captured_ns,
        received_mono_ns=message.received_mono_ns,
        is_simulated=fields.flag(shape.is_simulated),
    )


def _with_picture(
    part: Frame,
    picture: bytes | None,
    fields: Fields,
    shape: FrameShape,
    fetch: FetchClaim,
) -> Frame:
    address = fields.text(shape.uri, longest=4096)
    if address is not None:
        picture = _claimed(address, fields, shape, fetch)
    if not picture:
        raise UndecodableError("the message carries no picture")
    sha256 = _checksums(picture, fields, shape)
    pixels = _raw_pixels(picture, fields, shape)
    if pixels is None:
        return replace(part, encoded=picture, sha256=sha256)
    if sha256 is not None and hashlib.sha256(picture).hexdigest() != sha256.lower():
        raise UndecodableError("the sha256 of the raw pixels is not the sender's")
    return replace(part, pixels=pixels)


def _claimed(
    address: str, fields: Fields, shape: FrameShape, fetch: FetchClaim
) -> bytes:
    """A claim check without a checksum could point to anything by now."""
    if fields.text(shape.sha256) is None:
        raise UndecodableError(f"a claim check needs {shape.sha256}")
    return fetch(address)


def _checksums(picture: bytes, fields: Fields, shape: FrameShape) -> str | None:
    """Check a crc32c here; the sha256 is given on, and checked before judging."""
    sha256, crc = fields.text(shape.sha256), fields.text(shape.crc32c)
    if crc is not None:
        from crc32c import crc32c  # noqa: PLC0415 - only where it is asked for

        found = f"{crc32c(picture):08x}"
        if found != crc.lower().rjust(8, "0"):
            raise UndecodableError(f"the picture's crc32c is {found}, not {crc}")
    if sha256 is None and crc is None and shape.require_checksum:
        raise UndecodableError("the picture came without a checksum")
    return sha256


def _raw_pixels(picture: bytes, fields: Fields, shape: FrameShape) -> Pixels | None:
    """Give raw pixels as a picture; `None` if the bytes are a picture file."""
    said = fields.text(shape.shape)
    kind = (fields.text(shape.content_type) or "").split(";")[0].strip().lower()
    if said is None:
        if kind in _RAW and kind != "application/octet-stream":
            raise UndecodableError(f"raw pixels need {shape.shape}")
        return None
    found = _SHAPE.fullmatch(said)
    if found is None:
        raise UndecodableError(f"{shape.shape} is {said!r}, not HEIGHTxWIDTH[x3]")
    height, width, channels = int(found[1]), int(found[2]), int(found[3] or 1)
    if not 0 < height * width <= _MOST_PIXELS:
        raise UndecodableError(f"{shape.shape} is {said}: too large or empty")
    if height * width * channels != len(picture):
        raise UndecodableError(f"{len(picture)} bytes are not {said} pixels")
    flat = np.frombuffer(picture, dtype=np.uint8)
    sides = (height, width) if channels == 1 else (height, width, channels)
    return flat.reshape(sides)


def _trace(fields: Fields, shape: FrameShape) -> str | None:
    """Give the W3C trace context on, if it is one; a damaged one costs no part."""
    try:
        said = fields.text(shape.trace)
    except UndecodableError:
        return None
    return said if said is not None and _TRACE.fullmatch(said) else None
