"""Alarms by ISA-18.2: what needs an operator's act, and nothing else.

A reject is no alarm; a burst of them is. Each alarm is a condition of a source, and its
state follows from its acts in their order: raised, returned, acknowledged, shelved,
suppressed. Acts are only ever added, so the list and the history are the same record.

```
NORMAL ──raised──▶ UNACKNOWLEDGED ──acknowledged──▶ ACKNOWLEDGED ──returned──▶ NORMAL
                         └──returned──▶ RETURNED ──acknowledged──▶ NORMAL
```
Shelved and suppressed alarms go on being recorded; they are not shown as calling.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from inspector.types import NS_PER_S


class Condition(StrEnum):
    """What can be wrong with a source."""

    LINE_SILENT = "line_silent"
    """The line's program says nothing any more."""
    CAMERA_SILENT = "camera_silent"
    LOG_SILENT = "log_silent"
    CLOCK_SKEW = "clock_skew"
    LATENCY = "latency"
    DRIFT = "drift"
    REJECT_BURST = "reject_burst"
    DEFECT_RUN = "defect_run"
    """The same kind of defect, part after part."""
    DISK = "disk"
    BROKER = "broker"
    DATABASE = "database"
    BRANCH = "branch"
    """A branch crashed or stalled and was put away."""


class Priority(StrEnum):
    """How soon somebody has to act."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


PRIORITIES: Mapping[Condition, Priority] = {
    Condition.LINE_SILENT: Priority.CRITICAL,
    Condition.CAMERA_SILENT: Priority.HIGH,
    Condition.LOG_SILENT: Priority.MEDIUM,
    Condition.CLOCK_SKEW: Priority.MEDIUM,
    Condition.LATENCY: Priority.MEDIUM,
    Condition.DRIFT: Priority.HIGH,
    Condition.REJECT_BURST: Priority.HIGH,
    Condition.DEFECT_RUN: Priority.MEDIUM,
    Condition.DISK: Priority.HIGH,
    Condition.BROKER: Priority.MEDIUM,
    Condition.DATABASE: Priority.HIGH,
    Condition.BRANCH: Priority.HIGH,
}
_ORDER = tuple(Priority)


class AlarmAct(StrEnum):
    """What happens to an alarm."""

    RAISED = "raised"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    """Quiet until a moment."""
    SHELVED_ONCE = "shelved_once"
    """Quiet until its condition has returned to normal."""
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    """Quiet until it is unsuppressed: by design, or because alarms are flooding."""
    UNSUPPRESSED = "unsuppressed"


class State(StrEnum):
    """Where an alarm stands."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Back to normal, and nobody has taken note."""
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"


Key = tuple[Condition, str]
"""A condition and its source: a line, or a part of the plant such as `database`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecord:
    """One row of the record of alarms."""

    condition: Condition
    source: str
    act: AlarmAct
    priority: Priority
    words: str
    who: str | None
    """`None`: the rule did it."""
    until_ns: int | None = None
    """Of a shelving: when it ends."""
    acted_ns: int
    id: int | None = None

    @property
    def key(self) -> Key:
        """Which alarm it is about."""
        return self.condition, self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm as it stands."""

    condition: Condition
    source: str
    priority: Priority
    words: str = ""
    is_active: bool = False
    is_acknowledged: bool = True
    shelved_until_ns: int | None = None
    is_shelved_once: bool = False
    is_suppressed: bool = False
    raised_ns: int = 0
    changed_ns: int = 0
    who: str | None = None
    """Who acted last, if a person did."""

    @property
    def key(self) -> Key:
        """Which alarm it is."""
        return self.condition, self.source

    def state(self, now_ns: int) -> State:
        """Say where it stands at a moment."""
        if self.is_suppressed:
            return State.SUPPRESSED
        if self.is_shelved(now_ns):
            return State.SHELVED
        if self.is_active:
            acknowledged = self.is_acknowledged
            return State.ACKNOWLEDGED if acknowledged else State.UNACKNOWLEDGED
        return State.NORMAL if self.is_acknowledged else State.RETURNED

    def is_shelved(self, now_ns: int) -> bool:
        """Whether it is on the shelf."""
        until_ns = self.shelved_until_ns
        return self.is_shelved_once or (until_ns is not None and now_ns < until_ns)


def after(alarm: Alarm | None, record: AlarmRecord) -> Alarm:
    """Give an alarm as it stands after one more act."""
    before = alarm or Alarm(
        condition=record.condition, source=record.source, priority=record.priority
    )
    stamped = replace(
        before,
        priority=record.priority,
        changed_ns=record.acted_ns,
        who=record.who,
    )
    match record.act:
        case AlarmAct.RAISED:
            return _raised(stamped, record)
        case AlarmAct.RETURNED:
            return replace(stamped, is_active=False, is_shelved_once=False)
        case AlarmAct.ACKNOWLEDGED:
            return replace(stamped, is_acknowledged=True)
        case AlarmAct.SUPPRESSED | AlarmAct.UNSUPPRESSED:
            return _suppressed(stamped, record.act is AlarmAct.SUPPRESSED)
        case _:
            return _shelved(stamped, record)


