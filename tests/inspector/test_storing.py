"""Store first, show second; evidence before rows; nothing uncounted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from inspector.account import Tally
from inspector.errors import PictureError, StoreError
from inspector.judge import Judged
from inspector.ports import StoreReceipt
from inspector.queues import BoundedQueue, WhenFull
from inspector.storing import Archive, Storekeeper, StoreLimits
from inspector.types import Decision, Frame, Pixels, Verdict
from tests.builders import a_frame, a_verdict
from tests.inspector.line_fakes import GREY, PictureDrawer, VerdictShelf


def a_judged(frame_id: int = 7, evidence: Frame | None = None) -> Judged:
    decision = Decision.REJECT if evidence else Decision.PASS
    return Judged(
        verdict=a_verdict(frame_id=frame_id, decision=decision),
        received_mono_ns=1,
        decided_mono_ns=2,
        evidence=evidence,
    )


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


def test_raw_pixels_are_kept_as_png() -> None:
    drawer = PictureDrawer()
    keeper = Storekeeper(an_archive(evidence=drawer), Tally())
    keeper.store([a_judged(evidence=a_frame(encoded=None, pixels=GREY))])
    assert drawer.kept == {"00.png": as_png(GREY)}


def cannot_encode(_pixels: Pixels) -> bytes:
    message = "no such picture"
    raise PictureError(message)


@pytest.mark.parametrize(
    ("archive", "frame"),
    [
        ({"evidence": PictureDrawer(full=True)}, a_frame()),
        ({"encode_png": cannot_encode}, a_frame(encoded=None, pixels=GREY)),
        ({}, a_frame(encoded=None)),
    ],
)
def test_evidence_that_cannot_be_kept_does_not_cost_the_verdict(
    archive: dict[str, Any], frame: Frame
) -> None:
    shelf, tally = VerdictShelf(), Tally()
    keeper = Storekeeper(an_archive(verdicts=shelf, **archive), tally)
    keeper.store([a_judged(evidence=frame)])
    (row,) = shelf.rows.values()
    assert row.evidence is None
    assert row.reason == "score 0.100 below 0.300; its picture could not be kept"
    assert tally.account().evidence_lost == 1


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
