"""The console's window: rooms on a rail, who is there, and alarms always in sight."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.people import Right
from ui.desk import Desk, Room, label
from ui.languages import LANGUAGES, Languages
from ui.records import Access, Snapshot
from ui.scanner import ScannerFilter, ScanReader
from ui.view_model import KEYS, Deed
from ui.widgets.alarms import AlarmBar, AlarmsRoom
from ui.widgets.branches import BranchesRoom
from ui.widgets.login import LoginDialog
from ui.widgets.people import PeopleRoom
from ui.widgets.review import ReviewRoom
from ui.widgets.search import SearchRoom
from ui.widgets.understand import UnderstandRoom
from ui.widgets.watch import WatchRoom
from ui.widgets.welcome import WelcomeRoom

_RAIL_WIDTH = 112
_HOUSEKEEPING_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a console is shown."""

    language: str = "en"
    dark: bool = False
    kiosk: bool = False
    scanner_prefix: str = "\x02"


class ConsoleWindow(QMainWindow):
    """All rooms of the console.

    Args:
        desk: what rooms have at hand.
        languages: switches the language.
        look: how it begins.
    """

    def __init__(self, desk: Desk, languages: Languages, look: Look) -> None:
        super().__init__()
        self.desk = desk
        self.languages = languages
        self.look = look
        self._rooms: dict[str, Room] = {}
        self._buttons: dict[str, QToolButton] = {}
        self._login: LoginDialog | None = None
        self._make_rooms()
        self._build()
        self._connect()
        self.retranslate()
        self.go("watch")

    def _make_rooms(self) -> None:
        desk = self.desk
        self.watch = WatchRoom(desk)
        self.review = ReviewRoom(desk)
        self.search = SearchRoom(desk)
        self.understand = UnderstandRoom(desk)
        self.alarms = AlarmsRoom(desk)
        self.branches = BranchesRoom(desk)
        self.people = PeopleRoom(desk)
        self.welcome = WelcomeRoom(desk)
        self._rooms = {
            "watch": self.watch,
            "review": self.review,
            "understand": self.understand,
            "search": self.search,
            "alarms": self.alarms,
            "branches": self.branches,
            "people": self.people,
        }

    def _build(self) -> None:
        self._stack = QStackedWidget()
        for room in (*self._rooms.values(), self.welcome):
            self._stack.addWidget(room)
        self.alarm_bar = AlarmBar(self.desk)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._top_bar())
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._rail())
        middle.addWidget(self._stack, 1)
        rows.addLayout(middle, 1)
        rows.addWidget(self.alarm_bar)
        self.setCentralWidget(whole)
        self.setMinimumSize(1024, 700)

    def _top_bar(self) -> QFrame:
        bar = QFrame()
        bar.setProperty("bar", True)
        row = QHBoxLayout(bar)
        row.setContentsMargins(14, 4, 10, 4)
        self._title = label(title=True)
        self._simulated = label(warn=True)
        self._simulated.hide()
        self._practice = label(warn=True)
        self._practice.hide()
        self._away = label(bad=True)
        self._away.hide()
        self._clock = label(faint=True)
        self.who_button = QPushButton()
        self.language_button = QPushButton()
        self.dark_button = QPushButton()
        row.addWidget(self._title)
        row.addSpacing(10)
        for each in (self._simulated, self._practice, self._away):
            each.setMaximumHeight(36)
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self._clock)
        for button in (self.who_button, self.language_button, self.dark_button):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(button)
        return bar

    def _rail(self) -> QFrame:
        rail = QFrame()
        rail.setProperty("bar", True)
        rail.setFixedWidth(_RAIL_WIDTH)
        column = QVBoxLayout(rail)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(2)
        group = QButtonGroup(self)
        for name in self._rooms:
            button = QToolButton()
            button.setCheckable(True)
            button.setProperty("nav", True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setFixedSize(QSize(_RAIL_WIDTH, self.desk.theme.primary))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.clicked.connect(self._goer(name))
            group.addButton(button)
            column.addWidget(button)
            self._buttons[name] = button
        column.addStretch(1)
        return rail

    def _connect(self) -> None:
        bridge, session = self.desk.bridge, self.desk.session
        bridge.state.connect(self._take)
        bridge.turned.connect(self._turn)
        bridge.trouble.connect(self.alarm_bar.tell)
        session.changed.connect(self._session_changed)
        session.refused.connect(self._refused)
        self.watch.part_opened.connect(self.open_part)
        self.search.part_opened.connect(self.open_part)
        self.alarm_bar.opened.connect(self._goer("alarms"))
        self.welcome.demo_started.connect(self.alarm_bar.tell)
        self.who_button.clicked.connect(self.ask_who)
        self.language_button.clicked.connect(self.next_language)
        self.dark_button.clicked.connect(self.toggle_dark)
        for at, name in enumerate(self._rooms):
            self._shortcut(f"F{at + 2}", self._goer(name))
        for deed, key in KEYS.items():
            self._shortcut(key, self._doer(deed))
        self._shortcut("Left", lambda: self.review.step(-1))
        self._shortcut("Right", lambda: self.review.step(1))
        self._shortcut("F11", self.toggle_full_screen)
        self._housekeeping = QTimer(self)
        self._housekeeping.timeout.connect(self._keep_house)
        self._housekeeping.start(_HOUSEKEEPING_MS)
        self.scanner = ScannerFilter(ScanReader(self.look.scanner_prefix), self.scanned)

    def _shortcut(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)

    def _goer(self, name: str) -> Callable[[], None]:
        return lambda: self.go(name)

    def _doer(self, deed: Deed) -> Callable[[], None]:
        return lambda: self.do(deed)

    @property
    def room(self) -> Room:
        """The room that is shown."""
        shown = self._stack.currentWidget()
        return shown if isinstance(shown, Room) else self.watch

    def go(self, name: str) -> None:
        """Show another room."""
        before, after = self.room, self._rooms[name]
        self._buttons[name].setChecked(True)
        if before is not after:
            before.left()
            self._stack.setCurrentWidget(after)
        after.entered()

    def do(self, deed: Deed) -> None:
        """Do what a key, a button or a barcode says."""
        self.desk.session.touch()
        if self.room is self.review:
            self.review.do(deed)
        elif self.room is self.watch and deed is Deed.MAP:
            self.watch.toggle_map()

    def scanned(self, code: str) -> None:
        """Take a scanned barcode: a badge, a deed or a serial."""
        self.desk.session.touch()
        if self._login is not None and self._login.isVisible():
            self.desk.session.log_in_by_badge(code)
            return
        if self.room is not self.review:
            self.go("review")
        self.review.scanned(code)

    def open_part(self, row: object) -> None:
        """Show a part in the review room."""
        self.go("review")
        self.review.show_row(row)

    def ask_who(self) -> None:
        """Log out, or ask who is there."""
        session = self.desk.session
        if session.person is not None and not session.is_practice:
            session.log_out("asked")
            return
        self._login = LoginDialog(self.desk, self)
        self._login.open()

    def next_language(self) -> None:
        """Switch to the next language."""
        names = list(LANGUAGES)
        at = names.index(self.languages.current)
        self.languages.use(names[(at + 1) % len(names)])

    def toggle_dark(self) -> None:
        """Switch between light and dark."""
        theme = self.desk.theme
        theme.change(dark=not theme.is_dark)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app)
        self.retranslate()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or do not; in kiosk mode it always does."""
        if self.isFullScreen() and not self.look.kiosk:
            self.showNormal()
        else:
            self.showFullScreen()

    def changeEvent(self, event: QEvent) -> None:
        """Say everything again when the language has changed."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close; a kiosk is closed by who may set its rules alone."""
        if self.look.kiosk and not self.desk.session.may(Right.RULES):
            event.ignore()
            self.alarm_bar.tell(self.tr("Kiosk: only an engineer may close it"))
            return
        super().closeEvent(event)

    def retranslate(self) -> None:
        """Say everything again."""
        self.setWindowTitle(self.tr("Inspector console"))
        self._title.setText(self.tr("Inspector"))
        self._simulated.setText(self.tr("SIMULATED: recorded parts, no real line"))
        self._practice.setText(self.tr("PRACTICE: nobody is logged in"))
        self._away.setText(self.tr("DATABASE AWAY: reconnecting"))
        self.language_button.setText(self.tr("中文"))
        dark = self.desk.theme.is_dark
        self.dark_button.setText(self.tr("Light") if dark else self.tr("Dark"))
        for at, (name, words) in enumerate(self._room_words().items()):
            self._buttons[name].setText(f"{words}\nF{at + 2}")
        for room in (*self._rooms.values(), self.welcome):
            room.retranslate()
        self.alarm_bar.retranslate()
        self._session_changed()

    def _room_words(self) -> Mapping[str, str]:
        return {
            "watch": self.tr("Watch"),
            "review": self.tr("Review"),
            "understand": self.tr("Understand"),
            "search": self.tr("Search"),
            "alarms": self.tr("Alarms"),
            "branches": self.tr("Branches"),
            "people": self.tr("People"),
        }

    def _take(self, state: object) -> None:
        if not isinstance(state, Snapshot):
            return
        before = self.desk.snapshot
        self.desk.snapshot = state
        self._away.setVisible(state.access is Access.GONE)
        simulated = _is_simulated(state)
        self._simulated.setVisible(simulated)
        if state.access in {Access.ABSENT, Access.OLD} and not state.lines:
            self._welcome_people(state)
            return
        if self._stack.currentWidget() is self.welcome and state.lines:
            self.go("watch")
        if before is None or before.access is not state.access:
            self._look_for_people(state)
        for room in self._rooms.values():
            room.take(state)

    def _welcome_people(self, state: Snapshot) -> None:
        self._stack.setCurrentWidget(self.welcome)
        self.welcome.take(state)

    def _look_for_people(self, state: Snapshot) -> None:
        if state.access is Access.READY:
            only = _is_simulated(state) or not state.lines
            self.desk.session.look_for_people(only_simulated=only)

    def _turn(self) -> None:
        self.room.turn()

    def _keep_house(self) -> None:
        self._clock.setText(time.strftime("%Y-%m-%d  %H:%M:%S"))
        self.desk.session.lock_if_left()
        if self.desk.snapshot is not None:
            self._look_for_people(self.desk.snapshot)
        self.alarm_bar.look()

    def _session_changed(self) -> None:
        session = self.desk.session
        self._practice.setVisible(session.is_practice)
        if session.person is None or session.is_practice:
            self.who_button.setText(self.tr("Log in"))
        else:
            leave = self.tr("Log out {name}").format(name=session.person.name)
            self.who_button.setText(leave)
        if self._login is not None and session.person is not None:
            self._login.accept()
        for room in self._rooms.values():
            if isinstance(room, (ReviewRoom, BranchesRoom, PeopleRoom, AlarmsRoom)):
                room.person_changed()

    def _refused(self, words: str) -> None:
        if self._login is not None and self._login.isVisible():
            self._login.refuse(words)
        else:
            self.alarm_bar.tell(words)


def _is_simulated(state: Snapshot) -> bool:
    lasts = [line.last for line in state.lines.values() if line.last is not None]
    return bool(lasts) and all(last.is_simulated for last in lasts)
