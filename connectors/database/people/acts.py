"""Keeps what lines did with parts, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, Table, select

from connectors.database.people.chain import Chain
from connectors.database.people.tables import dispositions, line_acts
from connectors.database.values import moment, storable, writing
from inspector.disposition import Disposition, GateAct, Kind, LineAct
from inspector.errors import InputError
from inspector.verification import PartKey


def record_line_acts(engine: Engine, acts: Sequence[LineAct]) -> None:
    """Record what a line's gate did, in one transaction.

    Raises:
        StoreError: nothing is recorded.
    """
    rows = [_line_act_row(each) for each in acts]
    if rows:
        with writing(engine) as connection:
            connection.execute(line_acts.insert(), rows)


def line_acts_of(connection: Connection, part: PartKey) -> list[LineAct]:
    """Give what the line did with a part, in the order it was recorded."""
    rows = connection.execute(_of_part(line_acts, part)).mappings()
    return [_as_line_act(row) for row in rows]


def add_disposition(chain: Chain, disposition: Disposition) -> Disposition:
    """Add a disposition inside a transaction, with its link in the audit trail.

    Raises:
        InputError: what it takes back is no disposition of the same part.
    """
    if disposition.withdraws is not None:
        _require_about(chain.connection, disposition.withdraws, disposition.part)
    act, who = f"disposition: {disposition.kind}", disposition.who
    values = _disposition_row(disposition)
    return _as_disposition(chain.insert(dispositions, values, who=who, act=act))


def dispositions_of(connection: Connection, part: PartKey) -> list[Disposition]:
    """Give the dispositions of a part, in the order they were recorded."""
    rows = connection.execute(_of_part(dispositions, part)).mappings()
    return [_as_disposition(row) for row in rows]


def _of_part(table: Table, part: PartKey) -> Select[Any]:
    line, camera, frame_id = part
    column = table.c
    asked = select(table).where(
        column.line == line, column.camera == camera, column.frame_id == frame_id
    )
    return asked.order_by(column.id)


def _require_about(connection: Connection, number: int, part: PartKey) -> None:
    if number not in {each.id for each in dispositions_of(connection, part)}:
        line, _camera, frame_id = part
        what = f"is no disposition of part {frame_id} of line {line}"
        where = f"disposition {number}"
        raise InputError.single(where, what)


def _line_act_row(act: LineAct) -> dict[str, Any]:
    row = {name: value for name, value in asdict(act).items() if name != "id"}
    return row | {
        "act": act.act.value,
        "words": storable(act.words),
        "acted_at": moment(act.acted_ns),
    }


def _as_line_act(row: RowMapping) -> LineAct:
    plain = {name: row[name] for name in LineAct.__dataclass_fields__ if name != "act"}
    return LineAct(**plain, act=GateAct(row["act"]))


def _disposition_row(disposition: Disposition) -> dict[str, Any]:
    row = {name: value for name, value in asdict(disposition).items() if name != "id"}
    comment = disposition.comment
    return row | {
        "kind": disposition.kind.value,
        "comment": None if comment is None else storable(comment),
        "disposed_at": moment(disposition.disposed_ns),
    }


def _as_disposition(row: RowMapping) -> Disposition:
    names = (name for name in Disposition.__dataclass_fields__ if name != "kind")
    return Disposition(**{name: row[name] for name in names}, kind=Kind(row["kind"]))
