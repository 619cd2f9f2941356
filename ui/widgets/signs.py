"""Signs that are told apart by shape, letter and word, and only then by colour."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.types import Decision
from ui.theme import Theme
from ui.view_model import Health
from ui.words import decision_word

_OCTAGON = (
    (0.3, 0),
    (0.7, 0),
    (1, 0.3),
    (1, 0.7),
    (0.7, 1),
    (0.3, 1),
    (0, 0.7),
    (0, 0.3),
)
_DIAMOND = ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))
_LEAST = 12
_TRIANGLE = ((0.5, 0.06), (1, 0.94), (0, 0.94))
_LETTERS = {
    Health.FAILURE: "F",
    Health.FUNCTION_CHECK: "C",
    Health.OUT_OF_SPECIFICATION: "S",
    Health.MAINTENANCE: "M",
    Health.UNKNOWN: "?",
}


def _polygon(shape: tuple[tuple[float, float], ...], rect: QRectF) -> QPolygonF:
    return QPolygonF(
        [
            QPointF(rect.x() + x * rect.width(), rect.y() + y * rect.height())
            for x, y in shape
        ]
    )


def paint_decision(
    painter: QPainter,
    rect: QRectF,
    decision: str | None,
    theme: Theme,
    *,
    on_own_ground: bool = False,
) -> None:
    """Paint a decision's sign: circle with a tick, octagon with a cross, diamond.

    Args:
        painter: of the widget.
        rect: where.
        decision: whose sign.
        theme: colours.
        on_own_ground: the ground has the sign's colour, so that the sign is inverted.
    """
    ground, ink = theme.of_decision(decision)
    if on_own_ground and decision in {Decision.REJECT, Decision.REVIEW}:
        ground, ink = ink, ground
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = theme.colour("faint") if decision in {Decision.PASS, None} else ground
    painter.setPen(QPen(edge, max(1.5, rect.width() / 18)))
    painter.setBrush(ground)
    inner = rect.adjusted(2, 2, -2, -2)
    if decision == Decision.REJECT:
        painter.drawPolygon(_polygon(_OCTAGON, inner))
        _cross(painter, inner, ink)
    elif decision == Decision.REVIEW:
        painter.drawPolygon(_polygon(_DIAMOND, inner))
        _letter(painter, inner, "?", ink)
    else:
        painter.drawEllipse(inner)
        if decision == Decision.PASS:
            _tick(painter, inner, ink)
    painter.restore()


def paint_health(painter: QPainter, rect: QRectF, health: Health, theme: Theme) -> None:
    """Paint an NE 107 word's sign with its letter; good is a plain tick."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = theme.of_health(health)
    inner = rect.adjusted(1, 1, -1, -1)
    if health is Health.GOOD:
        _tick(painter, inner, theme.colour("faint"))
    else:
        painter.setPen(QPen(theme.colour("edge"), 1))
        painter.setBrush(colour)
        ink = QColor("#ffffff" if health is Health.FAILURE else "#14181b")
        if health is Health.UNKNOWN:
            ink = theme.colour("text")
        _health_shape(painter, inner, health)
        _letter(painter, inner, _LETTERS[health], ink)
    painter.restore()


def _health_shape(painter: QPainter, rect: QRectF, health: Health) -> None:
    if health is Health.MAINTENANCE:
        painter.drawPolygon(_polygon(_DIAMOND, rect))
    elif health in {Health.FUNCTION_CHECK, Health.OUT_OF_SPECIFICATION}:
        painter.drawPolygon(_polygon(_TRIANGLE, rect))
    elif health is Health.FAILURE:
        painter.drawEllipse(rect)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(rect)


def _pen(ink: QColor, rect: QRectF) -> QPen:
    pen = QPen(ink, max(2.0, rect.width() * 0.11))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _cross(painter: QPainter, rect: QRectF, ink: QColor) -> None:
    painter.setPen(_pen(ink, rect))
    low, high = 0.32, 0.68
    for x0, y0, x1, y1 in ((low, low, high, high), (high, low, low, high)):
        painter.drawLine(_at(rect, x0, y0), _at(rect, x1, y1))


