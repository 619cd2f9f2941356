import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.errors import PictureError
from inspector.model.pictures import (
    MAX_BYTES,
    decode,
    encode_png,
    read_header,
    unusable,
)
from inspector.types import Pixels

SUFFIXES = (".png", ".jpg", ".bmp", ".tif")


def a_gradient(*shape: int) -> Pixels:
    return (np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)


def written(suffix: str, pixels: Pixels) -> bytes:
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return bytes(cv2.imencode(suffix, stored)[1].tobytes())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
@pytest.mark.parametrize("shape", [(13, 17), (13, 17, 3)])
def test_grey_stays_grey_and_colour_becomes_rgb(
    suffix: str, shape: tuple[int, ...]
) -> None:
    pixels = a_gradient(*shape)
    assert np.array_equal(decode(written(suffix, pixels)), pixels)


def test_a_red_jpeg_is_red_in_the_first_channel() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    found = decode(written(".jpg", red))
    assert found[..., 0].min() > 200
    assert found[..., 1:].max() < 50
    assert decode(written(".jpg", red[..., 0])).shape == (16, 16)


def test_transparency_is_left_out() -> None:
    pixels = a_gradient(5, 7, 3)
    with_alpha = np.dstack([pixels[..., ::-1], np.zeros((5, 7), np.uint8)])
    encoded = cv2.imencode(".png", with_alpha)[1].tobytes()
    assert np.array_equal(decode(encoded), pixels)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.5, 0.9])
def test_a_cut_file_is_refused(suffix: str, share: float) -> None:
    encoded = written(suffix, a_gradient(64, 64, 3))
    with pytest.raises(PictureError):
        decode(encoded[: int(len(encoded) * share)])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    encoded = written(".jpg", a_gradient(64, 64))
    thumbnail = b"\xff\xe1" + struct.pack(">H", 4) + b"\xff\xd9"
    with_thumbnail = encoded[:2] + thumbnail + encoded[2:]
    assert decode(with_thumbnail).shape == (64, 64)
    with pytest.raises(PictureError, match="end is missing"):
        decode(with_thumbnail[: len(with_thumbnail) // 2])


def test_a_flipped_byte_in_a_png_is_found_by_its_checksum() -> None:
    encoded = bytearray(written(".png", a_gradient(64, 64)))
    encoded[len(encoded) // 2] ^= 1
    with pytest.raises(PictureError, match="truncated or damaged"):
        decode(bytes(encoded))


def a_png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(header))
    end = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0d" + header + checksum + end


@pytest.mark.parametrize(("width", "height"), [(30000, 30000), (4097, 1), (1, 4097)])
def test_a_bomb_is_refused_by_its_header(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", None)  # decoding would fail the test
    with pytest.raises(PictureError, match="the limit is 4096x4096"):
        decode(a_png_that_claims(width, height))


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(PictureError, match="the picture is 0x5"):
        decode(a_png_that_claims(0, 5))


def test_a_file_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(PictureError, match="the limit is"):
        decode(b"\xff\xd8\xff" + bytes(MAX_BYTES))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_refused_with_advice(suffix: str) -> None:
    encoded = cv2.imencode(suffix, np.zeros((4, 4), np.uint16))[1].tobytes()
    with pytest.raises(PictureError, match="16 bits per channel: set the camera to 8"):
        decode(encoded)


@pytest.mark.parametrize("encoded", [b"", b"GIF89a...", b"text"])
def test_what_is_no_picture_is_refused(encoded: bytes) -> None:
    with pytest.raises(PictureError, match=r"is empty|is not a PNG, JPEG, BMP or TIFF"):
        decode(encoded)


def patched(encoded: bytes, at: int, new: bytes) -> bytes:
    return encoded[:at] + new + encoded[at + len(new) :]


def a_jpeg_marker(marker: int) -> int:
    return written(".jpg", a_gradient(8, 8)).index(bytes([0xFF, marker]))


@pytest.mark.parametrize(
    ("encoded", "problem"),
    [
        (patched(a_png_that_claims(4, 4), 12, b"IDAT"), "does not begin with"),
        (
            patched(
                written(".jpg", a_gradient(8, 8)), a_jpeg_marker(0xC0), b"\xff\xc9"
            ),
            "this coding of JPEG is not supported",
        ),
        (
            patched(
                written(".jpg", a_gradient(8, 8)), a_jpeg_marker(0xC0), b"\xff\xe5"
            ),
            "the JPEG holds no picture",
        ),
        (
            patched(written(".jpg", a_gradient(8, 8)), a_jpeg_marker(0xC0) + 9, b"\4"),
            "the JPEG has 4 channels",
        ),
        (patched(written(".jpg", a_gradient(8, 8)), 4, b"\0\3"), "header is damaged"),
        (patched(written(".bmp", a_gradient(8, 8)), 14, b"\x0c"), "kind of BMP"),
    ],
)
def test_odd_headers_are_refused(encoded: bytes, problem: str) -> None:
    with pytest.raises(PictureError, match=problem):
        decode(encoded)


def test_a_tiff_of_two_channels_is_refused() -> None:
    encoded = written(".tif", a_gradient(8, 8, 3))
    samples = struct.pack("<HHIH", 277, 3, 1, 3)
    two = patched(encoded, encoded.index(samples) + 8, b"\2")
    with pytest.raises(PictureError, match="the TIFF has 2 channels"):
        decode(two)


def test_exif_orientation_is_ignored() -> None:
    tags = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x112, 3, 1, 6, 0)
    body = b"Exif\0\0" + tags + bytes(4)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    encoded = written(".jpg", a_gradient(8, 24))
    assert decode(encoded[:2] + segment + encoded[2:]).shape == (8, 24)


@given(st.data())
def test_damage_ends_in_a_picture_or_a_picture_error(data: st.DataObject) -> None:
    encoded = bytearray(written(data.draw(st.sampled_from(SUFFIXES)), a_gradient(9, 9)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(encoded), 200) - 1))
        encoded[at] = data.draw(st.integers(0, 255))
    with suppress(PictureError):
        header = read_header(bytes(encoded))
        assert decode(bytes(encoded)).shape[:2] == (header.height, header.width)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_raw_pixels_survive_as_png(shape: tuple[int, ...]) -> None:
    pixels = a_gradient(*shape)
    assert np.array_equal(decode(encode_png(pixels)), pixels)


@pytest.mark.parametrize(
    "pixels", [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.uint8)]
)
def test_other_arrays_are_not_written_as_png(pixels: Pixels) -> None:
    with pytest.raises(PictureError, match="cannot write pixels of shape"):
        encode_png(pixels)


def test_black_and_over_exposed_pictures_are_unusable() -> None:
    black = unusable(np.full((4, 4), 3, np.uint8))
    assert black is not None
    assert black.words == "black: no pixel is brighter than 3 of 255"
    assert "over-exposed: 100%" in str(unusable(np.full((4, 4, 3), 255, np.uint8)))


def test_dark_and_bright_parts_are_usable() -> None:
    dark = np.zeros((10, 10), np.uint8)
    dark[5, 5] = 40
    bright = np.full((10, 10), 255, np.uint8)
    bright[:1] = 120
    assert unusable(dark) is None
    assert unusable(bright) is None
