"""Picture files to pixels: nothing is decoded before its header was believed.

OpenCV decodes a truncated JPEG without an error and allocates whatever a header asks
for. So the header is read first (format, size, depth), then the end of the file is
looked for, and only then is the picture decoded. EXIF orientation is ignored: a camera
that is bolted down has one orientation, the one its branch was trained on.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.deciding import Trouble
from inspector.errors import PictureError
from inspector.model.artifact import Preprocessing
from inspector.settings import MAX_SIDE, PictureRules, Region
from inspector.types import Fault, FloatArray, Pixels

MAX_BYTES = 64 * 1024 * 1024
"""Above an uncompressed RGB picture of the largest size (48 MiB)."""

MAX_MAP_CELLS = 256
"""A side of a joined defect map: more is finer than anybody can see."""

BLACK_LEVEL = 8
"""A sensor's dark noise stays below this; a picture of a part does not."""
WHITE_LEVEL = 250
"""At and above this a sensor is as good as saturated."""
WHITE_SHARE = 0.95
"""Bright parts saturate in places; above this share no surface is left to judge."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_IHDR_BYTES = 13
_PNG_GREY_TYPES = (0, 4)
_PNG_END, _PNG_ANIMATION = b"IEND", b"acTL"
_JPEG = b"\xff\xd8\xff"
_JPEG_SOFS = range(0xC0, 0xC3)
"""Baseline, extended and progressive; lossless and arithmetic coding are refused."""
_JPEG_OTHER_SOFS = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SOS = 0xDA
_JPEG_EOI = b"\xff\xd9"
_JPEG_SCAN = b"\xff\xda"
_MAX_JPEG_SCANS = 32
"""Encoders write ten for a progressive picture; 32 of the largest size take 0.7 s."""
_TIFF = (b"II*\0", b"MM\0*")
_TIFF_CODES = {1: "B", 3: "H", 4: "I"}
_WIDTH, _HEIGHT, _BITS, _SAMPLES = 256, 257, 258, 277
_PHOTOMETRIC = 262
_TIFF_GREY, _TIFF_PALETTE = 1, 3
_TIFF_COLOURS = frozenset({0, _TIFF_GREY, 2, _TIFF_PALETTE, 6})
"""Grey of either sense, RGB, palette, YCbCr; not CMYK, CIE L*a*b* and others."""
_STRIPS, _TILES = (273, 279), (324, 325)
_EIGHT_BITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a picture file says of itself before it is decoded."""

    width: int
    height: int
    bits: int
    """Per channel."""
    grey: bool
    whole: bool
    """Whether the file reaches its end."""
    several: bool = False
    """Whether it is an animation or has several pages."""


def decode(encoded: bytes) -> Pixels:
    """Decode a PNG, JPEG, BMP or TIFF file.

    Returns:
        `[height, width]` if the file is grey, else `[height, width, 3]` RGB.

    Raises:
        PictureError: empty, of an unknown format, truncated, damaged, larger than
            `MAX_SIDE` or `MAX_BYTES`, or of more than 8 bits per channel.
    """
    header = read_header(encoded)
    _refuse(header)
    try:
        found = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        message = "the picture is damaged"
        raise PictureError(message) from error
    if found is None or found.shape[:2] != (header.height, header.width):
        message = "the picture is damaged"
        raise PictureError(message)
    if found.dtype != np.uint8:
        message = f"pixels are {found.dtype}, expected 8 bits"
        raise PictureError(message)
    return _as_grey_or_rgb(cast("Pixels", found), header.grey)


def encode_png(pixels: Pixels) -> bytes:
    """Write `[height, width]` grey or `[height, width, 3]` RGB pixels as PNG, quickly.

    Raises:
        PictureError: the pixels have another shape or depth.
    """
    grey = pixels.ndim == 2  # noqa: PLR2004
    if pixels.dtype != np.uint8 or pixels.size == 0 or not (grey or _is_rgb(pixels)):
        message = f"cannot write pixels of shape {pixels.shape}, {pixels.dtype} as PNG"
        raise PictureError(message)
    stored = pixels if grey else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    written, encoded = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not written:
        message = "OpenCV could not write the picture as PNG"
        raise PictureError(message)
    return encoded.tobytes()


