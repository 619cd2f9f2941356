"""Pictures of more than 8 bits: how they become 8 is the camera's choice, not ours."""

from __future__ import annotations

from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import noise, saved


def test_deep_pictures_are_reviewed_with_advice() -> None:
    account, verdicts = judge_pictures(
        saved(noise("I;16"), "PNG"),
        saved(noise("I;16"), "TIFF"),
        saved(noise("F"), "TIFF"),
    )
    assert only_fault(account, verdicts) == "picture_depth"
    assert verdicts[0].reason == "16 bits per channel: set the camera to 8"
