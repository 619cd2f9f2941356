"""The repair station's desk: the queue, who has what open, and decisions with undo.

A decision is taken only from somebody who has seen everything that was said of the part
before: it carries a mark of what was on the screen, and where that is old, the newer
records come back instead. Two who decide at once take turns, so one of them is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    delete,
    exists,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from connectors.database.people.acts import (
    add_disposition,
    dispositions_of,
    line_acts_of,
)
from connectors.database.people.chain import Chain, chaining
from connectors.database.people.tables import presence
from connectors.database.reading.pages import PAGE
from connectors.database.reading.queries import LISTED, NOT_PASSED, Key, Listed
from connectors.database.tables import verdicts, verifications
from connectors.database.values import reading, writing
from connectors.database.verifications import add_word, words_of_part
from inspector.disposition import Disposition, Kind, LineAct, disposition_that_counts
from inspector.errors import InputError, InspectorError
from inspector.people import Person, Right, right_for
from inspector.types import NS_PER_S, Decision
from inspector.verification import (
    Outcome,
    PartKey,
    Verification,
    words_that_count,
)

PRESENCE_S = 30.0
"""A part that was opened stays so for this long, unless it is opened again."""
_LONGEST_S = 3600.0
"""Seconds of looking that are believed: after that somebody went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What was said of a part when it was shown: numbers of the newest records."""

    verification: int
    disposition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """Everything that is recorded of a part: the four records, and who looks at it."""

    verdict: Listed
    line_acts: Sequence[LineAct]
    words: Sequence[Verification]
    dispositions: Sequence[Disposition]
    present: Sequence[tuple[str, str]]
    """Others who have it open: name and console."""
    mark: Mark

    @property
    def word(self) -> Verification | None:
        """What a person said last and did not take back."""
        return words_that_count(self.words).get(part_of(self.verdict))

    @property
    def disposition(self) -> Disposition | None:
        """What becomes of it, as said last and not taken back."""
        return disposition_that_counts(self.dispositions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person decides about a part, in one act."""

    outcome: Outcome
    defect: str | None = None
    """The kind that the person found."""
    disposition: Kind | None = None
    reason_code: str | None = None
    comment: str | None = None
    blind: bool = False
    """Whether verdict and map were hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a decision wrote; hand it to `undo`."""

    word: Verification
    disposition: Disposition | None


class SeenTooLittleError(InspectorError):
    """Somebody else has said something of the part meanwhile: show it first."""

    def __init__(self, record: PartRecord) -> None:
        said = record.word
        who = "somebody" if said is None else f"{said.who}: {said.outcome}"
        super().__init__(f"part {record.verdict.frame_id} has newer records ({who})")
        self.record = record
        """The part as it is now, with a mark to decide by."""


