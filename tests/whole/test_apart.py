"""Whatever is done with a branch of one line, nothing else moves."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.staffing import Trunks, open_record
from inspector.__main__ import app
from inspector.branches import Act, BranchAct
from inspector.commands.hall import Hall, exit_code
from tests.small_model import LINE, SmallModel
from tests.whole.two_lines import TWIN, TwoLines, build_two_lines, wait_until

PARTS_BETWEEN_STEPS = 10
PARTS_PER_S = 20.0
"""Slow enough for a version to be loaded between two steps."""
WHAT_DECIDES = (
    "frame_id, score, picture_score, log_score, decision, reason, defect, look, route, "
    "branch_version, branch_sha256, trunk_sha256, settings_sha256"
)


@pytest.fixture
def plant(small_model: SmallModel, tmp_path: Path) -> TwoLines:
    plant = build_two_lines(small_model, tmp_path / "plant")
    engine = open_engine(plant.database)
    upgrade(engine)
    engine.dispose()
    return plant


def run_alone(plant: TwoLines, line: str) -> None:
    hall = plant.hall()
    hall.start([plant.settings(line, frames=as_fast(plant, line))])
    hall.serve([])
    assert exit_code(hall.runs.values()) == 0


def as_fast(plant: TwoLines, line: str) -> dict[str, object]:
    return {"kind": "recording", "path": str(plant.folder / line), "rate": "max"}


def test_every_verdict_of_another_line_is_the_same_to_the_last_bit(
    plant: TwoLines, small_model: SmallModel, tmp_path: Path
) -> None:
    alone = build_two_lines(small_model, tmp_path / "alone")
    engine = open_engine(alone.database)
    upgrade(engine)
    engine.dispose()
    run_alone(alone, TWIN)
    for version in ("2", "3", "4"):
        plant.add_version(LINE, version)
    before = plant.hashes()

    hall = plant.hall()
    # The other line runs in lock-step, alone and beside: what its windows hold must not
    # depend on how busy the machine is.
    slowly = as_fast(plant, LINE) | {"rate": PARTS_PER_S}
    other = plant.settings(TWIN, frames=as_fast(plant, TWIN))
    hall.start([plant.settings(LINE, frames=slowly), other])
    asked: list[int] = []
    serving = threading.Thread(target=hall.serve, args=(asked,))
    serving.start()
    record = open_record(plant.database)
    steps = [
        (Act.LIVE, "2", "1", None),
        (Act.SHADOW, "3", "2", None),
        (Act.CANARY, "4", "2", 2),
        (Act.WITHDRAWN, "4", "2", None),
        (Act.LIVE, "3", "2", None),
        (Act.ROLLBACK, "2", "3", None),
    ]
    for at, (act, version, instead_of, every) in enumerate(steps, start=1):
        judged = PARTS_BETWEEN_STEPS * at
        wait_until(lambda judged=judged: len(plant.rows(LINE, "id")) >= judged)
        record.acts.record(
            BranchAct(
                line=LINE,
                act=act,
                version=version,
                from_version=instead_of,
                every=every,
                who="test",
                why="to see whether anything else moves",
                acted_ns=time.time_ns(),
            )
        )
    serving.join()
    record.close()

    assert exit_code(hall.runs.values()) == 0
    assert plant.hashes() == before, "no file of any branch or of the trunk has moved"
    assert len(plant.rows(LINE, "DISTINCT branch_version")) > 1, "it was swapped"
    assert plant.rows(TWIN, WHAT_DECIDES) == alone.rows(TWIN, WHAT_DECIDES)
    assert {row[0] for row in plant.rows(TWIN, "branch_version")} == {"1"}
    accounts = [run.account for run in hall.runs.values()]
    assert all(account and account.balances for account in accounts)


def test_lines_of_one_model_share_its_trunk(plant: TwoLines) -> None:
    trunks = Trunks()
    assert trunks.of(plant.model) is trunks.of(plant.model)


def started(plant: TwoLines, hall: Hall, line: str) -> bool:
    run = hall.runs.get(plant.folder / "lines" / f"{line}.toml")
    return run is not None and run.name == line and not run.is_running


def test_a_file_in_the_folder_is_a_new_line_and_a_broken_one_stops_nobody(
    plant: TwoLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.commands.hall.LOOK_FOR_FILES_EVERY_S", 0.05)
    folder = plant.folder / "lines"
    folder.mkdir()
    frames = as_fast(plant, LINE) | {"rate": 60.0}
    plant.settings(LINE, frames=frames).rename(folder / f"{LINE}.toml")
    (folder / "broken.toml").write_text("id = 7", encoding="utf-8")
    hall = plant.hall(folder)
    asked: list[int] = []
    serving = threading.Thread(target=hall.serve, args=(asked,))
    serving.start()
    wait_until(lambda: (folder / "broken.toml") in hall.runs)
    twin = plant.settings(TWIN, frames=as_fast(plant, TWIN))
    twin.rename(folder / f"{TWIN}.toml")
    wait_until(lambda: started(plant, hall, TWIN))
    wait_until(lambda: started(plant, hall, LINE))
    asked.append(2)
    serving.join()
    assert len(plant.rows(LINE, "id")) == len(plant.rows(TWIN, "id")) == 120
    broken = hall.runs[folder / "broken.toml"]
    assert "broken.toml: field" in f"{broken.error}"
    assert exit_code(hall.runs.values()) == 2


def test_a_line_that_stands_starts_anew_when_its_file_is_corrected(
    plant: TwoLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.commands.hall.LOOK_FOR_FILES_EVERY_S", 0.05)
    folder = plant.folder / "lines"
    folder.mkdir()
    file = folder / f"{LINE}.toml"
    plant.settings(LINE, model="elsewhere").rename(file)
    hall = plant.hall(folder)
    asked: list[int] = []
    serving = threading.Thread(target=hall.serve, args=(asked,))
    serving.start()
    wait_until(lambda: file in hall.runs and hall.runs[file].error is not None)
    plant.settings(LINE, frames=as_fast(plant, LINE)).rename(file)
    wait_until(lambda: started(plant, hall, LINE))
    asked.append(2)
    serving.join()
    assert exit_code(hall.runs.values()) == 0
    assert len(plant.rows(LINE, "id")) == 120


def test_one_line_is_not_run_from_two_files(plant: TwoLines) -> None:
    one = plant.settings(LINE)
    other = plant.folder / "other.toml"
    other.write_bytes(one.read_bytes())
    hall = plant.hall()
    hall.start([one])
    wait_until(lambda: hall.runs[one].name == LINE)
    hall.start([other])
    hall.serve([])
    assert "runs already" in f"{hall.runs[other].error}"
    assert hall.runs[one].error is None
    assert exit_code(hall.runs.values()) == 2


def test_the_command_takes_lines_or_one_folder(plant: TwoLines) -> None:
    done = CliRunner().invoke(
        app, ["run", str(plant.folder), str(plant.settings(LINE))]
    )
    assert "a folder of lines is watched by itself" in f"{done.exception}"
