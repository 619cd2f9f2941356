"""Late log lines find the closed parts that they concern."""

from __future__ import annotations

from inspector.latecomers import LateLines
from inspector.settings import LineSettings
from inspector.types import NS_PER_S
from tests.builders import a_frame, a_log_line, a_window

START_NS = 1_772_431_290_000_000_000
LINE = LineSettings.model_validate(
    {
        "id": "poly",
        "takt_s": 1.0,
        "camera": "cam-1",
        "classes": ["good", "bad"],
        "stations": [{"name": "press", "seconds_to_camera": 30}],
        "windows": {"travel_tolerance_s": 2},
    }
)


def closed_parts() -> LateLines:
    late = LateLines(LINE)
    for number in range(5):
        frame = a_frame(
            frame_id=number,
            serial=f"S-{number}",
            captured_ns=START_NS + number * 10 * NS_PER_S,
        )
        late.closed(a_window(frame=frame))
    return late


def concerned(station: str, after_s: float, text: str) -> list[int]:
    line = a_log_line(
        station=station, logged_ns=START_NS + int(after_s * NS_PER_S), text=text
    )
    return [frame.frame_id for frame in closed_parts().concerned(line)]


def test_a_line_concerns_the_part_it_names() -> None:
    assert concerned("door", 5, "S-3 was lifted") == [3]
    assert concerned("door", 5, "XS-3 was lifted") == []


def test_a_line_concerns_the_part_that_passed_its_station_then() -> None:
    assert concerned("press", -19, "force low") == [1]
    assert concerned("press", -14, "force low") == []


def test_nothing_logged_after_the_picture_concerns_the_part() -> None:
    assert concerned("door", 100, "S-3 was lifted") == []
