"""A dead sensor, a lamp that is off, a shutter that stays open."""

from __future__ import annotations

from PIL import Image

from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import SIZE, saved


def test_black_pictures_are_reviewed() -> None:
    account, verdicts = judge_pictures(
        saved(Image.new("L", SIZE, 0), "PNG"), saved(Image.new("RGB", SIZE, 0), "JPEG")
    )
    assert only_fault(account, verdicts) == "picture_black"


def test_over_exposed_pictures_are_reviewed() -> None:
    account, verdicts = judge_pictures(
        saved(Image.new("L", SIZE, 255), "PNG"),
        saved(Image.new("RGB", SIZE, (255, 254, 252)), "BMP"),
    )
    assert only_fault(account, verdicts) == "picture_overexposed"
