"""The store thread's work: keep the evidence, commit the rows, then tell the watchers.

Store first, show second. A picture and the window it was judged in are kept before the
row that points to them, so that no row ever points to nothing; what cannot be kept does
not cost the verdict: the row is stored without it and says so. A store that fails for
good stops the line, and REVIEW is signalled for the parts in hand.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from inspector.account import Loss, Tally
from inspector.errors import PictureError, StoreError
from inspector.evidence import Evidence, WindowRecord, record_name
from inspector.illustrating import Draw, Illustrator, Rejected
from inspector.judge import Judged
from inspector.ports import (
    EvidenceStore,
    ReviewSignal,
    StoreReceipt,
    VerdictStore,
    Watcher,
)
from inspector.queues import BoundedQueue, QueueClosedError
from inspector.types import NS_PER_MS, Decision, Fault, Frame, Pixels, Verdict

_log = logging.getLogger(__name__)

_HANDS = 4
"""Pieces of evidence that are written at one time."""

_SUFFIXES = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where verdicts and evidence are kept, and how pictures are made of parts."""

    verdicts: VerdictStore
    evidence: EvidenceStore
    encode_png: Callable[[Pixels], bytes]
    """Makes a file of raw pixels."""
    draw: Draw | None = None
    """Draws rejected parts for people; `None` draws none."""
    audit_every: int | None = None
    """A rule of the house: evidence of every so many-th passed part is kept too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """How much is committed at once, and how long a store may take to heal."""

    batch: int = 64
    """A commit takes what waits, at most this many verdicts."""
    retry_for_s: float = 2.0
    """A locked database may heal; after this long the line stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keeping:
    """A part's evidence on its way to the disk."""

    picture: Future[str]
    window: Future[None]


