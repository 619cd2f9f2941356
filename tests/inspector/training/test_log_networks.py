"""The log Transformer: weights that are true, and words that do not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inspector.model.lines import LineReader, word_pieces
from inspector.model.usual import Usual
from inspector.training.imagined import imagine
from inspector.training.log import (
    LogNetwork,
    LogPlan,
    LogTask,
    learn_imagined,
    strange_words,
    train_log,
    with_swapped,
)
from inspector.training.log_networks import LogReading
from inspector.training.windows import LogBatch, batch, in_numbers
from inspector.types import NS_PER_S, LogLine, Window
from tests.builders import a_frame, a_log_line, a_window

TRAVEL_S = {"oven-1": 46.0, "press-2": 20.0}
WORDINGS = {
    "oven-1 tip temp # c": (Usual(365.0, 3.0, 381.0),),
    "press-2 plate pressure # mbar": (Usual(810.0, 20.0),),
}
SERIAL = "M0004107"


def reading(station: str, text: str, part: int, level: str = "INFO") -> LogLine:
    """Say what a station said as the part so many places further on passed it."""
    frame = a_frame(serial=SERIAL)
    serial = f"M{4107 + part:07d}"
    age_s = TRAVEL_S[station] - 2 * part
    return a_log_line(
        station=station,
        level=level,
        logged_ns=frame.captured_ns - int(age_s * NS_PER_S),
        text=f"{serial} {text}",
    )


def window(oven: str, pressure: str, oven_c: float) -> Window:
    lines = [
        reading(station, wording.format(value + at % 3), at)
        for at in range(-4, 5)
        for station, wording, value in (
            ("oven-1", oven, oven_c),
            ("press-2", pressure, 810.0),
        )
        if at % 3 != 1
    ]
    lines.sort(key=lambda line: line.logged_ns)
    return a_window(frame=a_frame(serial=SERIAL), log_lines=tuple(lines))


def in_batch(*windows: Window) -> LogBatch:
    log = in_numbers(LineReader(WORDINGS, TRAVEL_S), WORDINGS, windows)
    return batch(log, np.arange(len(windows)))


@pytest.fixture(scope="module")
def taught() -> LogNetwork:
    plan = LogPlan(imagined_lines=40, imagined_parts=96, imagined_epochs=4)
    return learn_imagined(plan, lambda _: None)


def read(network: LogNetwork, windows: LogBatch) -> LogReading:
    with torch.no_grad():
        found = network(windows)
    assert isinstance(found, LogReading)
    return found


KNOWN = ("tip temp {:.1f} C", "plate pressure {:.1f} mbar")
STRANGE = ("Spitze heiss {:.1f} Grad", "板 压 {:.1f}")


@pytest.mark.slow
def test_the_same_readings_in_other_words_are_read_alike(taught: LogNetwork) -> None:
    windows = [
        window(*words, oven_c=value)
        for words in (KNOWN, STRANGE)
        for value in (364.0, 380.0)
    ]
    well, ill, strange_well, strange_ill = read(taught, in_batch(*windows)).logit
    between = (well + ill) / 2
    assert ill > well + 0.2
    assert strange_well < between < strange_ill


@pytest.mark.slow
def test_a_station_said_ill_is_the_one_whose_readings_are_off(
    taught: LogNetwork,
) -> None:
    windows = in_batch(window(*KNOWN, oven_c=380.0))
    states = read(taught, windows).states[0]
    oven = windows.circumstances[0, :, 8] == windows.circumstances[0, :, 8].min()
    assert states[oven].min() > states[~oven].max()


@pytest.mark.slow
def test_the_lines_of_the_ill_station_weigh_most(taught: LogNetwork) -> None:
    windows = in_batch(window(*KNOWN, oven_c=380.0))
    weights = read(taught, windows).weights[0]
    oven = windows.circumstances[0, :, 8] == windows.circumstances[0, :, 8].min()
    assert weights[oven].sum() > weights[~oven].sum()


def test_a_weight_is_what_the_score_moves_by_without_the_line() -> None:
    torch.manual_seed(1)
    network = LogNetwork().eval()
    with torch.no_grad():
        network.context.trust.bias.fill_(60)  # whose log it is, is not the question
    whole = in_batch(window(*KNOWN, oven_c=375.0))
    found = read(network, whole)
    moved = []
    for line in range(whole.present.shape[1]):
        present = whole.present.clone()
        present[0, line] = 0
        moved.append(read(network, replace(whole, present=present)).logit - found.logit)
    share = torch.cat(moved).abs() / torch.cat(moved).abs().sum()
    assert torch.allclose(share, found.weights[0], atol=2e-3)


@pytest.mark.slow
def test_weights_are_shares_and_padding_has_none(taught: LogNetwork) -> None:
    long = window(*KNOWN, oven_c=380.0)
    short = replace(long, log_lines=long.log_lines[:3])
    weights = read(taught, in_batch(long, short)).weights
    assert (weights >= 0).all()
    assert (weights.sum(1) <= 1 + 1e-5).all()
    assert (weights[1, 3:] == 0).all()


@pytest.mark.slow
def test_another_parts_log_says_little(taught: LogNetwork) -> None:
    windows = in_batch(
        window(*KNOWN, oven_c=364.0),
        window(*KNOWN, oven_c=380.0),
    )
    own = read(taught, windows).logit
    swapped, which = with_swapped(windows, 1.0, np.random.default_rng(0))
    assert which.all()
    other = read(taught, swapped).logit
    assert (other[1] - other[0]).abs() < 0.5 * (own[1] - own[0]).abs()


def test_strange_words_leave_levels_and_marks_alone() -> None:
    windows = in_batch(window(*KNOWN, oven_c=364.0))
    strange = strange_words(windows, np.random.default_rng(0))
    kept = set(word_pieces("!INFO")) | set(word_pieces("#"))
    before, after = windows.pieces.flatten(), strange.pieces.flatten()
    is_kept = torch.tensor([int(each) in kept or each == 0 for each in before])
    assert (before[is_kept] == after[is_kept]).all()
    assert (before[~is_kept] != after[~is_kept]).float().mean() > 0.9


@pytest.mark.slow
def test_what_a_line_teaches_leaves_the_start_and_single_lines_as_they_were(
    taught: LogNetwork,
) -> None:
    line = imagine(96, np.random.default_rng(9))
    before = {key: value.clone() for key, value in taught.state_dict().items()}
    task = LogTask(line.log, np.arange(96), line.target)
    after = train_log(taught, [task], LogPlan(epochs=1), lambda _: None)
    now = taught.state_dict()
    assert all((now[key] == before[key]).all() for key in before)
    lines = after.lines.state_dict()
    assert all((lines[key] == before[f"lines.{key}"]).all() for key in lines)
    harm = after.context.harm.weight
    assert (harm != before["context.harm.weight"]).any()
