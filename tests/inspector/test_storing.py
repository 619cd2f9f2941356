"""Store first, show second; evidence before rows; nothing uncounted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from inspector.account import Tally
from inspector.errors import PictureError, StoreError
from inspector.evidence import Evidence, WindowRecord, overlay_name, record_name
from inspector.judge import Judged
from inspector.ports import StoreReceipt
from inspector.queues import BoundedQueue, WhenFull
from inspector.settings import DecisionRules
from inspector.storing import Archive, Storekeeper, StoreLimits
from inspector.types import Decision, Frame, Pixels, Verdict
from tests.builders import a_frame, a_verdict, a_window, some_scores
from tests.inspector.line_fakes import GREY, PictureDrawer, VerdictShelf


def a_judged(frame_id: int = 7, evidence: Frame | None = None) -> Judged:
    decision = Decision.REJECT if evidence else Decision.PASS
    return Judged(
        verdict=a_verdict(frame_id=frame_id, decision=decision),
        received_mono_ns=1,
        decided_mono_ns=2,
        evidence=an_evidence(evidence) if evidence else None,
    )


def an_evidence(frame: Frame) -> Evidence:
    return Evidence(
        window=a_window(frame=frame),
        scores=some_scores(score=0.9),
        rules=DecisionRules(),
        model="models/poly",
    )


def the_window(drawer: PictureDrawer) -> WindowRecord:
    ((name, content),) = drawer.named.items()
    verdict = a_verdict()
    assert name == record_name(
        verdict.line, verdict.camera, verdict.frame_id, verdict.decided_ns
    )
    return WindowRecord.from_json(content, name)


def as_png(_pixels: Pixels) -> bytes:
    return b"\x89PNG\r\n\x1a\n raw"


def an_archive(**parts: Any) -> Archive:
    values: dict[str, Any] = {
        "verdicts": VerdictShelf(),
        "evidence": PictureDrawer(),
        "encode_png": as_png,
    }
    return Archive(**values | parts)


class Listener:
    """Writes down what it is told, and whether it was stored by then."""

    def __init__(self, shelf: VerdictShelf) -> None:
        self._shelf = shelf
        self.told: list[tuple[int, bool]] = []

    def saw(self, verdict: Verdict) -> None:
        key = (verdict.line, verdict.camera, verdict.frame_id)
        self.told.append((verdict.frame_id, key in self._shelf.rows))


class BrokenListener:
    def saw(self, verdict: Verdict) -> None:
        raise RuntimeError(verdict.frame_id)


def test_watchers_are_told_after_the_commit_and_cannot_stop_one_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf, tally = VerdictShelf(), Tally()
    listener = Listener(shelf)
    keeper = Storekeeper(
        an_archive(verdicts=shelf), tally, watchers=[BrokenListener(), listener]
    )
    with caplog.at_level(logging.ERROR):
        keeper.store([a_judged(1), a_judged(2)])
    assert listener.told == [(1, True), (2, True)]
    assert tally.account().watcher_failures == 2
    assert "BrokenListener" in caplog.text


@pytest.mark.parametrize(
    ("encoded", "suffix"),
    [
        (b"\x89PNG\r\n\x1a\n..", ".png"),
        (b"\xff\xd8\xff..", ".jpg"),
        (b"BM..", ".bmp"),
        (b"II*\0..", ".tif"),
        (b"MM\0*..", ".tif"),
        (b"no picture", ".bin"),
    ],
)
def test_the_cameras_own_bytes_are_kept_and_the_row_points_to_them(
    encoded: bytes, suffix: str
) -> None:
    shelf, drawer = VerdictShelf(), PictureDrawer()
    keeper = Storekeeper(an_archive(verdicts=shelf, evidence=drawer), Tally())
    keeper.store([a_judged(evidence=a_frame(encoded=encoded))])
    (row,) = shelf.rows.values()
    assert row.evidence is not None
    assert row.evidence.endswith(suffix)
    assert drawer.kept[row.evidence] == encoded
    assert the_window(drawer).model.folder == "models/poly"


def test_raw_pixels_are_kept_as_png() -> None:
    drawer = PictureDrawer()
    keeper = Storekeeper(an_archive(evidence=drawer), Tally())
    keeper.store([a_judged(evidence=a_frame(encoded=None, pixels=GREY))])
    assert drawer.kept == {"00.png": as_png(GREY)}


def cannot_encode(_pixels: Pixels) -> bytes:
    message = "no such picture"
    raise PictureError(message)


NO_PICTURE = "; its picture could not be kept"
NO_WINDOW = "; its window could not be kept"


@pytest.mark.parametrize(
    ("archive", "frame", "missing"),
    [
        ({"evidence": PictureDrawer(full=True)}, a_frame(), NO_PICTURE + NO_WINDOW),
        ({"encode_png": cannot_encode}, a_frame(encoded=None, pixels=GREY), NO_PICTURE),
        ({}, a_frame(encoded=None), NO_PICTURE),
    ],
)
def test_evidence_that_cannot_be_kept_does_not_cost_the_verdict(
    archive: dict[str, Any], frame: Frame, missing: str
) -> None:
    shelf, tally = VerdictShelf(), Tally()
    keeper = Storekeeper(an_archive(verdicts=shelf, **archive), tally)
    keeper.store([a_judged(evidence=frame)])
    (row,) = shelf.rows.values()
    assert row.evidence is None
    assert row.reason == "score 0.100 below 0.300" + missing
    assert tally.account().evidence_lost == missing.count(";")


class OrderedArchive(VerdictShelf):
    """Notes what evidence was there when the row came."""

    def __init__(self, drawer: PictureDrawer) -> None:
        super().__init__()
        self._drawer = drawer
        self.there: list[int] = []

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        self.there.append(len(self._drawer.kept) + len(self._drawer.named))
        return super().store(verdicts)


def test_picture_and_window_are_kept_before_the_row() -> None:
    drawer = PictureDrawer()
    shelf = OrderedArchive(drawer)
    keeper = Storekeeper(an_archive(verdicts=shelf, evidence=drawer), Tally())
    keeper.store([a_judged(evidence=a_frame())])
    assert shelf.there == [2]


def served(judged: Sequence[Judged], **parts: Any) -> Tally:
    tally = Tally()
    queue = BoundedQueue[Judged](10, WhenFull.WAIT)
    for each in judged:
        queue.put(each)
    queue.close()
    Storekeeper(an_archive(**parts), tally).serve(queue)
    return tally


def test_rejected_parts_are_drawn_after_their_row_and_no_others() -> None:
    drawer, shelf = PictureDrawer(), VerdictShelf()
    rows_when_drawn: list[int] = []

    def draw(verdict: Verdict, _evidence: Evidence) -> bytes:
        rows_when_drawn.append(len(shelf.rows))
        return verdict.decision.encode()

    tally = served(
        [a_judged(1), a_judged(2, evidence=a_frame())],
        verdicts=shelf,
        evidence=drawer,
        draw=draw,
    )
    verdict = a_verdict()
    name = overlay_name(verdict.line, verdict.camera, 2, verdict.decided_ns)
    assert drawer.named[name] == b"REJECT"
    assert rows_when_drawn == [2]
    assert (tally.account().overlays, tally.account().overlays_lost) == (1, 0)


def test_a_part_that_was_stored_before_is_not_drawn_again() -> None:
    shelf = VerdictShelf()
    Storekeeper(an_archive(verdicts=shelf), Tally()).store([a_judged()])
    tally = served(
        [a_judged(evidence=a_frame())], verdicts=shelf, draw=lambda *_: b"png"
    )
    assert (tally.account().overlays, tally.account().overlays_lost) == (0, 0)


def test_a_store_that_heals_is_asked_again() -> None:
    shelf, tally = VerdictShelf(failures=2), Tally()
    Storekeeper(an_archive(verdicts=shelf), tally).store([a_judged()])
    assert len(shelf.rows) == 1
    assert tally.account().verdicts == 1


def test_a_store_that_does_not_heal_is_raised_and_its_parts_are_counted() -> None:
    shelf, tally = VerdictShelf(failures=10**9), Tally()
    keeper = Storekeeper(
        an_archive(verdicts=shelf), tally, limits=StoreLimits(retry_for_s=0.05)
    )
    with pytest.raises(StoreError, match="locked"):
        keeper.store([a_judged(1), a_judged(2)])
    account = tally.account()
    assert (account.faults, account.verdicts) == ({"unstored": 2}, 0)


def test_parts_stored_before_are_counted_as_such() -> None:
    tally = Tally()
    keeper = Storekeeper(an_archive(), tally)
    keeper.store([a_judged(1)])
    keeper.store([a_judged(1), a_judged(2)])
    assert (tally.account().verdicts, tally.account().already_stored) == (3, 1)


class ConflictingStore(VerdictShelf):
    """Refuses one part of each batch: its number belongs to another part."""

    def store(self, verdicts: Sequence[Verdict]) -> StoreReceipt:
        return StoreReceipt(inserted=len(verdicts) - 1, already_there=0)


def test_a_part_under_anothers_number_is_a_counted_fault() -> None:
    tally = Tally()
    keeper = Storekeeper(an_archive(verdicts=ConflictingStore()), tally)
    keeper.store([a_judged(1), a_judged(2)])
    assert tally.account().faults == {"identity_conflict": 1}
    assert tally.account().verdicts == 1


def test_a_commit_takes_what_waits_up_to_its_limit() -> None:
    shelf = VerdictShelf()
    keeper = Storekeeper(
        an_archive(verdicts=shelf), Tally(), limits=StoreLimits(batch=3)
    )
    queue = BoundedQueue[Judged](10, WhenFull.WAIT)
    for number in range(5):
        queue.put(a_judged(number))
    queue.close()
    keeper.serve(queue)
    assert shelf.batches == [3, 2]
