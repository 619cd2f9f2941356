"""Alarms: a bar that is always in sight, the list, acknowledging and shelving."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import (
    QT_TRANSLATE_NOOP,
    QAbstractItemModel,
    QCoreApplication,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QPushButton,
    QTableView,
    QVBoxLayout,
)

from connectors.database.people.alarming import AlarmBoard
from inspector.alarms import Alarm, Condition, Priority, State
from inspector.errors import InspectorError
from inspector.people import Person
from ui.desk import Desk, Room, label
from ui.models.rows import RowsModel
from ui.records import Access
from ui.view_model import plain
from ui.words import moment_words

_SHELVED_FOR_S = 1800.0
_SAID_FOR_S = 6.0


class AlarmBar(QFrame):
    """Always visible: the most pressing alarm, how many there are, and messages."""

    opened = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setProperty("bar", True)
        self.board = AlarmBoard(desk.records.engine)
        self.alarms: list[Alarm] = []
        self._said_until_s = 0.0
        self._sounded: set[object] = set()
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 2, 10, 2)
        self._count = label(bad=True)
        self._words = label()
        self._said = label(faint=True)
        self.button = QPushButton()
        self.button.clicked.connect(self.opened)
        row.addWidget(self._count)
        row.addWidget(self._words, 1)
        row.addWidget(self._said)
        row.addWidget(self.button)

    def tell(self, words: str) -> None:
        """Show a message for some seconds."""
        self._said.setText(plain(words, 160))
        self._said_until_s = time.monotonic() + _SAID_FOR_S

    def look(self) -> None:
        """Ask for the alarms; called each second."""
        if time.monotonic() > self._said_until_s:
            self._said.setText("")
        snapshot = self._desk.snapshot
        if snapshot is None or snapshot.access is not Access.READY:
            return

        def work() -> list[Alarm]:
            self.board.look()
            return self.board.alarms()

        self._desk.bridge.ask(
            work, self._show, slot="alarms", failed=lambda _error: None
        )

    def retranslate(self) -> None:
        """Say everything again."""
        self.button.setText(self.tr("Alarms"))
        self._show(self.alarms)

    def _show(self, alarms: list[Alarm]) -> None:
        self.alarms = alarms
        now_ns = time.time_ns()
        loud = [each for each in alarms if each.state(now_ns) is State.UNACKNOWLEDGED]
        self._count.setVisible(bool(loud))
        self._count.setText(self.tr("{n} ALARMS").format(n=len(loud)))
        if loud:
            first = loud[0]
            words = f"{condition_word(first)} · {plain(first.source, 40)}"
            self._words.setText(f"{words} · {plain(first.words, 120)}")
        else:
            self._words.setText(self.tr("No alarm that nobody has seen"))
        self._sound({each.key for each in loud})

    def _sound(self, loud: set[object]) -> None:
        """Beep once for each new alarm; it is seen as well where there is no sound."""
        if loud - self._sounded:
            QApplication.beep()
        self._sounded = loud


def condition_word(alarm: Alarm) -> str:
    """Name what is wrong."""
    return _said(_CONDITIONS[alarm.condition])


class AlarmsRoom(Room):
    """All alarms, and what can be done with the chosen one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.board = AlarmBoard(desk.records.engine)
        self.model = RowsModel[Alarm](
            (
                lambda alarm: _said(_PRIORITIES[alarm.priority]),
                self._state,
                condition_word,
                lambda alarm: plain(alarm.source, 40),
                lambda alarm: plain(alarm.words, 160),
                lambda alarm: moment_words(alarm.raised_ns) if alarm.raised_ns else "",
                lambda alarm: plain(alarm.who, 40),
            ),
            self._heads,
        )
        self._title = label(title=True)
        self.table = plain_table(self.model, stretch=4)
        self.acknowledge, self.shelve = QPushButton(), QPushButton()
        self.unshelve = QPushButton()
        self.acknowledge.clicked.connect(self._acknowledge)
        self.shelve.clicked.connect(self._shelve)
        self.unshelve.clicked.connect(self._unshelve)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.addWidget(self._title)
        column.addWidget(self.table, 1)
        row = QHBoxLayout()
        for button in (self.acknowledge, self.shelve, self.unshelve):
            button.setProperty("primary", True)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def retranslate(self) -> None:
        """Say everything again."""
        self._title.setText(self.tr("Alarms"))
        self.acknowledge.setText(self.tr("Acknowledge"))
        self.shelve.setText(self.tr("Shelve for 30 minutes"))
        self.unshelve.setText(self.tr("Take off the shelf"))
        self.model.retranslate()

    def person_changed(self) -> None:
        """Say what may be done by who is here now."""
        for button in (self.acknowledge, self.shelve, self.unshelve):
            button.setEnabled(self.desk.session.person is not None)

    def entered(self) -> None:
        """Show the newest state."""
        self._refresh()

    def _heads(self) -> tuple[str, ...]:
        return (
            self.tr("Priority"),
            self.tr("State"),
            self.tr("Condition"),
            self.tr("Source"),
            self.tr("What"),
            self.tr("Since"),
            self.tr("By"),
        )

    def _state(self, alarm: Alarm) -> str:
        return _said(_STATES[alarm.state(time.time_ns())])

    def _refresh(self) -> None:
        def work() -> list[Alarm]:
            self.board.refresh()
            return self.board.alarms()

        self.desk.bridge.ask(work, self.model.show, slot="alarm list")

    def _act(self, act: Callable[[Alarm, Person], object]) -> None:
        alarm = self.model.row(self.table.currentIndex().row())
        person = self.desk.session.person
        if alarm is None or person is None:
            return
        self.desk.bridge.ask(
            lambda: act(alarm, person), lambda _done: self._refresh(), failed=self._told
        )

    def _told(self, error: InspectorError) -> None:
        self.desk.bridge.trouble.emit(str(error))

    def _acknowledge(self) -> None:
        self._act(lambda alarm, person: self.board.acknowledge(alarm.key, person))

    def _shelve(self) -> None:
        title, words = self.tr("Shelve"), self.tr("Why? It is kept in the record.")
        why, is_sure = QInputDialog.getText(self, title, words)
        if is_sure:
            self._act(
                lambda alarm, person: self.board.shelve(
                    alarm.key, person, plain(why), _SHELVED_FOR_S
                )
            )

    def _unshelve(self) -> None:
        self._act(lambda alarm, person: self.board.unshelve(alarm.key, person))


