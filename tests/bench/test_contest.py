"""Turns, figures and the table of peers: the arithmetic, without any peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench import peer_table
from bench.contest import Figures, Timed, auroc, figures, take_turns


@dataclass
class Recorder:
    name: str
    turns: list[str]
    seen: list[Path] = field(default_factory=list)

    def run(self, files: Sequence[Path]) -> Timed:
        self.turns.append(self.name)
        self.seen += files
        return Timed(ms=[1.0] * len(files), scores=[0.5] * len(files))


FILES = [Path(f"{number}.png") for number in range(7)]


def test_everybody_scores_every_file_once_and_nobody_always_begins() -> None:
    turns: list[str] = []
    contenders = [Recorder("a", turns), Recorder("b", turns)]
    done: list[int] = []
    found = take_turns(contenders, FILES, 3, done.append)
    assert all(each.seen == FILES for each in contenders)
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert done == [3, 3, 1]
    assert {name: len(timed.ms) for name, timed in found.items()} == {"a": 7, "b": 7}


def test_frames_per_second_follow_the_mean_and_not_the_median() -> None:
    found = figures("a", Timed(ms=[10.0, 10.0, 40.0], scores=[0, 0, 0]), None)
    assert found.frames_per_s == pytest.approx(50.0)
    assert found.median_ms == pytest.approx(10.0)
    assert found.p99_ms == pytest.approx(39.4)
    assert found.auroc is None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0), ([0.5] * 4, 0.5)],
)
def test_the_area_under_the_curve(scores: list[float], expected: float) -> None:
    assert auroc(scores, [False, False, True, True]) == pytest.approx(expected)


def test_one_kind_of_part_has_no_area() -> None:
    assert auroc([0.1, 0.9], [True, True]) is None


def some_figures(name: str, ms: float, area: float | None = None) -> Figures:
    return Figures(
        name=name,
        parts=9,
        median_ms=ms,
        p99_ms=2 * ms,
        frames_per_s=1000 / ms,
        auroc=area,
    )


OURS = [some_figures("ours", 5.0, 0.9), some_figures("ours alone", 4.0, 0.8)]
PEERS = [some_figures("slow", 50.0), some_figures("quick", 20.0, 0.7)]
WEIGHTS = {"ours": "t", "ours alone": "t", "slow": "untrained", "quick": "t"}


def test_the_table_compares_everybody_with_the_first_of_ours() -> None:
    lines = peer_table.markdown(OURS, PEERS, WEIGHTS).splitlines()
    assert len(lines) == 2 + 4
    assert len({line.count("|") for line in lines}) == 1
    assert "| 1.00 x | 1.00 x | 0.900 |" in lines[2]
    assert "| untrained | 50.0 | 100.0 | 20.0 | 10.00 x | 10.00 x | - |" in lines[4]


def test_the_conclusion_names_the_fastest_peer_for_each_of_ours() -> None:
    first, second = peer_table.conclusion(OURS, PEERS)
    assert first.startswith("ours: 4.0 times")
    assert second.startswith("ours alone: 5.0 times")
    assert "(quick)" in first


def test_the_file_holds_the_same_ratios() -> None:
    rows = peer_table.as_json(OURS, PEERS, WEIGHTS)
    assert [row["ours_in_frames_per_s"] for row in rows] == pytest.approx(
        [1.0, 0.8, 10.0, 4.0]
    )
    assert rows[2]["auroc"] is None
    assert rows[2]["weights"] == "untrained"
