"""Messages whose picture is a trap: the part is REVIEW, and the line goes on."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.fed_plant import PICTURE, Plant

pytestmark = pytest.mark.kafka


def _bomb(side: int) -> bytes:
    """A PNG that says it is very large, and is small."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


HOSTILE: list[tuple[bytes | None, dict[str, str], str]] = [
    (b"", {}, "picture_missing"),
    (None, {}, "picture_missing"),
    (PICTURE[: len(PICTURE) // 2], {}, "picture_truncated"),
    (b"GIF89a" + b"\0" * 100, {}, "picture_kind"),
    (b"<svg onload='x'/>", {}, "picture_kind"),
    (_bomb(20_000), {}, "picture_too_large"),
    (_bomb(60_000), {}, "picture_too_large"),
    (PICTURE, {"sha256": "0" * 64}, "checksum"),
    (PICTURE, {"crc32c": "00000000"}, "picture_missing"),
    (b"\x80" * 100, {"shape": "20x20"}, "picture_missing"),
    (b"\x80" * 100, {"shape": "99999x99999"}, "picture_missing"),
    (PICTURE, {"dataref": "file:///etc/hostname"}, "picture_missing"),
]


def test_each_trap_is_a_review_with_its_fault_and_the_next_part_passes(
    plant: Plant,
) -> None:
    plant.line("poly")
    for number, (value, headers, _) in enumerate(HOSTILE):
        plant.frame("poly", number, value=value, headers=headers)
    plant.frame("poly", len(HOSTILE))
    with plant.working():
        rows = plant.wait_for_rows(len(HOSTILE) + 1)
    assert [(row.decision, row.fault) for row in rows] == [
        *(("REVIEW", fault) for _, _, fault in HOSTILE),
        ("PASS", None),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"frameid": ""},
        {"frameid": "-1"},
        {"frameid": "9" * 40},
        {"frameid": "१२"},
        {"capturedns": "soon"},
        {"capturedns": "9" * 19},
        {"camera": "../../camera"},
    ],
)
def test_a_message_that_names_no_part_is_a_dead_letter(
    plant: Plant, headers: dict[str, str]
) -> None:
    plant.line("poly")
    plant.frame("poly", 0, headers=headers)
    plant.frame("poly", 1)
    with plant.working():
        letters = plant.read("dead_letters", 1)
        rows = plant.wait_for_rows(1)
    assert letters[0].value == PICTURE
    assert [row.frame_id for row in rows] == [1]
    assert [fault.kind for fault in plant.faults()] == ["undecodable"]
