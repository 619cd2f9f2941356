"""A small database with evidence, and consoles over it that a test drives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from connectors.database.engine import open_engine
from connectors.database.evidence import EvidenceFolder
from connectors.database.schema import upgrade
from connectors.database.verdict_store import SqlVerdictStore
from inspector.people import Person, Role
from inspector.types import Decision, Verdict
from tests.builders import a_verdict
from ui.app import ConsoleApp, Place
from ui.window import Look

PARTS = 24
_STEP_NS = 2_000_000_000


@dataclass(slots=True)
class Floor:
    """What a test has: the database's name, and the consoles it opened."""

    database: str
    evidence: Path
    consoles: list[ConsoleApp] = field(default_factory=list)

    def console(self, name: str, person: Person | None = None) -> ConsoleApp:
        """Open a console; with somebody at it unless it is to practise."""
        place = Place(
            database=self.database,
            evidence=self.evidence,
            console=name,
            gathers=False,
        )
        console = ConsoleApp(place, Look())
        self.consoles.append(console)
        console.start()
        console.window.resize(1280, 800)
        console.window.show()
        if person is not None:
            console.desk.session.person = person
            console.desk.session.changed.emit()
        return console

    def store(self, *verdicts: Verdict) -> None:
        """Store verdicts as a line would."""
        engine = open_engine(self.database)
        SqlVerdictStore(engine).store(verdicts)
        engine.dispose()

    def close(self) -> None:
        """Close every console."""
        for console in self.consoles:
            console.stop()
            console.window.close()
            console.window.deleteLater()
        QApplication.processEvents()


def engineer(name: str = "Ada") -> Person:
    return Person(name=name, role=Role.ENGINEER)


def a_part(number: int, **changes: object) -> Verdict:
    decision = Decision.REJECT if number % 3 else Decision.REVIEW
    values: dict[str, object] = {
        "frame_id": number,
        "serial": f"M{number:07}",
        "captured_ns": 1_772_431_290_000_000_000 + number * _STEP_NS,
        "decided_ns": time.time_ns(),
        "decision": decision,
        "reason": "score 0.900 at or above 0.5",
        "is_simulated": True,
    }
    return a_verdict(**values | changes)


def make_floor(folder: Path) -> Floor:
    database = f"sqlite:///{folder / 'verdicts.db'}"
    engine = open_engine(database)
    upgrade(engine)
    engine.dispose()
    floor = Floor(database=database, evidence=folder / "evidence")
    kept = EvidenceFolder(floor.evidence)
    grey = np.random.default_rng(3).integers(0, 255, (64, 64), dtype=np.uint8)
    name = kept.keep(cv2.imencode(".png", grey)[1].tobytes(), ".png")
    floor.store(*(a_part(each, evidence=name) for each in range(1, PARTS + 1)))
    return floor


def until(holds: Callable[[], bool], within_s: float = 8.0) -> None:
    """Let the window work until something holds."""
    give_up_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_s, "it never came about"
        QApplication.processEvents()
        time.sleep(0.002)


def press(console: ConsoleApp, key: Qt.Key) -> None:
    """Press a key where an operator's would go."""
    window = console.window
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(QApplication.focusWidget() or window, key)


def scan(console: ConsoleApp, code: str) -> None:
    """Scan a barcode: the scanner types it between its two signs."""
    window = console.window
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(window, code)
    QTest.keyClick(window, Qt.Key.Key_Return)
