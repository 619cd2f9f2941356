"""Pictures that no camera on a line should send, made to order."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
SIZE = (64, 48)


def noise(mode: str = "L", size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.effect_noise(size, 60).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Write a picture as a file of a kind."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def a_png(width: int, height: int, pixels: bytes, extra: bytes = b"") -> bytes:
    """A grey PNG of any claims: its pixels are compressed already."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels)
    return PNG + chunks + chunk(b"IEND", b"")


def zeros(megabytes: int) -> bytes:
    """So many zeros, compressed to a thousandth."""
    pressed = zlib.compressobj(9)
    pieces = [pressed.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*pieces, pressed.flush()])


def a_jpeg_of_scans(scans: int) -> bytes:
    """A progressive JPEG of the largest size whose last scan comes again and again."""
    whole = saved(Image.new("L", (4096, 4096), 128), "JPEG", progressive=True)
    last = whole[whole.rfind(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + whole[-2:]