def unusable(pixels: Pixels) -> Trouble | None:
    """Say why a picture shows no part: all black or over-exposed; `None` if it may.

    The limits are wide on purpose: they catch a dead sensor, a lamp that is off or a
    wide open shutter, and leave every picture with some surface in it to the model.
    """
    brightest = int(pixels.max())
    if brightest < BLACK_LEVEL:
        words = f"black: no pixel is brighter than {brightest} of 255"
        return Trouble(fault=Fault.PICTURE_BLACK, words=words)
    saturated = np.count_nonzero(pixels >= WHITE_LEVEL) / pixels.size
    if saturated > WHITE_SHARE:
        words = f"over-exposed: {saturated:.0%} of the pixels are saturated"
        return Trouble(fault=Fault.PICTURE_OVEREXPOSED, words=words)
    return None


def fit(pixels: Pixels, height: int, width: int, channels: int) -> Pixels:
    """Bring a picture to the size and colours that a branch reads.

    Args:
        pixels: `[h, w]`, `[h, w, 1]` or `[h, w, 3]`.
        height: wanted rows.
        width: wanted columns.
        channels: 1 for grey, 3 for RGB.

    Returns:
        `[height, width, channels]` uint8.

    Raises:
        PictureError: a side is 0.
    """
    if 0 in pixels.shape:
        message = f"the picture has no pixels: {pixels.shape}"
        raise PictureError(message)
    if pixels.ndim == 3 and pixels.shape[2] == 1:  # noqa: PLR2004
        pixels = pixels[:, :, 0]
    if channels == 1 and pixels.ndim == 3:  # noqa: PLR2004
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    small = small.reshape(height, width, -1)
    return np.broadcast_to(small, (height, width, channels)).astype(np.uint8)


def fit_tiles(pixels: Pixels, wanted: Preprocessing) -> Pixels:
    """Cut a picture's region into tiles, each of the size that a branch reads.

    Args:
        pixels: `[h, w]`, `[h, w, 1]` or `[h, w, 3]`.
        wanted: the branch's.

    Returns:
        `[tiles, height, width, channels]` uint8, row by row.

    Raises:
        PictureError: a side is 0, or the region reaches beyond the picture.
    """
    size = wanted.height, wanted.width, wanted.channels
    return np.stack(
        [
            fit(pixels[box.y : box.y + box.height, box.x : box.x + box.width], *size)
            for box in tile_boxes(pixels.shape[0], pixels.shape[1], wanted.picture)
        ]
    )


def tile_boxes(height: int, width: int, rules: PictureRules) -> list[Region]:
    """Say where the tiles of a picture lie: row by row, all of the same size.

    Args:
        height: of the picture, in pixels.
        width: likewise.
        rules: which region, and how it is cut.

    Raises:
        PictureError: the region reaches beyond the picture.
    """
    whole = Region(x=0, y=0, width=width, height=height)
    region = whole if rules.region is None else rules.region
    if not region.lies_in(height, width):
        message = (
            f"the picture is {width}x{height}, and the region {region} reaches beyond "
            "it: correct [picture] region in the line's settings"
        )
        raise PictureError(message)
    down = _cut(region.y, region.height, rules.tiles.rows, rules.tiles.overlap)
    across = _cut(region.x, region.width, rules.tiles.columns, rules.tiles.overlap)
    return [Region(x, y, wide, high) for y, high in down for x, wide in across]


