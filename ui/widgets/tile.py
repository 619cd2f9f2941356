"""A line's tile: how it runs, its last part, and the counters of its shift."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.types import Decision
from ui.theme import Theme
from ui.view_model import Health, SourceHealth, Tile
from ui.widgets.signs import paint_decision, paint_health
from ui.words import age_words, decision_word, health_word, number_words, percent_words

_PAD = 14
_LEAST = 11
"""Pixels of the smallest letters."""
_HEIGHT = 262


class LineTile(QWidget):
    """Paints one line; touched, it is the line whose picture is shown.

    Args:
        theme: colours.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._tile: Tile | None = None
        self._is_chosen = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def tile(self) -> Tile | None:
        """What is shown."""
        return self._tile

    def show_tile(self, tile: Tile, *, chosen: bool) -> None:
        """Show a line's state; nothing is painted where nothing has changed."""
        if tile != self._tile or chosen != self._is_chosen:
            self._tile, self._is_chosen = tile, chosen
            self.setAccessibleName(f"{tile.line} {tile.decision or ''} {tile.part}")
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the column."""
        return QSize(400, _HEIGHT)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        """Choose this line."""
        if self._tile is not None:
            self.chosen.emit(self._tile.line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose this line by the keyboard."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Space} and self._tile:
            self.chosen.emit(self._tile.line)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint all of it."""
        if self._tile is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 3.0 if self._is_chosen or self.hasFocus() else 1.0
        edge = "focus" if width > 1 else "edge"
        painter.setPen(QPen(self._theme.colour(edge), width))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 6, 6
        )
        self._head(painter, self._tile)
        self._last(painter, self._tile)
        self._counters(painter, self._tile)
        self._sources(painter, self._tile)

    def _head(self, painter: QPainter, tile: Tile) -> None:
        self._write(painter, (_PAD, 10, 190, 30), tile.line, 24, bold=True)
        state = self.tr("RUNNING") if tile.is_running else self.tr("NO PARTS")
        if not tile.is_running:
            age = age_words(tile.age_s)
            state = self.tr("NO PARTS for {age}").format(age=age)
        health = Health.GOOD if tile.is_running else Health.FUNCTION_CHECK
        painter_room = QRectF(self.width() - _PAD - 24, 13, 24, 24)
        paint_health(painter, painter_room, health, self._theme)
        room = (206, 10, self.width() - 206 - _PAD - 30, 30)
        self._write(painter, room, state, 16, right=True, faint=tile.is_running)

    def _last(self, painter: QPainter, tile: Tile) -> None:
        paint_decision(painter, QRectF(_PAD, 50, 54, 54), tile.decision, self._theme)
        word = decision_word(tile.decision) if tile.decision else "\u2013"
        self._write(painter, (_PAD + 66, 50, 176, 54), word, 36, bold=True)
        left = _PAD + 66 + 176
        room = (left, 50, self.width() - left - _PAD, 54)
        self._write(painter, room, tile.part, 22, right=True)

    def _counters(self, painter: QPainter, tile: Tile) -> None:
        bad = tile.faults + tile.overruns
        counted = (
            (self.tr("parts"), number_words(tile.parts)),
            (decision_word(Decision.PASS), number_words(tile.passed)),
            (decision_word(Decision.REJECT), number_words(tile.rejected)),
            (decision_word(Decision.REVIEW), number_words(tile.reviewed)),
            (self.tr("faults"), number_words(tile.faults)),
            (self.tr("overruns"), number_words(tile.overruns)),
        )
        self._row(painter, 114, counted, warn_from=4 if bad else 9)
        p99 = f"{number_words(tile.p99_ms)} ms" if tile.p99_ms is not None else "\u2013"
        cells = (
            (self.tr("yield"), percent_words(tile.yield_percent)),
            (self.tr("parts/min"), number_words(tile.parts_per_min, 1)),
            (self.tr("p99 latency"), p99),
            (self.tr("branch"), tile.branch or "\u2013"),
        )
        self._row(painter, 164, cells, warn_from=9)

    def _row(
        self,
        painter: QPainter,
        top: int,
        cells: tuple[tuple[str, str], ...],
        warn_from: int,
    ) -> None:
        wide = (self.width() - 2 * _PAD) // len(cells)
        for at, (name, value) in enumerate(cells):
            left = _PAD + at * wide
            self._write(painter, (left, top, wide - 4, 16), name, 13, faint=True)
            room = (left, top + 16, wide - 4, 26)
            is_zero = value == "0"
            self._write(painter, room, value, 20, bold=at >= warn_from and not is_zero)

    def _sources(self, painter: QPainter, tile: Tile) -> None:
        half = (self.width() - 2 * _PAD) // 2
        painter.setPen(self._theme.colour("edge"))
        painter.drawLine(_PAD, 216, self.width() - _PAD, 216)
        self._source(painter, _PAD, half, (self.tr("camera"), tile.camera))
        self._source(painter, _PAD + half, half, (self.tr("log"), tile.log))

    def _source(
        self, painter: QPainter, left: int, wide: int, named: tuple[str, SourceHealth]
    ) -> None:
        name, source = named
        paint_health(painter, QRectF(left, 225, 24, 24), source.health, self._theme)
        words = f"{name} {health_word(source.health)}"
        if source.age_s is not None:
            words = f"{words} · {age_words(source.age_s)}"
        self._write(painter, (left + 30, 222, wide - 34, 30), words, 15)

    def _write(  # noqa: PLR0913 - how words look
        self,
        painter: QPainter,
        room: tuple[int, int, int, int],
        words: str,
        size: int,
        *,
        bold: bool = False,
        right: bool = False,
        faint: bool = False,
    ) -> None:
        font = QFont(painter.font())
        font.setPixelSize(size)
        font.setBold(bold)
        painter.setFont(font)
        while (
            size > _LEAST and painter.fontMetrics().horizontalAdvance(words) > room[2]
        ):
            size -= 1
            font.setPixelSize(size)
            painter.setFont(font)
        painter.setPen(self._theme.colour("faint" if faint else "text"))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        middle = side | Qt.AlignmentFlag.AlignVCenter
        cut = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideMiddle, room[2]
        )
        painter.drawText(*room, middle, cut)
