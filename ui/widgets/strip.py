"""The last rejects, side by side: small picture, sign, serial, age."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from connectors.database.reading.queries import Listed
from ui.theme import Theme
from ui.view_model import name_of, plain
from ui.widgets.signs import paint_decision
from ui.words import moment_words

_CARD, _GAP, _SMALL = 156, 10, 15


class RejectStrip(QWidget):
    """Paints the last rejects; a touched one is opened.

    Args:
        theme: colours.
        height: in pixels.
    """

    opened = Signal(object)
    wants_picture = Signal(object)

    def __init__(self, theme: Theme, height: int = 150) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Listed, ...] = ()
        self._images: dict[int, QImage] = {}
        self._empty = ""
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[Listed], empty: str) -> None:
        """Show these, the newest first; pictures that are missing are asked for."""
        shown = tuple(rows[: self._room])
        self._empty = empty
        if shown == self._rows:
            return
        new = {row.id for row in shown}
        self._images = {at: each for at, each in self._images.items() if at in new}
        self._rows = shown
        for row in shown:
            if row.id not in self._images and row.evidence:
                self.wants_picture.emit(row)
        self.update()

    def show_picture(self, number: int, image: QImage | None) -> None:
        """Give a part's small picture."""
        if image is not None and any(row.id == number for row in self._rows):
            self._images[number] = image
            self.update()

    @property
    def _room(self) -> int:
        return max(1, (self.width() + _GAP) // (_CARD + _GAP))

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(800, self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the part that was touched."""
        at = int(event.position().x()) // (_CARD + _GAP)
        if at < len(self._rows):
            self.opened.emit(self._rows[at])

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the cards."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._rows:
            painter.setPen(self._theme.colour("faint"))
            middle = Qt.AlignmentFlag.AlignCenter
            painter.drawText(self.rect(), middle, self._empty)
        for at, row in enumerate(self._rows):
            self._card(painter, at * (_CARD + _GAP), row)

    def _card(self, painter: QPainter, left: int, row: Listed) -> None:
        high = self.height() - 2
        painter.setPen(QPen(self._theme.colour("edge"), 1))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(QRectF(left + 0.5, 0.5, _CARD - 1, high), 6, 6)
        room = QRectF(left + 6, 6, _CARD - 12, high - 56)
        image = self._images.get(row.id)
        painter.fillRect(room, self._theme.colour("pressed"))
        if image is not None:
            size = image.size().scaled(
                int(room.width()),
                int(room.height()),
                Qt.AspectRatioMode.KeepAspectRatio,
            )
            there = QRectF(0, 0, size.width(), size.height())
            there.moveCenter(room.center())
            painter.drawImage(there, image)
        paint_decision(
            painter, QRectF(left + 10, 10, 30, 30), row.decision, self._theme
        )
        self._write(painter, (left + 8, high - 48, _CARD - 16, 24), name_of(row), 17)
        said = f"{moment_words(row.captured_ns, date=False)}  {plain(row.defect, 24)}"
        self._write(painter, (left + 8, high - 26, _CARD - 16, 20), said, 13)

    def _write(
        self, painter: QPainter, room: tuple[int, int, int, int], words: str, size: int
    ) -> None:
        font = QFont(painter.font())
        font.setPixelSize(size)
        is_name = size > _SMALL
        font.setBold(is_name)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text" if is_name else "faint"))
        cut = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideMiddle, room[2]
        )
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(*room, left, cut)
