"""A scripted operator: twenty parts by keys alone, then twenty by barcodes alone.

It presses the next key as soon as the next part is on the screen, so what is printed is
the console's share of the time per part: no person looks.

Use, on a copy of a database (every decision is recorded in it):
`QT_QPA_PLATFORM=offscreen python -m bench.console_operator DATABASE EVIDENCE`
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import typer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ui.app import ConsoleApp, Place
from ui.session import PRACTICE
from ui.widgets.review import ReviewRoom
from ui.window import Look

PARTS = 20
_WITHIN_S = 30.0


def _until(holds: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + _WITHIN_S
    while not holds():
        if time.monotonic() > give_up_s:
            message = "the console did not get there in time"
            raise TimeoutError(message)
        QApplication.processEvents()
        time.sleep(0.001)


def _press(console: ConsoleApp, at: int) -> None:
    key = Qt.Key.Key_C if at % 2 else Qt.Key.Key_G
    QTest.keyClick(console.window, key)


def _scan(console: ConsoleApp, at: int) -> None:
    window = console.window
    # Two codes in turn: the same one within a second would count once.
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(window, "DO-CONFIRM" if at % 2 else "DO-SCRAP")
    QTest.keyClick(window, Qt.Key.Key_Return)


def _decided(review: ReviewRoom, done: int) -> Callable[[], bool]:
    """Say whether one more part is decided and the next one is shown."""
    return lambda: len(review.seconds) > done and review.is_ready


def _review(console: ConsoleApp, act: Callable[[ConsoleApp, int], None]) -> float:
    """Decide about twenty parts; gives the median of seconds per part."""
    review = console.window.review
    took: list[float] = []
    for at in range(PARTS):
        _until(lambda: review.is_ready)
        began_s = time.perf_counter()
        act(console, at)
        _until(_decided(review, len(review.seconds)))
        took.append(time.perf_counter() - began_s)
    return statistics.median(took)


def run(database: str, evidence: Path) -> None:
    """Review forty parts and print both medians."""
    place = Place(database=database, evidence=evidence, console="bench")
    console = ConsoleApp(place, Look())
    console.start()
    console.window.resize(1280, 800)
    console.window.show()
    console.window.activateWindow()
    _until(lambda: console.desk.session.person is PRACTICE)
    console.window.go("review")
    by_key = _review(console, _press)
    by_code = _review(console, _scan)
    print(f"by key:     median {by_key:.3f} s per part, {PARTS} parts")
    print(f"by barcode: median {by_code:.3f} s per part, {PARTS} parts")
    console.stop()


if __name__ == "__main__":
    typer.run(run)
