"""An operator at the console: keys pressed, codes scanned, languages switched."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from connectors.database.engine import open_engine
from connectors.database.verifications import SqlVerifications
from inspector.verification import Outcome, Verification
from tests.ui.floor import PARTS, Floor, a_part, engineer, press, scan, until
from ui.app import ConsoleApp, Place
from ui.window import Look

_KEY = Qt.Key


def _words(floor: Floor) -> list[Verification]:
    engine = open_engine(floor.database)
    said = list(SqlVerifications(engine).of_line("poly"))
    engine.dispose()
    return said


def _reviewing(floor: Floor, name: str = "one", who: str = "Ada") -> ConsoleApp:
    console = floor.console(name, engineer(who))
    console.window.go("review")
    until(lambda: console.window.review._seen is not None)
    return console


def _decide(console: ConsoleApp, key: Qt.Key) -> None:
    review = console.window.review
    until(lambda: review._seen is not None and review._seen.record is not None)
    done = len(review.seconds)
    press(console, key)
    until(lambda: len(review.seconds) > done)


def test_the_start_screen_shows_the_last_part(floor: Floor, qtbot: QtBot) -> None:
    console = floor.console("one")
    watch = console.window.watch
    until(lambda: "poly" in watch._tiles and watch._tiles["poly"].tile is not None)
    tile = watch._tiles["poly"].tile
    assert tile is not None
    assert tile.part == f"M{PARTS:07}"
    assert tile.parts == PARTS
    assert console.window._simulated.isVisibleTo(console.window)


def test_a_new_verdict_is_shown_and_grows_stale(floor: Floor, qtbot: QtBot) -> None:
    console = floor.console("one")
    watch = console.window.watch
    until(lambda: "poly" in watch._tiles)
    floor.store(a_part(PARTS + 1))
    until(lambda: watch._last_id == PARTS + 1)
    assert watch.picture.veil == ""
    until(lambda: "STALE" in watch.picture.veil)


def test_one_key_decides_and_one_takes_it_back(floor: Floor, qtbot: QtBot) -> None:
    console = _reviewing(floor)
    _decide(console, _KEY.Key_C)
    _decide(console, _KEY.Key_G)
    until(lambda: len(_words(floor)) == 2)
    press(console, _KEY.Key_U)
    until(lambda: len(_words(floor)) == 3)
    outcomes = [word.outcome for word in _words(floor)]
    assert outcomes == [Outcome.CONFIRMED, Outcome.FALSE_CALL, Outcome.WITHDRAWN]
    assert {word.who for word in _words(floor)} == {"Ada"}
    assert all(word.is_simulated for word in _words(floor))


def test_a_scanned_code_decides_once(floor: Floor, qtbot: QtBot) -> None:
    console = _reviewing(floor)
    review = console.window.review
    until(lambda: review._seen is not None and review._seen.record is not None)
    scan(console, "M0000009")
    until(lambda: review._seen is not None and review._seen.row.serial == "M0000009")
    scan(console, "DO-SCRAP")
    scan(console, "DO-SCRAP")
    until(lambda: len(review.seconds) == 1)
    until(lambda: len(_words(floor)) == 1)
    assert _words(floor)[0].frame_id == 9


def test_letters_of_a_serial_are_no_keys(floor: Floor, qtbot: QtBot) -> None:
    console = _reviewing(floor)
    review = console.window.review
    until(lambda: review._seen is not None and review._seen.record is not None)
    scan(console, "CGSR-NONE")
    until(lambda: "CGSR-NONE" in review._done_words.text())
    assert _words(floor) == []


def test_two_consoles_at_one_part_see_each_other(floor: Floor, qtbot: QtBot) -> None:
    first = _reviewing(floor, "one", "Ada")
    second = _reviewing(floor, "two", "Bo")
    said = second.window.review.said
    until(lambda: "Ada" in said.text())
    _decide(first, _KEY.Key_C)
    press(second, _KEY.Key_G)
    until(lambda: "Ada" in second.window.review._done_words.text())
    assert [word.who for word in _words(floor)] == ["Ada"]


def test_nobody_decides_without_a_name(floor: Floor, qtbot: QtBot) -> None:
    floor.store(a_part(PARTS + 1, is_simulated=False))
    console = floor.console("one")
    console.window.go("review")
    review = console.window.review
    until(lambda: review._seen is not None)
    press(console, _KEY.Key_C)
    assert "Log in" in review._done_words.text()
    assert _words(floor) == []


def test_the_language_changes_everywhere(floor: Floor, qtbot: QtBot) -> None:
    console = floor.console("one")
    console.languages.use("zh")
    until(lambda: console.window._buttons["watch"].text().startswith("监视"))
    window = console.window
    seen = {each.text() for each in window.findChildren(QLabel)}
    seen |= {each.text() for each in window.findChildren(QAbstractButton)}
    console.languages.use("en")
    english = {"Watch", "Review", "Search", "Roll back", "Acknowledge", "Last rejects"}
    assert not english & {text.split("\n")[0] for text in seen}


def test_markup_in_a_serial_is_shown_as_it_is(floor: Floor, qtbot: QtBot) -> None:
    console = floor.console("one")
    for label in console.window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText


def test_targets_are_large_enough_to_touch(floor: Floor, qtbot: QtBot) -> None:
    console = _reviewing(floor)
    theme = console.desk.theme
    for button in console.window.review.buttons.values():
        assert button.height() >= theme.primary
        assert button.width() >= theme.target
    for button in (console.window.who_button, console.window.dark_button):
        assert button.height() >= theme.target


def test_blind_hides_what_the_machine_said(floor: Floor, qtbot: QtBot) -> None:
    console = _reviewing(floor)
    press(console, _KEY.Key_B)
    assert console.window.review.is_blind
    until(lambda: console.window.review._seen is None)


def test_without_a_database_the_demo_is_offered(tmp_path: Path, qtbot: QtBot) -> None:
    place = Place(database=f"sqlite:///{tmp_path / 'none.db'}", evidence=None)
    console = ConsoleApp(place, Look())
    console.start()
    console.window.show()
    try:
        welcome = console.window.welcome
        until(lambda: welcome.isVisible() and welcome.button.isVisible())
        assert not (tmp_path / "none.db").exists()
    finally:
        console.stop()
        console.window.close()


def test_a_database_that_is_gone_is_veiled_and_found_again(
    floor: Floor, qtbot: QtBot
) -> None:
    console = floor.console("one")
    watch = console.window.watch
    until(lambda: "poly" in watch._tiles)
    file = Path(floor.database.removeprefix("sqlite:///"))
    aside = file.with_name("aside.db")
    file.rename(aside)
    until(lambda: "DATABASE AWAY" in watch.picture.veil)
    aside.rename(file)
    until(lambda: "DATABASE AWAY" not in watch.picture.veil)


@pytest.mark.parametrize("room", ["understand", "search", "alarms", "branches"])
def test_each_room_opens(floor: Floor, qtbot: QtBot, room: str) -> None:
    console = floor.console("one", engineer())
    until(lambda: "poly" in console.window.watch._tiles)
    console.window.go(room)
    until(lambda: console.window.room is console.window._rooms[room])
    if room == "search":
        search = console.window.search
        until(lambda: search.model.rowCount() == PARTS)
        until(lambda: search.model.row(0) is not None)
