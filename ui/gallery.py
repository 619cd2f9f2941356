"""Decodes pictures off the window's thread and keeps a bounded number of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainterPath

from ui.view_model import outline_cells

MOST_PIXELS = 4096 * 4096
CACHE_BYTES = 128 * 1024 * 1024
_TINT = 0.85


def decode(encoded: bytes | None) -> QImage | None:
    """Decode a picture; its header is read first, and what is too large is refused.

    Returns:
        `None` if it is no picture, cut short, or larger than 4096x4096.
    """
    if not encoded:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(encoded))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(False)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MOST_PIXELS:
        return None
    image = reader.read()
    return None if image.isNull() else image


def thumbnail(image: QImage | None, side: int) -> QImage | None:
    """Make a picture small, keeping its shape."""
    if image is None:
        return None
    return image.scaled(
        QSize(side, side),
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def heat(rows: Sequence[Sequence[float]] | None) -> QImage | None:
    """Colour a defect map: clear at its middle, denser and redder to its hottest cell.

    Returns:
        A small picture, one pixel per cell, to be stretched smoothly over the part's.
    """
    if not rows:
        return None
    cells = np.asarray(rows, dtype=np.float32)
    middle, hottest = float(np.median(cells)), float(cells.max())
    level = ((cells - middle) / max(hottest - middle, 1e-6)).clip(0, 1)
    red = np.full_like(level, 255)
    green = 210 * (1 - level) ** 1.2
    alpha = 255 * _TINT * level**0.8
    blue = np.full_like(level, 20)
    rgba = np.stack([red, green, blue, alpha], axis=-1).astype(np.uint8)
    height, width = level.shape
    data = np.ascontiguousarray(rgba).tobytes()
    # A copy: the image must own its pixels when the array is gone.
    return QImage(data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def outline(rows: Sequence[Sequence[float]] | None) -> QPainterPath | None:
    """Draw the edge of the hot region, in shares of the picture's sides."""
    if not rows or not rows[0]:
        return None
    cells = outline_cells(rows)
    if not cells:
        return None
    high, wide = 1 / len(rows), 1 / len(rows[0])
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for y, x in cells:
        path.addRect(x * wide, y * high, wide, high)
    return path.simplified()


class Gallery:
    """Decoded pictures by name, the least used going first; for any thread.

    Args:
        most_bytes: that the pictures may take together.
    """

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._images: OrderedDict[str, QImage] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def get(self, name: str) -> QImage | None:
        """Give a picture that is at hand."""
        with self._lock:
            image = self._images.get(name)
            if image is not None:
                self._images.move_to_end(name)
            return image

    def put(self, name: str, image: QImage) -> None:
        """Keep a picture; older ones make room."""
        with self._lock:
            before = self._images.pop(name, None)
            self.bytes -= 0 if before is None else before.sizeInBytes()
            self._images[name] = image
            self.bytes += image.sizeInBytes()
            while self.bytes > self._most_bytes and len(self._images) > 1:
                _name, oldest = self._images.popitem(last=False)
                self.bytes -= oldest.sizeInBytes()
