"""The first start: no database yet, or one of another version."""

from __future__ import annotations

import sys

from PySide6.QtCore import QProcess, Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout

from ui.desk import Desk, Room, label
from ui.records import Access, Snapshot


class WelcomeRoom(Room):
    """Says what is missing and what to do; the console goes on by itself."""

    demo_started = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._snapshot: Snapshot | None = None
        self._demo: QProcess | None = None
        self._title = label(big=True)
        self._said = label()
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QPushButton()
        self.button.setProperty("primary", True)
        self.button.clicked.connect(self._run_demo)
        column = QVBoxLayout(self)
        column.setContentsMargins(80, 40, 80, 40)
        column.setSpacing(18)
        column.addStretch(1)
        for widget in (self._title, self._said, self.button):
            column.addWidget(widget)
        column.addStretch(2)

    def take(self, snapshot: Snapshot) -> None:
        """Say how the database stands."""
        if self._snapshot != snapshot:
            self._snapshot = snapshot
            self.retranslate()

    def retranslate(self) -> None:
        """Say everything again."""
        self.button.setText(self.tr("Run the demo line"))
        snapshot = self._snapshot
        if snapshot is None:
            self._title.setText(self.tr("Looking for the database"))
            self.button.hide()
            return
        absent = snapshot.access is Access.ABSENT
        self.button.setVisible(absent)
        if absent:
            self._title.setText(self.tr("There is no database yet"))
            said = self.tr(
                "{name} does not exist. It is made by the first line that runs: "
                "inspector run LINE.toml. To see how everything looks, run the demo "
                "line: it trains for some minutes and then judges recorded parts. "
                "This screen goes on by itself as soon as there is something to see."
            ).format(name=snapshot.words)
        else:
            self._title.setText(self.tr("The database needs a migration"))
            said = snapshot.words
        self._said.setText(said)

    def _run_demo(self) -> None:
        self._demo = QProcess(self)
        self._demo.start(sys.executable, ["-m", "inspector", "demo"])
        self.button.setEnabled(False)
        self.demo_started.emit(self.tr("The demo line is starting: some minutes"))
