"""The networks: shapes, padding that changes nothing, and fits that behave."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inspector.model.artifact import Weights
from inspector.model.lines import CIRCUMSTANCES
from inspector.training import settling
from inspector.training.branch import fit_weights
from inspector.training.joint import (
    JointPlan,
    Outcome,
    Trunk,
    glanced,
    train_look_router,
)
from inspector.training.log import LogNetwork
from inspector.training.networks import (
    FUSED_CELLS,
    GRID,
    SIDE,
    WIDTH,
    BranchHeads,
    CrossModalFusion,
    GoodParts,
    LiteBackbone,
    LookRouter,
    Router,
    standardise,
    with_summary,
)
from inspector.training.views import VIEWS, turned
from inspector.training.windows import batch, read_log
from tests.small_model import SmallModel


def test_a_branch_gives_tokens_cells_and_opinions() -> None:
    backbone = LiteBackbone().eval()
    heads = BranchHeads(backbone.channels, kinds=3).eval()
    with torch.no_grad():
        reading = heads(backbone(torch.randn(2, 3, SIDE, SIDE)))
    assert reading.tokens.shape == (2, GRID * GRID, WIDTH)
    assert reading.cells.shape == (2, GRID * GRID)
    assert reading.logit.shape == (2,)
    assert reading.classes.shape == (2, 3)


def test_exposure_does_not_change_what_a_branch_sees() -> None:
    picture = torch.randint(40, 160, (1, SIDE, SIDE, 1), dtype=torch.uint8)
    brighter = (picture.float() * 1.4 + 12).round().to(torch.uint8)
    difference = (standardise(picture) - standardise(brighter)).abs().mean()
    assert float(difference) < 0.02


@pytest.mark.parametrize("view", range(VIEWS))
def test_a_view_undoes_itself(view: int) -> None:
    grid = np.arange(24).reshape(2, 3, 4)
    assert (turned(turned(grid, view), view) == grid).all()


def test_padding_changes_nothing(small_model: SmallModel) -> None:
    log = read_log(small_model.recording, small_model.recording.select("val"))
    network = LogNetwork().eval()
    counts = [len(lines) for lines in log.lines]
    few, many = int(np.argmin(counts)), int(np.argmax(counts))
    assert counts[few] < counts[many]
    with torch.no_grad():
        alone = network(batch(log, np.array([few])))
        together = network(batch(log, np.array([few, many])))
    assert torch.allclose(alone.logit[0], together.logit[0], atol=1e-5)


@pytest.mark.parametrize("count", [1, 48])
def test_fusion_and_router_take_any_number_of_lines(count: int) -> None:
    fusion, router = CrossModalFusion().eval(), Router().eval()
    picture, cells = torch.randn(1, GRID * GRID, WIDTH), torch.randn(1, GRID * GRID)
    log, present = torch.randn(1, count, WIDTH), torch.ones(1, count)
    tokens = torch.cat([log[:, :1], log], 1)
    added = fusion(picture, cells, tokens, with_summary(present))
    assert added.tolist() == [0.0]  # it begins as the plain sum
    expected = router(log, torch.randn(1, count, CIRCUMSTANCES), present)
    assert expected.shape == (1, 2)
    assert ((expected >= 0) & (expected <= 1)).all()


def test_fusion_attends_only_to_likely_cells_and_lines_that_are_there() -> None:
    fusion = woken(CrossModalFusion())
    picture, cells = torch.randn(1, GRID * GRID, WIDTH), torch.randn(1, GRID * GRID)
    log, present = torch.randn(1, 4, WIDTH), torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    added = fusion(picture, cells, log, present)
    unlikely = cells.argsort(1)[0, :-FUSED_CELLS]
    other, absent = picture.clone(), log.clone()
    other[0, unlikely], absent[0, 3] = 9.0, 9.0
    assert torch.allclose(fusion(other, cells, log, present), added, atol=1e-6)
    assert torch.allclose(fusion(picture, cells, absent, present), added, atol=1e-6)
    likely, said = picture.clone(), log.clone()
    likely[0, cells.argmax()], said[0, 1] = 9.0, 9.0
    assert not torch.allclose(fusion(likely, cells, log, present), added, atol=1e-4)
    assert not torch.allclose(fusion(picture, cells, said, present), added, atol=1e-4)


def woken(fusion: CrossModalFusion) -> CrossModalFusion:
    """Let fusion say something: it begins by adding nothing."""
    for weights in fusion.judge[-1].parameters():
        torch.nn.init.normal_(weights)
    return fusion.eval()


def test_a_glance_reads_half_the_picture_with_the_first_layers() -> None:
    backbone = LiteBackbone().eval()
    pictures = torch.randn(1, 3, SIDE, SIDE)
    with torch.no_grad():
        fine, coarse = backbone.glance(pictures)
        heads = BranchHeads(backbone.channels[:-1], kinds=2).eval()
        reading = heads([fine, coarse])
    assert fine.shape[1:] == (backbone.channels[0], GRID, GRID)
    assert coarse.shape[1:] == (backbone.channels[1], GRID // 2, GRID // 2)
    assert reading.tokens.shape == (1, GRID * GRID, WIDTH)


def test_the_look_router_learns_when_a_look_changes_the_score() -> None:
    torch.manual_seed(0)
    parts = 300
    unsure = torch.arange(parts) % 3 == 0
    glance = torch.where(unsure, 0.0, -6.0) + 0.3 * torch.randn(parts)
    found = Outcome(
        picture=glance + torch.where(unsure, 3.0, 0.0) * torch.randn(parts).sign(),
        glance=glance,
        cells=torch.randn(parts, GRID * GRID),
        log=torch.randn(parts) * 0.1,
        added=torch.zeros(parts),
        lines=[],
    )
    weights = Weights(
        glance_share=0.0,
        picture=(1.0, 0.0),
        glance=(1.0, 0.0),
        log=(1.0, 0.0),
        both=(1.0, 0.0, 0.0, 0.0),
        glance_and_log=(1.0, 0.0, 0.0),
    )
    trunk = Trunk(LogNetwork(), CrossModalFusion(), Router(), LookRouter())
    plan = JointPlan(router_epochs=40)
    train_look_router(trunk, [(found, weights)], plan, lambda _: None)
    with torch.no_grad():
        expected = trunk.look_router(glanced(found, weights)[0])[:parts]
    assert float(expected[unsure].mean()) > 0.3
    assert float(expected[~unsure].mean()) < 0.1


def test_a_full_look_is_spared_only_where_every_shift_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = np.array([False, True] * 50)
    sure = np.where(bad, 3.0, -3.0)
    # On the second shift glances that are expected to be 0.05 off mix good with bad.
    blind = np.concatenate([sure, np.where(np.arange(100) < 20, 0.0, sure)])
    expected = np.concatenate([np.full(100, 0.05), np.full(100, 0.05)])
    expected[:40] = expected[120:160] = 0.01
    scores = torch.from_numpy(np.concatenate([sure, sure])).sigmoid()
    glance = torch.from_numpy(blind).sigmoid()
    monkeypatch.setattr(
        settling, "glanced", lambda *_: (torch.zeros(200, 6), glance, scores)
    )
    trunk: Any = SimpleNamespace(
        look_router=lambda x: torch.from_numpy(expected[: len(x)].astype(np.float32))
    )
    unused: Any = None
    both = settling.find_look_tolerance(trunk, unused, unused, [bad, bad])
    assert 0.01 <= both < 0.05
    first = settling.find_look_tolerance(trunk, unused, unused, [bad])
    assert first == max(settling.LOOK_TOLERANCES)


def test_a_patch_that_was_remembered_is_at_no_distance() -> None:
    features = [torch.randn(1, 4, GRID, GRID), torch.randn(1, 6, GRID, GRID)]
    good = GoodParts(torch.zeros(10), torch.ones(10), torch.zeros(1, 10))
    from inspector.training.networks import patch_features  # noqa: PLC0415

    remembered = GoodParts(torch.zeros(10), torch.ones(10), patch_features(features)[0])
    assert float(remembered(features)) < 0.01 < float(good(features))


@given(st.integers(0, 2**32 - 1))
def test_no_opinion_counts_against_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bad = np.arange(60) % 2 == 0
    known = np.stack([bad + rng.normal(size=60), rng.normal(size=60) - 1.0 * bad], 1)
    *weights, _ = fit_weights(known.astype(np.float32), bad)
    assert all(weight >= 0 for weight in weights)


def test_opinions_that_are_all_wrong_leave_the_base_rate() -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(400) % 4 == 0
    known = rng.normal(size=(400, 3)) - 2.0 * bad[:, None]
    *weights, bias = fit_weights(known.astype(np.float32), bad)
    assert weights == [0, 0, 0]
    assert bias == pytest.approx(np.log(0.25 / 0.75))


def test_a_better_opinion_weighs_more() -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(400) % 2 == 0
    known = np.stack(
        [3.0 * bad + rng.normal(size=400), 0.5 * bad + rng.normal(size=400)], 1
    )
    good, weak, _ = fit_weights(known.astype(np.float32), bad)
    assert good > 2 * weak


def test_a_grey_picture_is_read_as_one_with_three_like_channels() -> None:
    torch.manual_seed(0)
    backbone = LiteBackbone().eval()
    grey = torch.randn(2, 1, SIDE, SIDE)
    coloured = grey.expand(-1, 3, -1, -1)
    for look in (backbone, backbone.glance):
        for one, other in zip(look(grey), look(coloured), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
