"""Branches from the shell: what is shown, what is carried, and what is refused.

Every refusal leaves exit code 2, a line that names what is wrong, and everything that
was there before as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from connectors.database.engine import open_engine
from connectors.database.read import decided
from connectors.database.verifications import SqlVerifications
from inspector.__main__ import main
from inspector.model.artifact import Artifact, FittedTrunk, TrunkManifest
from inspector.model.signing import make_key, sign
from inspector.recording import Recording
from inspector.types import Decision
from inspector.verification import Outcome
from tests.builders import a_word
from tests.inspector.commands.test_main import ROOT, inspector
from tests.small_branch import TinyBranch, tiny_model
from tests.small_model import LINE, SmallModel


@dataclass
class Plant:
    """A model with one line, and a shell."""

    folder: Path
    recording: Recording
    said: Callable[[], tuple[str, str]]
    monkeypatch: pytest.MonkeyPatch

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def run(self, *words: object) -> tuple[int, str]:
        """Run a command in this process; gives its exit code and all it said."""
        argv = ["inspector", *map(str, words)]
        self.monkeypatch.setattr(sys, "argv", argv)
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self.said()
        return code, " ".join((out + err).split())

    def branch(self, *words: object) -> tuple[int, str]:
        return self.run("branch", *words, "--model", self.model)

    def files(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.model)): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in self.model.rglob("*")
            if path.is_file()
        }

    def tiny(self, **changes: Any) -> TinyBranch:
        found = Artifact.open(self.model / "trunk", TrunkManifest)
        trunk = FittedTrunk(version=found.manifest.version, sha256=found.sha256)
        said: dict[str, Any] = {"line": LINE, "version": "2", "trunk": trunk}
        return TinyBranch(**{**said, "classes": classes(self), **changes})

    def package(self, branch: TinyBranch, name: str = "p.branch") -> Path:
        folder = branch.write(self.folder / f"made-{name}")
        return self.zip(folder, name)

    def zip(self, folder: Path, name: str = "p.branch") -> Path:
        with zipfile.ZipFile(self.folder / name, "w") as packed:
            for path in folder.iterdir():
                packed.write(path, path.name)
        return self.folder / name

    def settings(self, **branches: Any) -> Path:
        said = {
            **tomllib.loads((self.recording.folder / "line.toml").read_text()),
            "model": str(self.model),
            "database": self.database,
            "evidence": str(self.folder / "evidence"),
            "frames": {"kind": "recording", "path": str(self.recording.folder)},
            "branches": branches,
        }
        path = self.folder / f"{LINE}.toml"
        path.write_text(tomli_w.dumps(said))
        return path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'v.db'}"


def classes(plant: Plant) -> tuple[str, ...]:
    return tuple(plant.recording.settings.classes)


@pytest.fixture
def plant(
    small_model: SmallModel,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Plant:
    shutil.copytree(small_model.folder, tmp_path / "model")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("INSPECTOR_DATABASE_URL", raising=False)

    def said() -> tuple[str, str]:
        found = capsys.readouterr()
        return found.out, found.err

    return Plant(tmp_path, small_model.recording, said, monkeypatch)


def refused(plant: Plant, *words: object) -> str:
    before = plant.files()
    code, said = plant.run("branch", *words)
    assert code == 2, said
    assert "Traceback" not in said
    assert plant.files() == before
    return said


def importing(plant: Plant, package: Path, *more: object) -> str:
    return refused(plant, "import", package, "--model", plant.model, *more)


# What goes well.


def test_versions_are_listed_shown_checked_and_compared(plant: Plant) -> None:
    assert plant.branch("import", plant.package(plant.tiny()))[0] == 0
    code, said = plant.branch("list", "--json", plant.folder / "list.json")
    assert code == 0
    told = json.loads((plant.folder / "list.json").read_text())["branches"]
    assert [(row["line"], row["version"], row["role"]) for row in told] == [
        (LINE, "1", "live"),
        (LINE, "2", ""),
    ]
    code, said = plant.branch("show", LINE, "1")
    assert code == 0
    assert "learned_from.parts.train: " in said
    assert f"figures.test.parts: {len(plant.recording.select('test'))}" in said
    assert "role: live" in said
    code, said = plant.branch("diff", LINE, "1", "2")
    assert code == 0
    assert "backbone" in said
    assert "classes" not in said
    assert plant.branch("diff", LINE, "1", "1")[1].endswith("They are the same.")
    code, said = plant.branch("check", LINE)
    assert (code, said.count("is sound")) == (0, 2)


def test_a_version_is_carried_to_another_plant(plant: Plant) -> None:
    package = plant.folder / "metal-1.branch"
    code, said = plant.branch("export", LINE, "1", package)
    assert code == 0, said
    shutil.copytree(plant.model, plant.folder / "other")
    shutil.rmtree(plant.folder / "other/branches")
    there = "--model", plant.folder / "other"
    code, said = plant.run("branch", "import", package, *there)
    assert (code, "judges nothing yet" in said) == (0, True)
    own, theirs = (
        plant.folder / model / f"branches/{LINE}/1" for model in ("model", "other")
    )
    manifests = [(each / "manifest.toml").read_bytes() for each in (own, theirs)]
    assert manifests[0] == manifests[1]
    assert not (theirs / "weights.safetensors").exists()
    code, said = plant.run("branch", "check", LINE, *there)
    assert code == 0, said


def test_importing_changes_nothing_that_was_there(plant: Plant) -> None:
    before = plant.files()
    assert plant.branch("import", plant.package(plant.tiny()))[0] == 0
    after = plant.files()
    assert {name: after[name] for name in before} == before
    new = set(after) - set(before)
    assert all(name.startswith(f"branches/{LINE}/2/") for name in new)


def test_a_signed_version_is_taken_by_a_line_that_asks_for_it(plant: Plant) -> None:
    key = plant.folder / "key.pem"
    code, said = plant.run("branch", "keygen", key)
    assert code == 0
    public = said.rsplit('"', 2)[1]
    settings = plant.settings(public_key=public)
    assert plant.branch("sign", LINE, "1", "--key", key)[0] == 0
    code, said = plant.branch("check", LINE, "1", "--settings", settings)
    assert code == 0, said
    assert plant.branch("list", "--settings", settings)[0] == 0


def test_an_altered_version_is_listed_with_what_is_wrong(plant: Plant) -> None:
    (plant.model / f"branches/{LINE}/1/glance.onnx").write_bytes(b"altered")
    code, said = plant.branch("list")
    assert code == 0
    assert "was altered" in said


# What is refused.


def test_a_branch_of_another_trunk(plant: Plant) -> None:
    strange = FittedTrunk(version="9", sha256="9" * 64)
    said = importing(plant, plant.package(plant.tiny(trunk=strange)))
    assert "was made for trunk 9 (999999999999), but the model's is 1" in said


def test_a_file_that_was_cut_off(plant: Plant) -> None:
    package = plant.package(plant.tiny())
    package.write_bytes(package.read_bytes()[:-200])
    assert "is no package of a branch" in importing(plant, package)


def test_a_byte_that_was_altered(plant: Plant) -> None:
    folder = plant.tiny().write(plant.folder / "altered")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[100] ^= 1
    (folder / "model.onnx").write_bytes(content)
    assert "model.onnx: was altered" in importing(plant, plant.zip(folder))


def test_a_class_that_is_missing(plant: Plant) -> None:
    package = plant.package(plant.tiny(classes=("good", "scratch")))
    said = importing(plant, package, "--settings", plant.settings())
    assert "knows the classes good, scratch, but line metal has" in said


def test_pictures_of_another_size(plant: Plant) -> None:
    said = importing(plant, plant.package(plant.tiny(side=9)))
    assert "takes (1, 9, 9, 1), the manifest says one picture (1, 8, 8, 1)" in said


def test_a_region_that_is_not_the_lines(plant: Plant) -> None:
    settings = plant.settings()
    with settings.open("a") as file:
        file.write("\n[picture]\nregion = [0, 0, 20, 20]\n")
    package = plant.package(plant.tiny())
    said = importing(plant, package, "--settings", settings)
    assert "was trained for the whole picture" in said


def test_a_manifest_of_a_newer_version(plant: Plant) -> None:
    package = plant.package(plant.tiny(changes={"format": 4}))
    assert "field format: is 4" in importing(plant, package)
    assert "update this program" in importing(plant, package)


def test_a_golden_sample_that_fails(plant: Plant) -> None:
    said = importing(plant, plant.package(plant.tiny(golden_off=0.1)))
    assert "answers its golden samples wrongly, off by 0.1" in said


def with_graph(plant: Plant, graph: bytes) -> Path:
    folder = plant.tiny().write(plant.folder / "graph")
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    (folder / "model.onnx").write_bytes(graph)
    manifest["files"]["model.onnx"] = hashlib.sha256(graph).hexdigest()
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest))
    return plant.zip(folder)


def test_a_graph_with_data_elsewhere(plant: Plant) -> None:
    model = tiny_model(kinds=len(classes(plant)) - 1)
    tensor = model.graph.initializer[0]
    tensor.data_location = tensor.EXTERNAL
    tensor.external_data.add(key="location", value="../../../trunk/golden.npz")
    said = importing(plant, with_graph(plant, model.SerializeToString()))
    assert "has its data in '../../../trunk/golden.npz'" in said


def test_a_graph_with_an_operator_that_is_not_allowed(plant: Plant) -> None:
    model = tiny_model(kinds=len(classes(plant)) - 1)
    model.graph.node.add(op_type="Loop", output=["odd"])
    said = importing(plant, with_graph(plant, model.SerializeToString()))
    assert "uses the operator Loop, which a branch may not" in said


def test_a_package_that_leads_elsewhere(plant: Plant) -> None:
    package = plant.package(plant.tiny())
    with zipfile.ZipFile(package, "a") as packed:
        packed.writestr("../../trunk/manifest.toml", "evil")
    assert "which leads out of the branch's own folder" in importing(plant, package)


def test_a_version_that_is_there_already(plant: Plant) -> None:
    package = plant.package(plant.tiny(version="1"))
    assert "is there already, and version 1 never changes" in importing(plant, package)


def test_an_unsigned_branch_where_a_key_is_named(plant: Plant) -> None:
    settings = plant.settings(public_key=make_key(plant.folder / "key.pem"))
    package = plant.package(plant.tiny())
    assert "is not signed" in importing(plant, package, "--settings", settings)
    said = refused(plant, "check", LINE, "--settings", settings)
    assert "is not signed" in said


def test_a_signed_branch_that_was_altered(plant: Plant) -> None:
    key = plant.folder / "key.pem"
    settings = plant.settings(public_key=make_key(key))
    folder = plant.tiny().write(plant.folder / "signed")
    sign(folder, key)
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    manifest["backbone"] = "another"
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest))
    said = importing(plant, plant.zip(folder), "--settings", settings)
    assert "is not of this manifest by the key that the line trusts" in said


def test_what_is_not_there(plant: Plant) -> None:
    said = refused(plant, "show", LINE, "7", "--model", plant.model)
    assert f"has no version 7 of line {LINE}'s branch; it has: 1" in said
    said = refused(plant, "list", "--model", plant.folder / "nowhere")
    assert "is no folder of a model" in said
    assert "name the model's folder, or --settings" in refused(plant, "list")
    said = refused(plant, "show", "..", "1", "--model", plant.model)
    assert "is no name" in said
    said = refused(plant, "list", "--model", plant.model, "--store", "nonsense://x")
    assert "cannot be opened" in said


def test_settings_of_another_line(plant: Plant) -> None:
    settings = plant.settings()
    said = refused(plant, "check", "poly", "--settings", settings)
    assert f"is of line {LINE}, not of line poly" in said


def test_a_full_disk_during_an_import_leaves_what_was_there(plant: Plant) -> None:
    package = plant.folder / "large.branch"
    assert plant.branch("export", LINE, "1", package)[0] == 0
    shutil.rmtree(plant.model / f"branches/{LINE}/1")
    before = plant.files()
    room = 1 << 20  # For each file: model.onnx needs more.

    def fill_the_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    words = ["branch", "import", package, "--model", plant.model]
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "inspector", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(plant.folder)},
        preexec_fn=fill_the_disk,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert plant.files() == before
    assert not list(plant.folder.glob("branch-*"))


def test_in_a_process_of_its_own_too(plant: Plant) -> None:
    package = plant.package(plant.tiny(golden_off=0.1))
    done = inspector("branch", "import", package, "--model", plant.model)
    assert done.returncode == 2
    assert done.stderr.startswith("inspector: ")
    assert "golden samples wrongly" in done.stderr


# The gate.


def verified(plant: Plant) -> None:
    """Replay a shift, and let somebody look at every part that did not pass."""
    code, said = plant.run(
        *("replay", plant.recording.folder, "--model", plant.model, "--rate", "max"),
        *("--database", plant.database, "--evidence", plant.folder / "evidence"),
        *("--split", "test"),
    )
    assert code == 0, said
    engine = open_engine(plant.database)
    rows = {row.frame_id: row for row in plant.recording.rows}
    for each in list(decided(engine, LINE)):
        bad = rows[each.frame_id].label != "good"
        right = bad == (each.decision != Decision.PASS.value)
        wrongly = Outcome.FALSE_CALL if not bad else Outcome.ESCAPE
        SqlVerifications(engine).record(
            a_word(
                line=LINE,
                camera=each.camera,
                frame_id=each.frame_id,
                captured_ns=rows[each.frame_id].captured_ns,
                outcome=Outcome.CONFIRMED if right else wrongly,
            )
        )
    engine.dispose()


def twin(plant: Plant, version: str) -> None:
    """Add the running branch again, under another name."""
    folder = plant.model / f"branches/{LINE}/{version}"
    shutil.copytree(plant.model / f"branches/{LINE}/1", folder)
    for name in ("manifest.toml", "settings.toml"):
        said = tomllib.loads((folder / name).read_text())
        said["version" if name == "manifest.toml" else "branch"] = version
        (folder / name).write_text(tomli_w.dumps(said))
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    proposed = (folder / "settings.toml").read_bytes()
    manifest["files"]["settings.toml"] = hashlib.sha256(proposed).hexdigest()
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest))


def call_all_good(plant: Plant, version: str) -> None:
    """Add a branch that is whole, and passes whatever comes."""
    blind = plant.tiny(version=version, gain=0.001)
    blind.write(plant.model / f"branches/{LINE}/{version}")
    loose = plant.model / f"settings/{LINE}/{version}.toml"
    loose.parent.mkdir()
    rules = {"pass_below": 0.99, "reject_at": 0.995, "look_tolerance": 0.0}
    said = {"line": LINE, "branch": version, "decisions": rules}
    loose.write_text(tomli_w.dumps(said))


GOLDEN_PARTS = 12
LENIENT = {"fewest_bad": 2, "fewest_good": 2, "margin_errors": 0.5, "margin_auroc": 0.5}


def test_the_gate_compares_on_the_parts_that_people_have_looked_at(
    plant: Plant,
) -> None:
    plant.monkeypatch.setattr("inspector.gate._TIMED", 20)
    verified(plant)
    settings = plant.settings(gate=LENIENT | {"margin_reviews": 0.5})
    twin(plant, "2")
    report = plant.folder / "gate.json"
    words = ("check", LINE, "2", "--gate", "--settings", settings, "--json", report)
    code, said = plant.run("branch", *words)
    assert code == 0, said
    assert "The gate lets it through." in said
    found = json.loads(report.read_text())
    assert found["verified"]["bad"] >= 2
    assert found["verified"]["good"] >= 2
    assert found["wrong_decisions"]["difference"] == 0
    assert found["auroc"]["difference"] == 0
    assert found["passed"]
    # One that calls every part good must not come in, whatever it was measured to do.
    call_all_good(plant, "3")
    said = refused(plant, "check", LINE, "3", "--gate", "--settings", settings)
    assert "branch 3 of line metal, flips: passes" in said
    assert "The gate refuses it." in said


def test_the_gate_refuses_what_is_broken_with_the_reason(plant: Plant) -> None:
    plant.tiny(golden_off=0.1).write(plant.model / f"branches/{LINE}/2")
    said = refused(plant, "check", LINE, "2", "--gate", "--model", plant.model)
    assert "branch 2 of line metal, golden samples:" in said


def test_golden_parts_decide_where_nobody_has_looked(plant: Plant) -> None:
    plant.monkeypatch.setattr("inspector.gate._TIMED", 20)
    golden = Path(shutil.copytree(plant.recording.folder, plant.folder / "golden"))
    few = (golden / "frames.csv").read_text().splitlines()[: 1 + GOLDEN_PARTS]
    (golden / "frames.csv").write_text("\n".join(few))
    settings = plant.settings(golden=str(golden))
    code, said = plant.run("db", "upgrade", "--database", plant.database)
    assert code == 0, said
    twin(plant, "2")
    code, said = plant.run(
        "branch", "check", LINE, "2", "--gate", "--settings", settings
    )
    assert code == 0, said
    assert "too few to compare on" in said
    assert f"{GOLDEN_PARTS} parts" in said
