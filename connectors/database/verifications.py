"""Keeps what people said about parts in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from connectors.database.people.chain import Chain, chaining
from connectors.database.tables import verifications
from connectors.database.values import moment, reading, storable
from inspector.errors import InputError
from inspector.verification import Outcome, PartKey, Verification


class SqlVerifications:
    """Keeps verifications through SQLAlchemy; see the port `Verifications`.

    Args:
        engine: of a database that is up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, word: Verification) -> Verification:
        """Commit a word and give it back with its number.

        Raises:
            InputError: what it takes back is no word about the same part.
            StoreError: it is not recorded.
        """
        with chaining(self._engine) as chain:
            return add_word(chain, word)

    def of_line(self, line: str) -> Sequence[Verification]:
        """Give all words about a line's parts, in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        of_line = select(verifications).where(verifications.c.line == line)
        question = of_line.order_by(verifications.c.id)
        with reading(self._engine) as connection:
            return [_as_word(row) for row in connection.execute(question).mappings()]

    def of_part(self, line: str, camera: str, frame_id: int) -> Sequence[Verification]:
        """Give the words about one part, in the order they were recorded.

        Raises:
            StoreError: they cannot be read.
        """
        with reading(self._engine) as connection:
            return words_of_part(connection, (line, camera, frame_id))


def add_word(chain: Chain, word: Verification) -> Verification:
    """Add a word inside a transaction, with its link in the audit trail.

    Raises:
        InputError: what it takes back is no word about the same part.
    """
    if word.withdraws is not None:
        _require_about(chain.connection, word.withdraws, word.part)
    act = f"verification: {word.outcome}"
    return _as_word(chain.insert(verifications, _as_row(word), who=word.who, act=act))


def words_of_part(connection: Connection, part: PartKey) -> list[Verification]:
    """Give the words about one part inside a transaction, in their order."""
    table = verifications.c
    line, camera, frame_id = part
    question = (
        select(verifications)
        .where(table.line == line, table.camera == camera, table.frame_id == frame_id)
        .order_by(table.id)
    )
    return [_as_word(row) for row in connection.execute(question).mappings()]


def _require_about(connection: Connection, number: int, part: PartKey) -> None:
    table = verifications.c
    question = select(table.line, table.camera, table.frame_id)
    found = connection.execute(question.where(table.id == number)).one_or_none()
    if found is None or tuple(found) != part:
        line, camera, frame_id = part
        where = f"verification {number}"
        what = f"is no word about part {frame_id} of line {line}, camera {camera}"
        raise InputError.single(where, what)


def _as_row(word: Verification) -> dict[str, Any]:
    return {
        "line": word.line,
        "camera": word.camera,
        "frame_id": word.frame_id,
        "captured_ns": word.captured_ns,
        "outcome": word.outcome.value,
        "defect": word.defect,
        "reason_code": word.reason_code,
        "comment": None if word.comment is None else storable(word.comment),
        "who": storable(word.who),
        "verified_at": moment(word.verified_ns),
        "verified_ns": word.verified_ns,
        "seconds_taken": word.seconds_taken,
        "blind": word.blind,
        "withdraws": word.withdraws,
        "is_simulated": word.is_simulated,
    }


_AS_THEY_ARE = (
    *("id", "line", "camera", "frame_id", "captured_ns", "defect", "reason_code"),
    *("comment", "who", "verified_ns", "seconds_taken", "blind", "withdraws"),
    "is_simulated",
)


def _as_word(row: RowMapping) -> Verification:
    plain: dict[str, Any] = {name: row[name] for name in _AS_THEY_ARE}
    return Verification(**plain, outcome=Outcome(row["outcome"]))
