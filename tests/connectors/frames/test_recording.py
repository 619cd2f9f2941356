from pathlib import Path

from connectors.frames.recording import ReplayedFrames
from inspector.replay import ReplayClock
from tests.connectors.recorded import a_recording


def test_rows_become_frames_that_say_they_are_simulated(tmp_path: Path) -> None:
    recording = a_recording(tmp_path)
    frames = list(ReplayedFrames(recording, ReplayClock(None)).frames())
    assert [frame.frame_id for frame in frames] == [0, 1, 2, 3]
    first, row = frames[0], recording.rows[0]
    assert first.is_simulated
    assert first.encoded == row.file.read_bytes()
    assert (first.line, first.camera, first.serial) == ("poly", "cam-1", "A0")
    assert first.captured_ns == row.captured_ns


def test_only_the_wanted_rows_are_replayed(tmp_path: Path) -> None:
    recording = a_recording(tmp_path)
    rows = recording.select(start=1, limit=2)
    frames = ReplayedFrames(recording, ReplayClock(None), rows).frames()
    assert [frame.frame_id for frame in frames] == [1, 2]


def test_a_part_whose_picture_is_gone_is_still_a_part(tmp_path: Path) -> None:
    recording = a_recording(tmp_path)
    recording.rows[1].file.unlink()
    frames = list(ReplayedFrames(recording, ReplayClock(None)).frames())
    assert len(frames) == 4
    assert frames[1].encoded is None
    assert (
        frames[1].problem == "picture 1.png cannot be read: No such file or directory"
    )
