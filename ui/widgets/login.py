"""Who is there: a name and a PIN, or a badge held to the reader."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.desk import Desk, label


class LoginDialog(QDialog):
    """Asks who is there; closes by itself when somebody was let in."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self.setWindowTitle(self.tr("Log in"))
        self.setMinimumWidth(420)
        column = QVBoxLayout(self)
        column.addWidget(label(self.tr("Hold your badge to the reader, or:")))
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name"))
        self.pin = QLineEdit()
        self.pin.setPlaceholderText(self.tr("PIN"))
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self._said = label(bad=True)
        self._said.hide()
        for widget in (self.name, self.pin, self._said):
            column.addWidget(widget)
        self._digits(column)
        enter = QPushButton(self.tr("Log in"))
        enter.setProperty("primary", True)
        enter.setDefault(True)
        enter.clicked.connect(self._try)
        column.addWidget(enter)

    def _digits(self, column: QVBoxLayout) -> None:
        """Offer digits to touch: there may be no keyboard."""
        grid = QGridLayout()
        for at, digit in enumerate("1234567890"):
            button = QPushButton(digit)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _on=False, sign=digit: self.pin.insert(sign))
            grid.addWidget(button, at // 5, at % 5)
        column.addLayout(grid)

    def refuse(self, words: str) -> None:
        """Say why nobody was let in."""
        self._said.setText(words)
        self._said.show()
        self.pin.clear()

    def _try(self) -> None:
        self._said.hide()
        self._desk.session.log_in(self.name.text().strip(), self.pin.text())
