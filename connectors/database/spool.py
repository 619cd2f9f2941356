"""Keeps verdicts on this machine while the database is away, and replays them in order.

One thread, the carrier, is the only one that talks to the database. A batch is handed
to it and waited for, `patience_s` at most; if the database is away or answers nothing,
the batch goes into the spool file instead, and so does every later one until the file
is empty again: the record keeps the order in which parts were judged. Meanwhile the
carrier tries the oldest batch, again and again, with growing pauses.

A batch leaves the file only after the database has committed it. Killed in between, the
same batch is stored a second time at the next start, which changes nothing: that is
what `BatchStore` promises.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass
from pathlib import Path

from connectors.database.spool_file import SpoolFile, SpoolLevel, Waiting
from inspector.errors import InputError, StoreAwayError, StoreError
from inspector.ports import Batch, BatchStore, StoreReceipt, VerdictStore
from inspector.types import Verdict

_log = logging.getLogger(__name__)

_READ_AT_ONCE = 64
_NEVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLimits:
    """How much may wait, how long the line waits for the database, and the pauses."""

    max_bytes: int = 256_000_000
    patience_s: float = 2.0
    """A database that has not answered by then is away, until it does."""
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0
    drain_for_s: float = 2.0
    """How long closing may still try to empty the spool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolCounts:
    """What went through a spool since it was opened, and what waits now."""

    spooled: int
    """Verdicts that were kept here because the database was away."""
    replayed: int
    """Verdicts that went from here into the database."""
    refused: int
    """Verdicts that the database will never take; they stay in the file."""
    times_full: int
    waiting: int
    """Batches that wait now."""
    away: bool


class PlainBatches:
    """Lets a `VerdictStore` keep batches that are verdicts and nothing else."""

    def __init__(self, store: VerdictStore) -> None:
        self._store = store

    def store_batch(self, batch: Batch) -> StoreReceipt:
        """Commit the verdicts of a batch; see the port `BatchStore`.

        Raises:
            StoreError: as the store says, or something goes along that it cannot keep.
        """
        if batch.along:
            message = (
                f"this database keeps verdicts alone, not {', '.join(batch.along)}"
            )
            raise StoreError(message)
        return self._store.store(batch.verdicts)

    def close(self) -> None:
        """Release the database."""
        self._store.close()


class CheckedBatches:
    """Lets nothing through to a database before it was found to be up to date.

    A line may start while its database is away; when that is back and turns out to be
    of another version, what waits must wait on and not be refused.

    Args:
        inner: the database.
        check: raises `InputError` while it is not up to date.
    """

    def __init__(self, inner: BatchStore, check: Callable[[], None]) -> None:
        self._inner = inner
        self._check = check
        self._checked = False

    def store_batch(self, batch: Batch) -> StoreReceipt:
        """Commit a batch; see the port `BatchStore`.

        Raises:
            StoreAwayError: also if the database is not up to date.
            StoreError: as the inner store says.
        """
        if not self._checked:
            try:
                self._check()
            except InputError as error:
                raise StoreAwayError(str(error)) from error
            self._checked = True
        return self._inner.store_batch(batch)

    def close(self) -> None:
        """Release the database."""
        self._inner.close()


