"""Pictures whose end is missing, or which were damaged on the way."""

from __future__ import annotations

import hashlib
import time

import pytest

from inspector.types import Decision, Fault
from tests.builders import a_frame
from tests.faults.line import StoringLine, judge_pictures
from tests.faults.odd_pictures import noise, saved
from tests.inspector.line_fakes import ListedFrames, VerdictShelf


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_a_cut_picture_is_reviewed_wherever_it_is_cut(kind: str) -> None:
    whole = saved(noise("RGB"), kind)
    account, verdicts = judge_pictures(
        *(whole[: len(whole) * share // 20] for share in range(1, 20))
    )
    assert {verdict.decision for verdict in verdicts} == {Decision.REVIEW}
    assert set(account.verdict_faults) <= {"picture_truncated", "decode"}
    assert account.verdict_faults["picture_truncated"] >= 15


def test_a_flipped_byte_that_decodes_is_found_by_the_senders_checksum() -> None:
    sent = saved(noise("RGB"), "JPEG")
    damaged = bytearray(sent)
    damaged[len(sent) // 2] ^= 0x10
    frame = a_frame(
        encoded=bytes(damaged),
        sha256=hashlib.sha256(sent).hexdigest(),
        received_mono_ns=time.monotonic_ns(),
    )
    shelf = VerdictShelf()
    account = StoringLine(ListedFrames([frame]), shelf, real_pictures=True).run()
    (verdict,) = shelf.rows.values()
    assert (verdict.decision, verdict.fault) == (Decision.REVIEW, Fault.CHECKSUM)
    assert account.verdict_faults == {"checksum": 1}
