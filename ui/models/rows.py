"""A table of rows that are at hand, changed piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class RowsModel(QAbstractTableModel, Generic[Row]):
    """Shows rows through functions that make a cell's text.

    Args:
        cells: one function for each column.
        bold: says which rows are to be seen first.
    """

    def __init__(
        self,
        cells: Sequence[Callable[[Row], str]],
        heads: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__()
        self._cells = cells
        self._heads = heads
        self._rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; what has not changed is left as it is."""
        new = list(rows)
        if new == self._rows:
            return
        if len(new) != len(self._rows):
            self.beginResetModel()
            self._rows = new
            self.endResetModel()
            return
        self._rows = new
        last = self.index(len(new) - 1, len(self._cells) - 1)
        self.dataChanged.emit(self.index(0, 0), last)

    def row(self, number: int) -> Row | None:
        """Give a row by its place."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(self._cells)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Give a cell's text."""
        row = self.row(index.row())
        if row is None or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._cells[index.column()](row)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Give a column's name."""
        shown = role == Qt.ItemDataRole.DisplayRole
        if not shown or orientation != Qt.Orientation.Horizontal:
            return None
        return self._heads()[section]

    def retranslate(self) -> None:
        """Say the columns' names and all cells again."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._cells) - 1)
        if self._rows:
            last = self.index(len(self._rows) - 1, len(self._cells) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
