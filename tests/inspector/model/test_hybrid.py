"""The model at run time: what it refuses to load, and what it does not compute."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from inspector.errors import ArtifactError, PictureError
from inspector.evaluation import samples_of
from inspector.model.artifact import (
    Artifact,
    TrunkManifest,
    pack_arrays,
    write_artifact,
)
from inspector.model.hybrid import HybridModel, load_model, weigh
from inspector.types import Look, Route, Sample
from tests.builders import a_window
from tests.small_model import LINE, SmallModel


@pytest.fixture(scope="module")
def sample(small_model: SmallModel) -> Sample:
    return next(samples_of(small_model.recording, "test", 1))


@pytest.fixture
def copy(small_model: SmallModel, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model.folder, tmp_path / "model"))


def loaded(
    model: SmallModel, *, fusion_share: float = 0.5, **rules: Any
) -> HybridModel:
    decisions = model.settings.decisions.model_copy(update=rules)
    settings = model.settings.model_copy(update={"decisions": decisions})
    hybrid = load_model(model.folder, LINE, settings=settings)
    manifest = hybrid._branch.manifest
    a, b, _, c = manifest.weights.both
    weights = manifest.weights.model_copy(update={"both": (a, b, fusion_share, c)})
    hybrid._branch.manifest = manifest.model_copy(update={"weights": weights})
    return hybrid


def watched(model: HybridModel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which of the costly networks are computed."""
    computed: list[str] = []
    for name, owner in (
        ("read_log", model._trunk),
        ("fuse", model._trunk),
        ("glance", model._branch),
        ("look", model._branch),
    ):
        act = getattr(owner, name)

        def noted(*given: Any, name: str = name, act: Any = act) -> Any:
            computed.append(name)
            return act(*given)

        monkeypatch.setattr(owner, name, noted)
    return computed


def test_both_are_scored_and_weighed(small_model: SmallModel, sample: Sample) -> None:
    scores = loaded(small_model, look_tolerance=0.0).score(sample)
    assert (scores.route, scores.look) == (Route.BOTH, Look.FULL)
    for score in (scores.score, scores.picture_score, scores.log_score):
        assert score is not None
        assert 0 <= score <= 1
    assert scores.defect in small_model.recording.settings.classes[1:]
    assert scores.defect_map is not None
    assert scores.defect_map.shape == (14, 14)
    assert {"log_lines", "route", "log_context", "glance", "picture", "fusion"} <= set(
        scores.stage_ms
    )


def test_each_line_of_the_window_has_its_share_of_the_logs_say(
    small_model: SmallModel, sample: Sample
) -> None:
    weights = loaded(small_model, route_tolerance=0.0).score(sample).line_weights
    assert weights is not None
    assert weights.shape == (len(sample.window.log_lines),)
    assert (weights >= 0).all()
    assert 0 < weights.sum() <= 1 + 1e-5


