"""A new branch from the shell: beside a trunk and other lines that stay as they are."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.__main__ import main
from inspector.model.artifact import Artifact, BranchManifest, branch_folder
from inspector.model.hybrid import load_model
from inspector.recording import Recording
from inspector.settings import ModelSettings, load_settings
from inspector.shifts import samples_of
from inspector.training.branch import HeadPlan
from inspector.training.good_only import UNKNOWN_KIND
from inspector.training.successor import Order, train_successor
from tests.small_model import LINE, SmallModel


@dataclass
class Plant:
    model: Path
    recording: Recording
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def train(self, *words: object, recording: Path | None = None) -> tuple[int, str]:
        where = recording or self.recording.folder
        argv = ["inspector", "branch", "train", where, "--model", self.model, *words]
        self.monkeypatch.setattr(sys, "argv", [str(word) for word in argv])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self.capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    def hashes(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.model)): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in self.model.rglob("*")
            if path.is_file()
        }

    def manifest(self, version: str) -> BranchManifest:
        folder = branch_folder(self.model, LINE, version)
        return Artifact.open(folder, BranchManifest).manifest

    def forget_line(self) -> None:
        shutil.rmtree(self.model / "branches")
        shutil.rmtree(self.model / "settings")


@pytest.fixture
def plant(
    small_model: SmallModel,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Plant:
    shutil.copytree(small_model.folder, tmp_path / "model")
    monkeypatch.setenv("COLUMNS", "200")
    return Plant(tmp_path / "model", small_model.recording, capsys, monkeypatch)


def briefly(version: str, **changes: object) -> Order:
    heads = HeadPlan(epochs=2)
    said = {"heads": heads, "self_supervision_epochs": 1, "folds": 2, **changes}
    return Order(version=version, **said)  # type: ignore[arg-type]


def test_a_successor_adds_its_own_folder_and_moves_nothing_else(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.training.successor.Order", briefly)
    before = plant.hashes()
    code, said = plant.train("--json", tmp_path / "report.json")
    assert code == 0, said
    after = plant.hashes()
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert all(name.startswith(f"branches/{LINE}/2/") for name in new)
    parent = plant.manifest("2").parent
    assert parent is not None
    assert (parent.line, parent.version) == (LINE, "1")
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["version"] == "2"
    assert told["processor_s"] > 0
    assert "It judges nothing yet" in said


def test_a_new_line_from_good_parts_alone_and_then_from_labels(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.training.successor.Order", briefly)
    plant.forget_line()
    trunk = plant.hashes()
    code, said = plant.train("--good-only", "--good-parts", 30)
    assert code == 0, said
    assert "The line starts with it." in said
    assert {name: plant.hashes()[name] for name in trunk} == trunk
    path = plant.model / f"settings/{LINE}.toml"
    settings = load_settings(path, ModelSettings)
    model = load_model(plant.model, LINE, settings=settings)
    scores = [model.score(each) for each in samples_of(plant.recording, "test", 4)]
    assert all(0 <= each.score <= 1 for each in scores)
    assert {each.defect for each in scores} == {UNKNOWN_KIND.id}
    assert all(each.defect_map is not None for each in scores)
    assert settings.decisions.guarantee is None, "good parts promise no escape rate"

    refused, said = plant.train("--from", LINE)
    assert (refused, "knows good parts alone" in said) == (2, True)
    code, said = plant.train()
    assert code == 0, said
    parent = plant.manifest("2").parent
    assert parent is not None
    assert parent.version == "1"


def test_another_lines_heads_are_a_start(plant: Plant, tmp_path: Path) -> None:
    start = branch_folder(plant.model, LINE, "1")
    order = briefly("7", start_from=start)
    report = train_successor(plant.recording, plant.model, tmp_path / "7", order)
    assert "pictures, self-supervised" not in report.stage_s
    assert report.views > 1


def test_a_budget_shortens_what_heads_learn(plant: Plant, tmp_path: Path) -> None:
    order = briefly("8", heads=HeadPlan(epochs=500), budget_s=6.0)
    report = train_successor(plant.recording, plant.model, tmp_path / "8", order)
    assert report.epochs < 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "glass"), "the model has no branch of that line; it has: metal"),
        (("--version", "1"), "version 1 never changes"),
        (("--good-only", "--version", "../1"), "is no name"),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(
    plant: Plant,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inspector.training.successor.Order", briefly)
    before = plant.hashes()
    code, found = plant.train(*words)
    assert code == 2, found
    assert said in found
    assert "Traceback" not in found
    assert plant.hashes() == before


def test_a_line_without_defects_is_told_of_good_only(
    plant: Plant, tmp_path: Path
) -> None:
    folder = tmp_path / "all-good"
    shutil.copytree(plant.recording.folder, folder)
    table = folder / "frames.csv"
    head, *rows = table.read_text().splitlines()
    label = head.split(",").index("label")
    good = [row for row in rows if row.split(",")[label] == "good"]
    table.write_text("\n".join([head, *good]) + "\n")
    code, said = plant.train(recording=folder)
    assert code == 2, said
    assert "0 defective parts in split train" in said
    assert "--good-only" in said
    code, said = plant.train("--good-only", recording=folder)
    assert code == 0, said
