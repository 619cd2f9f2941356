"""Takes pictures of every room, in both languages, light and dark, at two sizes.

Use: `QT_QPA_PLATFORM=offscreen python -m ui.screenshots DATABASE EVIDENCE FOLDER`
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from ui.app import ConsoleApp, Place
from ui.window import Look

SIZES = ((1280, 800), (1920, 1080))
ROOMS = ("watch", "review", "understand", "search", "alarms", "branches", "people")
_SETTLES_S = 2.5


def settle(seconds: float) -> None:
    """Let the window work for a while."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        QApplication.processEvents()
        time.sleep(0.01)


def take(console: ConsoleApp, folder: Path, rooms: tuple[str, ...]) -> None:
    """Take all pictures of a running console."""
    window, app = console.window, console.app
    for width, height in SIZES:
        window.resize(width, height)
        for dark in (False, True):
            window.desk.theme.change(dark=dark)
            window.desk.theme.apply(app)
            for language in ("en", "zh"):
                console.languages.use(language)
                for room in rooms:
                    window.go(room)
                    window.retranslate()
                    settle(_SETTLES_S)
                    shade = "dark" if dark else "light"
                    name = f"{room}-{language}-{shade}-{width}x{height}.png"
                    window.grab().save(str(folder / name))


def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("evidence", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rooms", default=",".join(ROOMS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    place = Place(database=asked.database, evidence=asked.evidence, console="station-1")
    console = ConsoleApp(place, Look())
    console.start()
    console.window.resize(*SIZES[0])
    console.window.show()
    settle(4.0)
    take(console, asked.folder, tuple(asked.rooms.split(",")))
    console.stop()


if __name__ == "__main__":
    main()
