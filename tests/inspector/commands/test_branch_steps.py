"""Steps of a branch from the shell: what stands afterwards, who made it, and why."""

from __future__ import annotations

import json
from pathlib import Path

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from inspector.branches import Act, BranchAct, Standing, standing
from tests.inspector.commands.test_branch import (
    LENIENT,
    Plant,
    call_all_good,
    plant,
    refused,
    twin,
    verified,
)
from tests.small_model import LINE

__all__ = ["plant"]

PROVED = LENIENT | {"margin_reviews": 0.5}


def acts_of(plant: Plant) -> list[BranchAct]:
    engine = open_engine(plant.database)
    try:
        return list(SqlBranchActs(engine).acts(LINE))
    finally:
        engine.dispose()


def stands(plant: Plant) -> Standing:
    return standing(LINE, acts_of(plant))


def empty_record(plant: Plant) -> None:
    engine = open_engine(plant.database)
    upgrade(engine)
    engine.dispose()


def step(plant: Plant, settings: Path, *words: object) -> str:
    name, *rest = words
    code, said = plant.run("branch", name, LINE, *rest, "--settings", settings)
    assert code == 0, said
    return said


def test_a_branch_goes_from_shadow_to_the_line_and_back(plant: Plant) -> None:
    plant.monkeypatch.setattr("inspector.gate._TIMED", 20)
    verified(plant)
    settings = plant.settings(gate=PROVED)
    twin(plant, "2")

    said = step(plant, settings, "shadow", "2", "--who", "lin")
    assert "branch 2 judges in shadow of 1" in said
    assert stands(plant).shadow == "2"
    said = step(plant, settings, "shadow", "--show")
    assert "Branch 2 in shadow of line metal" in said

    step(plant, settings, "canary", "2", "--every", 5, "--reason", "a few first")
    assert (stands(plant).canary, stands(plant).every) == ("2", 5)
    step(plant, settings, "withdraw", "2")
    assert stands(plant).canary is None

    gate = plant.folder / "gate.json"
    said = step(plant, settings, "use", "2", "--who", "lin", "--json", gate)
    assert "branch 2 judges from now on, instead of 1" in said
    assert (stands(plant).live, stands(plant).before) == ("2", "1")
    assert json.loads(gate.read_text())["passed"]

    told = plant.folder / "back.json"
    said = step(plant, settings, "rollback", "--json", told)
    assert "branch 1 judges again, instead of 2" in said
    assert stands(plant).live == "1"
    assert json.loads(told.read_text())["version"] == "1"

    made = [(act.act, act.version, act.from_version) for act in acts_of(plant)]
    assert made == [
        (Act.SHADOW, "2", "1"),
        (Act.CANARY, "2", "1"),
        (Act.WITHDRAWN, "2", None),
        (Act.LIVE, "2", "1"),
        (Act.ROLLBACK, "1", "2"),
    ]
    live = acts_of(plant)[3]
    assert (live.who, live.why, live.forced) == ("lin", "passed the gate", False)
    assert live.figures["passed"]


def test_what_the_gate_refuses_needs_a_right_and_a_reason(plant: Plant) -> None:
    plant.monkeypatch.setattr("inspector.gate._TIMED", 20)
    verified(plant)
    settings = plant.settings(gate=PROVED, may_force=["lin"])
    call_all_good(plant, "3")
    words = ("use", LINE, "3", "--settings", settings)
    assert "The gate refuses it." in refused(plant, *words)
    said = refused(plant, *words, "--force", "--who", "bo", "--reason", "hurry")
    assert "bo has no right to overrule the gate" in said
    said = refused(plant, *words, "--force", "--who", "lin")
    assert "not overruled without a reason" in said
    assert acts_of(plant) == []
    forced = ("3", "--force", "--who", "lin", "--reason", "old cells are gone")
    step(plant, settings, "use", *forced)
    (act,) = acts_of(plant)
    assert (act.forced, act.who, act.why) == (True, "lin", "old cells are gone")


def test_steps_that_make_no_sense_are_refused(plant: Plant) -> None:
    empty_record(plant)
    settings = plant.settings()
    twin(plant, "2")
    where = ("--settings", settings)
    assert "nothing to go back to" in refused(plant, "rollback", LINE, *where)
    said = refused(plant, "withdraw", LINE, "2", *where)
    assert "neither in shadow nor a canary" in said
    assert "branch 1 judges now" in refused(plant, "shadow", LINE, "1", *where)
    assert "has no version 9" in refused(plant, "shadow", LINE, "9", *where)
    assert "no branch is in shadow" in refused(plant, "disagreements", LINE, *where)
    assert "name its record" in refused(plant, "rollback", LINE)
    assert acts_of(plant) == []
