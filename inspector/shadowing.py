"""A branch in shadow: it judges every part too, and nobody waits for it.

```
the line's thread, after the verdict ──▶ bounded queue ──▶ the shadow's thread
                                                            judges, keeps, stores
```
A full queue hands its oldest part back, which is counted: the line never waits for the
shadow. Of a part about which the two disagree, picture and window are kept, also if it
passed, so that a person can look at it.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from inspector.account import Tally
from inspector.errors import PictureError, StoreError
from inspector.evidence import Evidence, WindowRecord, record_name
from inspector.illustrating import give_way
from inspector.judge import Judge, Judged, Turn
from inspector.ports import ShadowStore
from inspector.queues import BoundedQueue, QueueClosedError, WhenFull
from inspector.storing import Archive, keep_picture
from inspector.timekeeping import Desk, RelievedError
from inspector.types import ShadowJudgement, Verdict, Window

_log = logging.getLogger(__name__)

WAITING = 8
"""Parts that may wait for the shadow; each holds its picture in memory."""
_BATCH = 32
"""Judgements that are stored at once."""
_STORE_AFTER_S = 0.5
"""Or what there is, when no part came for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """A part that has its verdict, on its way to the shadow."""

    turn: Turn = field(repr=False)
    judged: Judged = field(repr=False)


class Broke(Protocol):
    """Is told that a version broke on a part, and why."""

    def __call__(self, version: str, why: str) -> None:
        """Put the version away."""
        ...


class Shadow:
    """Judges parts beside the line while it is entered as a context.

    Args:
        archive: keeps pictures and windows of parts about which the two disagree.
        store: keeps the judgements.
        tally: counts what was judged and what was not.
        waiting: bound of the queue.
    """

    def __init__(
        self, archive: Archive, store: ShadowStore, tally: Tally, waiting: int = WAITING
    ) -> None:
        self._archive = archive
        self._store = store
        self._tally = tally
        self._queue = BoundedQueue[Shadowed](waiting, WhenFull.OVERFLOW)
        self._judge: Judge | None = None
        self._broke: Broke = _nobody_asks
        self._desk = Desk()
        self._thread = self._a_thread()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.close()
        self._thread.join(_ENDS_WITHIN_S)

    def follow(self, judge: Judge | None, broke: Broke) -> None:
        """Let another branch be in shadow from now on, or none."""
        self._judge, self._broke = judge, broke

    def offer(self, turn: Turn, judged: Judged) -> None:
        """Hand over a part that has its verdict; never waits."""
        if self._judge is None:
            return
        part = Shadowed(turn=turn, judged=judged)
        try:
            pushed_out = self._queue.put(part)
        except QueueClosedError:
            pushed_out = part
        if pushed_out is not None:
            self._tally.shadow_lost()

    def wait_until_free(self) -> None:
        """Wait until the part in hand is judged, or longer than it may take."""
        until_s = time.monotonic() + _ENDS_WITHIN_S
        while not self._desk.is_free and time.monotonic() < until_s:
            time.sleep(_GLIMPSE_S)

    def take_overdue(self) -> Turn | None:
        """Give the part up that the shadow does not finish, if there is one.

        Another thread takes over from the one that hangs.
        """
        turn = self._desk.take_overdue(time.monotonic_ns())
        if turn is not None:
            self._tally.shadow_lost()
            self._thread = self._a_thread()
            self._thread.start()
        return turn

    def _a_thread(self) -> threading.Thread:
        return threading.Thread(target=self._work, name="shadow", daemon=True)

    def _work(self) -> None:
        give_way()
        done: list[ShadowJudgement] = []
        with ExitStack() as at_the_end:
            at_the_end.callback(lambda: self._keep(done))
            while True:
                try:
                    done += self._look(self._queue.get(_STORE_AFTER_S))
                except (RelievedError, QueueClosedError):
                    return
                except TimeoutError:
                    self._keep(done)
                if len(done) >= _BATCH:
                    self._keep(done)

    def _look(self, part: Shadowed) -> list[ShadowJudgement]:
        judge, live = self._judge, part.judged.verdict
        if judge is None:
            return []
        shadow = self._judged(judge, part.turn.window)
        if shadow.broke:
            self._broke(shadow.verdict.branch.version, shadow.verdict.reason)
        found = ShadowJudgement(live=live, shadow=shadow.verdict)
        return [self._with_evidence(found, part) if found.disagrees else found]

    def _judged(self, judge: Judge, window: Window) -> Judged:
        turn = judge.turn_anew(window)
        self._desk.begin(turn)
        judged = judge.take(turn)
        self._desk.end(turn)
        return judged

    def _with_evidence(self, found: ShadowJudgement, part: Shadowed) -> ShadowJudgement:
        """Keep what a person needs to see who is right."""
        try:
            picture = keep_picture(self._archive, part.turn.window.frame)
            self._keep_window(found.live, part)
        except (StoreError, PictureError) as error:
            _log.error("evidence of part %s: %s", found.live.frame_id, error)
            self._tally.evidence_lost()
            return found
        return replace(found, evidence=picture)

    def _keep_window(self, live: Verdict, part: Shadowed) -> None:
        if part.judged.evidence is not None:
            return  # The store's thread keeps it: the part did not pass.
        name = record_name(live.line, live.camera, live.frame_id, live.decided_ns)
        rules = part.turn.duty.rules
        kept = Evidence(
            window=part.turn.window,
            scores=None,
            rules=rules.decisions,
            model=rules.model_folder,
        )
        content = WindowRecord.of(live, kept).as_json()
        self._archive.evidence.keep_as(name, content, durable=False)

    def _keep(self, done: list[ShadowJudgement]) -> None:
        """Store what was judged; what cannot be stored is counted and let go."""
        if not done:
            return
        try:
            self._store.store(done)
        except StoreError as error:
            _log.error("judgements of a branch in shadow are lost: %s", error)
            self._tally.shadow_lost(len(done))
        else:
            self._tally.shadowed(len(done))
        done.clear()


_ENDS_WITHIN_S = 5.0
_GLIMPSE_S = 0.001


def _nobody_asks(version: str, why: str) -> None:
    """Stand in until there is a foreman."""
