from pathlib import Path

from connectors.logs.replay import ReplayedLog
from inspector.replay import ReplayClock
from inspector.types import NS_PER_S, LogLine, MalformedLogLine
from tests.connectors.recorded import START_NS, a_recording


def said(source: ReplayedLog) -> list[str]:
    return [line.text for line in source.lines() if isinstance(line, LogLine)]


def test_the_whole_log_is_replayed(tmp_path: Path) -> None:
    source = ReplayedLog(a_recording(tmp_path), ReplayClock(None))
    assert said(source) == ["A0 pressed", "A1 pressed", "A2 pressed", "A3 pressed"]


def test_only_the_wanted_time_is_replayed(tmp_path: Path) -> None:
    since, until = START_NS - 8 * NS_PER_S, START_NS - 6 * NS_PER_S
    source = ReplayedLog(a_recording(tmp_path), ReplayClock(None), since, until)
    assert said(source) == ["A1 pressed", "A2 pressed"]


def test_malformed_text_is_delivered_too(tmp_path: Path) -> None:
    recording = a_recording(tmp_path)
    with recording.log_files[0].open("a") as log:
        log.write("nonsense\n")
    entries = list(ReplayedLog(recording, ReplayClock(None)).lines())
    assert isinstance(entries[-1], MalformedLogLine)
    assert entries[-1].where.endswith("line.log, row 5")
