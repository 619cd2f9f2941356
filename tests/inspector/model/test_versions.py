"""A version as a whole: what is missing or altered, and which settings hold."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from inspector.errors import (
    AlteredError,
    ArtifactError,
    ContractError,
    FormatError,
    GoldenError,
    GraphError,
    SettingsError,
)
from inspector.model.artifact import NEEDED, check_classes, settings_file
from inspector.model.hybrid import Branch
from inspector.model.versions import check_version, contents, settings_of_version
from inspector.settings import DecisionRules, ModelSettings, load_settings
from tests.small_branch import TinyBranch, tiny_model


def test_a_whole_version_is_opened_and_loaded(tmp_path: Path) -> None:
    artifact = check_version(TinyBranch().write(tmp_path))
    assert list(contents(artifact)) == [
        *NEEDED,
        "weights.safetensors",
        "manifest.toml",
    ]
    assert list(contents(artifact, training=False)) == [*NEEDED, "manifest.toml"]
    assert Branch(tmp_path).id.sha256 == artifact.sha256


@pytest.mark.parametrize("name", NEEDED)
def test_a_file_that_no_branch_can_do_without_is_named(
    tmp_path: Path, name: str
) -> None:
    TinyBranch(without=[name]).write(tmp_path)
    with pytest.raises(ContractError, match=f"does not name {name}"):
        check_version(tmp_path)


@pytest.mark.parametrize("name", [*NEEDED, "weights.safetensors"])
def test_an_altered_byte_is_found(tmp_path: Path, name: str) -> None:
    path = TinyBranch().write(tmp_path) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(AlteredError, match=f"{name}: was altered"):
        check_version(tmp_path)


@pytest.mark.parametrize("name", NEEDED)
def test_a_file_that_was_cut_off_is_found(tmp_path: Path, name: str) -> None:
    path = TinyBranch().write(tmp_path) / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(AlteredError, match=f"{name}: was altered"):
        check_version(tmp_path)


@pytest.mark.parametrize(
    ("found", "said"),
    [(4, "newer than this one, which reads 3: update"), (2, "older than .*: train")],
)
def test_a_manifest_of_another_time_says_what_to_do(
    tmp_path: Path, found: int, said: str
) -> None:
    TinyBranch(changes={"format": found, "invented_later": True}).write(tmp_path)
    with pytest.raises(FormatError, match=said):
        check_version(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"invented": 1}, "invented"),
        ({"classes": [{"id": "good", "en": "good", "zh": "良品"}]}, "classes"),
        ({"line": "../poly"}, "line"),
        ({"trunk": {"version": "1", "sha256": "short"}}, "trunk.sha256"),
        ({"preprocessing": {"height": 8, "width": 8, "channels": 2}}, "preproc"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    TinyBranch(changes=changes).write(tmp_path)
    with pytest.raises(ContractError, match=f"field {said}"):
        check_version(tmp_path)


def test_a_graph_is_read_before_it_is_run(tmp_path: Path) -> None:
    TinyBranch().write(tmp_path)
    model = tiny_model()
    model.graph.node.add(op_type="Loop", output=["odd"])
    rewrite(tmp_path, {"model.onnx": model.SerializeToString()})
    for check in (check_version, Branch):
        with pytest.raises(GraphError, match="operator Loop"):
            check(tmp_path)


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        (TinyBranch(side=9), r"takes \(1, 9, 9, 1\), the manifest says one picture"),
        (TinyBranch(kinds=2), "tells 2 kinds of defects, the manifest names 1"),
    ],
)
def test_a_graph_of_another_form_is_refused(
    tmp_path: Path, branch: TinyBranch, said: str
) -> None:
    with pytest.raises(ContractError, match=said):
        Branch(branch.write(tmp_path))


def test_a_golden_sample_that_fails_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GoldenError, match=r"golden samples wrongly, off by 0\.05"):
        Branch(TinyBranch(golden_off=0.05).write(tmp_path))


def test_a_class_that_the_line_has_must_be_known(tmp_path: Path) -> None:
    manifest = TinyBranch(classes=("good", "crack", "dent")).manifest()
    check_classes("poly", ["good", "dent"], manifest, tmp_path)
    with pytest.raises(ContractError, match="knows the classes good, crack, dent, but"):
        check_classes("poly", ["good", "crack", "stain"], manifest, tmp_path)
    with pytest.raises(ContractError):
        check_classes("poly", ["crack", "good"], manifest, tmp_path)


def rewrite(folder: Path, files: dict[str, bytes]) -> None:
    """Exchange files as somebody would who also knows the hashes."""
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    for name, content in files.items():
        (folder / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest))


# Which settings hold.


def said(version: str, reject_at: float, line: str = "poly") -> bytes:
    rules = DecisionRules(reject_at=reject_at, pass_below=0.1)
    settings = ModelSettings(line=line, branch=version, decisions=rules)
    return tomli_w.dumps(settings.model_dump(exclude_none=True)).encode()


def holding(model: Path, version: str) -> float:
    folder = model / "branches/poly" / version
    return settings_of_version(model, "poly", version, folder).decisions.reject_at


def test_what_people_changed_holds_before_what_training_proposed(
    tmp_path: Path,
) -> None:
    for version in ("1", "2"):
        TinyBranch(version=version).write(tmp_path / "branches/poly" / version)
    assert holding(tmp_path, "1") == holding(tmp_path, "2") == 0.5
    start = settings_file(tmp_path, "poly")
    start.parent.mkdir()
    start.write_bytes(said("1", 0.6))
    assert (holding(tmp_path, "1"), holding(tmp_path, "2")) == (0.6, 0.5)
    changed = tmp_path / "settings/poly/2.toml"
    changed.parent.mkdir()
    changed.write_bytes(said("2", 0.7))
    assert (holding(tmp_path, "1"), holding(tmp_path, "2")) == (0.6, 0.7)


def test_settings_of_another_version_are_refused(tmp_path: Path) -> None:
    TinyBranch().write(tmp_path / "branches/poly/1")
    changed = tmp_path / "settings/poly/1.toml"
    changed.parent.mkdir(parents=True)
    changed.write_bytes(said("2", 0.7))
    with pytest.raises(ContractError, match="is of version 2 of line poly"):
        holding(tmp_path, "1")
    changed.write_text("nonsense")
    with pytest.raises(SettingsError, match=r"1\.toml"):
        holding(tmp_path, "1")


def test_proposed_settings_belong_to_their_version(tmp_path: Path) -> None:
    TinyBranch().write(tmp_path)
    rewrite(tmp_path, {"settings.toml": said("7", 0.5)})
    with pytest.raises(ArtifactError, match="is of version 7"):
        check_version(tmp_path)
    proposed = load_settings(tmp_path / "settings.toml", ModelSettings)
    assert proposed.branch == "7"