class SpooledStore:
    """A `VerdictStore` and `BatchStore` that outlives its database for a while.

    Args:
        inner: the database; only the carrier's thread calls it.
        file: where batches wait; what an earlier run left there is replayed first.
        limits: bounds.

    Raises:
        StoreError: the file cannot be used.
    """

    def __init__(
        self, inner: BatchStore, file: Path, limits: SpoolLimits | None = None
    ) -> None:
        self._inner = inner
        self._limits = limits or SpoolLimits()
        self._file = SpoolFile(file, self._limits.max_bytes)
        self._giving = threading.Lock()
        self._changed = threading.Condition()
        self._waiting = self._file.level().batches
        self._job: tuple[Batch, Future[StoreReceipt]] | None = None
        self._spooled = self._replayed = self._refused = self._times_full = 0
        self._away = self._closing = False
        self._try_again_at = 0.0
        self._pause_s = self._limits.first_pause_s
        if self._waiting:
            _log.warning("%s batches wait in %s", self._waiting, file)
        self._carrier = threading.Thread(target=self._carry, name="carrier")
        self._carrier.daemon = True
        self._carrier.start()

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        """Commit verdicts, or keep them here; see `store_batch`."""
        return self.store_batch(Batch(verdicts=tuple(verdicts)))

    def store_batch(self, batch: Batch) -> StoreReceipt:
        """Commit a batch, or keep it here while the database is away.

        Raises:
            StoreError: the database refuses it.
            StoreAwayError: the database is away and there is no room left here.
        """
        with self._giving:
            if not self._carrier.is_alive():
                message = "nothing carries verdicts to the database any more"
                raise StoreError(message)
            if not self._waiting:
                try:
                    return self._hand_over(batch)
                except StoreAwayError as error:
                    self._went_away(error)
            return self._keep(batch)

    def counts(self) -> SpoolCounts:
        """Say what went through so far."""
        with self._changed:
            return SpoolCounts(
                spooled=self._spooled,
                replayed=self._replayed,
                refused=self._refused,
                times_full=self._times_full,
                waiting=self._waiting,
                away=self._away,
            )

    def level(self) -> SpoolLevel:
        """Say how full the file is.

        Raises:
            StoreError: the file cannot be read.
        """
        return self._file.level()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until all that was kept here is in the database; `False` if too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def close(self) -> None:
        """Replay what can be replayed at once; the rest waits for the next start."""
        with self._changed:
            self._try_again_at = 0.0
            self._changed.notify_all()
        self.wait_until_empty(self._limits.drain_for_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._carrier.join(self._limits.patience_s)
        if self._waiting:
            words = "%s batches wait in %s: the next start replays them"
            _log.error(words, self._waiting, self._file.path)
        if not self._carrier.is_alive():
            self._file.close()
            self._inner.close()

    # The giver's thread.

    def _hand_over(self, batch: Batch) -> StoreReceipt:
        answer: Future[StoreReceipt] = Future()
        with self._changed:
            if self._job is not None:
                message = "the database has not answered yet"
                raise StoreAwayError(message)
            self._job = batch, answer
            self._changed.notify_all()
        try:
            return answer.result(self._limits.patience_s)
        except NotYetError as error:
            message = f"the database did not answer in {self._limits.patience_s:g} s"
            raise StoreAwayError(message) from error

    def _keep(self, batch: Batch) -> StoreReceipt:
        try:
            self._file.append(batch)
        except StoreAwayError as error:
            self._note_full(error)
            raise
        count = len(batch.verdicts)
        with self._changed:
            self._waiting += 1
            self._spooled += count
            self._changed.notify_all()
        return StoreReceipt(inserted=0, already_there=0, spooled=count)

    def _note_full(self, error: StoreAwayError) -> None:
        with self._changed:
            self._times_full += 1
        _log.critical("verdicts cannot be kept: %s", error)

    # The carrier's thread.

    def _carry(self) -> None:
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to do: a batch in hand first, then those that wait."""
        with self._changed:
            while not self._closing:
                if self._job is not None:
                    return self._answer
                pause_s = self._pause()
                if pause_s <= 0:
                    return self._replay
                self._changed.wait(None if pause_s == _NEVER else pause_s)
        return None

    def _pause(self) -> float:
        if not self._waiting:
            return _NEVER
        return self._try_again_at - time.monotonic()

    def _answer(self) -> None:
        if self._job is None:
            return
        batch, answer = self._job
        try:
            receipt = self._inner.store_batch(batch)
        except StoreError as error:
            self._job = None
            answer.set_exception(error)
        else:
            self._job = None
            self._came_back()
            answer.set_result(receipt)

    def _replay(self) -> None:
        try:
            for waiting in self._file.oldest(_READ_AT_ONCE):
                self._replay_one(waiting)
        except StoreAwayError as error:
            self._went_away(error)
        except StoreError:
            _log.exception("the spool cannot be read")
            self._wait_longer()

    def _replay_one(self, waiting: Waiting) -> None:
        count = len(waiting.batch.verdicts)
        try:
            receipt = self._inner.store_batch(waiting.batch)
        except StoreAwayError:
            raise
        except StoreError as error:
            self._file.set_aside(waiting.number, str(error))
            _log.critical("%s verdicts are refused: %s", count, error)
            self._done(refused=count)
            return
        self._file.remove_until(waiting.number)
        known = receipt.inserted + receipt.already_there
        if known < count:
            _log.error("%s parts have another part's identity", count - known)
        self._done(replayed=count)

    def _done(self, replayed: int = 0, refused: int = 0) -> None:
        with self._changed:
            self._waiting -= 1
            self._replayed += replayed
            self._refused += refused
            self._changed.notify_all()
        self._came_back()

    def _came_back(self) -> None:
        with self._changed:
            self._pause_s = self._limits.first_pause_s
            came_back = self._away
            self._away = False
        if came_back:
            _log.warning("the database is back: %s batches wait", self._waiting)

    def _went_away(self, error: StoreAwayError) -> None:
        if not self._away:
            _log.error("the database is away, verdicts are kept here: %s", error)
        self._wait_longer()

    def _wait_longer(self) -> None:
        """Pause longer each time, and never in step with other workers."""
        with self._changed:
            self._away = True
            pause_s = self._pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            self._try_again_at = time.monotonic() + pause_s
            self._pause_s = min(2 * self._pause_s, self._limits.longest_pause_s)
