"""The alarm list of a database: looks at every line, records, and takes people's acts.

Any number of consoles may look at once. Who would record an act first reads, in the
same transaction, what others have recorded, so an alarm is raised once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, select

from connectors.database.people.chain import Chain, chaining
from connectors.database.people.heartbeats import read_heartbeats
from connectors.database.people.tables import alarm_acts
from connectors.database.reading.bins import LATENCY, bin_of, percentile
from connectors.database.reading.queries import (
    Listed,
    VerdictQuery,
    ordered,
    question,
)
from connectors.database.reading.tables import tallies
from connectors.database.tables import branch_acts
from connectors.database.values import moment, reading, storable
from inspector.alarms import (
    PRIORITIES,
    Alarm,
    AlarmAct,
    AlarmFigures,
    AlarmRecord,
    Annunciator,
    Condition,
    Delays,
    Key,
    Priority,
    Reading,
    figures,
    fold,
    listed,
)
from inspector.branches import Act
from inspector.errors import InputError
from inspector.health import (
    Diagnosis,
    HealthLimits,
    Recent,
    diagnose,
    readings_of,
)
from inspector.people import Person, Right
from inspector.types import NS_PER_S, Decision

USUAL_DELAYS: Mapping[Condition, Delays] = {
    Condition.CAMERA_SILENT: Delays(on_s=0.0, off_s=2.0),
    Condition.LATENCY: Delays(on_s=10.0, off_s=30.0),
    Condition.CLOCK_SKEW: Delays(on_s=10.0, off_s=30.0),
    Condition.DRIFT: Delays(on_s=10.0, off_s=60.0),
    Condition.REJECT_BURST: Delays(on_s=0.0, off_s=60.0),
    Condition.DISK: Delays(on_s=10.0, off_s=60.0),
}
_USUAL_OVER_S = 7 * 24 * 3600
_LONGEST_SHELF_S = 12 * 3600
"""Nobody shelves an alarm for longer than a shift and a half."""


class AlarmBoard:
    """Looks at lines and keeps their alarms; not for several threads.

    Args:
        engine: of a database that is up to date.
        limits: where well ends.
        annunciator: with the delays and the flood limit.
        utc_ns: the wall clock; replaced in tests.
    """

    def __init__(
        self,
        engine: Engine,
        limits: HealthLimits | None = None,
        annunciator: Annunciator | None = None,
        utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._engine = engine
        self._limits = limits or HealthLimits()
        self._annunciator = annunciator or Annunciator(USUAL_DELAYS)
        self._utc_ns = utc_ns
        self._alarms: dict[Key, Alarm] = {}
        self._last_id = 0
        self.diagnoses: Mapping[str, Diagnosis] = {}
        """How each line was at the last look, by its name."""

    def look(self, also: Sequence[Reading] = ()) -> list[AlarmRecord]:
        """Look at every line, and record what has changed; once a second is right.

        Args:
            also: readings of the one who looks, such as of a broker.

        Raises:
            StoreError: the database cannot be read or written.
        """
        now_ns = self._utc_ns()
        readings, diagnoses = list(also), {}
        for line, beat in read_heartbeats(self._engine).items():
            with reading(self._engine) as connection:
                recent = recent_of(connection, line, self._limits, now_ns)
            found = readings_of(beat, recent, self._limits, now_ns)
            diagnoses[line] = diagnose(beat, found, now_ns)
            readings += found
        self.diagnoses = diagnoses
        self.refresh()
        acts = self._annunciator.acts(readings, self._alarms, now_ns)
        return self._record(acts) if acts else []

    def refresh(self) -> None:
        """Take in what others have recorded.

        Raises:
            StoreError: the database cannot be read.
        """
        with reading(self._engine) as connection:
            self._take_in(connection)

    def alarms(self) -> list[Alarm]:
        """Give what an alarm list shows, the most pressing first."""
        return listed(self._alarms.values(), self._utc_ns())

    def history(
        self, since_ns: int = 0, until_ns: int | None = None, at_most: int = 1000
    ) -> Sequence[AlarmRecord]:
        """Give acts of a time, the newest first.

        Raises:
            StoreError: the database cannot be read.
        """
        table = alarm_acts.c
        asked = select(alarm_acts).where(table.acted_ns >= since_ns)
        if until_ns is not None:
            asked = asked.where(table.acted_ns < until_ns)
        with reading(self._engine) as connection:
            rows = connection.execute(asked.order_by(table.id.desc()).limit(at_most))
            return [_as_record(row) for row in rows.mappings()]

    def figures(self, since_ns: int, until_ns: int) -> AlarmFigures:
        """Measure how much the alarms of a time asked of people.

        Raises:
            StoreError: the database cannot be read.
        """
        asked = select(alarm_acts).where(alarm_acts.c.acted_ns < until_ns)
        with reading(self._engine) as connection:
            rows = connection.execute(asked.order_by(alarm_acts.c.id)).mappings()
            records = [_as_record(row) for row in rows]
        return figures(records, since_ns, until_ns)

    def acknowledge(self, key: Key, person: Person) -> Alarm:
        """Take note of an alarm.

        Raises:
            RightError: the person may not.
            InputError: there is no such alarm to take note of.
            StoreError: it is not recorded.
        """
        person.require(Right.ACKNOWLEDGE)
        return self._act(key, AlarmAct.ACKNOWLEDGED, person, "")

    def shelve(self, key: Key, person: Person, why: str, for_s: float | None) -> Alarm:
        """Let an alarm be quiet for a time, or once: until it has returned to normal.

        Args:
            key: which alarm.
            person: who does it.
            why: kept in the record.
            for_s: seconds; `None` for once.

        Raises:
            RightError: the person may not.
            InputError: no reason, too long a time, or no such alarm.
            StoreError: it is not recorded.
        """
        person.require(Right.SHELVE)
        _require_reason(key, why)
        if for_s is None:
            return self._act(key, AlarmAct.SHELVED_ONCE, person, why)
        if not 0 < for_s <= _LONGEST_SHELF_S:
            what = f"can be shelved for up to {_LONGEST_SHELF_S // 3600} hours"
            raise InputError.single(_name(key), what)
        until_ns = self._utc_ns() + int(for_s * NS_PER_S)
        return self._act(key, AlarmAct.SHELVED, person, why, until_ns)

    def unshelve(self, key: Key, person: Person) -> Alarm:
        """Take an alarm off the shelf.

        Raises:
            RightError: the person may not.
            InputError: there is no such alarm.
            StoreError: it is not recorded.
        """
        person.require(Right.SHELVE)
        return self._act(key, AlarmAct.UNSHELVED, person, "")

    def suppress(self, key: Key, person: Person, why: str, *, wanted: bool) -> Alarm:
        """Let an alarm be quiet until further notice, or (`wanted` false) call again.

        Raises:
            RightError: the person may not.
            InputError: no reason, or no such alarm.
            StoreError: it is not recorded.
        """
        person.require(Right.SHELVE)
        _require_reason(key, why)
        act = AlarmAct.SUPPRESSED if wanted else AlarmAct.UNSUPPRESSED
        return self._act(key, act, person, why)

    def _act(
        self,
        key: Key,
        act: AlarmAct,
        person: Person,
        why: str,
        until_ns: int | None = None,
    ) -> Alarm:
        record = AlarmRecord(
            condition=key[0],
            source=key[1],
            act=act,
            priority=PRIORITIES[key[0]],
            words=why,
            who=person.name,
            until_ns=until_ns,
            acted_ns=self._utc_ns(),
        )
        with chaining(self._engine, self._utc_ns) as chain:
            self._take_in(chain.connection)
            if key not in self._alarms:
                raise InputError.single(_name(key), "was never raised")
            self._write(chain, record)
        self.refresh()
        return self._alarms[key]

    def _record(self, acts: Sequence[AlarmRecord]) -> list[AlarmRecord]:
        """Record acts of rules, but for those that somebody was faster with."""
        with chaining(self._engine, self._utc_ns) as chain:
            self._take_in(chain.connection)
            wanted = [each for each in acts if self._is_news(each)]
            written = [self._write(chain, each) for each in wanted]
        self.refresh()
        return written

    def _is_news(self, record: AlarmRecord) -> bool:
        alarm = self._alarms.get(record.key)
        holds = alarm is not None and alarm.is_active
        if record.act is AlarmAct.RAISED:
            return not holds
        return holds if record.act is AlarmAct.RETURNED else True

    def _write(self, chain: Chain, record: AlarmRecord) -> AlarmRecord:
        values = asdict(record) | {
            "condition": record.condition.value,
            "act": record.act.value,
            "priority": record.priority.value,
            "words": storable(record.words),
            "acted_at": moment(record.acted_ns),
        }
        del values["id"]
        who = record.who or "rule"
        row = chain.insert(alarm_acts, values, who=who, act=f"alarm: {record.act}")
        return _as_record(row)

    def _take_in(self, connection: Connection) -> None:
        newer = select(alarm_acts).where(alarm_acts.c.id > self._last_id)
        rows = connection.execute(newer.order_by(alarm_acts.c.id)).mappings()
        records = [_as_record(row) for row in rows]
        self._alarms = fold(records, self._alarms)
        self._last_id = max([self._last_id, *(each.id or 0 for each in records)])


def recent_of(
    connection: Connection, line: str, limits: HealthLimits, now_ns: int
) -> Recent:
    """Give what the last verdicts of a line say, the newest last."""
    query = VerdictQuery(line=line)
    dialect = connection.dialect
    asked = ordered(question(query, dialect), query, dialect, newest_first=True)
    rows = [Listed(*row) for row in connection.execute(asked.limit(limits.parts))]
    rows.reverse()
    bins: dict[int, int] = {}
    for row in rows:
        number = bin_of(LATENCY, row.latency_ms)
        bins[number] = bins.get(number, 0) + 1
    return Recent(
        decisions=[row.decision for row in rows],
        defects=[None if row.decision == Decision.PASS else row.defect for row in rows],
        faults=[row.fault for row in rows],
        p99_ms=percentile(LATENCY, bins, 99),
        usual_reject_share=_usual_share(connection, line, rows),
        put_away=_put_away(connection, line),
    )


def _usual_share(
    connection: Connection, line: str, rows: Sequence[Listed]
) -> float | None:
    """Give the share of rejects in the week before the last parts."""
    if not rows:
        return None
    until_ns = rows[0].captured_ns
    table = tallies.c
    asked = select(table.decision, func.sum(table.parts)).where(
        table.line == line,
        table.bucket_ns >= until_ns - _USUAL_OVER_S * NS_PER_S,
        table.bucket_ns < until_ns,
    )
    found = connection.execute(asked.group_by(table.decision))
    counts = {decision: int(parts) for decision, parts in found}
    total = sum(counts.values())
    # One more of each, so that a line that never rejected is not sure never to.
    return (counts.get(Decision.REJECT, 0) + 1) / (total + 2) if total else None


def _put_away(connection: Connection, line: str) -> str | None:
    table = branch_acts.c
    newest = select(table.act, table.from_version, table.why).where(table.line == line)
    found = connection.execute(newest.order_by(table.id.desc()).limit(1)).one_or_none()
    if found is None or found.act != Act.PUT_AWAY:
        return None
    return f"branch {found.from_version} was put away: {found.why}"


def _as_record(row: RowMapping) -> AlarmRecord:
    plain: dict[str, Any] = {
        name: row[name]
        for name in ("id", "source", "words", "who", "until_ns", "acted_ns")
    }
    return AlarmRecord(
        **plain,
        condition=Condition(row["condition"]),
        act=AlarmAct(row["act"]),
        priority=Priority(row["priority"]),
    )


def _require_reason(key: Key, why: str) -> None:
    if not why.strip():
        raise InputError.single(_name(key), "needs a reason for being quiet")


def _name(key: Key) -> str:
    return f"alarm {key[0]} of {key[1]}"
