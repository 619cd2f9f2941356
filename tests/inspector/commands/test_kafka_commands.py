"""`work`, `account`, `schema` and `deadletters` as their users meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tomli_w

from tests.fed_plant import PICTURE, Plant
from tests.inspector.commands.test_main import inspector


def test_schemas_are_printed_and_written(tmp_path: Path) -> None:
    done = inspector("schema", "verdict")
    assert json.loads(done.stdout)["title"] == "VerdictMessage"
    assert inspector("schema", "--out", tmp_path).returncode == 0
    assert len(list(tmp_path.glob("*.schema.json"))) == 4


def test_an_unknown_schema_is_a_clear_line() -> None:
    done = inspector("schema", "verdicts")
    assert done.returncode == 2
    assert "is none of verdict, line-state" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lines = 'nowhere'", "nowhere: is no folder"),
        ("[kafka]\nbroker = 'x'", "kafka.broker"),
        ("[kafka.topics]\nframes = 'a'\nlogs = 'a'", "names one topic twice"),
        ("[kafka]\nwhen_behind = 'drop'", "kafka.when_behind"),
    ],
)
def test_wrong_settings_of_a_worker_are_named(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "lines").mkdir()
    path = tmp_path / "worker.toml"
    head = "" if text.startswith("lines") else f"lines = '{tmp_path / 'lines'}'\n"
    path.write_text(f"evidence = '{tmp_path / 'evidence'}'\n{head}{text}")
    database = f"sqlite:///{tmp_path / 'a.db'}"
    inspector("db", "upgrade", INSPECTOR_DATABASE_URL=database)
    done = inspector("work", path, INSPECTOR_DATABASE_URL=database)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.kafka
def test_the_account_and_the_dead_letters_of_a_plant(plant: Plant) -> None:
    plant.line("poly")
    plant.frame("poly", 0)
    plant.frame("poly", 1, headers={"frameid": "one"})
    with plant.working():
        plant.wait_for_rows(1)
        plant.read("dead_letters", 1)
    path = plant.folder / "worker.toml"
    settings = plant.settings().model_dump(mode="json", exclude_none=True)
    path.write_text(tomli_w.dumps(settings))
    out = plant.folder / "account.json"
    done = inspector(
        *("account", "poly", "--since", "2026-01-01T00:00:00Z", "--json", out),
        INSPECTOR_DATABASE_URL=plant.database,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["minutes"][0]["verdicts"] == 1
    listed = inspector("deadletters", "list", path)
    assert "frameid is 'one', not a whole number" in listed.stdout
    file = plant.folder / "letter.jpg"
    shown = inspector("deadletters", "show", path, "0:0", "--out", file)
    assert shown.returncode == 0, shown.stderr
    assert file.read_bytes() == PICTURE
    assert inspector("deadletters", "replay", path, "0:0").returncode == 0
    missing = inspector("deadletters", "show", path, "0:9")
    assert missing.returncode == 2
    assert "is not there" in missing.stderr
