"""Recall counts a part as found only when nothing is as likely as its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inspector.training.retrieval import Recall, _found


def test_what_is_most_alike_is_found_first() -> None:
    assert _found(torch.eye(8)) == (1.0, 1.0)


def test_the_own_part_must_be_among_the_likeliest() -> None:
    alike = torch.eye(8)
    alike[0, 1:4] = 2.0  # three others before the own one
    alike[1, 2:8] = 2.0  # six others
    assert _found(alike) == (6 / 8, 7 / 8)


def test_ties_are_not_found() -> None:
    assert _found(torch.zeros(8, 8)) == (0.0, 0.0)


def test_guessing_finds_what_chance_says() -> None:
    alike = torch.from_numpy(np.random.default_rng(0).normal(size=(400, 400)))
    chance = Recall(parts=400, text_to_picture=(), picture_to_text=()).by_chance
    assert chance == (1 / 400, 5 / 400)
    assert _found(alike)[1] == pytest.approx(chance[1], abs=0.02)