class Storekeeper:
    """Takes verdicts off a queue and makes them durable, in order."""

    def __init__(
        self,
        archive: Archive,
        tally: Tally,
        watchers: Sequence[Watcher] = (),
        limits: StoreLimits | None = None,
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._archive = archive
        self._tally = tally
        self._watchers = tuple(watchers)
        self._limits = limits or StoreLimits()
        self._mono_ns = mono_ns
        self._hands = ThreadPoolExecutor(_HANDS, "evidence")
        self._illustrator = (
            Illustrator(archive.draw, archive.evidence, tally) if archive.draw else None
        )

    def serve(self, queue: BoundedQueue[Judged]) -> None:
        """Store what comes until the queue is closed and empty.

        Raises:
            StoreError: the store has failed for good; the parts in hand are counted.
        """
        with self._illustrator or nullcontext():
            self._serve(queue)

    def _serve(self, queue: BoundedQueue[Judged]) -> None:
        while True:
            try:
                first = queue.get()
            except QueueClosedError:
                return
            self.store([first, *queue.take(self._limits.batch - 1)])

    def store(self, batch: Sequence[Judged]) -> None:
        """Make one batch durable, count it and tell the watchers.

        Raises:
            StoreError: none of the batch is stored; its parts are counted as lost.
        """
        with ExitStack() as unless_stored:
            unless_stored.callback(self.give_up, batch)
            kept = self._keep_evidence(batch)
            receipt = self._commit([judged.verdict for judged in kept])
            unless_stored.pop_all()
        durable = receipt.inserted + receipt.already_there + receipt.spooled
        self._tally.stored(durable, receipt.already_there)
        self._tally.spooled(receipt.spooled)
        self._tally.lost(Loss.IDENTITY_CONFLICT, len(batch) - durable)
        for judged in kept:
            self._note(judged)
            for watcher in self._watchers:
                self._tell(watcher, watcher.saw, judged.verdict)
        if receipt.inserted or receipt.spooled:
            self._illustrate(kept)

    def give_up(self, batch: Sequence[Judged]) -> None:
        """Count parts whose verdict cannot be kept, and signal REVIEW for each."""
        self._tally.lost(Loss.UNSTORED, len(batch))
        for judged in batch:
            verdict = _unstored(judged.verdict)
            for watcher in self._watchers:
                if isinstance(watcher, ReviewSignal):
                    self._tell(watcher, watcher.review, verdict)

    def _illustrate(self, batch: Sequence[Judged]) -> None:
        """Have rejected parts drawn; a batch stored before is drawn already."""
        for judged in batch:
            is_rejected = judged.verdict.decision is Decision.REJECT
            if self._illustrator and is_rejected and judged.evidence:
                self._illustrator.offer(
                    Rejected(verdict=judged.verdict, evidence=judged.evidence)
                )

    def _keep_evidence(self, batch: Sequence[Judged]) -> list[Judged]:
        """Keep all pictures and windows at once: a disk syncs many as fast as one."""
        keeping = [self._begin_keeping(judged) for judged in batch]
        return [
            replace(judged, verdict=self._finish_keeping(judged.verdict, begun))
            for judged, begun in zip(batch, keeping, strict=True)
        ]

    def _begin_keeping(self, judged: Judged) -> _Keeping | None:
        evidence = judged.evidence
        if evidence is None:
            return None
        return _Keeping(
            picture=self._hands.submit(
                keep_picture, self._archive, evidence.window.frame
            ),
            window=self._hands.submit(self._keep_window, judged.verdict, evidence),
        )

    def _finish_keeping(self, verdict: Verdict, begun: _Keeping | None) -> Verdict:
        """Wait for a part's evidence, and let its row say what is there."""
        if begun is None:
            return verdict
        try:
            verdict = replace(verdict, evidence=begun.picture.result())
        except (StoreError, PictureError) as error:
            verdict = self._without(verdict, "picture", error)
        try:
            begun.window.result()
        except StoreError as error:
            verdict = self._without(verdict, "window", error)
        return verdict

    def _without(self, verdict: Verdict, what: str, error: Exception) -> Verdict:
        _log.error("evidence of part %s: %s", verdict.frame_id, error)
        self._tally.evidence_lost()
        return replace(
            verdict, reason=f"{verdict.reason}; its {what} could not be kept"
        )

    def _keep_window(self, verdict: Verdict, evidence: Evidence) -> None:
        name = record_name(
            verdict.line, verdict.camera, verdict.frame_id, verdict.decided_ns
        )
        content = WindowRecord.of(verdict, evidence).as_json()
        self._archive.evidence.keep_as(name, content, durable=True)

    def _commit(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        retrying = Retrying(
            retry=retry_if_exception_type(StoreError),
            stop=stop_after_delay(self._limits.retry_for_s),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )
        return retrying(self._archive.verdicts.store, verdicts)

    def _note(self, judged: Judged) -> None:
        now_ns = self._mono_ns()
        self._tally.seen(
            judged.verdict,
            latency_ms=(now_ns - judged.received_mono_ns) / NS_PER_MS,
            store_ms=(now_ns - judged.decided_mono_ns) / NS_PER_MS,
        )

    def _tell(
        self, watcher: object, tell: Callable[[Verdict], None], verdict: Verdict
    ) -> None:
        try:
            tell(verdict)
        except Exception:  # noqa: BLE001 - around a watcher: it never stops the line
            self._tally.watcher_failed()
            _log.exception("watcher %s failed", type(watcher).__name__)


def _unstored(verdict: Verdict) -> Verdict:
    """Whatever was decided: what is not in the record must not pass."""
    reason = f"its verdict {verdict.decision} could not be stored"
    return replace(
        verdict, decision=Decision.REVIEW, reason=reason, fault=Fault.UNSTORED
    )


def keep_picture(archive: Archive, frame: Frame) -> str:
    """Keep the very bytes the camera sent; raw pixels as PNG, which loses none.

    Returns:
        Its path inside the evidence store.

    Raises:
        PictureError: there is no picture.
        StoreError: it cannot be written.
    """
    if frame.encoded is not None:
        return archive.evidence.keep(frame.encoded, _suffix(frame.encoded))
    if frame.pixels is None:
        message = f"part {frame.frame_id} has no picture"
        raise PictureError(message)
    return archive.evidence.keep(archive.encode_png(frame.pixels), ".png")


def _suffix(encoded: bytes) -> str:
    """Name a picture file's kind by how it begins; a damaged one is `.bin`."""
    return next(
        (kind for start, kind in _SUFFIXES if encoded.startswith(start)), ".bin"
    )
