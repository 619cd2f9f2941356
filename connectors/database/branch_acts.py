"""Keeps what was done with branches in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, RowMapping, func, select

from connectors.database.people.chain import chaining
from connectors.database.tables import branch_acts
from connectors.database.values import moment, reading, storable
from inspector.branches import Act, BranchAct


class SqlBranchActs:
    """Keeps acts through SQLAlchemy; see the port `BranchActs`.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acts(self, line: str) -> Sequence[BranchAct]:
        """Give a line's acts in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        table = branch_acts.c
        question = select(branch_acts).where(table.line == line).order_by(table.id)
        with reading(self._engine) as connection:
            return [_as_act(row) for row in connection.execute(question).mappings()]

    def record(self, act: BranchAct) -> BranchAct:
        """Commit an act and give it back with its number.

        Raises:
            StoreError: it is not recorded.
        """
        said = f"branch: {act.act}"
        with chaining(self._engine) as chain:
            row = chain.insert(branch_acts, _as_row(act), who=act.who, act=said)
            return _as_act(row)

    def last_act(self, line: str) -> int:
        """Give the number of a line's newest act, 0 before the first.

        Raises:
            StoreError: it cannot be read.
        """
        newest = func.max(branch_acts.c.id)
        question = select(newest).where(branch_acts.c.line == line)
        with reading(self._engine) as connection:
            return connection.scalar(question) or 0


def _as_row(act: BranchAct) -> dict[str, Any]:
    return {
        "line": act.line,
        "act": act.act.value,
        "version": act.version,
        "from_version": act.from_version,
        "every": act.every,
        "who": storable(act.who),
        "why": storable(act.why),
        "forced": act.forced,
        "figures": dict(act.figures),
        "acted_at": moment(act.acted_ns),
        "acted_ns": act.acted_ns,
    }


_AS_THEY_ARE = (
    *("id", "line", "version", "from_version", "every", "who", "why", "forced"),
    "acted_ns",
)


def _as_act(row: RowMapping) -> BranchAct:
    plain: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    figures = MappingProxyType(row["figures"])
    return BranchAct(**plain, act=Act(row["act"]), figures=figures)
