"""Keeps verdicts, offsets, messages to send and faults in one transaction.

The offsets' row is changed first, under the condition that the claim still holds: in
PostgreSQL that locks the row, so that a claim and a delivery of one partition wait for
each other; in SQLite it takes the one lock for writing.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from connectors.database.engine import shown
from connectors.database.tables import (
    amendments,
    consumer_offsets,
    outbox,
    part_faults,
    verdicts,
)
from connectors.database.values import moment, reading, storable, writing
from connectors.database.verdict_store import SqlVerdictStore
from inspector.delivery import (
    Amendment,
    Claim,
    CountedFault,
    DecidedPart,
    Delivery,
    DeliveryReceipt,
    FencedError,
    Outgoing,
    PartFault,
    Partition,
    Progress,
    Waiting,
)
from inspector.types import NS_PER_S, Verdict

_ASKED_AT_ONCE = 200
_LONGEST_DETAIL = 1000
_RUN_COUNTED_SINGLY = 1000
_Identity = tuple[str, str, int]
_T = TypeVar("_T")
_Rows = list[dict[str, Any]]


class SqlDeliveryLedger:
    """Keeps deliveries through SQLAlchemy; see the port `DeliveryLedger`.

    Args:
        engine: of a database that is up to date.
        group: the consumer group whose offsets these are.
    """

    def __init__(self, engine: Engine, group: str) -> None:
        self._engine = engine
        self._group = group
        self._verdicts = SqlVerdictStore(engine)

    def claim(self, partition: Partition, owner: str) -> Claim:
        """Take a partition over; see the port.

        Raises:
            StoreError: the database cannot be reached.
        """
        now = moment(time.time_ns())
        table = consumer_offsets
        fresh = {
            "consumer_group": self._group,
            "topic": partition.topic,
            "partition": partition.number,
            "epoch": 1,
            "owner": owner,
            "changed_at": now,
        }
        with writing(self._engine) as connection:
            statement = (
                _dialect(connection)
                .insert(table)
                .values(fresh)
                .on_conflict_do_update(
                    index_elements=["consumer_group", "topic", "partition"],
                    set_={
                        "epoch": table.c.epoch + 1,
                        "owner": owner,
                        "changed_at": now,
                    },
                )
                .returning(table.c.epoch, table.c.next_offset, table.c.message_ns)
            )
            epoch, next_offset, message_ns = connection.execute(statement).one()
        return Claim(
            partition=partition,
            epoch=epoch,
            next_offset=next_offset,
            message_ns=message_ns,
        )

    def deliver(self, delivery: Delivery) -> DeliveryReceipt:
        """Commit a delivery; see the port.

        Raises:
            FencedError: a claim of it holds no longer.
            StoreError: nothing of it is stored.
        """
        with writing(self._engine) as connection:
            for progress in sorted(delivery.progress, key=_partition):
                self._advance(connection, progress)
            receipt, messages, conflicts = self._store(connection, delivery.parts)
            _queue(connection, [*messages, *delivery.messages])
            _count(connection, [*conflicts, *delivery.faults])
            _amend(connection, delivery.amendments)
        return receipt

    def waiting(self, lanes: Sequence[str], limit: int) -> Sequence[Waiting]:
        """Give the oldest messages of some lanes that were not acknowledged yet.

        Raises:
            StoreError: they cannot be read.
        """
        question = (
            select(outbox)
            .where(outbox.c.lane.in_(lanes), outbox.c.sent_at.is_(None))
            .order_by(outbox.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(question).mappings().all()
        return [
            Waiting(
                number=row["id"],
                message=Outgoing(
                    lane=row["lane"],
                    topic=row["topic"],
                    key=row["key"],
                    headers=_headers(row["headers"]),
                    value=row["value"],
                ),
            )
            for row in rows
        ]

    def sent(self, numbers: Sequence[int]) -> None:
        """Note that messages were acknowledged.

        Raises:
            StoreError: that cannot be noted.
        """
        now = moment(time.time_ns())
        with writing(self._engine) as connection:
            for some in _in_pieces(numbers):
                statement = update(outbox).where(outbox.c.id.in_(some))
                connection.execute(statement.values(sent_at=now))

    def forget_sent(self, older_than_s: float) -> int:
        """Delete messages that were acknowledged so long ago; returns how many.

        Raises:
            StoreError: they cannot be deleted.
        """
        until = moment(time.time_ns() - int(older_than_s * NS_PER_S))
        with writing(self._engine) as connection:
            done = connection.execute(delete(outbox).where(outbox.c.sent_at < until))
            return done.rowcount

    def known_numbers(self, line: str, camera: str, limit: int) -> Sequence[int]:
        """Give the newest frame numbers that have a verdict or a counted gap.

        Raises:
            StoreError: they cannot be read.
        """
        judged = (
            select(verdicts.c.frame_id)
            .where(verdicts.c.line == line, verdicts.c.camera == camera)
            .order_by(verdicts.c.captured_ns.desc())
            .limit(limit)
        )
        missed = (
            select(part_faults.c.first_frame, part_faults.c.last_frame)
            .where(part_faults.c.line == line, part_faults.c.camera == camera)
            .where(part_faults.c.first_frame.is_not(None))
            .order_by(part_faults.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            known = set(connection.scalars(judged))
            for first, last in connection.execute(missed):
                known.update(range(max(first, last - _RUN_COUNTED_SINGLY), last + 1))
        return sorted(known)[-limit:]

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _advance(self, connection: Connection, progress: Progress) -> None:
        """Move a partition's offset on, never back, and only if the claim holds."""
        table, claim = consumer_offsets.c, progress.claim
        mine = (
            (table.consumer_group == self._group)
            & (table.topic == claim.partition.topic)
            & (table.partition == claim.partition.number)
            & (table.epoch == claim.epoch)
        )
        statement = (
            update(consumer_offsets)
            .where(mine)
            .values(epoch=claim.epoch, changed_at=moment(time.time_ns()))
            .returning(table.next_offset)
        )
        found = connection.execute(statement).one_or_none()
        if found is None:
            message = (
                f"partition {claim.partition} belongs to another worker by now "
                f"(database {shown(self._engine.url)}): nothing of this is stored"
            )
            raise FencedError(message)
        if found[0] is None or found[0] < progress.next_offset:
            further = {
                "next_offset": progress.next_offset,
                "message_ns": progress.message_ns,
            }
            connection.execute(update(consumer_offsets).where(mine).values(further))

    def _store(
        self, connection: Connection, parts: Sequence[DecidedPart]
    ) -> tuple[DeliveryReceipt, list[Outgoing], list[CountedFault]]:
        """Store new verdicts; tell of these alone, and count other parts' identities.

        Whose verdict is there had its message queued in the same transaction.
        """
        known = _stored_moments(connection, [part.verdict for part in parts])
        fresh: list[DecidedPart] = []
        conflicts: list[CountedFault] = []
        for part in parts:
            identity, captured_ns = _identity(part.verdict), part.verdict.captured_ns
            if identity not in known:
                known[identity] = captured_ns
                fresh.append(part)
            elif known[identity] != captured_ns:
                conflicts.append(_conflict(part.verdict, known[identity]))
        if fresh:
            self._verdicts.store_in(connection, [part.verdict for part in fresh])
        receipt = DeliveryReceipt(
            inserted=len(fresh),
            already_there=len(parts) - len(fresh) - len(conflicts),
            conflicts=len(conflicts),
        )
        return receipt, [part.message for part in fresh], conflicts


