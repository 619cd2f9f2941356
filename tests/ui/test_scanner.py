from __future__ import annotations

from ui.scanner import ScanReader


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def typed(reader: ScanReader, signs: str) -> list[str]:
    return [code for sign in signs if (code := reader.feed(sign)[1]) is not None]


def test_a_code_is_read_between_its_signs() -> None:
    assert typed(ScanReader(), "\x02M0004107\r") == ["M0004107"]


def test_keys_outside_a_scan_are_left_alone() -> None:
    reader = ScanReader()
    assert reader.feed("c") == (False, None)
    assert not reader.is_reading


def test_the_same_code_twice_within_a_second_is_one_scan() -> None:
    clock = Clock()
    reader = ScanReader(mono=clock)
    assert typed(reader, "\x02DO-CONFIRM\r\x02DO-CONFIRM\r") == ["DO-CONFIRM"]
    clock.now_s = 1.5
    assert typed(reader, "\x02DO-CONFIRM\r") == ["DO-CONFIRM"]


def test_a_scan_that_is_never_whole_is_forgotten() -> None:
    clock = Clock()
    reader = ScanReader(mono=clock)
    typed(reader, "\x02M00")
    clock.now_s = 1.0
    assert reader.feed("c") == (False, None)


def test_a_line_feed_ends_a_scan_too_and_an_empty_one_is_none() -> None:
    assert typed(ScanReader(), "\x02A1\n") == ["A1"]
    assert typed(ScanReader(), "\x02\r") == []
