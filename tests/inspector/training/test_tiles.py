"""Learning from parts whose pictures are cut into tiles."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from connectors.wiring import load_brain
from inspector.errors import ArtifactError
from inspector.evaluation import samples_of
from inspector.model.artifact import Artifact, BranchManifest
from inspector.model.hybrid import load_model
from inspector.model.pictures import decode, fit
from inspector.recording import Recording
from inspector.settings import (
    ModelSettings,
    PictureRules,
    Region,
    TileRules,
    load_settings,
)
from inspector.simulation.lines import simulate_line
from inspector.training.branch import branch_loss
from inspector.training.networks import (
    GRID,
    SIDE,
    WIDTH,
    PictureReading,
    worst_tiles,
)
from inspector.training.programme import train
from inspector.training.reference import load_torch_model
from inspector.training.views import Labelled, places_of, read_labelled
from tests.small_model import LINE, SmallModel, small_plan

CUT = PictureRules(
    region=Region(10, 20, 160, 120), tiles=TileRules(rows=1, columns=2, overlap=0.1)
)
CUT_TOML = """
[picture]
region = [10, 20, 160, 120]
[picture.tiles]
columns = 2
overlap = 0.1
"""


def cut(small_model: SmallModel, rules: PictureRules) -> Recording:
    recording = small_model.recording
    settings = recording.settings.model_copy(update={"picture": rules})
    return replace(recording, settings=settings)


@pytest.fixture(scope="module")
def labelled(small_model: SmallModel) -> Labelled:
    return read_labelled(cut(small_model, CUT), ("train", "val"))


def test_places_stand_one_part_behind_the_other() -> None:
    assert places_of(np.array([2, 0]), 3).tolist() == [6, 7, 8, 0, 1, 2]
    assert places_of(np.array([2, 0]), 1).tolist() == [2, 0]


def test_a_part_has_its_own_tiles_and_its_masks_are_cut_alike(
    labelled: Labelled,
) -> None:
    assert labelled.tiles == 2
    assert len(labelled.pictures) == len(labelled.masks) == 2 * len(labelled.rows)
    part = int(np.flatnonzero(labelled.bad)[0])
    row = labelled.rows[part]
    pixels = decode(row.file.read_bytes())[20:140, 10:170]
    assert row.mask is not None
    mask = decode(row.mask.read_bytes())[20:140, 10:170]
    piece = int(np.ceil(160 / 1.9))
    ends = ((0, piece), (160 - piece, 160))
    for place, (left, right) in zip(
        labelled.places(np.array([part])), ends, strict=True
    ):
        expected = fit(pixels[:, left:right], SIDE, SIDE, labelled.pictures.shape[3])
        assert np.array_equal(labelled.pictures[place], expected)
        small = cv2.resize(mask[:, left:right], (SIDE, SIDE), interpolation=3)
        assert labelled.masks[place].any() == (small > 255 * 0.3).any()


def test_good_parts_have_no_defect_in_any_tile(labelled: Labelled) -> None:
    good = labelled.places(np.flatnonzero(~labelled.bad))
    assert (labelled.masks[good] == 0).all()
    assert labelled.has_masks


def test_one_tile_is_read_as_it_was_without_tiles(small_model: SmallModel) -> None:
    one = read_labelled(cut(small_model, PictureRules()), ("val",))
    none = read_labelled(small_model.recording, ("val",))
    assert np.array_equal(one.pictures, none.pictures)
    assert np.array_equal(one.masks, none.masks)


def a_reading(logit: list[float]) -> PictureReading:
    count = len(logit)
    numbers = torch.arange(count).float()
    return PictureReading(
        tokens=numbers[:, None, None].expand(count, GRID * GRID, WIDTH),
        cells=torch.zeros(count, GRID * GRID),
        logit=torch.tensor(logit),
        classes=torch.zeros(count, 2),
    )


def test_the_worst_tile_of_each_part_is_kept() -> None:
    reading = a_reading([0.0, 2.0, 1.0, 5.0, 4.0, 3.0])
    worst = worst_tiles(reading, reading.logit.reshape(2, 3))
    assert worst.logit.tolist() == [2.0, 5.0]
    assert worst.tokens[:, 0, 0].tolist() == [1.0, 3.0]
    assert worst_tiles(reading, reading.logit.reshape(6, 1)) is reading


def test_a_bad_parts_label_is_compared_with_the_tile_that_is_marked(
    labelled: Labelled,
) -> None:
    masks = labelled.masks.reshape(len(labelled.rows), 2, -1).sum(2)
    marked = np.flatnonzero((masks[:, 0] > 0) & (masks[:, 1] == 0) & labelled.bad)
    part = marked[:1]
    assert len(part) == 1
    sure_of_marked = branch_loss(a_reading([5.0, -5.0]), labelled, part, 0)
    sure_of_other = branch_loss(a_reading([-5.0, 5.0]), labelled, part, 0)
    assert float(sure_of_marked) + 5 < float(sure_of_other)


def test_without_masks_the_worst_tile_answers_for_the_part(labelled: Labelled) -> None:
    unknown = replace(labelled, masks=np.full_like(labelled.masks, -1))
    part = np.flatnonzero(labelled.bad)[:1]
    either = [
        float(branch_loss(a_reading(logit), unknown, part, 0))
        for logit in ([5.0, -5.0], [-5.0, 5.0])
    ]
    neither = float(branch_loss(a_reading([-5.0, -5.0]), unknown, part, 0))
    assert either[0] == pytest.approx(either[1])
    assert either[0] + 5 < neither


@pytest.mark.slow
def test_a_line_with_tiles_is_trained_and_judged_alike_in_both_runtimes(
    tmp_path: Path,
) -> None:
    simulate_line(tmp_path / "recording", LINE, parts=100, seed=3)
    with (tmp_path / "recording/line.toml").open("a") as file:
        file.write(CUT_TOML)
    recording = Recording.load(tmp_path / "recording")
    model = tmp_path / "model"
    train([recording], model, small_plan())
    where = model / "branches" / LINE / "1"
    manifest = Artifact.open(where, BranchManifest).manifest
    assert manifest.preprocessing.picture == CUT
    settings = load_settings(model / f"settings/{LINE}.toml", ModelSettings)
    loaded = load_model(model, LINE, settings=settings, picture=CUT, always_both=True)
    samples = list(samples_of(recording, "test", 8))
    expected = load_torch_model(model, LINE, "1").scores(samples)
    found = [loaded.score(sample) for sample in samples]
    assert [each.score for each in found] == pytest.approx(expected, abs=1e-3)
    for sample, each in zip(samples, found, strict=True):
        assert sample.pixels is not None
        assert each.defect_map is not None
        height, width = sample.pixels.shape[:2]
        rows, columns = each.defect_map.shape
        below, right = -(-140 * rows // height), -(-170 * columns // width)
        assert not each.defect_map[below:].any()
        assert not each.defect_map[:, right:].any()
        assert each.defect_map[:below, :right].any()


def test_a_line_that_wants_another_cut_than_its_branch_is_refused(
    small_model: SmallModel,
) -> None:
    settings = small_model.settings
    load_brain(small_model.folder, LINE, PictureRules())
    with pytest.raises(ArtifactError, match=f"settings of line {LINE} say 160x120"):
        load_model(small_model.folder, LINE, settings=settings, picture=CUT)
    with pytest.raises(ArtifactError, match="trained for the whole picture"):
        load_brain(small_model.folder, LINE, CUT)


def test_the_map_of_a_recut_branch_is_joined_from_its_tiles(
    small_model: SmallModel, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(small_model.folder, tmp_path / "model"))
    manifest = copy / f"branches/{LINE}/1/manifest.toml"
    text = manifest.read_text()
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("rows =", "columns =", "overlap ="))
    ]
    marker = "[preprocessing.picture.tiles]"
    assert marker in lines
    at = lines.index(marker)
    lines[at + 1 : at + 1] = ["rows = 1", "columns = 2", "overlap = 0.0"]
    manifest.write_text("\n".join(lines))
    # A glance at every tile, and no full look, so that all halves are seen alike.
    rules = small_model.settings.decisions.model_copy(update={"look_tolerance": 1.0})
    settings = small_model.settings.model_copy(update={"decisions": rules})
    whole = load_model(small_model.folder, LINE, settings=settings)
    halves = load_model(copy, LINE, settings=settings)
    sample = next(samples_of(small_model.recording, "test", 1))
    assert sample.pixels is not None
    window = replace(sample.window, log_lines=())
    pixels = sample.pixels[:, : sample.pixels.shape[1] // 2 * 2]
    middle = pixels.shape[1] // 2
    alone = [
        whole.score(replace(sample, window=window, pixels=half))
        for half in (pixels[:, :middle], pixels[:, middle:])
    ]
    both = halves.score(replace(sample, window=window, pixels=pixels))
    assert both.score == pytest.approx(max(each.score for each in alone))
    maps = [each.defect_map for each in alone]
    assert maps[0] is not None
    assert maps[1] is not None
    assert both.defect_map is not None
    assert np.allclose(both.defect_map, np.hstack([maps[0], maps[1]]), atol=1e-6)