def plain_table(model: QAbstractItemModel, stretch: int) -> QTableView:
    """Make a table that only shows rows; one column takes the room that is left."""
    table = QTableView()
    table.setModel(model)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(44)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.horizontalHeader().setSectionResizeMode(
        stretch, QHeaderView.ResizeMode.Stretch
    )
    table.horizontalHeader().setHighlightSections(False)
    return table


_CONDITIONS: dict[Condition, object] = {
    Condition.LINE_SILENT: QT_TRANSLATE_NOOP("alarms", "line silent"),
    Condition.CAMERA_SILENT: QT_TRANSLATE_NOOP("alarms", "camera silent"),
    Condition.LOG_SILENT: QT_TRANSLATE_NOOP("alarms", "log silent"),
    Condition.CLOCK_SKEW: QT_TRANSLATE_NOOP("alarms", "clocks apart"),
    Condition.LATENCY: QT_TRANSLATE_NOOP("alarms", "too slow"),
    Condition.DRIFT: QT_TRANSLATE_NOOP("alarms", "drift"),
    Condition.REJECT_BURST: QT_TRANSLATE_NOOP("alarms", "burst of rejects"),
    Condition.DEFECT_RUN: QT_TRANSLATE_NOOP("alarms", "same defect in a row"),
    Condition.DISK: QT_TRANSLATE_NOOP("alarms", "disk nearly full"),
    Condition.BROKER: QT_TRANSLATE_NOOP("alarms", "broker"),
    Condition.DATABASE: QT_TRANSLATE_NOOP("alarms", "database"),
    Condition.BRANCH: QT_TRANSLATE_NOOP("alarms", "branch put away"),
}
_PRIORITIES: dict[Priority, object] = {
    Priority.CRITICAL: QT_TRANSLATE_NOOP("alarms", "1 critical"),
    Priority.HIGH: QT_TRANSLATE_NOOP("alarms", "2 high"),
    Priority.MEDIUM: QT_TRANSLATE_NOOP("alarms", "3 medium"),
    Priority.LOW: QT_TRANSLATE_NOOP("alarms", "4 low"),
}
_STATES: dict[State, object] = {
    State.NORMAL: QT_TRANSLATE_NOOP("alarms", "normal"),
    State.UNACKNOWLEDGED: QT_TRANSLATE_NOOP("alarms", "unacknowledged"),
    State.ACKNOWLEDGED: QT_TRANSLATE_NOOP("alarms", "acknowledged"),
    State.RETURNED: QT_TRANSLATE_NOOP("alarms", "returned"),
    State.SHELVED: QT_TRANSLATE_NOOP("alarms", "shelved"),
    State.SUPPRESSED: QT_TRANSLATE_NOOP("alarms", "suppressed"),
}


def _said(source: object) -> str:
    return QCoreApplication.translate("alarms", str(source))