def _stored_moments(
    connection: Connection, batch: Sequence[Verdict]
) -> dict[_Identity, int]:
    """Give the moments of capture of those parts that have a verdict."""
    table = verdicts.c
    identity = (table.line, table.camera, table.frame_id)
    found: dict[_Identity, int] = {}
    for some in _in_pieces(sorted({_identity(each) for each in batch})):
        question = select(*identity, table.captured_ns)
        asked = question.where(tuple_(*identity).in_(some))
        for line, camera, frame_id, captured_ns in connection.execute(asked):
            found[line, camera, frame_id] = captured_ns
    return found


def _conflict(verdict: Verdict, captured_ns: int) -> CountedFault:
    return CountedFault(
        identity=f"conflict:{':'.join(map(str, _identity(verdict)))}:"
        f"{verdict.captured_ns}",
        line=verdict.line,
        camera=verdict.camera,
        kind=PartFault.IDENTITY_CONFLICT,
        # Its number has a verdict, the other part's: it accounts for no number.
        first_frame=None,
        last_frame=None,
        detail=f"frame {verdict.frame_id} has the number of the part that was "
        f"captured at {captured_ns} ns; this one was at {verdict.captured_ns} ns",
        noted_ns=verdict.captured_ns,
    )


def _queue(connection: Connection, messages: Sequence[Outgoing]) -> None:
    now = moment(time.time_ns())
    rows = [
        {
            "lane": message.lane,
            "topic": message.topic,
            "key": message.key,
            "headers": _plain(message),
            "value": message.value,
            "queued_at": now,
        }
        for message in messages
    ]
    if rows:
        connection.execute(outbox.insert(), rows)


def _count(connection: Connection, faults: Iterable[CountedFault]) -> None:
    rows = [
        {
            "identity": storable(fault.identity),
            "line": storable(fault.line),
            "camera": fault.camera,
            "kind": fault.kind.value,
            "first_frame": fault.first_frame,
            "last_frame": fault.last_frame,
            "parts": fault.parts,
            "detail": storable(fault.detail)[:_LONGEST_DETAIL],
            "noted_at": moment(fault.noted_ns),
            "noted_ns": fault.noted_ns,
        }
        for fault in faults
    ]
    _insert_once(connection, part_faults, rows)


def _amend(connection: Connection, late: Sequence[Amendment]) -> None:
    now = moment(time.time_ns())
    rows = [
        {
            "identity": _amendment_identity(each),
            "line": each.line,
            "camera": each.camera,
            "frame_id": each.frame_id,
            "captured_ns": each.captured_ns,
            "logged_at": moment(each.log_line.logged_ns),
            "logged_ns": each.log_line.logged_ns,
            "station": storable(each.log_line.station),
            "level": storable(each.log_line.level),
            "text": storable(each.log_line.text),
            "came_at": now,
        }
        for each in late
    ]
    _insert_once(connection, amendments, rows)


def _amendment_identity(late: Amendment) -> str:
    said = late.log_line
    words = (late.line, late.camera, late.frame_id, said.logged_ns, said.station)
    whole = repr((*words, said.level, said.text))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _insert_once(
    connection: Connection, table: Any, rows: list[dict[str, Any]]
) -> None:
    if rows:
        statement = _dialect(connection).insert(table)
        once = statement.on_conflict_do_nothing(index_elements=["identity"])
        connection.execute(once, rows)


def _plain(message: Outgoing) -> list[list[str]]:
    """Lay headers out as JSON: any bytes may stand in them."""
    return [[name, base64.b64encode(value).decode()] for name, value in message.headers]


def _headers(plain: list[list[str]]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, base64.b64decode(value)) for name, value in plain)


def _dialect(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _identity(verdict: Verdict) -> _Identity:
    return verdict.line, verdict.camera, verdict.frame_id


def _partition(progress: Progress) -> Partition:
    return progress.claim.partition


def _in_pieces(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(items), _ASKED_AT_ONCE):
        yield items[at : at + _ASKED_AT_ONCE]
