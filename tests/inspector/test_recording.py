from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import RecordingError
from inspector.model.pictures import decode, encode_png
from inspector.recording import Recording, check
from inspector.types import LogLine, MalformedLogLine

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"
HEADER = "frame_id,captured_at,camera,serial,file,label,split"
ROWS = (
    "0,2026-03-02T06:01:30.000Z,cam-1,A0,frames/0.png,good,train",
    "1,2026-03-02T06:01:32.000Z,cam-1,A1,frames/1.png,bad,val",
    "2,2026-03-02T06:01:34.000Z,cam-1,,frames/2.png,,test",
)
LOG = (
    "2026-03-02T06:01:20.000Z press INFO A0 force 3.1 kN",
    "2026-03-02T06:01:19.000Z press INFO came late",
    "2026-03-02T06:01:24.000Z press WARN 换班点检完成",
)

Edit = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "frames").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "line.toml").write_text(
        'id = "test"\ntakt_s = 2.0\ncamera = "cam-1"\nclasses = ["good", "bad"]\n'
        '[[stations]]\nname = "press"\nseconds_to_camera = 10\n'
    )
    for number in range(3):
        write_picture(tmp_path / f"frames/{number}.png", 8, 6)
    write_table(tmp_path, HEADER, *ROWS)
    (tmp_path / "logs/line.log").write_text("\n".join(LOG) + "\n", encoding="utf-8")
    return tmp_path


def write_picture(path: Path, width: int, height: int) -> None:
    path.write_bytes(encode_png(np.full((height, width), 90, np.uint8)))


def write_table(folder: Path, *rows: str) -> None:
    (folder / "frames.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def messages(folder: Path) -> list[str]:
    return [str(problem) for problem in check(folder, decode)]


def test_a_sound_recording_has_no_problems(folder: Path) -> None:
    assert messages(folder) == []


def test_rows_are_read_as_they_stand(folder: Path) -> None:
    recording = Recording.load(folder)
    first, _, last = recording.rows
    assert recording.settings.id == "test"
    assert first.captured_ns == 1_772_431_290_000_000_000
    assert (first.serial, first.label, first.split) == ("A0", "good", "train")
    assert first.file == folder / "frames/0.png"
    assert first.row == 2
    assert (last.serial, last.label, last.mask, last.sha256) == (None, None, None, None)


def test_rows_are_selected_by_split_and_in_order_of_capture(folder: Path) -> None:
    write_table(folder, HEADER, *reversed(ROWS))
    recording = Recording.load(folder)
    assert [row.frame_id for row in recording.select()] == [0, 1, 2]
    assert [row.frame_id for row in recording.select(start=1, limit=1)] == [1]
    assert [row.frame_id for row in recording.select("val")] == [1]


def test_log_lines_come_in_order_of_time_but_are_replayed_as_written(
    folder: Path,
) -> None:
    recording = Recording.load(folder)
    assert [line.text for line in recording.log_lines()] == [
        "came late",
        "A0 force 3.1 kN",
        "换班点检完成",
    ]
    entries = recording.log_entries()
    texts = [each.entry.text for each in entries if isinstance(each.entry, LogLine)]
    assert texts[:2] == ["A0 force 3.1 kN", "came late"]
    assert entries[0].due_ns == entries[1].due_ns


def test_malformed_log_text_is_replayed_and_reported(folder: Path) -> None:
    with (folder / "logs/line.log").open("ab") as log:
        log.write(b"2026-03-02T06:01:25.000Z press INFO \xe6\xff\n")
    entry = Recording.load(folder).log_entries()[-1].entry
    assert isinstance(entry, MalformedLogLine)
    [message] = messages(folder)
    assert "line.log, row 4: is not UTF-8 text" in message


def test_a_byte_order_mark_is_no_problem(folder: Path) -> None:
    for name in ("frames.csv", "logs/line.log"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert messages(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "row", "problem"),
    [
        ("0,2026", "x,2026", 2, "field frame_id: 'x' is not a whole number"),
        ("0,2026", "-1,2026", 2, "field frame_id: '-1' is not a whole number"),
        ("0,2026", f"{2**63},2026", 2, "field frame_id:"),
        ("30.000Z", "30.000", 2, "field captured_at: time"),
        ("06:01:30.000Z", "noon", 2, "is not a time such as"),
        ("Z,cam-1,A1", "Z,,A1", 3, "field camera: is empty"),
        ("frames/1.png", "", 3, "field file: is empty"),
        ("frames/1.png", "../secret.png", 3, "field file: '../secret.png' leaves"),
        ("frames/1.png", "/etc/passwd", 3, "field file: '/etc/passwd' leaves"),
        ("frames/1.png", "frames/\0.png", 3, "leaves the recording's folder"),
        ("bad,val", "ugly,val", 3, "'ugly' is not one of the classes"),
        ("bad,val", "bad,valid", 3, "field split: 'valid' is not one of train, val"),
        ("bad,val", "bad", 3, "has 6 fields, the header names 7"),
        ("1,2026", "0,2026", 3, "0 stands in row 2 already"),
        ("A1", 'A"1"', 3, None),
        ("A1", '"A"1', 3, "is not CSV"),
    ],
)
def test_a_wrong_field_is_named_with_its_row(
    folder: Path, old: str, new: str, row: int, problem: str | None
) -> None:
    table = "\n".join((HEADER, *ROWS)).replace(old, new, 1)
    write_table(folder, table)
    found = messages(folder)
    if problem is None:
        assert found == []
        return
    assert any(f"frames.csv, row {row}: " in each and problem in each for each in found)
    with pytest.raises(RecordingError):
        Recording.load(folder)


@pytest.mark.parametrize(
    ("extra", "value", "problem"),
    [
        ("defect_probability", "1.5", "'1.5' is not a number from 0 to 1"),
        ("defect_probability", "nan", "'nan' is not a number from 0 to 1"),
        ("sha256", "abc", "'abc' is not a sha256 of 64 hex digits"),
        ("sha256", "0" * 64, "frames/0.png was altered"),
        ("mask", "masks/none.png", "masks/none.png does not exist"),
        ("anything", "else", None),
    ],
)
def test_optional_columns_are_checked(
    folder: Path, extra: str, value: str, problem: str | None
) -> None:
    write_table(folder, f"{HEADER},{extra}", f"{ROWS[0]},{value}")
    found = messages(folder)
    assert found == [] if problem is None else problem in found[0]
    assert len(found) <= 1


@pytest.mark.parametrize(("width", "problems"), [(8, 0), (9, 3)])
def test_a_region_must_lie_in_every_picture(
    folder: Path, width: int, problems: int
) -> None:
    with (folder / "line.toml").open("a") as file:
        file.write(f"\n[picture]\nregion = [0, 0, {width}, 6]\n")
    found = messages(folder)
    assert len(found) == problems
    assert all("8x6: the region 9x6 at 0,0 reaches beyond" in each for each in found)


def test_a_mask_must_have_the_size_of_its_picture(folder: Path) -> None:
    (folder / "masks").mkdir()
    write_picture(folder / "masks/0.png", 9, 6)
    write_table(folder, f"{HEADER},mask", f"{ROWS[0]},masks/0.png")
    [message] = messages(folder)
    assert message.endswith("row 2: masks/0.png is 9x6, its picture 8x6")


def test_missing_columns_are_named(folder: Path) -> None:
    write_table(folder, "frame_id,camera,camera,file", "0,cam-1,cam-1,frames/0.png")
    found = "\n".join(messages(folder))
    for name in ("captured_at", "serial", "label", "split"):
        assert f"frames.csv, row 1: column {name} is missing" in found
    assert "column camera stands there twice" in found


def test_text_that_is_not_utf8_is_named_by_row(folder: Path) -> None:
    table = "\n".join((HEADER, *ROWS)).encode().replace(b"A1", b"A\xff")
    (folder / "frames.csv").write_bytes(table)
    [message] = messages(folder)
    assert "frames.csv, row 3: is not UTF-8 text" in message


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda folder: (folder / "line.toml").unlink(), "line.toml: does not exist"),
        (lambda folder: (folder / "frames.csv").unlink(), "frames.csv: does not exist"),
        (
            lambda folder: (folder / "frames.csv").write_bytes(b""),
            "frames.csv: is empty: begin with frame_id,",
        ),
        (
            lambda folder: (folder / "frames/1.png").unlink(),
            "frames.csv, row 3: frames/1.png does not exist",
        ),
        (
            lambda folder: (folder / "frames/1.png").write_bytes(b"nonsense"),
            "row 3: frames/1.png cannot be used: the file is not a PNG",
        ),
    ],
)
def test_missing_and_corrupt_files_are_named(
    folder: Path, break_it: Edit, problem: str
) -> None:
    break_it(folder)
    [message] = messages(folder)
    assert problem in message


