import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.logs.tail import Entry, FollowedLog
from inspector.errors import SourceError
from inspector.logtext import MAX_LINE_BYTES
from inspector.types import LogLine, MalformedLogLine

PREFIX = b"2026-03-02T06:00:45.859Z press INFO "


class Reader:
    """Reads a followed log line by line; a line that does not come ends the test."""

    def __init__(self, path: Path, from_start: bool = True) -> None:
        self.source = FollowedLog(path, "poly", from_start, poll_s=0.01)
        self._entries = self.source.lines()

    def next(self) -> Entry:
        alarm = threading.Timer(5, self.source.stop)
        alarm.start()
        try:
            return next(self._entries)
        finally:
            alarm.cancel()

    def said(self) -> str:
        entry = self.next()
        assert isinstance(entry, LogLine)
        return entry.text

    def silent(self) -> bool:
        """Whether nothing more comes; ends the source."""
        threading.Timer(0.1, self.source.stop).start()
        return list(self._entries) == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "line.log"


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    found = Reader(path)
    yield found
    found.source.stop()


def write(path: Path, *texts: str) -> None:
    with path.open("ab") as log:
        log.write(b"".join(PREFIX + text.encode() + b"\n" for text in texts))


def after(seconds: float, path: Path, raw: bytes) -> None:
    def append() -> None:
        with path.open("ab") as log:
            log.write(raw)

    threading.Timer(seconds, append).start()


def test_lines_come_as_the_file_grows(path: Path, reader: Reader) -> None:
    write(path, "one", "two")
    assert [reader.said(), reader.said()] == ["one", "two"]
    after(0.05, path, PREFIX + b"three\n")
    assert reader.said() == "three"
    assert reader.silent()


def test_a_file_may_appear_later(path: Path, reader: Reader) -> None:
    after(0.05, path, PREFIX + b"first\n")
    assert reader.said() == "first"


def test_a_late_file_is_read_from_its_start(path: Path) -> None:
    reader = Reader(path, from_start=False)
    after(0.05, path, PREFIX + b"first\n")
    assert reader.said() == "first"
    assert reader.silent()


@pytest.mark.parametrize("unfinished", ["", "a line that is still being wr"])
def test_what_was_there_is_skipped_up_to_the_line_in_hand(
    path: Path, unfinished: str
) -> None:
    write(path, "old", "older")
    begun = PREFIX + unfinished.encode() if unfinished else b""
    with path.open("ab") as log:
        log.write(begun)
    reader = Reader(path, from_start=False)
    after(0.05, path, b"itten\n" if begun else PREFIX + b"new\n")
    assert reader.said() == (f"{unfinished}itten" if begun else "new")
    assert reader.silent()


def test_a_line_comes_only_when_it_is_finished(path: Path, reader: Reader) -> None:
    path.write_bytes(PREFIX + "温".encode()[:2])
    after(0.05, path, "温".encode()[2:] + b" done\n")
    assert reader.said() == "温 done"
    with path.open("ab") as log:
        log.write(PREFIX + b"never finished")
    assert reader.silent()


def test_rotation_by_rename_loses_nothing(path: Path, reader: Reader) -> None:
    write(path, "one")
    assert reader.said() == "one"
    write(path, "two")
    old = path.rename(path.with_suffix(".1"))
    write(old, "three")
    with old.open("ab") as log:
        log.write(PREFIX + b"without line feed")
    write(path, "four")
    found = [reader.said() for _ in range(4)]
    assert found == ["two", "three", "without line feed", "four"]
    path.rename(path.with_suffix(".2"))
    after(0.05, path, PREFIX + b"five\n")
    assert reader.said() == "five"


def test_truncation_starts_anew(path: Path, reader: Reader) -> None:
    write(path, "one", "two")
    assert [reader.said(), reader.said()] == ["one", "two"]
    os.truncate(path, 0)
    after(0.05, path, PREFIX + b"three\n")
    assert reader.said() == "three"


def test_text_that_is_not_utf8_is_named_by_its_byte(path: Path, reader: Reader) -> None:
    write(path, "one")
    with path.open("ab") as log:
        log.write(PREFIX + b"\xff\n")
    write(path, "two")
    assert reader.said() == "one"
    found = reader.next()
    assert isinstance(found, MalformedLogLine)
    assert found.where == f"{path}, byte {len(PREFIX) + 4}"
    assert "not UTF-8" in found.problem
    assert reader.said() == "two"


def test_an_endless_line_is_bounded(path: Path, reader: Reader) -> None:
    path.write_bytes(PREFIX + b"x" * 10_000_000 + b"\n")
    write(path, "next")
    found = reader.next()
    assert isinstance(found, MalformedLogLine)
    assert f"longer than {MAX_LINE_BYTES} bytes" in found.problem
    assert reader.said() == "next"


def test_a_log_that_cannot_be_read_is_an_error(path: Path, reader: Reader) -> None:
    path.mkdir()
    with pytest.raises(SourceError, match=r"line\.log: cannot be read: Is a directory"):
        reader.next()