def assemble_map(
    maps: FloatArray, height: int, width: int, rules: PictureRules
) -> FloatArray:
    """Join the defect maps of a picture's tiles into one of the whole picture.

    A cell of the map is what the worst of the tiles' cells under it says; outside the
    region, where nobody looked, it is 0. Cells are about as large as a tile's, unless
    that made more than `MAX_MAP_CELLS` a side.

    Args:
        maps: `[tiles, rows, columns]` probabilities, in the order of `tile_boxes`.
        height: of the picture, in pixels.
        width: likewise.
        rules: which region, and how it was cut.

    Returns:
        `[rows, columns]`; with one tile over the whole picture, its map as it is.

    Raises:
        PictureError: the region reaches beyond the picture.
    """
    boxes = tile_boxes(height, width, rules)
    _, rows, columns = maps.shape
    joined = np.zeros(
        (_cells(height, boxes[0].height, rows), _cells(width, boxes[0].width, columns)),
        np.float32,
    )
    for cells, box in zip(maps, boxes, strict=True):
        top, down = _covered(box.y, box.height, rows, height, joined.shape[0])
        left, across = _covered(box.x, box.width, columns, width, joined.shape[1])
        spread = np.where(down[:, :, None], cells, 0).max(1)
        spread = np.where(across, spread[:, None, :], 0).max(2)
        part = joined[top : top + len(down), left : left + len(across)]
        np.maximum(part, spread, out=part)
    return joined


def read_header(encoded: bytes) -> Header:
    """Read size and depth of a picture file without decoding it.

    Raises:
        PictureError: empty, too many bytes, an unknown format, or a damaged header.
    """
    if not encoded:
        message = "the file is empty"
        raise PictureError(message, Fault.PICTURE_EMPTY)
    if len(encoded) > MAX_BYTES:
        message = f"the file has {len(encoded)} bytes, the limit is {MAX_BYTES}"
        raise PictureError(message, Fault.PICTURE_TOO_LARGE)
    try:
        return _reader_for(encoded)(encoded)
    except (struct.error, IndexError, KeyError) as error:
        message = "the file is truncated or its header is damaged"
        raise PictureError(message, Fault.PICTURE_TRUNCATED) from error