def test_a_folder_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    [message] = messages(tmp_path / "nowhere")
    assert message.endswith("nowhere: is not a folder")


def test_a_link_must_not_lead_out_of_the_folder(folder: Path) -> None:
    (folder / "frames/1.png").unlink()
    (folder / "frames/1.png").symlink_to("/etc/hostname")
    [message] = messages(folder)
    assert "row 3: field file: 'frames/1.png' leaves" in message


def test_all_problems_come_at_once(folder: Path) -> None:
    (folder / "line.toml").write_text("id = 3")
    write_table(folder, HEADER, *(row.replace("2026", "year") for row in ROWS))
    with pytest.raises(RecordingError) as raised:
        Recording.load(folder)
    text = str(raised.value)
    assert "field takt_s" in text
    assert all(f"frames.csv, row {row}: field captured_at" in text for row in (2, 3, 4))


def test_a_missing_picture_does_not_keep_a_recording_from_loading(folder: Path) -> None:
    (folder / "frames/1.png").unlink()
    assert len(Recording.load(folder).rows) == 3


@pytest.mark.recordings
@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recorded lines are not here")
@pytest.mark.parametrize(
    ("line", "frames", "log_lines"),
    [("poly", 1190, 3329), ("mono", 714, 2052), ("tile", 1344, 4790)],
)
def test_the_recorded_lines_are_sound(line: str, frames: int, log_lines: int) -> None:
    assert check(RECORDINGS / line, decode) == []
    recording = Recording.load(RECORDINGS / line)
    assert len(recording.rows) == frames
    assert len(recording.log_lines()) == log_lines
