"""Imagined lines: repeatable, honest about time, and true about their stations."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.training.imagined import ImaginedLog, imagine

PARTS = 150


@pytest.fixture(scope="module")
def imagined() -> list[ImaginedLog]:
    rng = np.random.default_rng(5)
    return [imagine(PARTS, rng) for _ in range(6)]


def test_it_is_repeatable(imagined: list[ImaginedLog]) -> None:
    again = imagine(PARTS, np.random.default_rng(5))
    assert (again.log.pieces == imagined[0].log.pieces).all()
    assert (again.target == imagined[0].target).all()


def test_no_two_lines_share_their_words(imagined: list[ImaginedLog]) -> None:
    one, other = (set(line.log.wordings) for line in imagined[:2])
    assert one
    assert not one & other


def test_a_part_is_the_worse_the_more_stations_are_ill(
    imagined: list[ImaginedLog],
) -> None:
    for line in imagined:
        ill = line.faulty.sum(1)
        assert ((line.target > 0) & (line.target < 1)).all()
        if ill.any() and not ill.all():
            assert line.target[ill > 0].mean() > line.target[ill == 0].mean()


def test_the_truth_is_told_by_the_number_of_the_station(
    imagined: list[ImaginedLog],
) -> None:
    """Readings of a station are far from usual just when it is said to be ill."""
    off: dict[bool, list[float]] = {True: [], False: []}
    for line in imagined:
        for part, (lines, rows) in enumerate(
            zip(line.log.lines, line.log.circumstances, strict=True)
        ):
            for content, row in zip(lines, rows, strict=True):
                numbers = line.log.numbers[content]
                own_reading = row[0] and numbers[:, 2].max() == 1
                if own_reading:
                    station = round(row[8] * 8)
                    ill = bool(line.faulty[part, station])
                    off[ill].append(float(np.abs(numbers[:, 3]).max()))
    assert len(off[True]) > 50
    assert np.median(off[True]) > 2 * np.median(off[False])
