"""The verdicts of a search: only the pages that are seen are read and kept.

The table knows its rows by landmarks, one for each page, which another thread goes on
finding while the table is used; a row whose page is not here yet is shown as a dash and
filled in a moment later. So ten million rows scroll as a thousand do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from connectors.database.reading.pages import PAGE, Landmarks
from connectors.database.reading.queries import Listed
from ui.bridge import Bridge

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_KEPT_PAGES = 64


class VerdictTable(QAbstractTableModel):
    """A virtual table over `Landmarks`.

    Args:
        bridge: reads pages off the window's thread.
        cells: one function for each column.
        heads: gives the columns' names.
    """

    def __init__(
        self,
        bridge: Bridge,
        cells: Sequence[Callable[[Listed], str]],
        heads: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._cells = cells
        self._heads = heads
        self._marks: Landmarks | None = None
        self._count = 0
        self._pages: OrderedDict[int, list[Listed]] = OrderedDict()
        self._asked: set[int] = set()

    def show(self, marks: Landmarks) -> None:
        """Show the result of another search."""
        self.beginResetModel()
        self._marks, self._count = marks, marks.rows
        self._pages.clear()
        self._asked.clear()
        self.endResetModel()

    def grow(self) -> None:
        """Show the rows that have been mapped meanwhile."""
        if self._marks is None or self._marks.rows <= self._count:
            return
        self.beginInsertRows(QModelIndex(), self._count, self._marks.rows - 1)
        self._count = self._marks.rows
        self.endInsertRows()

    def row(self, number: int) -> Listed | None:
        """Give a row if its page is here; else it is asked for."""
        page = number // PAGE
        if page in self._pages:
            self._pages.move_to_end(page)
            rows = self._pages[page]
            return rows[number % PAGE] if number % PAGE < len(rows) else None
        self._ask(page)
        return None

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows are mapped so far."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(self._cells)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Give a cell's text; a dash until its page is here."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        row = self.row(index.row())
        return "\u2013" if row is None else self._cells[index.column()](row)

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
        """Say the columns' names again."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._cells) - 1)

    def _ask(self, page: int) -> None:
        marks = self._marks
        if marks is None or page in self._asked:
            return
        self._asked.add(page)

        def then(rows: list[Listed]) -> None:
            self._asked.discard(page)
            if marks is self._marks:
                self._keep(page, rows)

        self._bridge.ask(lambda: marks.page(page), then, worker="pages")

    def _keep(self, page: int, rows: list[Listed]) -> None:
        self._pages[page] = rows
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)
        last = min((page + 1) * PAGE, self._count) - 1
        if last >= page * PAGE:
            self.dataChanged.emit(
                self.index(page * PAGE, 0), self.index(last, len(self._cells) - 1)
            )
