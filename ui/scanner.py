"""Reads a barcode scanner, which is a keyboard that types fast between two signs.

The window system hands one key press to several objects in turn (the window, the widget
that has the focus, its parents), so a filter on the whole application sees it several
times. Here a press that belongs to a scan is eaten where it is seen first, and so never
counted twice. A scanner whose trigger is held reads the same code again: the same code
within a second is one scan.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

PREFIX, SUFFIX = "\x02", "\r"
"""STX and CR, as scanners are delivered or can be set to."""
_WHOLE_WITHIN_S = 0.6
"""A scan that is not whole by then was no scan: its keys are forgotten."""
_SAME_WITHIN_S = 1.0
_LONGEST = 128


class ScanReader:
    """Puts typed signs together to codes; plain Python.

    Args:
        prefix: begins a scan.
        suffix: ends it; a line feed counts as carriage return.
        mono: a monotonic clock in seconds; replaced in tests.
    """

    def __init__(
        self,
        prefix: str = PREFIX,
        suffix: str = SUFFIX,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._mono = mono
        self._typed: list[str] | None = None
        self._since_s = 0.0
        self._last = ("", float("-inf"))

    @property
    def is_reading(self) -> bool:
        """Whether a scan has begun and is not whole yet."""
        if self._typed is not None and self._mono() - self._since_s > _WHOLE_WITHIN_S:
            self._typed = None
        return self._typed is not None

    def feed(self, sign: str) -> tuple[bool, str | None]:
        """Take a typed sign; gives whether it belongs to a scan, and a whole code."""
        if sign == self._prefix:
            self._typed, self._since_s = [], self._mono()
            return True, None
        if not self.is_reading or self._typed is None:
            return False, None
        if sign.replace("\n", "\r") == self._suffix:
            return True, self._finish("".join(self._typed))
        if sign.isprintable() and len(self._typed) < _LONGEST:
            self._typed.append(sign)
        return True, None

    def _finish(self, code: str) -> str | None:
        self._typed = None
        last, at_s = self._last
        now_s = self._mono()
        if not code or (code == last and now_s - at_s < _SAME_WITHIN_S):
            return None
        self._last = (code, now_s)
        return code


class ScannerFilter(QObject):
    """Hands scanned codes over before any widget sees their keys.

    Args:
        reader: puts signs together.
        scanned: is given each code, on the window thread.
    """

    def __init__(self, reader: ScanReader, scanned: Callable[[str], None]) -> None:
        super().__init__()
        self._reader = reader
        self._scanned = scanned

    def install(self, app: QApplication) -> None:
        """Look at every key of the application."""
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Eat what belongs to a scan."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and self._reader.is_reading:
            event.accept()  # or a shortcut would take the key before it is pressed
            return True
        if kind == QEvent.Type.KeyRelease:
            return self._reader.is_reading
        if kind != QEvent.Type.KeyPress:
            return False
        sign = _sign_of(cast("QKeyEvent", event))
        if not sign:
            return self._reader.is_reading
        eaten, code = self._reader.feed(sign)
        if code is not None:
            self._scanned(code)
        return eaten


def _sign_of(event: QKeyEvent) -> str:
    """Give what a key types; STX is Ctrl+B, which some systems give no text."""
    held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    if held and event.key() == Qt.Key.Key_B:
        return PREFIX
    return event.text()
