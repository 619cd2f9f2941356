"""Opens the console on a large database: start, search, and scrolling.

Use: `QT_QPA_PLATFORM=offscreen python -m bench.console_million DB --serial S`, on a
database filled by `python -m bench.fill_database`. Printed are the time from nothing to
the first tile, the time of a search in the window, and frames per second while the
table is dragged from its beginning towards its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import typer
from PySide6.QtWidgets import QApplication

from ui.app import ConsoleApp, Place
from ui.window import Look

_FRAMES = 300
_WITHIN_S = 60.0


def _until(holds: Callable[[], bool]) -> float:
    began_s = time.perf_counter()
    while not holds():
        if time.perf_counter() - began_s > _WITHIN_S:
            message = "the console did not get there in time"
            raise TimeoutError(message)
        QApplication.processEvents()
        time.sleep(0.001)
    return time.perf_counter() - began_s


def _scroll(console: ConsoleApp) -> tuple[float, float]:
    """Drag the table along; gives frames per second and the slowest frame in ms."""
    bar = console.window.search.table.verticalScrollBar()
    took: list[float] = []
    for at in range(_FRAMES):
        began_s = time.perf_counter()
        bar.setValue(bar.maximum() * at // _FRAMES)
        console.window.search.table.viewport().repaint()
        QApplication.processEvents()
        took.append(time.perf_counter() - began_s)
    return _FRAMES / sum(took), 1000 * max(took)


def run(database: str, serial: str = "") -> None:
    """Measure and print."""
    began_s = time.perf_counter()
    place = Place(database=database, evidence=None, gathers=False)
    console = ConsoleApp(place, Look())
    console.start()
    console.window.resize(1280, 800)
    console.window.show()
    search, watch = console.window.search, console.window.watch
    _until(lambda: bool(watch.tiles_shown))
    print(f"start to the first tile: {time.perf_counter() - began_s:.2f} s")
    console.window.go("search")
    _until(lambda: search.found_in_s is not None)
    print(f"newest verdicts: {1000 * (search.found_in_s or 0):.0f} ms")
    if serial:
        search.found_in_s = None
        search.serial.setText(serial)
        search.search()
        _until(lambda: search.found_in_s is not None)
        print(f"by serial: {1000 * (search.found_in_s or 0):.0f} ms")
        search.found_in_s = None
        search.serial.clear()
        search.search()
        _until(lambda: search.found_in_s is not None)
    mapped_s = _until(lambda: search.is_mapped)
    print(f"{search.model.rowCount()} rows mapped in {mapped_s:.1f} s")
    frames, slowest_ms = _scroll(console)
    print(f"scrolling: {frames:.0f} frames/s, slowest frame {slowest_ms:.1f} ms")
    console.stop()


if __name__ == "__main__":
    typer.run(run)
