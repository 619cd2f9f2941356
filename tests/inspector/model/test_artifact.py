"""Manifests: what an older one leaves out, and what it must not contradict."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import ArtifactError
from inspector.model.artifact import (
    Artifact,
    BranchClass,
    BranchManifest,
    FittedTrunk,
    LearnedFrom,
    Preprocessing,
    Weights,
    check_picture_rules,
    write_artifact,
)
from inspector.settings import PictureRules, Region, TileRules

CUT = PictureRules(region=Region(1, 2, 30, 40), tiles=TileRules(rows=2, overlap=0.25))


def manifest(picture: PictureRules) -> BranchManifest:
    return BranchManifest(
        line="poly",
        version="1",
        classes=[
            BranchClass(id="good", en="good", zh="良品"),
            BranchClass(id="defective", en="defective", zh="不良"),
        ],
        backbone="efficientnet-lite0",
        preprocessing=Preprocessing(height=224, width=224, channels=1, picture=picture),
        weights=Weights(
            glance_share=0.5,
            picture=(1, 0),
            glance=(1, 0),
            log=(1, 0),
            both=(1, 1, 0, 0),
            glance_and_log=(1, 1, 0),
        ),
        travel_s={},
        trunk=FittedTrunk(version="1", sha256="0" * 64),
        learned_from=LearnedFrom(recording="poly", parts={}, sha256="1" * 64),
        files={},
    )


@pytest.mark.parametrize("picture", [PictureRules(), CUT])
def test_a_region_and_a_cut_travel_with_the_branch(
    tmp_path: Path, picture: PictureRules
) -> None:
    said = manifest(picture).model_dump(exclude={"files"}, exclude_none=True)
    write_artifact(tmp_path, said, {})
    found = Artifact.open(tmp_path, BranchManifest).manifest
    assert found.preprocessing.picture == picture


def test_a_manifest_from_before_there_were_tiles_looks_at_everything_at_once(
    tmp_path: Path,
) -> None:
    said = manifest(CUT).model_dump(exclude={"files"}, exclude_none=True)
    del said["preprocessing"]["picture"]
    write_artifact(tmp_path, said, {})
    found = Artifact.open(tmp_path, BranchManifest).manifest
    assert found.preprocessing.picture == PictureRules()


def test_settings_that_contradict_the_branch_are_named_with_it(tmp_path: Path) -> None:
    trained = manifest(CUT).preprocessing
    check_picture_rules("poly", None, trained, tmp_path)
    check_picture_rules("poly", CUT, trained, tmp_path)
    with pytest.raises(ArtifactError) as raised:
        check_picture_rules("poly", PictureRules(), trained, tmp_path)
    said = str(raised.value)
    assert "trained for 30x40 at 1,2 in 2x1 tiles that overlap by 0.25" in said
    assert "line poly say the whole picture in one piece" in said
