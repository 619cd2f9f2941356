"""Examples: the lines that tell, and the map where it belongs."""

from __future__ import annotations

import numpy as np

from inspector.reporting.examples import overlay, telling_lines
from tests.builders import a_frame, a_log_line, a_window

CAPTURED_NS = 100_000_000_000


def test_lines_that_weigh_most_come_first() -> None:
    lines = tuple(a_log_line(text=f"line {at}") for at in range(5))
    window = a_window(log_lines=lines)
    weights = np.array([0.1, 0.4, 0.0, 0.3, 0.2], np.float32)
    found = telling_lines(window, weights)
    assert [line.text[-1] for line in found] == ["1", "3", "4"]
    assert found[0].weight == np.float32(0.4)


def test_without_weights_the_nearest_lines_stand_there() -> None:
    said = {"A7 force": 50, "door": 1, "shift": 20, "A77 force": 5}
    lines = tuple(
        a_log_line(text=text, logged_ns=CAPTURED_NS - seconds * 1_000_000_000)
        for text, seconds in said.items()
    )
    frame = a_frame(serial="A7 ", captured_ns=CAPTURED_NS)
    found = telling_lines(a_window(frame=frame, log_lines=lines), None)
    assert [line.before_s for line in found] == [50, 1, 5]
    assert found[0].weight is None
    assert telling_lines(a_window(log_lines=()), None) == []


def test_the_map_colours_the_place_it_speaks_of() -> None:
    grey = np.full((40, 60), 100, np.uint8)
    heat = np.array([[0.0, 1.0], [0.0, 0.0]], np.float32)
    found = overlay(grey, heat)
    assert found.shape == (40, 60, 3)
    assert found[39, 0].tolist() == [100, 100, 100]
    assert found[0, 59, 0] > 150 > found[0, 59, 2]
    assert (overlay(grey, None) == 100).all()
