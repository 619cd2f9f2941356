"""A part's picture with its defect map and region, to look at, zoom and move."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFont,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme

_MOST_ZOOM, _PIXELS_SEEN_FROM = 32.0, 4.0


class PictureView(QWidget):
    """Shows one picture.

    Args:
        theme: colours.
        moves: whether it can be zoomed and moved by hand.
    """

    def __init__(self, theme: Theme, *, moves: bool = True) -> None:
        super().__init__()
        self._theme = theme
        self._moves = moves
        self._image: QImage | None = None
        self._heat: QImage | None = None
        self._outline: QPainterPath | None = None
        self._opacity = 0.5
        self._map_on = True
        self._veil = ""
        self._title = ""
        self._empty = ""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self._grabbed: QPoint | None = None
        self.setMinimumSize(140, 120)
        policy = QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, policy)

    def show_picture(
        self,
        image: QImage | None,
        heat: QImage | None = None,
        outline: QPainterPath | None = None,
    ) -> None:
        """Show a picture, with its map and region if there are any."""
        self._image, self._heat, self._outline = image, heat, outline
        self.update()

    def set_title(self, words: str) -> None:
        """Say what is shown, in the corner."""
        if words != self._title:
            self._title = words
            self.update()

    def set_empty(self, words: str) -> None:
        """Say why there is no picture."""
        if words != self._empty:
            self._empty = words
            self.update()

    def set_map(self, *, on: bool, opacity: float) -> None:
        """Show the defect map so densely, or not at all; the region goes along."""
        self._map_on, self._opacity = on, opacity
        self.update()

    def set_veil(self, words: str) -> None:
        """Veil the picture and say why; "" lifts the veil."""
        if words != self._veil:
            self._veil = words
            self.update()

    @property
    def veil(self) -> str:
        """What the veil says; "" where there is none."""
        return self._veil

    def reset_view(self) -> None:
        """Show the whole picture again."""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.update()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a point of the widget, or around its middle."""
        at = at or QPointF(self.width() / 2, self.height() / 2)
        before = self._to_picture().map(at)
        self._zoom = min(max(self._zoom * factor, 1.0), _MOST_ZOOM)
        after = self._to_picture().map(at)
        self._shift(before - after)

    def sizeHint(self) -> QSize:
        """Square enough for most parts."""
        return QSize(420, 420)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint ground, picture, map, region, title and veil."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("pressed"))
        if self._image is None:
            self._write_middle(painter, self._empty, "faint", 18)
        else:
            self._paint_picture(painter)
        if self._title:
            self._paint_title(painter)
        if self._veil:
            self._paint_veil(painter)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom where the pointer is."""
        if self._moves:
            self.zoom_by(1.25 ** (event.angleDelta().y() / 120), event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        self._grabbed = event.position().toPoint() if self._moves else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the picture along."""
        if self._grabbed is None:
            return
        here = event.position().toPoint()
        back = self._to_picture()
        self._shift(back.map(QPointF(self._grabbed)) - back.map(QPointF(here)))
        self._grabbed = here

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go of the picture."""
        self._grabbed = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show the whole picture again."""
        self.reset_view()

    def _shift(self, by: QPointF) -> None:
        centre = self._centre + by
        self._centre = QPointF(
            min(max(centre.x(), 0.0), 1.0), min(max(centre.y(), 0.0), 1.0)
        )
        self.update()

    def _side(self) -> tuple[float, float]:
        """Give the picture's size on the screen."""
        if self._image is None:
            return 1.0, 1.0
        wide, high = self._image.width(), self._image.height()
        fits = min(self.width() / wide, self.height() / high)
        return wide * fits * self._zoom, high * fits * self._zoom

    def _rect(self) -> QRectF:
        wide, high = self._side()
        return QRectF(
            self.width() / 2 - self._centre.x() * wide,
            self.height() / 2 - self._centre.y() * high,
            wide,
            high,
        )

    def _to_picture(self) -> QTransform:
        """Give the way from points of the widget to shares of the picture's sides."""
        rect = self._rect()
        forth = QTransform.fromTranslate(rect.x(), rect.y())
        forth.scale(rect.width(), rect.height())
        return forth.inverted()[0]

    def _paint_picture(self, painter: QPainter) -> None:
        if self._image is None:
            return
        rect = self._rect()
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, self._zoom < _PIXELS_SEEN_FROM
        )
        painter.drawImage(rect, self._image)
        if not self._map_on:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._heat is not None:
            painter.setOpacity(self._opacity)
            painter.drawImage(rect, self._heat)
            painter.setOpacity(1.0)
        if self._outline is not None:
            self._paint_outline(painter, rect)

    def _paint_outline(self, painter: QPainter, rect: QRectF) -> None:
        if self._outline is None:
            return
        forth = QTransform.fromTranslate(rect.x(), rect.y())
        forth.scale(rect.width(), rect.height())
        path = forth.map(self._outline)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("on_reject", 4.0), ("map_ink", 2.0)):
            painter.setPen(QPen(self._theme.colour(colour), width))
            painter.drawPath(path)

    def _paint_title(self, painter: QPainter) -> None:
        font = QFont(painter.font())
        font.setPixelSize(14)
        font.setBold(True)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        words = metrics.elidedText(
            self._title, Qt.TextElideMode.ElideRight, self.width() - 24
        )
        room = QRectF(0, 0, metrics.horizontalAdvance(words) + 20, 26)
        ground = self._theme.colour("panel")
        ground.setAlpha(225)
        painter.fillRect(room, ground)
        painter.setPen(self._theme.colour("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_veil(self, painter: QPainter) -> None:
        veil = self._theme.colour("ground")
        veil.setAlpha(165)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(self._theme.colour("faint"), 1, Qt.PenStyle.DotLine))
        for at in range(-self.height(), self.width(), 28):
            painter.drawLine(at, self.height(), at + self.height(), 0)
        self._write_middle(painter, self._veil, "text", 30, boxed=True)

    def _write_middle(
        self,
        painter: QPainter,
        words: str,
        colour: str,
        size: int,
        *,
        boxed: bool = False,
    ) -> None:
        font = QFont(painter.font())
        font.setPixelSize(size)
        font.setBold(boxed)
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        if boxed:
            box = painter.boundingRect(room, flags, words).adjusted(-16, -8, 16, 8)
            painter.fillRect(box, self._theme.colour("panel"))
            painter.setPen(self._theme.colour("edge"))
            painter.drawRect(box)
        painter.setPen(self._theme.colour(colour))
        painter.drawText(room, flags, words)