def _cut(start: int, length: int, count: int, overlap: float) -> list[tuple[int, int]]:
    """Cut a stretch of pixels into equal pieces that overlap: start and length of each.

    All are as long as is needed for the share of overlap, and as far apart as they can
    be within the stretch, so that together they cover it.
    """
    piece = min(length, math.ceil(length / (count - (count - 1) * overlap)))
    room = length - piece
    steps = max(count - 1, 1)
    return [(start + room * number // steps, piece) for number in range(count)]


def _cells(length: int, tile: int, cells: int) -> int:
    """How many cells of a tile's fineness make a side of the picture."""
    return min(MAX_MAP_CELLS, -(-length * cells // tile))


def _covered(
    start: int, length: int, cells: int, whole: int, joined: int
) -> tuple[int, NDArray[np.bool_]]:
    """Say which cells of a joined side lie over which cells of a tile's side.

    Args:
        start: of the tile, in pixels.
        length: of the tile.
        cells: of the tile.
        whole: length of the picture.
        joined: cells of the picture.

    Returns:
        The first joined cell over the tile, and from there on `[joined, cells]`.
    """
    edges = (start * cells + length * np.arange(cells + 1)) * joined
    first = edges[:-1] // (cells * whole)
    behind = -(-edges[1:] // (cells * whole))
    at = np.arange(first[0], behind[-1])[:, None]
    return int(first[0]), (at >= first) & (at < behind)


def _reader_for(encoded: bytes) -> Callable[[bytes], Header]:
    if encoded.startswith(_PNG):
        return _png_header
    if encoded.startswith(_JPEG):
        return _jpeg_header
    if encoded.startswith(b"BM"):
        return _bmp_header
    if encoded.startswith(_TIFF):
        return _tiff_header
    message = "the file is not a PNG, JPEG, BMP or TIFF picture"
    raise PictureError(message, Fault.PICTURE_KIND)


def _refuse(header: Header) -> None:
    size = f"{header.width}x{header.height}"
    fault = Fault.DECODE
    if min(header.width, header.height) < 1:
        message = f"the picture is {size}"
    elif max(header.width, header.height) > MAX_SIDE:
        message = f"the picture is {size}, the limit is {MAX_SIDE}x{MAX_SIDE}"
        fault = Fault.PICTURE_TOO_LARGE
    elif header.bits > _EIGHT_BITS:
        # How 16 bits become 8 is a choice of exposure: the camera's, not the decoder's.
        message = f"{header.bits} bits per channel: set the camera to 8"
        fault = Fault.PICTURE_DEPTH
    elif header.several:
        message = "the file holds several pictures: let the camera send one"
        fault = Fault.PICTURE_SEVERAL
    elif not header.whole:
        message = "the file is truncated or damaged"
        fault = Fault.PICTURE_TRUNCATED
    else:
        return
    raise PictureError(message, fault)


def _as_grey_or_rgb(found: Pixels, grey: bool) -> Pixels:
    if found.ndim == 2:  # noqa: PLR2004
        return found
    if grey or found.shape[2] == 1:
        return np.ascontiguousarray(found[:, :, 0])
    return np.ascontiguousarray(found[:, :, 2::-1])


def _is_rgb(pixels: Pixels) -> bool:
    return pixels.ndim == 3 and pixels.shape[2] == 3  # noqa: PLR2004


def _png_header(encoded: bytes) -> Header:
    length, name = struct.unpack_from(">I4s", encoded, len(_PNG))
    if name != b"IHDR" or length != _PNG_IHDR_BYTES:
        message = "the PNG does not begin with its header"
        raise PictureError(message)
    width, height, bits, colour = struct.unpack_from(">IIBB", encoded, len(_PNG) + 8)
    chunks = _png_chunks(encoded)
    return Header(
        width=width,
        height=height,
        bits=bits,
        grey=colour in _PNG_GREY_TYPES,
        whole=_PNG_END in chunks,
        several=_PNG_ANIMATION in chunks,
    )


def _png_chunks(encoded: bytes) -> set[bytes]:
    """Name the chunks up to the first whose checksum is wrong, or the last one."""
    found: set[bytes] = set()
    at, view = len(_PNG), memoryview(encoded)
    while at + 12 <= len(encoded) and _PNG_END not in found:
        (length,) = struct.unpack_from(">I", encoded, at)
        end = at + 8 + length
        if end + 4 > len(encoded):
            break
        (checksum,) = struct.unpack_from(">I", encoded, end)
        if zlib.crc32(view[at + 4 : end]) != checksum:
            break
        found.add(encoded[at + 4 : at + 8])
        at = end + 4
    return found


def _jpeg_header(encoded: bytes) -> Header:
    frame: Header | None = None
    for marker, at in _jpeg_segments(encoded):
        if marker in _JPEG_SOFS:
            bits, height, width, channels = struct.unpack_from(">BHHB", encoded, at)
            frame = Header(
                width=width, height=height, bits=bits, grey=channels == 1, whole=True
            )
            _refuse_jpeg_channels(channels)
        elif marker in _JPEG_OTHER_SOFS:
            message = (
                "this coding of JPEG is not supported: use baseline or progressive"
            )
            raise PictureError(message, Fault.PICTURE_KIND)
        elif marker == _JPEG_SOS and frame is None:
            break
        elif marker == _JPEG_SOS and frame is not None:
            _refuse_cut_jpeg(encoded, at)
            _refuse_many_scans(encoded)
            return frame
    message = "the JPEG holds no picture"
    raise PictureError(message)


def _refuse_jpeg_channels(channels: int) -> None:
    if channels not in (1, 3):
        message = f"the JPEG has {channels} channels, expected grey or colour"
        raise PictureError(message, Fault.PICTURE_COLOURS)


def _refuse_cut_jpeg(encoded: bytes, scan: int) -> None:
    # Looked for after the scan began: a thumbnail in front of it has an end too.
    if encoded.find(_JPEG_EOI, scan) < 0:
        message = "the JPEG is truncated: its end is missing"
        raise PictureError(message, Fault.PICTURE_TRUNCATED)


def _refuse_many_scans(encoded: bytes) -> None:
    # Each scan is decoded over the whole picture: a thousand in 100 KB take 20 s.
    scans = encoded.count(_JPEG_SCAN)
    if scans > _MAX_JPEG_SCANS:
        message = f"the JPEG has {scans} scans, the limit is {_MAX_JPEG_SCANS}"
        raise PictureError(message, Fault.PICTURE_TOO_LARGE)


def _jpeg_segments(encoded: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker up to the scan with the position of what it holds."""
    at = 2
    while True:
        if encoded[at] != 0xFF:  # noqa: PLR2004
            message = "the JPEG's header is damaged"
            raise PictureError(message)
        while encoded[at] == 0xFF:  # noqa: PLR2004 - fill bytes may precede a marker
            at += 1
        (length,) = struct.unpack_from(">H", encoded, at + 1)
        yield encoded[at], at + 3
        at += 1 + length


def _bmp_header(encoded: bytes) -> Header:
    (pixels_at,) = struct.unpack_from("<I", encoded, 10)
    size, width, height, _, bits, coding = struct.unpack_from("<IiiHHI", encoded, 14)
    if size < 40:  # noqa: PLR2004 - the header of OS/2, which no camera writes
        message = "this kind of BMP is not supported"
        raise PictureError(message, Fault.PICTURE_KIND)
    row = (width * bits + 31) // 32 * 4
    # Run-length coding has no size to check; its end mark is the file's last word.
    end = 0 if coding in (1, 2) else pixels_at + row * abs(height)
    grey = bits <= _EIGHT_BITS and _bmp_palette_is_grey(encoded, size, pixels_at)
    return Header(
        width=width,
        height=abs(height),
        bits=_EIGHT_BITS,
        grey=grey,
        whole=end <= len(encoded),
    )


def _bmp_palette_is_grey(encoded: bytes, header_bytes: int, pixels_at: int) -> bool:
    palette = np.frombuffer(encoded[14 + header_bytes : pixels_at], np.uint8)
    colours = palette[: palette.size // 4 * 4].reshape(-1, 4)
    return bool((colours[:, :3] == colours[:, :1]).all())


def _tiff_header(encoded: bytes) -> Header:
    order = "<" if encoded.startswith(b"II") else ">"
    tags, several = _tiff_tags(encoded, order)
    samples = tags.get(_SAMPLES, (1,))[0]
    colours = tags.get(_PHOTOMETRIC, (_TIFF_GREY,))[0]
    if samples not in (1, 3, 4) or colours not in _TIFF_COLOURS:
        message = (
            f"the TIFF has {samples} channels of colour model {colours}, expected grey "
            "or RGB"
        )
        raise PictureError(message, Fault.PICTURE_COLOURS)
    return Header(
        width=tags[_WIDTH][0],
        height=tags[_HEIGHT][0],
        bits=max(tags.get(_BITS, (1,))),
        grey=samples == 1 and colours != _TIFF_PALETTE,
        whole=_tiff_is_whole(tags, len(encoded)),
        several=several,
    )


def _tiff_tags(encoded: bytes, order: str) -> tuple[dict[int, tuple[int, ...]], bool]:
    """Read the whole-number tags of the first picture in the file.

    Returns:
        The tags, and whether another picture follows.
    """
    (at,) = struct.unpack_from(f"{order}I", encoded, 4)
    (count,) = struct.unpack_from(f"{order}H", encoded, at)
    tags: dict[int, tuple[int, ...]] = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(f"{order}HHI", encoded, entry)
        code = _TIFF_CODES.get(kind)
        if code is None or length < 1 or length > len(encoded):
            continue
        form = f"{order}{length}{code}"
        inline = struct.calcsize(form) <= 4  # noqa: PLR2004
        (far,) = struct.unpack_from(f"{order}I", encoded, entry + 8)
        tags[tag] = struct.unpack_from(form, encoded, entry + 8 if inline else far)
    (following,) = struct.unpack_from(f"{order}I", encoded, at + 2 + 12 * count)
    return tags, following != 0


def _tiff_is_whole(tags: dict[int, tuple[int, ...]], size: int) -> bool:
    offsets, lengths = _STRIPS if _STRIPS[0] in tags else _TILES
    pieces = list(zip(tags[offsets], tags[lengths], strict=False))
    return bool(pieces) and all(at + length <= size for at, length in pieces)