def test_the_picture_alone_leaves_the_log_alone(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(small_model, route_tolerance=1.0, look_tolerance=0.0)
    monkeypatch.setattr(model._trunk, "expect", lambda *_: np.array([0.0, 2.0]))
    computed = watched(model, monkeypatch)
    scores = model.score(sample)
    assert (scores.route, scores.log_score) == (Route.PICTURE, None)
    assert computed == ["glance", "look"]


def test_a_glance_is_enough_where_a_look_would_change_little(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_log = Sample(window=a_window(log_lines=()), pixels=sample.pixels)
    for expected, wanted in ((0.01, Look.GLANCE), (0.2, Look.FULL)):
        model = loaded(small_model, route_tolerance=0.0, look_tolerance=0.1)
        monkeypatch.setattr(
            model._trunk, "expect_look", lambda *_, expected=expected: expected
        )
        computed = watched(model, monkeypatch)
        scores = model.score(sample)
        assert scores.look is wanted
        assert scores.defect_map is not None
        assert 0 <= scores.score <= 1
        assert ("look" in computed) == ("fuse" in computed) == (wanted is Look.FULL)
        alone = model.score(without_log)
        assert alone.look is wanted
        assert alone.score == alone.picture_score


def test_without_tolerance_no_router_is_asked(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(small_model, route_tolerance=0.0, look_tolerance=0.0)
    monkeypatch.setattr(model._trunk, "expect", None)
    monkeypatch.setattr(model._trunk, "expect_look", None)
    assert model.score(sample).look is Look.FULL


def test_the_log_alone_may_reject_but_never_pass(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = ["read_log", "glance", "look", "fuse"]
    for reject_at, wanted in ((0.0, ["read_log"]), (1.0, everything)):
        model = loaded(
            small_model,
            route_tolerance=1.0,
            look_tolerance=0.0,
            pass_below=0.0,
            reject_at=reject_at,
        )
        monkeypatch.setattr(model._trunk, "expect", lambda *_: np.array([2.0, 0.0]))
        computed = watched(model, monkeypatch)
        scores = model.score(sample)
        assert computed == wanted
        assert scores.route is (Route.LOG if reject_at == 0 else Route.BOTH)


def test_fusion_that_has_no_weight_is_not_computed(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(
        small_model, fusion_share=0.0, route_tolerance=0.0, look_tolerance=0.0
    )
    computed = watched(model, monkeypatch)
    assert model.score(sample).route is Route.BOTH
    assert computed == ["read_log", "glance", "look"]


def test_without_a_log_the_picture_decides(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(small_model, look_tolerance=0.0)
    computed = watched(model, monkeypatch)
    scores = model.score(Sample(window=a_window(log_lines=()), pixels=sample.pixels))
    assert scores.route is Route.PICTURE
    assert computed == ["glance", "look"]


def test_without_a_picture_only_the_log_is_read(
    small_model: SmallModel, sample: Sample
) -> None:
    scores = loaded(small_model).score(Sample(window=sample.window, pixels=None))
    assert scores.route is Route.LOG
    assert scores.defect_map is None


def test_with_neither_there_is_no_score(small_model: SmallModel) -> None:
    scores = loaded(small_model).score(
        Sample(window=a_window(log_lines=()), pixels=None)
    )
    assert scores.route is Route.NONE
    assert math.isnan(scores.score)


def test_a_line_seen_before_is_not_encoded_again(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(small_model)
    first = model.score(sample)
    monkeypatch.setattr(model._trunk, "encode", None)
    assert model.score(sample).score == first.score


def test_memory_for_lines_is_bounded(
    small_model: SmallModel, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.model.hybrid.REMEMBERED_LINES", 3)
    model = loaded(small_model)
    model.score(sample)
    assert len(model._remembered) == 3


@pytest.mark.parametrize("shape", [(30, 500), (256, 256, 3), (700, 20, 3)])
def test_pictures_of_any_size_and_colour_fit(
    small_model: SmallModel, sample: Sample, shape: tuple[int, ...]
) -> None:
    picture = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    scores = loaded(small_model).score(Sample(window=sample.window, pixels=picture))
    assert 0 <= scores.score <= 1


def test_a_picture_without_pixels_is_refused(
    small_model: SmallModel, sample: Sample
) -> None:
    nothing = np.zeros((0, 5), np.uint8)
    with pytest.raises(PictureError, match="no pixels"):
        loaded(small_model, route_tolerance=0.0).score(
            Sample(window=sample.window, pixels=nothing)
        )


def files_of(folder: Path) -> Iterator[Path]:
    return (each for each in sorted(folder.rglob("*")) if each.is_file())


def test_any_altered_file_that_is_used_is_refused(
    small_model: SmallModel, copy: Path
) -> None:
    used = [
        each for each in files_of(copy) if each.suffix in {".onnx", ".json", ".npz"}
    ]
    assert len(used) == 10
    for path in used:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ArtifactError, match="altered"):
            load_model(copy, LINE, settings=small_model.settings)
        path.write_bytes(content)


def test_a_missing_file_is_named(small_model: SmallModel, copy: Path) -> None:
    (copy / "trunk/fusion.onnx").unlink()
    with pytest.raises(ArtifactError, match=r"fusion\.onnx: does not exist"):
        load_model(copy, LINE, settings=small_model.settings)


def test_a_branch_of_another_trunk_is_refused(
    small_model: SmallModel, copy: Path
) -> None:
    manifest = copy / "trunk/manifest.toml"
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "2"'))
    with pytest.raises(ArtifactError, match="was made for trunk"):
        load_model(copy, LINE, settings=small_model.settings)


def test_a_model_that_answers_golden_samples_wrongly_is_refused(
    small_model: SmallModel, copy: Path
) -> None:
    artifact = Artifact.open(copy / "trunk", TrunkManifest)
    golden = artifact.arrays("golden.npz")
    golden["expected"] = golden["expected"].astype(np.float64) + 0.1
    files = {name: artifact.read(name) for name in artifact.manifest.files}
    files["golden.npz"] = pack_arrays(**golden)
    manifest = artifact.manifest.model_dump(exclude={"files"})
    write_artifact(artifact.folder, manifest, files)
    with pytest.raises(ArtifactError, match="golden samples wrongly"):
        load_model(copy, LINE, settings=small_model.settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 1}, "field format"),
        ({"kind": "branch"}, "field kind"),
        ({"surplus": 1}, "field surplus"),
        ({"files": {"../x": "0" * 64}}, "field files"),
    ],
)
def test_a_manifest_of_another_form_is_refused(
    copy: Path, change: dict[str, Any], message: str
) -> None:
    artifact = Artifact.open(copy / "trunk", TrunkManifest)
    content = artifact.manifest.model_dump() | change
    (copy / "trunk/manifest.toml").write_bytes(tomli_w.dumps(content).encode())
    with pytest.raises(ArtifactError, match=message):
        Artifact.open(copy / "trunk", TrunkManifest)


def test_pickled_arrays_are_never_read(tmp_path: Path) -> None:
    evil = pack_arrays(x=np.array([{}], dtype=object))
    write_artifact(tmp_path, {"kind": "trunk", "version": "1"}, {"golden.npz": evil})
    with pytest.raises(ArtifactError, match="not a file of arrays"):
        Artifact.open(tmp_path, TrunkManifest).arrays("golden.npz")


def test_weighing_saturates_instead_of_overflowing() -> None:
    assert weigh((1.0, 0.0), (0.0,)) == 0.5
    assert weigh((1.0, 0.0), (-1e6,)) == 0.0
    assert weigh((1.0, 0.0), (1e6,)) == 1.0
