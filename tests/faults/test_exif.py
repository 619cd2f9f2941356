"""A picture that asks to be turned: the camera is bolted down, so it is not."""

from __future__ import annotations

import struct

import numpy as np

from inspector.model.pictures import decode
from tests.faults.line import judge_pictures
from tests.faults.odd_pictures import noise, saved

_ORIENTATION = 0x112


def turned(jpeg: bytes, orientation: int) -> bytes:
    """Put the tag that asks for a turn in front of a JPEG's other segments."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    body = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_orientation_changes_no_pixel() -> None:
    plain = saved(noise(), "JPEG")
    pictures = [turned(plain, orientation) for orientation in range(1, 9)]
    for picture in pictures:
        assert np.array_equal(decode(picture), decode(plain))
    account, verdicts = judge_pictures(*pictures)
    assert {str(verdict.decision) for verdict in verdicts} == {"PASS"}
    assert account.verdict_faults == {}
