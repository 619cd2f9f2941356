"""Training as a whole: what it writes, and what it refuses."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from inspector.errors import (
    ArtifactError,
    InputError,
    MissingExtraError,
    RecordingError,
)
from inspector.recording import Recording
from inspector.training import pretrained
from inspector.training.backbones import make_backbone
from inspector.training.export import ExportError, check_agreement
from inspector.training.programme import train
from inspector.training.reference import Agreement
from inspector.training.scratch import train_from_scratch
from inspector.training.views import read_labelled
from tests.small_model import LINE, SmallModel, small_plan


def test_a_model_holds_what_a_station_needs_and_nothing_pickled(
    small_model: SmallModel,
) -> None:
    found = {
        str(path.relative_to(small_model.folder))
        for path in small_model.folder.rglob("*")
        if path.is_file()
    }
    branch = f"branches/{LINE}/1"
    assert found == {
        *(f"trunk/{name}.onnx" for name in ("log_lines", "log_context")),
        *(f"trunk/{name}.onnx" for name in ("fusion", "router", "look_router")),
        *(f"{where}/manifest.toml" for where in ("trunk", branch)),
        *(f"{where}/weights.safetensors" for where in ("trunk", branch)),
        *(f"{where}/golden.npz" for where in ("trunk", branch)),
        f"{branch}/model.onnx",
        f"{branch}/glance.onnx",
        f"{branch}/wordings.json",
        f"{branch}/settings.toml",
        f"settings/{LINE}.toml",
    }


def test_the_report_says_how_well_both_runtimes_agree(small_model: SmallModel) -> None:
    (line,) = small_model.report.lines
    assert line.agreement.flips == 0
    assert line.agreement.max_abs_diff < 1e-3
    assert line.agreement.parts == len(small_model.recording.select("val"))


def test_a_folder_that_holds_something_is_left_alone(small_model: SmallModel) -> None:
    with pytest.raises(ArtifactError, match="is not empty"):
        train([small_model.recording], small_model.folder, small_plan())


def test_one_line_twice_is_refused(small_model: SmallModel, tmp_path: Path) -> None:
    twice = [small_model.recording] * 2
    with pytest.raises(ArtifactError, match=f"line {LINE}: is given twice"):
        train(twice, tmp_path / "model", small_plan())


def test_a_recording_without_a_validation_shift_is_refused(
    small_model: SmallModel, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(small_model.recording.folder, tmp_path / "r"))
    table = (folder / "frames.csv").read_text().replace(",val,", ",test,")
    (folder / "frames.csv").write_text(table)
    with pytest.raises(RecordingError, match="0 good parts in split val"):
        read_labelled(Recording.load(folder), ("train", "val"))


@pytest.mark.parametrize(
    "found",
    [
        Agreement(parts=9, max_abs_diff=2e-3, flips=0),
        Agreement(parts=9, max_abs_diff=1e-5, flips=1),
        Agreement(parts=9, max_abs_diff=float("nan"), flips=0),
    ],
)
def test_a_model_that_answers_otherwise_is_not_exported(found: Agreement) -> None:
    with pytest.raises(ExportError, match="was not exported"):
        check_agreement(LINE, found)


def test_weights_other_than_the_published_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"something else")
    monkeypatch.setattr(pretrained, "_weights_file", lambda: path)
    with pytest.raises(ArtifactError, match="sha256 is"):
        pretrained.load_pretrained()


def test_missing_weights_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(MissingExtraError, match=r"inspector\[train\]"):
        pretrained.load_pretrained()


def nothing(_pictures: int) -> None:
    pass


def test_an_unknown_backbone_is_a_clear_error() -> None:
    with pytest.raises(InputError, match="is not efficientnet-lite0"):
        make_backbone("resnet", [], nothing)


def test_timm_that_is_not_there_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"inspector\[timm\]"):
        make_backbone("timm:any", [], nothing)


class _Pyramid(nn.Module):
    """Has features as timm's networks give them."""

    def __init__(self, strides: tuple[int, ...]) -> None:
        super().__init__()
        self.strides = strides
        self.feature_info = SimpleNamespace(channels=lambda: [8, 12, 16])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [
            torch.zeros(len(x), width, x.shape[2] // stride, x.shape[3] // stride)
            for width, stride in zip((8, 12, 16), self.strides, strict=True)
        ]


@pytest.mark.parametrize("strides", [(8, 16, 32), (4, 8, 16)])
def test_a_network_of_timm_must_have_the_three_scales(
    monkeypatch: pytest.MonkeyPatch, strides: tuple[int, ...]
) -> None:
    asked: dict[str, Any] = {}

    def create_model(name: str, **options: Any) -> nn.Module:
        asked.update(options, name=name)
        return _Pyramid(strides)

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    if strides[0] != 8:
        with pytest.raises(InputError, match="not at strides 8, 16 and 32"):
            make_backbone("timm:net", [], nothing)
        return
    backbone = make_backbone("timm:net", [], nothing)
    shapes = [tuple(x.shape[1:]) for x in backbone(torch.zeros(1, 3, 224, 224))]
    assert shapes == [(8, 14, 14), (12, 14, 14), (16, 7, 7)]
    assert asked["pretrained"] is True


@pytest.mark.slow
def test_a_backbone_can_start_from_nothing(small_model: SmallModel) -> None:
    seen: list[int] = []
    backbone = train_from_scratch([small_model.recording], seen.append, epochs=1)
    assert sum(seen) == len(small_model.recording.select("train"))
    features = backbone(torch.randn(1, 3, 224, 224))
    assert all(torch.isfinite(x).all() for x in features)
    assert not any(weight.requires_grad for weight in backbone.parameters())
