"""The start screen: is the line well, and what did it just decide?"""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPainterPath
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from connectors.database.reading.queries import Listed
from connectors.database.reading.watching import LineState
from ui.desk import Desk, Room, label
from ui.gallery import decode, heat, outline, thumbnail
from ui.records import Access, Snapshot
from ui.view_model import KEYS, Deed, Freshness, LineNow, Tile, name_of, tile_of
from ui.widgets.picture import PictureView
from ui.widgets.signs import DecisionBanner
from ui.widgets.strip import RejectStrip
from ui.widgets.tile import LineTile
from ui.words import age_words, number_words

_THUMB = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A picture that was decoded, of which part."""

    row: Listed
    image: QImage | None
    heat: QImage | None
    outline: QPainterPath | None


class WatchRoom(Room):
    """Tiles of all lines, the picture of the chosen one, and its last rejects."""

    part_opened = Signal(object)
    verdict_shown = Signal(int, float)
    """Number of a verdict that came on the screen, and when it was decided, for
    measuring: from the stored row to here."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._tiles: dict[str, LineTile] = {}
        self._chosen = ""
        self._shown: _Shown | None = None
        self._asked = 0
        self._wanted: Listed | None = None
        self._is_fetching = False
        self._last_id = 0
        self._build()
        self.retranslate()

    def _build(self) -> None:
        theme = self.desk.theme
        self.banner = DecisionBanner(theme, 96)
        self.picture = PictureView(theme)
        self.strip = RejectStrip(theme)
        self.strip.opened.connect(self.part_opened)
        self.strip.wants_picture.connect(self._fetch_small)
        self.map_button = QPushButton()
        self.map_button.setCheckable(True)
        self.map_button.setChecked(True)
        self.map_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.map_button.toggled.connect(self._map_changed)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setMinimumHeight(theme.target)
        self.slider.valueChanged.connect(self._map_changed)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QWidget()
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(10)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(column)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(430)
        scroll.setMaximumWidth(560)
        map_row = QHBoxLayout()
        self._opacity_words = label(faint=True)
        self._picture_words = label()
        map_row.addWidget(self._picture_words, 1)
        map_row.addWidget(self._opacity_words)
        map_row.addWidget(self.slider)
        map_row.addWidget(self.map_button)
        self.slider.setFixedWidth(190)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.banner)
        right.addWidget(self.picture, 1)
        right.addLayout(map_row)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(scroll, 2)
        top.addLayout(right, 3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(14, 12, 14, 12)
        whole.setSpacing(8)
        whole.addLayout(top, 1)
        self._strip_words = label(faint=True)
        whole.addWidget(self._strip_words)
        whole.addWidget(self.strip)

    def retranslate(self) -> None:
        """Say everything again."""
        words = self.tr("Defect map")
        self.map_button.setText(f"{words}  [{KEYS[Deed.MAP]}]")
        self._opacity_words.setText(self.tr("Opacity"))
        self._strip_words.setText(self.tr("Last rejects"))
        self.picture.set_empty(self.tr("no picture kept yet"))
        for tile in self._tiles.values():
            tile.update()
        self.banner.update()
        if self.desk.snapshot is not None:
            self.take(self.desk.snapshot)

    @property
    def tiles_shown(self) -> int:
        """How many lines are shown."""
        return sum(tile.tile is not None for tile in self._tiles.values())

    def toggle_map(self) -> None:
        """Show the defect map, or hide it: the key M."""
        self.map_button.toggle()

    def choose(self, line: str) -> None:
        """Show another line's picture."""
        self._chosen = line
        self._shown, self._asked = None, 0
        self.picture.show_picture(None)
        if self.desk.snapshot is not None:
            self.take(self.desk.snapshot)

    def take(self, snapshot: Snapshot) -> None:
        """Show the newest state."""
        if not snapshot.lines:
            return
        if self._chosen not in snapshot.lines:
            self._chosen = next(iter(snapshot.lines))
        for name in snapshot.lines:
            self._tile(name)
        state = snapshot.lines[self._chosen]
        self._show_line(state)
        if snapshot.newest_id > self._last_id:
            self._last_id = snapshot.newest_id
            self.verdict_shown.emit(snapshot.newest_id, time.time())
        self.turn()

    def turn(self) -> None:
        """Let ages grow, and veil what has grown old."""
        snapshot = self.desk.snapshot
        if snapshot is None:
            return
        now_s = time.monotonic()
        gone = snapshot.access is not Access.READY
        for name, state in snapshot.lines.items():
            fresh = snapshot.fresh.get(name, Freshness())
            tile = tile_of(_now(state), fresh, now_s)
            self._tile(name).show_tile(tile, chosen=name == self._chosen)
            if name == self._chosen:
                self._veil(tile, gone=gone)

    def _veil(self, tile: Tile, *, gone: bool) -> None:
        age = age_words(tile.age_s)
        if gone:
            words = self.tr("DATABASE AWAY\nlast part {age} ago").format(age=age)
        elif tile.is_stale:
            words = self.tr("STALE\nlast part {age} ago").format(age=age)
        else:
            words = ""
        self.picture.set_veil(words)

    def _tile(self, name: str) -> LineTile:
        if name not in self._tiles:
            tile = self._tiles[name] = LineTile(self.desk.theme)
            tile.chosen.connect(self.choose)
            self._column.insertWidget(sorted(self._tiles).index(name), tile)
        return self._tiles[name]

    def _show_line(self, state: LineState) -> None:
        last = state.last
        if last is None:
            return
        score = number_words(last.score, 3)
        hint = self.tr("score {score}").format(score=score)
        self.banner.show_part(last.decision, name_of(last), hint)
        self.strip.show_rows(state.rejects, self.tr("no rejects yet"))
        kept = last if last.evidence else _newest_kept(state)
        self._wanted = kept
        self._fetch_wanted()
        self._say_which(last)

    def _fetch_wanted(self) -> None:
        """Fetch the newest picture, one at a time: none is void before it is seen."""
        wanted = self._wanted
        if wanted is not None and not self._is_fetching and wanted.id != self._asked:
            self._asked, self._is_fetching = wanted.id, True
            self._fetch(wanted)

    def _say_which(self, last: Listed) -> None:
        if self._shown is None:
            self._picture_words.setText("")
            return
        shown = name_of(self._shown.row)
        words = self.tr("Picture of {part}").format(part=shown)
        if self._shown.row.id != last.id and not last.evidence:
            words += " · " + self.tr("pictures of passed parts are not kept")
        self._picture_words.setText(words)

    def _fetch(self, row: Listed) -> None:
        records = self.desk.records

        def work() -> _Shown:
            file = records.part_file(row)
            cells = None if file.record is None else file.record.defect_map
            return _Shown(
                row=row,
                image=decode(file.picture),
                heat=heat(cells),
                outline=outline(cells),
            )

        self.desk.bridge.ask(work, self._show, worker="live")

    def _show(self, shown: _Shown) -> None:
        self._is_fetching = False
        if shown.row.line != self._chosen:
            self._asked = 0
            self._fetch_wanted()
            return
        self._shown = shown
        self.picture.show_picture(shown.image, shown.heat, shown.outline)
        self._map_changed()
        self._fetch_wanted()

    def _fetch_small(self, row: Listed) -> None:
        records, gallery = self.desk.records, self.desk.gallery
        name = f"small/{row.evidence}"

        def work() -> QImage | None:
            image = gallery.get(name)
            if image is None:
                image = thumbnail(decode(records.picture(row)), _THUMB)
                if image is not None:
                    gallery.put(name, image)
            return image

        self.desk.bridge.ask(
            work,
            lambda image: self.strip.show_picture(row.id, image),
            worker="shelf",
        )

    def _map_changed(self) -> None:
        on = self.map_button.isChecked()
        self.picture.set_map(on=on, opacity=self.slider.value() / 100)


def _now(state: LineState) -> LineNow:
    return LineNow(
        line=state.line,
        last=state.last,
        counts=state.counts,
        parts_per_min=state.parts_per_min,
    )


def _newest_kept(state: LineState) -> Listed | None:
    kept = (row for row in state.rejects if row.evidence)
    return next(kept, None)
