"""Search by serial, line, decision, defect, station and words of the log."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import gettempdir

from PySide6.QtCore import QModelIndex, QProcess, QProcessEnvironment, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from connectors.database.reading.pages import Landmarks
from connectors.database.reading.queries import Listed, VerdictQuery
from inspector.errors import InputError
from inspector.types import NS_PER_S, Decision
from ui.desk import Desk, Room, label
from ui.models.verdict_table import VerdictTable
from ui.records import Snapshot
from ui.view_model import name_of, plain
from ui.widgets.alarms import plain_table
from ui.words import decision_word, moment_words, number_words

_MAPPED_AT_ONCE = 40
_SINCE_S = (None, 3600, 8 * 3600, 86_400, 7 * 86_400)


class SearchRoom(Room):
    """A form, and a table that holds only what is seen of it."""

    part_opened = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.serial, self.defect, self.station = QLineEdit(), QLineEdit(), QLineEdit()
        self.text = QLineEdit()
        self.line, self.decision, self.since = QComboBox(), QComboBox(), QComboBox()
        self.go = QPushButton()
        self.open_button, self.why_button = QPushButton(), QPushButton()
        self.model = VerdictTable(
            desk.bridge,
            (
                lambda row: moment_words(row.captured_ns),
                lambda row: plain(row.line, 24),
                name_of,
                lambda row: decision_word(row.decision),
                lambda row: number_words(row.score, 3),
                lambda row: plain(row.defect, 30),
                lambda row: plain(row.reason, 120),
                lambda row: plain(row.branch_version, 16),
            ),
            self._heads,
        )
        self.table = plain_table(self.model, stretch=6)
        self.found_in_s: float | None = None
        self._marks: Landmarks | None = None
        self._said = label(faint=True)
        self._process: QProcess | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        top, low = QHBoxLayout(), QHBoxLayout()
        for widget in (self.serial, self.text, self.go):
            top.addWidget(widget, 2 if widget is not self.go else 1)
        for box in (self.line, self.decision, self.since, self.defect, self.station):
            low.addWidget(box, 1)
        for field in (self.serial, self.text, self.defect, self.station):
            field.returnPressed.connect(self.search)
        self.go.clicked.connect(self.search)
        foot = QHBoxLayout()
        foot.addWidget(self._said, 1)
        foot.addWidget(self.why_button)
        foot.addWidget(self.open_button)
        self.open_button.clicked.connect(self._open)
        self.why_button.clicked.connect(self._explain)
        self.table.doubleClicked.connect(self._open)
        column.addLayout(top)
        column.addLayout(low)
        column.addWidget(self.table, 1)
        column.addLayout(foot)
        for at, width in enumerate((180, 80, 120, 100, 80, 120)):
            self.table.setColumnWidth(at, width)

    def retranslate(self) -> None:
        """Say everything again."""
        self.serial.setPlaceholderText(self.tr("Serial, or its beginning"))
        self.text.setPlaceholderText(self.tr('Words in the log, "a phrase"'))
        self.defect.setPlaceholderText(self.tr("Defect"))
        self.station.setPlaceholderText(self.tr("Station"))
        self.go.setText(self.tr("Search"))
        self.open_button.setText(self.tr("Open"))
        self.why_button.setText(self.tr("Why? (report)"))
        at = max(0, self.decision.currentIndex())
        self.decision.clear()
        self.decision.addItem(self.tr("All decisions"), None)
        for decision in Decision:
            self.decision.addItem(decision_word(decision), decision)
        self.decision.setCurrentIndex(at)
        at = max(0, self.since.currentIndex())
        self.since.clear()
        words = (
            self.tr("Any time"),
            self.tr("Last hour"),
            self.tr("Last 8 hours"),
            self.tr("Last day"),
            self.tr("Last week"),
        )
        for said, seconds in zip(words, _SINCE_S, strict=True):
            self.since.addItem(said, seconds)
        self.since.setCurrentIndex(at)
        if self.line.count():
            self.line.setItemText(0, self.tr("All lines"))
        self.model.retranslate()

    def take(self, snapshot: Snapshot) -> None:
        """Offer the lines there are."""
        if not self.line.count():
            self.line.addItem(self.tr("All lines"), None)
        known = {self.line.itemData(at) for at in range(self.line.count())}
        for name in snapshot.lines:
            if name not in known:
                self.line.addItem(plain(name, 24), name)

    def entered(self) -> None:
        """Show the newest verdicts at once."""
        if self._marks is None:
            self.search()
        self.serial.setFocus()

    def search(self) -> None:
        """Look for what the form asks for."""
        try:
            query = self._query()
        except InputError as error:
            self._said.setText(plain(str(error)))
            return
        began_s = time.perf_counter()
        engine = self.desk.records.engine

        def work() -> Landmarks:
            marks = Landmarks(engine, query)
            marks.advance(1)
            marks.page(0)
            return marks

        def then(marks: Landmarks) -> None:
            self.found_in_s = time.perf_counter() - began_s
            self._marks = marks
            self.model.show(marks)
            self._say()
            self._map_more()

        self.desk.bridge.ask(work, then, slot="search", worker="search")

    def _map_more(self) -> None:
        """Go on mapping the result, a bounded piece at a time."""
        marks = self._marks
        if marks is None or marks.is_complete:
            self._say()
            return

        def then(_complete: bool) -> None:
            if marks is self._marks:
                self.model.grow()
                self._say()
                self._map_more()

        self.desk.bridge.ask(
            lambda: marks.advance(_MAPPED_AT_ONCE),
            then,
            slot="map",
            worker="search",
        )

    def _heads(self) -> tuple[str, ...]:
        return (
            self.tr("When"),
            self.tr("Line"),
            self.tr("Part"),
            self.tr("Decision"),
            self.tr("Score"),
            self.tr("Defect"),
            self.tr("Reason"),
            self.tr("Branch"),
        )

    @property
    def is_mapped(self) -> bool:
        """Whether the table knows all rows of the search."""
        return self._marks is not None and self._marks.is_complete

    def _query(self) -> VerdictQuery:
        seconds = self.since.currentData()
        since_ns = None if seconds is None else time.time_ns() - seconds * NS_PER_S
        decision = self.decision.currentData()
        return VerdictQuery(
            line=self.line.currentData(),
            decision=None if decision is None else Decision(decision),
            serial=self.serial.text().strip() or None,
            defect=self.defect.text().strip() or None,
            station=self.station.text().strip() or None,
            text=self.text.text().strip() or None,
            since_ns=since_ns,
        )

    def _say(self) -> None:
        marks = self._marks
        if marks is None:
            return
        more = "" if marks.is_complete else "+"
        words = self.tr("{n} parts, found in {ms} ms").format(
            n=f"{number_words(marks.rows)}{more}",
            ms=number_words(1000 * (self.found_in_s or 0)),
        )
        self._said.setText(words)

    def _chosen(self) -> Listed | None:
        index = self.table.currentIndex()
        return self.model.row(index.row()) if index.isValid() else None

    def _open(self, _index: QModelIndex | bool | None = None) -> None:
        row = self._chosen()
        if row is not None:
            self.part_opened.emit(row)

    def _explain(self) -> None:
        """Have the attention-flow report of a part made, and show it."""
        row, records = self._chosen(), self.desk.records
        if row is None or records.evidence is None:
            self._said.setText(self.tr("Choose a part whose evidence is kept"))
            return
        page = Path(gettempdir()) / f"inspector-part-{row.id}.html"
        self._said.setText(self.tr("The report is being made"))
        self._process = process = QProcess(self)
        url = records.engine.url.render_as_string(hide_password=False)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("INSPECTOR_DATABASE_URL", url)
        process.setProcessEnvironment(environment)
        asked = ["-m", "inspector", "explain", str(row.id), "--out", str(page)]
        process.finished.connect(lambda code: self._explained(code, page))
        process.start(sys.executable, [*asked, "--evidence", str(records.evidence)])

    def _explained(self, code: int, page: Path) -> None:
        if code == 0:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))
            self._said.setText(self.tr("Report: {file}").format(file=str(page)))
            return
        if self._process is not None:
            said = bytes(self._process.readAllStandardError().data())
            self._said.setText(plain(said.decode(errors="replace")))
