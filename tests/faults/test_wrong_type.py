"""Files that are no picture, or one of a kind that is not read."""

from __future__ import annotations

from tests.faults.line import judge_pictures, only_fault
from tests.faults.odd_pictures import noise, saved


def test_what_is_no_picture_is_reviewed() -> None:
    account, verdicts = judge_pictures(
        b"\0" * 1000,
        b"%PDF-1.7 ...",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"PK\x03\x04 a zip file",
        "a line of the log: 温".encode(),
        saved(noise(), "GIF"),
        saved(noise(), "WEBP"),
        saved(noise(), "PPM"),
    )
    assert only_fault(account, verdicts) == "picture_kind"
    assert verdicts[0].reason == "the file is not a PNG, JPEG, BMP or TIFF picture"
