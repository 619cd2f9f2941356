"""Pictures for people, readable without any font on the machine."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.errors import PictureError
from inspector.evidence import Evidence
from inspector.model.drawing import as_rgb, draw_rejected, heat_over, heaviest_lines
from inspector.model.pictures import decode, encode_png
from inspector.settings import DecisionRules
from inspector.types import Decision, Frame, LogLine, Pixels, Scores
from tests.builders import a_frame, a_log_line, a_verdict, a_window, some_scores

GREY = np.full((60, 90), 90, np.uint8)
MAP = np.array([[0.0, 0.0, 0.4]], np.float32)


def drawn(
    frame: Frame, scores: Scores | None, lines: tuple[LogLine, ...] = ()
) -> Pixels:
    evidence = Evidence(
        window=a_window(frame=frame, log_lines=lines),
        scores=scores,
        rules=DecisionRules(),
        model="",
    )
    return decode(draw_rejected(a_verdict(decision=Decision.REJECT), evidence))


def raw(pixels: Pixels) -> Frame:
    return a_frame(encoded=None, pixels=pixels)


def test_heat_is_where_the_map_says_and_nowhere_else() -> None:
    warm = heat_over(GREY, MAP)
    assert warm.shape == (60, 90, 3)
    assert (warm[:, :20] == 90).all()
    hottest = warm[30, 85].astype(int)
    assert hottest[0] > hottest[2] + 50


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3)])
def test_every_camera_gives_three_channels(shape: tuple[int, ...]) -> None:
    assert as_rgb(np.zeros(shape, np.uint8)).shape == (5, 4, 3)


def test_encoded_and_raw_pictures_are_drawn_alike() -> None:
    scores = some_scores(defect_map=MAP)
    encoded = a_frame(encoded=encode_png(GREY))
    assert (drawn(encoded, scores) == drawn(raw(GREY), scores)).all()


@pytest.mark.parametrize(
    "scores",
    [None, some_scores(), some_scores(defect_map=np.full((2, 2), np.nan, "f4"))],
)
def test_without_a_map_the_picture_alone_is_drawn(scores: Scores | None) -> None:
    sheet = drawn(raw(GREY), scores)
    assert (sheet[150:300, 40:380] == 90).all()
    assert (sheet[150:300, 420:] == 255).all()


def test_chinese_and_hostile_log_text_is_drawn_within_the_sheet() -> None:
    lines = [
        a_log_line(text="压制吨位不足 " * 60),
        a_log_line(text="\x1b[31m\u202e\0 \n" + "W" * 5000),
    ]
    weights = np.array([0.6, 0.4], np.float32)
    scores = some_scores(defect_map=MAP, line_weights=weights)
    with_text = drawn(raw(GREY), scores, tuple(lines))
    assert (with_text[:, -15:] == 255).all()
    one_sign = drawn(raw(GREY), scores, (a_log_line(text="压"), lines[1]))
    other_sign = drawn(raw(GREY), scores, (a_log_line(text="吨"), lines[1]))
    assert (one_sign != other_sign).any(), "signs the font lacks all look the same"


def test_a_picture_that_cannot_be_read_is_refused() -> None:
    for frame in (a_frame(encoded=b"broken"), a_frame(encoded=None)):
        with pytest.raises(PictureError):
            drawn(frame, None)


def test_the_heaviest_lines_come_first_and_none_is_heaviest_without_weights() -> None:
    lines = [a_log_line(text=f"{number}") for number in range(5)]
    chosen = heaviest_lines(lines, [0.1, 0.5, 0.05, 0.3, 0.05])
    assert [line.text for line, _ in chosen] == ["1", "3", "0"]
    unknown = heaviest_lines(lines, [None] * 5)
    assert [(line.text, weight) for line, weight in unknown] == [
        ("4", None),
        ("3", None),
        ("2", None),
    ]
