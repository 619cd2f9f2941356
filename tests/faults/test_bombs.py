"""Pictures that would cost memory or time: refused before anything is allocated."""

from __future__ import annotations

import time
import tracemalloc
import zlib

import cv2
import psutil
import pytest

from inspector.errors import PictureError
from inspector.model.pictures import MAX_BYTES, decode
from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import a_jpeg_of_scans, a_png, chunk, noise, saved, zeros

BIG = zeros(64)


def test_twenty_thousand_by_twenty_thousand_is_refused_by_its_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = a_png(20_000, 20_000, zeros(20))
    account, verdicts = judge_pictures(bomb, saved(noise(size=(4097, 8)), "JPEG"))
    assert only_fault(account, verdicts) == "picture_too_large"
    assert verdicts[0].reason == "the picture is 20000x20000, the limit is 4096x4096"
    monkeypatch.setattr(cv2, "imdecode", None)  # to decode would fail
    tracemalloc.start()
    with pytest.raises(PictureError, match="20000x20000"):
        decode(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_many_bytes_are_refused_unread() -> None:
    account, verdicts = judge_pictures(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    assert only_fault(account, verdicts) == "picture_too_large"


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    """100 KB that would take 20 s to decode."""
    bomb = a_jpeg_of_scans(1000)
    assert len(bomb) < 110_000
    started = time.perf_counter()
    account, verdicts = judge_pictures(bomb)
    assert time.perf_counter() - started < 2
    assert only_fault(account, verdicts) == "picture_too_large"
    assert "scans, the limit is 32" in verdicts[0].reason
    progressive = saved(noise("RGB"), "JPEG", progressive=True)
    assert decode(progressive).shape == (48, 64, 3)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_a_bomb_beside_the_pixels_is_not_unpacked(name: bytes) -> None:
    """64 MB of text or of colour profile in 64 KB; the pixels are sound."""
    picture = a_png(64, 48, zlib.compress(bytes(48 * 65)), chunk(name, b"k\0\0" + BIG))
    assert decode(picture).shape == (48, 64)
    assert grown_mb(picture) < 8


def test_more_pixels_than_the_header_says_are_not_unpacked() -> None:
    assert decode(a_png(64, 48, BIG)).shape == (48, 64)
    assert grown_mb(a_png(64, 48, BIG)) < 8


def grown_mb(picture: bytes) -> float:
    """How much memory at its peak decoding took, in a process that has decoded."""
    process = psutil.Process()
    before = process.memory_info().rss
    for _ in range(4):
        decode(picture)
    return (process.memory_info().rss - before) / 1e6