class ReviewDesk:
    """Where people look at parts; not for several threads.

    Args:
        engine: of a database that is up to date.
        console: names this desk to others.
        utc_ns: the wall clock; replaced in tests.
        mono: a monotonic clock in seconds; replaced in tests.
    """

    def __init__(
        self,
        engine: Engine,
        console: str,
        utc_ns: Callable[[], int] = time.time_ns,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._console = console[:64]
        self._utc_ns = utc_ns
        self._mono = mono
        self._opened: dict[PartKey, float] = {}

    def queue(
        self,
        line: str | None = None,
        *,
        since_ns: int = 0,
        after: Key | None = None,
        size: int = PAGE,
    ) -> list[Listed]:
        """Give parts that did not pass and that nobody has judged, the oldest first.

        Args:
            line: of this line; `None` of all.
            since_ns: captured at this moment or later.
            after: the place of the last part of the page before.
            size: of the page.

        Raises:
            StoreError: the database cannot be read.
        """
        return self._page(_open_parts(NOT_PASSED, line, since_ns), after, size)

    def audit_queue(
        self,
        line: str | None = None,
        *,
        since_ns: int = 0,
        after: Key | None = None,
        size: int = PAGE,
    ) -> list[Listed]:
        """Give passed parts that were sampled for the audit and are still to be judged.

        The sample is the passed parts whose picture the line kept (`audit_every` of its
        settings); show neither verdict nor map with them.

        Raises:
            StoreError: the database cannot be read.
        """
        sampled = and_(
            verdicts.c.decision == Decision.PASS, verdicts.c.evidence.is_not(None)
        )
        return self._page(_open_parts(sampled, line, since_ns), after, size)

    def find(self, serial: str) -> list[Listed]:
        """Give the parts of exactly that serial, the newest first, as a scanner asks.

        Raises:
            StoreError: the database cannot be read.
        """
        asked = select(*LISTED).where(verdicts.c.serial == serial)
        newest = asked.order_by((verdicts.c.captured_ns + 0).desc()).limit(PAGE)
        with reading(self._engine) as connection:
            return [Listed(*row) for row in connection.execute(newest)]

    def open(self, part: PartKey, person: Person) -> PartRecord:
        """Show a part: say that it is open here, and begin to measure the time.

        Opening again keeps the time running and says once more that it is open; do so
        every ten seconds or so while it is shown.

        Raises:
            InputError: there is no verdict of such a part.
            StoreError: the database cannot be read or written.
        """
        now_ns = self._utc_ns()
        self._opened.setdefault(part, self._mono())
        with writing(self._engine.execution_options(begin="IMMEDIATE")) as connection:
            connection.execute(delete(presence).where(presence.c.until_ns < now_ns))
            _be_present(connection, part, (person.name, self._console), now_ns)
            return self._record(connection, part)

    def close(self, part: PartKey, person: Person) -> None:
        """Say that a part is not open here any more.

        Raises:
            StoreError: the database cannot be written.
        """
        self._opened.pop(part, None)
        mine = (presence.c.who == person.name) & (presence.c.console == self._console)
        with writing(self._engine) as connection:
            connection.execute(delete(presence).where(_is(presence, part), mine))

    def record(self, part: PartKey) -> PartRecord:
        """Give all that is recorded of a part, without opening it.

        Raises:
            InputError: there is no verdict of such a part.
            StoreError: the database cannot be read.
        """
        with reading(self._engine) as connection:
            return self._record(connection, part)

    def decide(
        self, part: PartKey, choice: Choice, person: Person, seen: Mark
    ) -> Decided:
        """Record what a person says of a part, and what becomes of it.

        Args:
            part: that was opened.
            choice: what is said.
            person: who says it.
            seen: the mark of the record that was on the screen.

        Raises:
            SeenTooLittleError: somebody has said more meanwhile; nothing is recorded.
            RightError: it is not the person's to say; nothing is recorded.
            InputError: a verdict of PASS cannot be a false call, and the like.
            StoreError: nothing is recorded.
        """
        with chaining(self._engine, self._utc_ns) as chain:
            record = self._unchanged(chain.connection, part, seen)
            decision = Decision(record.verdict.decision)
            _require_sense(record.verdict, choice)
            person.require(right_for(decision, choice.outcome))
            decided = self._write(chain, record.verdict, choice, person)
        self._opened.pop(part, None)
        return decided

    def undo(self, decided: Decided, person: Person) -> None:
        """Take back a decision; another person's needs the right to overrule.

        Raises:
            RightError: it is not the person's to take back.
            SeenTooLittleError: somebody has said something else since.
            StoreError: nothing is recorded.
        """
        word, disposition = decided.word, decided.disposition
        if word.who != person.name:
            person.require(Right.OVERRULE)
        with chaining(self._engine, self._utc_ns) as chain:
            record = self._record(chain.connection, word.part)
            if record.word is None or record.word.id != word.id:
                raise SeenTooLittleError(record)
            now_ns = self._utc_ns()
            add_word(chain, _withdrawal(word, person, now_ns))
            if disposition is not None:
                taken_back = Disposition(
                    **_identity(record.verdict),
                    kind=Kind.WITHDRAWN,
                    who=person.name,
                    disposed_ns=now_ns,
                    withdraws=disposition.id,
                )
                add_disposition(chain, taken_back)

    def dispose(
        self, part: PartKey, kind: Kind, person: Person, comment: str | None = None
    ) -> Disposition:
        """Record what becomes of a part that was judged before, as after its rework.

        Raises:
            RightError: it is not the person's to say.
            InputError: there is no verdict of such a part.
            StoreError: nothing is recorded.
        """
        person.require(Right.CONFIRM)
        with chaining(self._engine, self._utc_ns) as chain:
            row = self._record(chain.connection, part).verdict
            disposition = Disposition(
                **_identity(row),
                kind=kind,
                comment=comment,
                who=person.name,
                disposed_ns=self._utc_ns(),
            )
            return add_disposition(chain, disposition)

    def _page(self, asked: Select[Any], after: Key | None, size: int) -> list[Listed]:
        if after is not None:
            place = tuple_(verdicts.c.captured_ns, verdicts.c.id)
            asked = asked.where(place > tuple_(*after))
        with reading(self._engine) as connection:
            return [Listed(*row) for row in connection.execute(asked.limit(size))]

    def _record(self, connection: Connection, part: PartKey) -> PartRecord:
        asked = select(*LISTED).where(_is(verdicts, part))
        row = connection.execute(asked).one_or_none()
        if row is None:
            line, camera, frame_id = part
            where = f"part {frame_id} of line {line}, camera {camera}"
            raise InputError.single(where, "has no verdict in this database")
        words = words_of_part(connection, part)
        disposed = dispositions_of(connection, part)
        return PartRecord(
            verdict=Listed(*row),
            line_acts=line_acts_of(connection, part),
            words=words,
            dispositions=disposed,
            present=self._others(connection, part),
            mark=Mark(
                verification=max((each.id or 0 for each in words), default=0),
                disposition=max((each.id or 0 for each in disposed), default=0),
            ),
        )

    def _others(
        self, connection: Connection, part: PartKey
    ) -> tuple[tuple[str, str], ...]:
        table = presence.c
        asked = select(table.who, table.console).where(
            _is(presence, part),
            table.until_ns >= self._utc_ns(),
            table.console != self._console,
        )
        rows = connection.execute(asked.order_by(table.who))
        return tuple((who, console) for who, console in rows)

    def _unchanged(
        self, connection: Connection, part: PartKey, seen: Mark
    ) -> PartRecord:
        record = self._record(connection, part)
        if record.mark != seen:
            raise SeenTooLittleError(record)
        return record

    def _write(
        self, chain: Chain, row: Listed, choice: Choice, person: Person
    ) -> Decided:
        now_ns = self._utc_ns()
        word = Verification(
            **_identity(row),
            outcome=choice.outcome,
            defect=choice.defect,
            reason_code=choice.reason_code,
            comment=choice.comment,
            who=person.name,
            verified_ns=now_ns,
            seconds_taken=self._seconds(part_of(row)),
            blind=choice.blind,
        )
        written = add_word(chain, word)
        if choice.disposition is None:
            return Decided(word=written, disposition=None)
        disposition = Disposition(
            **_identity(row),
            kind=choice.disposition,
            reason_code=choice.reason_code,
            comment=choice.comment,
            who=person.name,
            disposed_ns=now_ns,
        )
        disposed = add_disposition(chain, disposition)
        return Decided(word=written, disposition=disposed)

    def _seconds(self, part: PartKey) -> float | None:
        """Say how long a part was open; `None` if it was not, or for far too long."""
        opened = self._opened.get(part)
        taken = None if opened is None else self._mono() - opened
        return taken if taken is not None and taken <= _LONGEST_S else None


def part_of(row: Listed) -> PartKey:
    """Name the part of a row."""
    return row.line, row.camera, row.frame_id


def _identity(row: Listed) -> dict[str, Any]:
    """Give what every record of a part says of it."""
    return {
        "line": row.line,
        "camera": row.camera,
        "frame_id": row.frame_id,
        "captured_ns": row.captured_ns,
        "is_simulated": row.is_simulated,
    }


def _is(table: Table, part: PartKey) -> ColumnElement[bool]:
    line, camera, frame_id = part
    return and_(
        table.c.line == line, table.c.camera == camera, table.c.frame_id == frame_id
    )


def _open_parts(
    which: ColumnElement[bool], line: str | None, since_ns: int
) -> Select[Any]:
    """Ask for parts without a word that counts, the oldest first."""
    table, word = verdicts.c, verifications.alias("word")
    back = verifications.alias("back")
    taken_back = exists().where(back.c.withdraws == word.c.id)
    judged = exists().where(
        word.c.line == table.line,
        word.c.camera == table.camera,
        word.c.frame_id == table.frame_id,
        word.c.outcome != Outcome.WITHDRAWN,
        ~taken_back,
    )
    asked = select(*LISTED).where(which, table.captured_ns >= since_ns, ~judged)
    if line is not None:
        asked = asked.where(table.line == line)
    return asked.order_by(table.captured_ns, table.id)


def _be_present(
    connection: Connection, part: PartKey, who: tuple[str, str], now_ns: int
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = dict(
        zip(
            ("line", "camera", "frame_id", "who", "console", "until_ns"),
            (*part, *who, now_ns + int(PRESENCE_S * NS_PER_S)),
            strict=True,
        )
    )
    connection.execute(
        dialect.insert(presence)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["line", "camera", "frame_id", "who", "console"],
            set_={"until_ns": values["until_ns"]},
        )
    )


_OF_A_PASS = frozenset({Outcome.CONFIRMED, Outcome.ESCAPE})
_OF_OTHERS = frozenset(Outcome) - {Outcome.ESCAPE, Outcome.WITHDRAWN}


def _require_sense(row: Listed, choice: Choice) -> None:
    """Refuse a word that says nothing of such a verdict."""
    where = f"part {row.frame_id} ({row.decision})"
    sensible = _OF_A_PASS if row.decision == Decision.PASS else _OF_OTHERS
    if choice.outcome is Outcome.WITHDRAWN:
        raise InputError.single(where, "take a decision back by undoing it")
    if choice.outcome not in sensible:
        what = f"cannot be called {choice.outcome}"
        raise InputError.single(where, what)
    if choice.outcome is Outcome.OTHER_DEFECT and not choice.defect:
        raise InputError.single(where, "has another defect: which one?")


def _withdrawal(word: Verification, person: Person, now_ns: int) -> Verification:
    return Verification(
        line=word.line,
        camera=word.camera,
        frame_id=word.frame_id,
        captured_ns=word.captured_ns,
        outcome=Outcome.WITHDRAWN,
        who=person.name,
        verified_ns=now_ns,
        withdraws=word.id,
        is_simulated=word.is_simulated,
    )
