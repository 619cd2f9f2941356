"""Files of several pictures: which one shows the part would be a guess."""

from __future__ import annotations

from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import noise, saved


def test_animations_and_pages_are_reviewed() -> None:
    more = [noise("RGB"), noise("RGB")]
    account, verdicts = judge_pictures(
        saved(noise("RGB"), "PNG", save_all=True, append_images=more),
        saved(noise("RGB"), "TIFF", save_all=True, append_images=more),
    )
    assert only_fault(account, verdicts) == "picture_several"


def test_an_animated_gif_is_of_a_kind_that_is_not_read() -> None:
    gif = saved(noise("RGB"), "GIF", save_all=True, append_images=[noise("RGB")])
    account, verdicts = judge_pictures(gif)
    assert only_fault(account, verdicts) == "picture_kind"
