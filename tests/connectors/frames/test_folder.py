import os
import threading
from pathlib import Path

import pytest

from connectors.frames.folder import PictureFolder, frame_id_of
from inspector.errors import SourceError
from inspector.types import Frame


def write(path: Path, modified_s: int, content: bytes = b"picture") -> None:
    path.write_bytes(content)
    os.utime(path, (modified_s, modified_s))


def the_frames(folder: Path) -> list[Frame]:
    return list(PictureFolder(folder, "poly", "cam-1").frames())


def test_pictures_come_once_the_oldest_first(tmp_path: Path) -> None:
    write(tmp_path / "b.png", 10)
    write(tmp_path / "a.JPG", 20)
    write(tmp_path / "notes.txt", 5)
    write(tmp_path / ".half.png", 5)
    (tmp_path / "folder.png").mkdir()
    frames = the_frames(tmp_path)
    assert [frame.frame_id for frame in frames] == [
        frame_id_of("b.png"),
        frame_id_of("a.JPG"),
    ]
    assert frames[0].captured_ns == 10 * 10**9
    assert frames[0].encoded == b"picture"


def test_the_same_name_is_the_same_part() -> None:
    assert frame_id_of("a.png") == frame_id_of("a.png") != frame_id_of("b.png")
    assert all(0 <= frame_id_of(str(number)) < 2**63 for number in range(1000))


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: cannot be read: No such file"):
        the_frames(tmp_path / "nowhere")


def test_a_picture_that_vanishes_is_a_part_with_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 1)
    write(tmp_path / "b.png", 2)
    frames = PictureFolder(tmp_path, "poly", "cam-1").frames()
    next(frames)
    (tmp_path / "b.png").unlink()
    assert next(frames).problem == (
        "picture b.png cannot be read: No such file or directory"
    )


def test_watching_sees_new_pictures_once_they_are_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 1)
    source = PictureFolder(tmp_path, "poly", "cam-1", watch=True, poll_s=0.05)
    frames = source.frames()
    assert next(frames).frame_id == frame_id_of("a.png")
    half = tmp_path / "b.png"
    write(half, 2, b"")
    write(tmp_path / "c.png", 3, b"whole")

    def keep_writing() -> None:
        for length in range(1, 30):
            write(half, 2, b"x" * length)
            threading.Event().wait(0.01)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    found = {next(frames).frame_id: index for index in range(2)}
    writer.join()
    assert found == {frame_id_of("c.png"): 0, frame_id_of("b.png"): 1}
    threading.Timer(0.1, source.stop).start()
    assert list(frames) == []
