"""Printers' colours: how they would look on the line's camera, nobody knows."""

from __future__ import annotations

from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import noise, saved


def test_colours_that_are_not_grey_or_rgb_are_reviewed() -> None:
    account, verdicts = judge_pictures(
        saved(noise("CMYK"), "JPEG"),
        saved(noise("CMYK"), "TIFF"),
        saved(noise("RGB").convert("LAB"), "TIFF"),
    )
    assert only_fault(account, verdicts) == "picture_colours"
    assert verdicts[0].reason == "the JPEG has 4 channels, expected grey or colour"
