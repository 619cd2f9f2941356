"""Who is at the console: logged in, locked, or practising.

Practice: where nobody has been named yet and every line shows recorded parts only, the
console lets everybody try it out. What is said of a recorded part is marked as
simulated in the record, so practice never looks real.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from connectors.database.people.roster import Roster
from inspector.errors import InspectorError
from inspector.people import LoginLimits, Person, Right, Role
from ui.bridge import Bridge
from ui.records import Records

PRACTICE = Person(name="practice", role=Role.ENGINEER)


class Session(QObject):
    """The person at this console.

    Args:
        records: the database.
        bridge: asks it off the window's thread.
        console: names this console in the record; else the machine's name.
        mono: a monotonic clock in seconds; replaced in tests.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(
        self,
        records: Records,
        bridge: Bridge,
        console: str = "",
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._mono = mono
        self.console = console or socket.gethostname()
        self.limits = LoginLimits()
        self.roster = Roster(records.engine, self.console, self.limits)
        self.person: Person | None = None
        self.has_people: bool | None = None
        """Whether anybody was named; `None` before that is known."""
        self._touched_s = mono()

    @property
    def is_practice(self) -> bool:
        """Whether nobody in particular is trying the console out."""
        return self.person is PRACTICE

    def may(self, right: Right) -> bool:
        """Whether the person at the console may do something."""
        return self.person is not None and self.person.may(right)

    def look_for_people(self, *, only_simulated: bool) -> None:
        """Find out whether there are people; without, practise on recorded parts."""

        def told(people: list[Person]) -> None:
            self.has_people = bool(people)
            practises = not people and only_simulated
            if practises and self.person is None:
                self._become(PRACTICE)
            elif not practises and self.is_practice:
                self._become(None)

        self._bridge.ask(
            self.roster.people, told, slot="people", failed=lambda _error: None
        )

    def log_in(self, name: str, pin: str) -> None:
        """Try a name and a PIN; `changed` or `refused` follows."""
        self._try(lambda: self.roster.log_in(name, pin))

    def log_in_by_badge(self, badge: str) -> None:
        """Try a badge; `changed` or `refused` follows."""
        self._try(lambda: self.roster.log_in_by_badge(badge))

    def log_out(self, why: str = "") -> None:
        """Leave the console, or be locked out of it."""
        person = self.person
        if person is None or self.is_practice:
            return
        self._become(None)
        self._bridge.ask(
            lambda: self.roster.log_out(person, why),
            lambda _done: None,
            failed=lambda _error: None,
        )

    def touch(self) -> None:
        """Take note that somebody touched the console."""
        self._touched_s = self._mono()

    def lock_if_left(self) -> None:
        """Lock the console that nobody has touched for long."""
        if self.limits.is_locked(self._mono() - self._touched_s):
            self.log_out("locked: not touched")

    def _try(self, work: Callable[[], Person]) -> None:
        def failed(error: InspectorError) -> None:
            self.refused.emit(str(error))

        self._bridge.ask(work, self._become, slot="login", failed=failed)

    def _become(self, person: Person | None) -> None:
        self.person = person
        self.touch()
        self.changed.emit()
