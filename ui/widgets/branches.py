"""Versions of each line's branch: what judges, what is on trial, and rolling back.

Using a version and putting one on trial go through the gate, by `inspector branch`;
rolling back to what ran before needs no gate and is one touch here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QPushButton,
    QVBoxLayout,
)
from sqlalchemy import Engine

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.reading.figures import Scope, count_by
from inspector.branches import Act, BranchAct, Standing, standing
from inspector.people import Right
from inspector.types import Decision
from ui.desk import Desk, Room, label
from ui.models.rows import RowsModel
from ui.records import Snapshot
from ui.view_model import plain
from ui.widgets.alarms import plain_table
from ui.words import code_word, moment_words, number_words

_ALWAYS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    name: str
    role: str
    parts: int
    rejected: int
    reviewed: int


class BranchesRoom(Room):
    """A line's versions with their figures, and what was done with them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._standing: Standing | None = None
        self.line = QComboBox()
        self.line.activated.connect(self.refresh)
        self.versions = RowsModel[_Version](
            (
                lambda row: plain(row.name, 40),
                lambda row: code_word(row.role),
                lambda row: number_words(row.parts),
                lambda row: _share(row.rejected, row.parts),
                lambda row: _share(row.reviewed, row.parts),
            ),
            self._version_heads,
        )
        self.acts = RowsModel[BranchAct](
            (
                lambda act: moment_words(act.acted_ns),
                lambda act: code_word(act.act),
                lambda act: plain(act.version, 30),
                lambda act: plain(act.who, 30),
                lambda act: plain(act.why, 160),
            ),
            self._act_heads,
        )
        self._titles = (label(title=True), label(title=True))
        self.rollback = QPushButton()
        self.rollback.setProperty("primary", True)
        self.rollback.clicked.connect(self._roll_back)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addStretch(1)
        row.addWidget(self.rollback)
        column.addLayout(row)
        column.addWidget(self._titles[0])
        column.addWidget(plain_table(self.versions, stretch=0), 1)
        column.addWidget(self._titles[1])
        column.addWidget(plain_table(self.acts, stretch=4), 1)

    def retranslate(self) -> None:
        """Say everything again."""
        self._titles[0].setText(self.tr("Versions, and the parts they judged"))
        self._titles[1].setText(self.tr("What was done with them"))
        self.rollback.setText(self.tr("Roll back"))
        self.versions.retranslate()
        self.acts.retranslate()

    def take(self, snapshot: Snapshot) -> None:
        """Offer the lines there are."""
        known = {self.line.itemData(at) for at in range(self.line.count())}
        for name in snapshot.lines:
            if name not in known:
                self.line.addItem(plain(name, 24), name)

    def entered(self) -> None:
        """Ask for the newest state."""
        self.refresh()

    def person_changed(self) -> None:
        """Rolling back is for who has the right to."""
        known = self._standing is not None and self._standing.before is not None
        self.rollback.setEnabled(known and self.desk.session.may(Right.BRANCHES))

    def refresh(self) -> None:
        """Ask for the line's versions and acts."""
        name = self.line.currentData()
        if name is None:
            return
        engine = self.desk.records.engine

        def work() -> tuple[Standing, list[_Version], list[BranchAct]]:
            acts = list(SqlBranchActs(engine).acts(name))
            now = standing(name, acts)
            scope = Scope(line=name, since_ns=0, until_ns=_ALWAYS)
            judged = list(count_by(engine, scope, "branch_version"))
            names = [
                *judged,
                *(act.version for act in acts if act.version not in judged),
            ]
            made = [_version(engine, scope, now, each) for each in dict.fromkeys(names)]
            return now, made, acts[::-1]

        self.desk.bridge.ask(work, self._show, slot="branches", worker="slow")

    def _show(self, found: tuple[Standing, list[_Version], list[BranchAct]]) -> None:
        self._standing = found[0]
        self.versions.show(found[1])
        self.acts.show(found[2])
        self.person_changed()

    def _version_heads(self) -> tuple[str, ...]:
        return (
            self.tr("Version"),
            self.tr("Role"),
            self.tr("Parts"),
            self.tr("Rejected"),
            self.tr("Left to a person"),
        )

    def _act_heads(self) -> tuple[str, ...]:
        return (
            self.tr("When"),
            self.tr("Act"),
            self.tr("Version"),
            self.tr("Who"),
            self.tr("Why"),
        )

    def _roll_back(self) -> None:
        now, person = self._standing, self.desk.session.person
        if now is None or now.before is None or person is None:
            return
        title = self.tr("Roll back to {version}").format(version=now.before)
        words = self.tr("Why? It is kept in the record.")
        why, is_sure = QInputDialog.getText(self, title, words)
        if not is_sure or not why.strip():
            return
        act = BranchAct(
            line=now.line,
            act=Act.ROLLBACK,
            version=now.before,
            from_version=now.live,
            who=person.name,
            why=plain(why),
            acted_ns=time.time_ns(),
        )
        engine = self.desk.records.engine

        def work() -> BranchAct:
            person.require(Right.BRANCHES)
            return SqlBranchActs(engine).record(act)

        self.desk.bridge.ask(work, lambda _act: self.refresh())


def _version(engine: Engine, scope: Scope, now: Standing, name: str) -> _Version:
    counts = count_by(engine, replace(scope, branch_version=name), "decision")
    roles = {now.live: "live", now.shadow: "shadow", now.canary: "canary"}
    return _Version(
        name=name,
        role=roles.get(name, "none"),
        parts=sum(counts.values()),
        rejected=counts.get(Decision.REJECT, 0),
        reviewed=counts.get(Decision.REVIEW, 0),
    )


def _share(count: int, of: int) -> str:
    share = f" = {100 * count / of:.1f} %" if of else ""
    return f"{number_words(count)} / {number_words(of)}{share}"
