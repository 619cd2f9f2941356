"""What every room of the console has at hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from ui.bridge import Bridge
from ui.gallery import Gallery
from ui.records import Records, Snapshot
from ui.session import Session
from ui.theme import Theme


@dataclass(slots=True, kw_only=True)
class Desk:
    """The console's parts, handed to each room."""

    records: Records
    bridge: Bridge
    gallery: Gallery
    theme: Theme
    session: Session
    snapshot: Snapshot | None = field(default=None)


class Room(QWidget):
    """One screen of the console."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def retranslate(self) -> None:
        """Say everything again, in the language that holds now."""

    def take(self, snapshot: Snapshot) -> None:
        """Take in the newest state; called whether the room is shown or not."""

    def turn(self) -> None:
        """Called some thirty times a second while the room is shown."""

    def entered(self) -> None:
        """The room is shown now."""

    def left(self) -> None:
        """The room is not shown any more."""


def panel() -> QFrame:
    """Make a frame that groups things."""
    frame = QFrame()
    frame.setProperty("panel", True)
    return frame


def label(words: str = "", **properties: bool) -> QLabel:
    """Make a label that never guesses markup."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(words)
    for name, value in properties.items():
        made.setProperty(name, value)
    return made