def _raised(alarm: Alarm, record: AlarmRecord) -> Alarm:
    return replace(
        alarm,
        is_active=True,
        is_acknowledged=False,
        raised_ns=record.acted_ns,
        words=record.words,
    )


def _suppressed(alarm: Alarm, suppressed: bool) -> Alarm:
    """Let it call again as new where it still holds."""
    called_for = alarm.is_active and not suppressed
    acknowledged = alarm.is_acknowledged and not called_for
    return replace(alarm, is_suppressed=suppressed, is_acknowledged=acknowledged)


def _shelved(alarm: Alarm, record: AlarmRecord) -> Alarm:
    if record.act is AlarmAct.UNSHELVED:
        acknowledged = alarm.is_acknowledged and not alarm.is_active
        return replace(
            alarm,
            shelved_until_ns=None,
            is_shelved_once=False,
            is_acknowledged=acknowledged,
        )
    once = record.act is AlarmAct.SHELVED_ONCE
    until_ns = None if once else record.until_ns
    return replace(alarm, shelved_until_ns=until_ns, is_shelved_once=once)


def fold(
    records: Iterable[AlarmRecord], before: Mapping[Key, Alarm] | None = None
) -> dict[Key, Alarm]:
    """Give every alarm as it stands after its acts, in their order."""
    alarms = dict(before or {})
    for record in records:
        alarms[record.key] = after(alarms.get(record.key), record)
    return alarms


def listed(alarms: Iterable[Alarm], now_ns: int) -> list[Alarm]:
    """Give what an alarm list shows, the most pressing first; normal ones are left."""
    shown = [each for each in alarms if each.state(now_ns) is not State.NORMAL]
    calling = (State.UNACKNOWLEDGED, State.RETURNED, State.ACKNOWLEDGED)

    def press(alarm: Alarm) -> tuple[int, int, int]:
        state = alarm.state(now_ns)
        place = calling.index(state) if state in calling else len(calling)
        return place, _ORDER.index(alarm.priority), -alarm.raised_ns

    return sorted(shown, key=press)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a source stands in respect of a condition, at one look."""

    condition: Condition
    source: str
    value: float
    """As far as it is from well; `math.inf` for plainly broken."""
    raise_at: float
    """At or above this, the condition holds."""
    return_below: float
    """Below this, it holds no more: the band between keeps an alarm from chattering."""
    words: str
    """What is seen, with its figures and what to do."""

    @property
    def key(self) -> Key:
        """Which alarm it is about."""
        return self.condition, self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long a condition must hold, or be gone, before it counts."""

    on_s: float = 0.0
    off_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodLimit:
    """When alarms are too many for a person to hear."""

    alarms: int = 10
    within_s: float = 600.0


@dataclass(slots=True)
class _Pending:
    """Since when a reading has contradicted what is recorded."""

    since_ns: int


class Annunciator:
    """Turns readings into acts: with a band, delays, and a limit on floods.

    Of alarms beyond the flood limit, all but critical ones are suppressed the moment
    they are raised, and let go again when the flood is over.

    Args:
        delays: of each condition; those not named have the usual ones.
        flood: the limit.
    """

    def __init__(
        self,
        delays: Mapping[Condition, Delays] | None = None,
        flood: FloodLimit | None = None,
    ) -> None:
        self._delays = delays or {}
        self._flood = flood or FloodLimit()
        self._pending: dict[Key, _Pending] = {}
        self._raised_ns: deque[int] = deque()
        self._flooded: set[Key] = set()

    def acts(
        self,
        readings: Sequence[Reading],
        alarms: Mapping[Key, Alarm],
        now_ns: int,
    ) -> list[AlarmRecord]:
        """Say what happens to alarms at this look.

        Args:
            readings: one for each condition of each source that was looked at.
            alarms: as they stand.
            now_ns: the moment.
        """
        self._forget(now_ns)
        happening: list[AlarmRecord] = []
        for reading in readings:
            happening += self._of(reading, alarms.get(reading.key), now_ns)
        return happening + self._let_go(alarms, now_ns)

    def _of(
        self, reading: Reading, alarm: Alarm | None, now_ns: int
    ) -> list[AlarmRecord]:
        holds = alarm is not None and alarm.is_active
        limit = reading.return_below if holds else reading.raise_at
        # Written so that a value that is not a number is not well.
        if (not reading.value < limit) == holds:
            self._pending.pop(reading.key, None)
            return []
        if not self._is_due(reading, now_ns, holds=holds):
            return []
        if holds:
            return [_act(reading, AlarmAct.RETURNED, now_ns)]
        return self._raise(reading, now_ns)

    def _is_due(self, reading: Reading, now_ns: int, *, holds: bool) -> bool:
        delays = self._delays.get(reading.condition, Delays())
        wait_s = delays.off_s if holds else delays.on_s
        pending = self._pending.setdefault(reading.key, _Pending(now_ns))
        if now_ns - pending.since_ns < wait_s * NS_PER_S:
            return False
        del self._pending[reading.key]
        return True

    def _raise(self, reading: Reading, now_ns: int) -> list[AlarmRecord]:
        acts = [_act(reading, AlarmAct.RAISED, now_ns)]
        critical = PRIORITIES[reading.condition] is Priority.CRITICAL
        if len(self._raised_ns) >= self._flood.alarms and not critical:
            self._flooded.add(reading.key)
            flood = _act(reading, AlarmAct.SUPPRESSED, now_ns)
            acts.append(replace(flood, words="alarms are flooding"))
        else:
            self._raised_ns.append(now_ns)
        return acts

    def _forget(self, now_ns: int) -> None:
        since_ns = now_ns - int(self._flood.within_s * NS_PER_S)
        while self._raised_ns and self._raised_ns[0] <= since_ns:
            self._raised_ns.popleft()

    def _let_go(self, alarms: Mapping[Key, Alarm], now_ns: int) -> list[AlarmRecord]:
        """Unsuppress what the flood had suppressed, as far as there is room again."""
        room = self._flood.alarms - len(self._raised_ns)
        freed = [key for key in sorted(self._flooded) if key in alarms][: max(0, room)]
        self._flooded.difference_update(freed)
        self._raised_ns.extend([now_ns] * len(freed))
        return [
            AlarmRecord(
                condition=key[0],
                source=key[1],
                act=AlarmAct.UNSUPPRESSED,
                priority=alarms[key].priority,
                words="the flood is over",
                who=None,
                acted_ns=now_ns,
            )
            for key in freed
            if alarms[key].is_suppressed
        ]


