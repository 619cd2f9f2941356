"""Starts the console: the window, the lookout, the gatherer, and ends them in order."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from ui.bridge import Bridge
from ui.desk import Desk
from ui.gallery import Gallery
from ui.languages import Languages
from ui.mailbox import Mailbox
from ui.records import GatheringThread, Lookout, Records
from ui.session import Session
from ui.theme import Theme
from ui.window import ConsoleWindow, Look

_YIELDING = 10
"""How much the console gives way to lines, in steps of `nice`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a console is about."""

    database: str
    evidence: Path | None
    console: str = ""
    gathers: bool = True
    """Whether it counts the record for everybody; one console is enough."""


class ConsoleApp:
    """A console in this process.

    Args:
        place: the database and the evidence.
        look: how it is shown.

    Raises:
        SettingsError: the database is none that is supported.
    """

    def __init__(self, place: Place, look: Look) -> None:
        self.app = application()
        self.records = Records(place.database, place.evidence)
        mailbox: Mailbox[object] = Mailbox()
        self.bridge = Bridge(mailbox)
        theme = Theme(dark=look.dark, dots_per_inch=screen_density())
        theme.apply(self.app)
        self.languages = Languages()
        self.languages.use(look.language)
        self.desk = Desk(
            records=self.records,
            bridge=self.bridge,
            gallery=Gallery(),
            theme=theme,
            session=Session(self.records, self.bridge, place.console),
        )
        self.window = ConsoleWindow(self.desk, self.languages, look)
        self.window.scanner.install(self.app)
        self._lookout = Lookout(self.records, mailbox)
        self._gatherer = GatheringThread(self.records) if place.gathers else None

    def start(self) -> None:
        """Begin to look and to pull."""
        _give_way()
        self.bridge.start()
        self._lookout.start()
        if self._gatherer is not None:
            self._gatherer.start()

    def stop(self) -> None:
        """End the threads, and let go of the database."""
        self.app.removeEventFilter(self.window.scanner)
        self._lookout.stop()
        if self._gatherer is not None:
            self._gatherer.stop()
        self.window.room.left()
        self.bridge.stop()
        self._lookout.join(2.0)
        if self._gatherer is not None:
            self._gatherer.join(2.0)
        self.records.close()

    def run(self) -> int:
        """Show the window until it is closed; gives the exit code."""
        self.start()
        self.window.resize(1280, 800)
        if self.window.look.kiosk:
            self.window.showFullScreen()
        else:
            self.window.showMaximized()
        # Python's own signal handlers run between two of Qt's events.
        signal.signal(signal.SIGINT, lambda *_signal: self.app.quit())
        signal.signal(signal.SIGTERM, lambda *_signal: self.app.quit())
        heartbeat = QTimer()
        heartbeat.start(200)
        heartbeat.timeout.connect(lambda: None)
        try:
            return self.app.exec()
        finally:
            self.stop()


def _give_way() -> None:
    """Let lines on the same machine go first."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _YIELDING)


def application() -> QApplication:
    """Give the one application of this process."""
    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    made = QApplication(sys.argv[:1])
    made.setApplicationName("inspector-console")
    return made


def screen_density() -> float:
    """Give the dots per inch of the operator's screen, which may be told wrongly.

    `INSPECTOR_SCREEN_DPI` corrects a screen that does not know its size.
    """
    told = os.environ.get("INSPECTOR_SCREEN_DPI", "")
    if told.replace(".", "", 1).isdigit():
        return float(told)
    screen = QGuiApplication.primaryScreen()
    return screen.physicalDotsPerInch() if screen is not None else 96.0


def has_display() -> bool:
    """Whether a window could be shown here."""
    if sys.platform != "linux":
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)
