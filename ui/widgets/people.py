"""The people of this database: who may do what; naming them is for administrators."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from inspector.errors import InspectorError
from inspector.people import Person, Right, Role
from ui.desk import Desk, Room, label
from ui.models.rows import RowsModel
from ui.view_model import plain
from ui.widgets.alarms import plain_table
from ui.words import code_word


class PeopleRoom(Room):
    """A list of people, and a form that adds one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.model = RowsModel[Person](
            (
                lambda person: plain(person.name, 64),
                lambda person: code_word(person.role),
                lambda person: ", ".join(sorted(person.grants)),
                self._ways,
                self._active,
            ),
            self._heads,
        )
        self._title, self._said = label(title=True), label(faint=True)
        self.name, self.pin, self.badge = QLineEdit(), QLineEdit(), QLineEdit()
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.badge.setEchoMode(QLineEdit.EchoMode.Password)
        self.role = QComboBox()
        self.add = QPushButton()
        self.add.clicked.connect(self._add)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.addWidget(self._title)
        column.addWidget(plain_table(self.model, stretch=2), 1)
        row = QHBoxLayout()
        for widget in (self.name, self.role, self.pin, self.badge, self.add):
            row.addWidget(widget)
        column.addLayout(row)
        column.addWidget(self._said)

    def retranslate(self) -> None:
        """Say everything again."""
        self._title.setText(self.tr("People"))
        self.name.setPlaceholderText(self.tr("Name"))
        self.pin.setPlaceholderText(self.tr("PIN, 6 signs or more"))
        self.badge.setPlaceholderText(self.tr("Badge, if there is one"))
        self.add.setText(self.tr("Add"))
        at = max(0, self.role.currentIndex())
        self.role.clear()
        for role in Role:
            self.role.addItem(code_word(role), role)
        self.role.setCurrentIndex(at)
        self.model.retranslate()
        self.person_changed()

    def entered(self) -> None:
        """Show who there is."""
        self._refresh()

    def person_changed(self) -> None:
        """Adding people is for administrators; the first one adds itself."""
        session = self.desk.session
        first = session.has_people is False
        self.add.setEnabled(first or session.may(Right.PEOPLE))
        said = ""
        if first:
            said = self.tr("Nobody is named yet: the first must be an administrator")
        elif not session.may(Right.PEOPLE):
            said = self.tr("An administrator names people")
        self._said.setText(said)

    def _heads(self) -> tuple[str, ...]:
        return (
            self.tr("Name"),
            self.tr("Role"),
            self.tr("May besides"),
            self.tr("Logs in by"),
            self.tr("State"),
        )

    def _ways(self, person: Person) -> str:
        ways = [self.tr("PIN")] if person.has_pin else []
        return ", ".join([*ways, self.tr("badge")] if person.has_badge else ways)

    def _active(self, person: Person) -> str:
        return self.tr("active") if person.is_active else self.tr("disabled")

    def _refresh(self) -> None:
        roster = self.desk.session.roster
        self.desk.bridge.ask(roster.people, self.model.show, slot="roster")

    def _add(self) -> None:
        session, pin = self.desk.session, self.pin.text()
        name, badge = self.name.text().strip(), self.badge.text() or None
        role = Role(self.role.currentData())
        by = None if session.has_people is False else session.person

        def then(_person: Person) -> None:
            for field in (self.name, self.pin, self.badge):
                field.clear()
            self._refresh()

        def failed(error: InspectorError) -> None:
            self._said.setText(plain(str(error)))

        self.desk.bridge.ask(
            lambda: session.roster.add(Person(name=name, role=role), pin, badge, by),
            then,
            failed=failed,
        )