def _tick(painter: QPainter, rect: QRectF, ink: QColor) -> None:
    painter.setPen(_pen(ink, rect))
    corners = [_at(rect, 0.27, 0.53), _at(rect, 0.44, 0.69), _at(rect, 0.74, 0.34)]
    painter.drawPolyline(QPolygonF(corners))


def _at(rect: QRectF, x: float, y: float) -> QPointF:
    return QPointF(rect.x() + x * rect.width(), rect.y() + y * rect.height())


def _letter(painter: QPainter, rect: QRectF, letter: str, ink: QColor) -> None:
    font = QFont(painter.font())
    font.setPixelSize(max(8, int(rect.height() * 0.56)))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, letter)


class DecisionBanner(QWidget):
    """The verdict of a part as large as there is room: sign, word and serial.

    Args:
        theme: colours.
        height: least height in pixels.
    """

    def __init__(self, theme: Theme, height: int = 84) -> None:
        super().__init__()
        self._theme = theme
        self._decision: str | None = None
        self._part = ""
        self._hint = ""
        self._hidden = ""
        self.setMinimumHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_part(
        self, decision: str | None, part: str, hint: str = "", hidden: str = ""
    ) -> None:
        """Show a verdict; `hidden` stands in its place where it must not be seen."""
        shown = (decision, part, hint, hidden)
        if shown != (self._decision, self._part, self._hint, self._hidden):
            self._decision, self._part, self._hint, self._hidden = shown
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as it likes."""
        return QSize(420, self.minimumHeight())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint all of it."""
        painter = QPainter(self)
        decision = None if self._hidden else self._decision
        ground, ink = self._theme.of_decision(decision)
        if decision in {Decision.PASS, None}:
            ground = self._theme.colour("panel")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colour("edge"))
        painter.setBrush(ground)
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6
        )
        side = self.height() - 20
        room = QRectF(12, 10, side, side)
        paint_decision(painter, room, decision, self._theme, on_own_ground=True)
        self._words(painter, side + 28, ink)

    def _words(self, painter: QPainter, left: int, ink: QColor) -> None:
        word = self._hidden or (
            decision_word(self._decision) if self._decision else "\u2013"
        )
        room = self.rect().adjusted(left, 0, -14, 0)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        left_flag = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(ink)
        word_width = _write(
            painter, room, word, (self.height() * 52 // 100, True, left_flag)
        )
        rest = room.adjusted(word_width + 18, 0, 0, 0)
        top = QRect(rest.x(), rest.y() + 6, rest.width(), rest.height() * 6 // 10)
        low = QRect(rest.x(), top.bottom() - 4, rest.width(), rest.height() * 4 // 10)
        if not self._hint:
            top, low = rest, QRect()
        _write(painter, top, self._part, (self.height() * 36 // 100, True, right))
        _write(painter, low, self._hint, (max(13, self.height() // 6), False, right))


def _write(
    painter: QPainter,
    room: QRect,
    words: str,
    how: tuple[int, bool, Qt.AlignmentFlag],
) -> int:
    """Write words into a room, smaller if they do not fit; gives their width."""
    size, bold, flag = how
    font = QFont(painter.font())
    font.setBold(bold)
    font.setPixelSize(max(size, 10))
    painter.setFont(font)
    while font.pixelSize() > _LEAST and painter.fontMetrics().horizontalAdvance(
        words
    ) > (room.width()):
        font.setPixelSize(font.pixelSize() - 2)
        painter.setFont(font)
    metrics = painter.fontMetrics()
    cut = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, max(room.width(), 0))
    painter.drawText(room, flag, cut)
    return metrics.horizontalAdvance(words)