def _act(reading: Reading, act: AlarmAct, now_ns: int) -> AlarmRecord:
    return AlarmRecord(
        condition=reading.condition,
        source=reading.source,
        act=act,
        priority=PRIORITIES[reading.condition],
        words=reading.words,
        who=None,
        acted_ns=now_ns,
    )


MOST_PER_10_MIN, MOST_IN_ANY_10_MIN = 1.0, 10
STALE_AFTER_S = 24 * 3600.0
MOST_CRITICAL = 0.05
_TEN_MIN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFigures:
    """How much alarms asked of people, against what a person can answer."""

    alarms: int
    """Raised and not suppressed."""
    per_10_min: float
    most_in_10_min: int
    stale: int
    """Active for more than a day."""
    critical: int
    by_condition: Mapping[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """Say which figures are worse than wanted, with both numbers."""
        share = self.critical / self.alarms if self.alarms else 0.0
        checks = (
            (
                self.per_10_min > MOST_PER_10_MIN,
                f"{self.per_10_min:.2f} alarms per 10 min, "
                f"wanted at most {MOST_PER_10_MIN:g}",
            ),
            (
                self.most_in_10_min > MOST_IN_ANY_10_MIN,
                f"{self.most_in_10_min} alarms in some 10 min, "
                f"wanted at most {MOST_IN_ANY_10_MIN}",
            ),
            (self.stale > 0, f"{self.stale} alarms active for more than a day"),
            (
                share > MOST_CRITICAL,
                f"{self.critical} / {self.alarms} alarms critical, "
                f"wanted under {MOST_CRITICAL:.0%}",
            ),
        )
        return [words for is_wrong, words in checks if is_wrong]


def figures(
    records: Sequence[AlarmRecord], since_ns: int, until_ns: int
) -> AlarmFigures:
    """Measure the alarms of a time.

    Args:
        records: all acts up to its end, in order; earlier ones tell what is stale.
        since_ns: its beginning.
        until_ns: its end, which does not belong to it.
    """
    quiet = {
        (each.key, each.acted_ns)
        for each in records
        if each.act is AlarmAct.SUPPRESSED and each.who is None
    }
    raised = [
        each
        for each in records
        if each.act is AlarmAct.RAISED
        and since_ns <= each.acted_ns < until_ns
        and (each.key, each.acted_ns) not in quiet
    ]
    alarms = fold(each for each in records if each.acted_ns < until_ns)
    old_ns = until_ns - int(STALE_AFTER_S * NS_PER_S)
    counts: dict[str, int] = {}
    for each in raised:
        counts[each.condition] = counts.get(each.condition, 0) + 1
    lasted_s = max((until_ns - since_ns) / NS_PER_S, 1.0)
    return AlarmFigures(
        alarms=len(raised),
        per_10_min=len(raised) * _TEN_MIN_S / lasted_s,
        most_in_10_min=_most_within([each.acted_ns for each in raised]),
        stale=sum(a.is_active and a.raised_ns < old_ns for a in alarms.values()),
        critical=sum(each.priority is Priority.CRITICAL for each in raised),
        by_condition=dict(sorted(counts.items())),
    )


def _most_within(moments_ns: Sequence[int]) -> int:
    """Count the moments in the fullest ten minutes."""
    window: deque[int] = deque()
    most = 0
    for moment_ns in moments_ns:
        window.append(moment_ns)
        while window[0] <= moment_ns - _TEN_MIN_S * NS_PER_S:
            window.popleft()
        most = max(most, len(window))
    return most
