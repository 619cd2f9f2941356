"""Pictures for people never hold the line up, and none is lost uncounted."""

from __future__ import annotations

import logging
import threading

import pytest

from inspector.account import Tally
from inspector.errors import PictureError
from inspector.evidence import Evidence, overlay_name
from inspector.illustrating import Illustrator, Rejected
from inspector.settings import DecisionRules
from inspector.types import Verdict
from tests.builders import a_verdict, a_window
from tests.inspector.line_fakes import PictureDrawer


def rejected(frame_id: int) -> Rejected:
    evidence = Evidence(window=a_window(), scores=None, rules=DecisionRules(), model="")
    return Rejected(verdict=a_verdict(frame_id=frame_id), evidence=evidence)


def drawn_name(frame_id: int) -> str:
    verdict = a_verdict(frame_id=frame_id)
    return overlay_name(verdict.line, verdict.camera, frame_id, verdict.decided_ns)


def draw(verdict: Verdict, _evidence: Evidence) -> bytes:
    return f"{verdict.frame_id}".encode()


def test_what_waits_at_the_end_is_still_drawn() -> None:
    drawer, tally = PictureDrawer(), Tally()
    with Illustrator(draw, drawer, tally, waiting=5) as illustrator:
        for number in range(5):
            illustrator.offer(rejected(number))
    assert drawer.named == {drawn_name(n): f"{n}".encode() for n in range(5)}
    assert (tally.account().overlays, tally.account().overlays_lost) == (5, 0)


def test_a_slow_hand_loses_the_oldest_counted_and_holds_nobody_up() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(verdict: Verdict, evidence: Evidence) -> bytes:
        begun.set()
        go_on.wait(10)
        return draw(verdict, evidence)

    drawer, tally = PictureDrawer(), Tally()
    with Illustrator(slowly, drawer, tally, waiting=2) as illustrator:
        illustrator.offer(rejected(0))
        assert begun.wait(10)
        for number in range(1, 6):
            illustrator.offer(rejected(number))
        assert tally.account().overlays_lost == 3
        go_on.set()
    assert set(drawer.named) == {drawn_name(0), drawn_name(4), drawn_name(5)}
    assert (tally.account().overlays, tally.account().overlays_lost) == (3, 3)


@pytest.mark.parametrize("full", [True, False])
def test_a_picture_that_cannot_be_made_or_kept_is_counted(
    full: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged(_verdict: Verdict, _evidence: Evidence) -> bytes:
        message = "the picture is damaged"
        raise PictureError(message)

    tally = Tally()
    hand = draw if full else damaged
    with (
        caplog.at_level(logging.ERROR),
        Illustrator(hand, PictureDrawer(full=full), tally) as illustrator,
    ):
        illustrator.offer(rejected(1))
    assert (tally.account().overlays, tally.account().overlays_lost) == (0, 1)
    assert "rejected part 1" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_broken_hand_is_loud_and_what_comes_after_is_counted() -> None:
    broken = threading.Event()

    def break_down(_verdict: Verdict, _evidence: Evidence) -> bytes:
        broken.set()
        raise RuntimeError

    tally = Tally()
    with Illustrator(break_down, PictureDrawer(), tally) as illustrator:
        illustrator.offer(rejected(1))
        assert broken.wait(10)
        illustrator._thread.join(10)
        illustrator.offer(rejected(2))
    assert tally.account().overlays_lost == 2


def test_after_the_end_nothing_is_taken() -> None:
    tally = Tally()
    with Illustrator(draw, PictureDrawer(), tally) as illustrator:
        pass
    illustrator.offer(rejected(1))
    assert tally.account().overlays_lost == 1
