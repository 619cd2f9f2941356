"""The log around a part: stations are rows, time runs right, weight is height."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.view_model import LogAxis, PlacedLine

_LABELS, _ROW, _FOOT = 104, 20, 20


class LogAxisView(QWidget):
    """Paints where the log's lines lie before and after the picture.

    Args:
        theme: colours.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._axis: LogAxis | None = None
        self.setMinimumHeight(96)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def show_axis(self, axis: LogAxis | None) -> None:
        """Show a part's log, or nothing."""
        self._axis = axis
        rows = 4 if axis is None else max(3, len(axis.stations))
        self.setFixedHeight(min(rows, 8) * _ROW + _FOOT + 6)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(500, 120)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint stations, lines and the moment of the picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._theme.colour("raised"))
        if self._axis is None or not self._axis.lines:
            return
        self._size(painter, 12)
        self._rows(painter, self._axis)
        for line in self._axis.lines:
            self._line(painter, self._axis, line)
        self._moment(painter, self._axis)

    def _size(self, painter: QPainter, size: int) -> None:
        font = QFont(painter.font())
        font.setPixelSize(size)
        painter.setFont(font)

    def _high(self, axis: LogAxis) -> float:
        return (self.height() - _FOOT) / max(1, len(axis.stations))

    def _x(self, axis: LogAxis, seconds: float) -> float:
        span = max(axis.until_s - axis.since_s, 1e-6)
        room = self.width() - _LABELS - 16
        return _LABELS + room * (seconds - axis.since_s) / span

    def _rows(self, painter: QPainter, axis: LogAxis) -> None:
        high = self._high(axis)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for at, station in enumerate(axis.stations):
            middle = (at + 0.5) * high
            painter.setPen(QPen(self._theme.colour("edge"), 1))
            painter.drawLine(QPointF(_LABELS, middle), QPointF(self.width(), middle))
            painter.setPen(self._theme.colour("faint"))
            cut = painter.fontMetrics().elidedText(
                station, Qt.TextElideMode.ElideRight, _LABELS - 10
            )
            painter.drawText(QRectF(6, at * high, _LABELS - 8, high), left, cut)

    def _line(self, painter: QPainter, axis: LogAxis, line: PlacedLine) -> None:
        high = self._high(axis)
        x, y = self._x(axis, line.seconds), (line.row + 0.5) * high
        if line.is_heavy:
            share = min(1.0, (line.weight or 0.0) * 2.5)
            radius = 4 + share * (high / 2 - 4)
            painter.setPen(QPen(self._theme.colour("text"), 1))
            painter.setBrush(self._theme.colour("review"))
            painter.drawRect(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("faint"))
            painter.drawEllipse(QPointF(x, y), 3, 3)

    def _moment(self, painter: QPainter, axis: LogAxis) -> None:
        x = self._x(axis, 0.0)
        painter.setPen(QPen(self._theme.colour("focus"), 2))
        bottom = self.height() - _FOOT
        painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
        marks = [axis.since_s, 0.0]
        if axis.until_s > (axis.until_s - axis.since_s) / 6:
            marks.append(axis.until_s)
        for seconds in marks:
            at = min(max(self._x(axis, seconds) - 40, 0), self.width() - 80)
            painter.drawText(
                QRectF(at, bottom, 80, _FOOT),
                Qt.AlignmentFlag.AlignCenter,
                f"{seconds:+.0f} s",
            )
