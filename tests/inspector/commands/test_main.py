"""The command line as its users meet it: another process, exit codes, clear errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import tomli_w

from tests.connectors.recorded import a_recording
from tests.small_model import SmallModel

ROOT = Path(__file__).parents[3]


def inspector(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "inspector", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


def test_help_is_there_at_once_and_without_heavy_packages() -> None:
    script = (
        "import sys\nfrom inspector.__main__ import app\n"
        "heavy = {'torch', 'cv2', 'onnxruntime', 'sklearn', 'sqlalchemy', 'pydantic'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 5


COMMANDS = [
    *(
        ["demo"],
        ["train"],
        ["evaluate"],
        ["explain"],
        ["replay"],
        ["run"],
        ["simulate"],
        ["bench"],
    ),
    *(["recording", "check"], ["db", "upgrade"], ["db", "check"]),
    *(["branch", name] for name in ("list", "show", "diff", "check")),
    *(["branch", name] for name in ("export", "import", "sign", "keygen")),
    *(["branch", name] for name in ("use", "canary", "shadow", "disagreements")),
    *(["branch", name] for name in ("withdraw", "rollback")),
    *(["work"], ["account"], ["schema"]),
    *(["deadletters", name] for name in ("list", "show", "replay")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    done = inspector(*command, "--help")
    assert done.returncode == 0
    assert "Example: inspector " + " ".join(command) in done.stdout
    prints_json = command == ["schema"]
    assert prints_json or "--json" in done.stdout


def test_the_version_is_told() -> None:
    assert inspector("--version").stdout.startswith("inspector 0.")


def as_if_a_command(act: str) -> subprocess.CompletedProcess[str]:
    """Run a command that does nothing but this."""
    script = (
        "import logging, sys\nimport inspector.__main__ as line\n"
        f"@line.app.command()\ndef act():\n    {act}\n"
        "sys.argv = ['inspector', 'act']\nline.main()\n"
    )
    return subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        ("raise KeyboardInterrupt", 130, ""),
        (
            "sys.modules['torch'] = None; import torch",
            2,
            "pip install 'inspector[train]'",
        ),
        ("raise ImportError('libGL.so.1', name='cv2')", 1, "apt-get install libgl1"),
        ("logging.getLogger('poly').warning('the log is late')", 0, "the log is late"),
    ],
)
def test_what_goes_wrong_is_said_beside_the_tables(
    act: str, code: int, said: str
) -> None:
    done = as_if_a_command(act)
    assert (done.returncode, done.stdout.strip()) == (code, ""), done.stderr
    assert said in done.stderr
    no_traceback(done)


def no_traceback(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["recording", "check", "nowhere"], "nowhere: is not a folder"),
        (["replay", "nowhere", "--model", "M"], "nowhere: is not a folder"),
        (["run", "nowhere.toml"], "nowhere.toml: does not exist"),
        (["db", "check", "--database", "oracle://x"], "not supported"),
        (["db", "upgrade", "--database", "nonsense"], "is not a database URL"),
        (["replay", "R", "--model", "M", "--rate", "-3"], "parts per second"),
        (["explain", "1", "--out", "o", "--language", "de"], "speaks en and zh"),
        (["explain", "1", "--out", "o", "--database", "sqlite:///no.db"], "db upgrade"),
        (["no-such-command"], "No such command"),
    ],
)
def test_a_users_mistake_is_one_clear_line(words: list[str], message: str) -> None:
    done = inspector(*words)
    assert done.returncode == 2
    assert message in done.stderr
    no_traceback(done)


def test_every_problem_of_a_recording_is_named_in_one_go(tmp_path: Path) -> None:
    a_recording(tmp_path / "r")
    table = tmp_path / "r/frames.csv"
    rows = table.read_text().splitlines()
    rows[2] = rows[2].replace("good", "goood")
    rows[3] = rows[3].replace("Z", "", 1)
    table.write_text("\n".join(rows) + "\n")
    (tmp_path / "r/frames/3.png").write_bytes(b"not a picture")
    done = inspector("recording", "check", tmp_path / "r", "--json", tmp_path / "p")
    assert done.returncode == 2
    no_traceback(done)
    for row in (3, 4, 5):
        assert f"row {row}" in done.stderr
    assert len(json.loads((tmp_path / "p").read_text())["problems"]) == 3


def test_a_sound_recording_is_summed_up(tmp_path: Path) -> None:
    a_recording(tmp_path / "r")
    done = inspector("recording", "check", tmp_path / "r")
    assert (done.returncode, "4 parts" in done.stdout) == (0, True), done.stderr


def test_a_database_is_made_and_checked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    before = inspector("db", "check", INSPECTOR_DATABASE_URL=url)
    assert before.returncode == 2
    assert "run  inspector db upgrade" in before.stderr
    assert inspector("db", "upgrade", "--database", url).returncode == 0
    assert inspector("db", "check", "--database", url).returncode == 0


def test_alembic_sees_no_drift(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    assert inspector("db", "upgrade", "--database", url).returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "INSPECTOR_DATABASE_URL": url},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No new upgrade operations" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_recorded_line_runs_end_to_end(
    small_model: SmallModel, tmp_path: Path
) -> None:
    recording, model = small_model.recording.folder, small_model.folder
    database = f"sqlite:///{tmp_path / 'v.db'}"
    done = inspector(
        *("replay", recording, "--model", model, "--database", database),
        *("--rate", "60", "--evidence", tmp_path / "e", "--json", tmp_path / "r.json"),
    )
    assert done.returncode == 0, done.stderr
    account = json.loads((tmp_path / "r.json").read_text())
    assert account["parts"] == account["verdicts"] == 120
    assert sum(account["decisions"].values()) == 120
    assert set(account["latency_ms"]) == {"p50", "p99", "by_stage"}
    done = inspector(
        *("evaluate", recording, "--model", model, "--json", tmp_path / "e.json"),
        *("--markdown", tmp_path / "e.md", "--report", tmp_path / "report"),
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "e.json").read_text())
    assert figures["onnx"]["flips"] == 0
    tables = (tmp_path / "e.md").read_text()
    assert f"{figures['auroc']['fused']['value']:.3f}" in tables
    page = (tmp_path / "report/index.html").read_text()
    assert str(tmp_path) not in tables + page
    done = inspector("bench", recording, "--model", model, "--limit", "10")
    assert done.returncode == 0, done.stderr
    assert "Short cuts take" in done.stdout


@pytest.mark.slow
def test_a_line_runs_from_its_settings(small_model: SmallModel, tmp_path: Path) -> None:
    recording = small_model.recording.folder
    url = f"sqlite:///{tmp_path / 'v.db'}"
    settings = tomllib.loads((recording / "line.toml").read_text()) | {
        "model": str(small_model.folder),
        "database": url,
        "evidence": str(tmp_path / "e"),
        "frames": {"kind": "folder", "path": str(recording / "frames")},
    }
    (tmp_path / "line.toml").write_text(tomli_w.dumps(settings))
    refused = inspector("run", tmp_path / "line.toml")
    assert (refused.returncode, "inspector db upgrade" in refused.stderr) == (2, True)
    inspector("db", "upgrade", "--database", url)
    done = inspector("run", tmp_path / "line.toml", "--json", tmp_path / "a.json")
    assert done.returncode == 0, done.stderr
    account = json.loads((tmp_path / "a.json").read_text())
    assert account["verdicts"] == 120
    assert account["routes"] == {"picture": 120}
