"""Peers' programs and their environment: with a stand-in for Anomalib."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import peer_environment, peer_worker, peers
from bench.peer_environment import install_command, prepare, python_of
from bench.peer_link import PeerError, PeerProgram, surroundings
from bench.peers import PEERS, build_command, good_parts, worker_command
from inspector.recording import Recording
from inspector.simulation.lines import simulate_line

HELLO = 'import json, sys\nprint(json.dumps({"runtime": "pretence"}), flush=True)\n'
POLITE = (
    HELLO
    + """
for line in sys.stdin:
    files = json.loads(line)["files"]
    answer = {"ms": [2.5] * len(files), "scores": [float(len(f)) for f in files]}
    print(json.dumps(answer), flush=True)
"""
)
FORGETFUL = (
    HELLO + 'sys.stdin.readline()\nprint(json.dumps({"ms": [], "scores": []}))\n'
)
CONFUSED = HELLO + 'sys.stdin.readline()\nprint("Segmentation fault")\n'
FLEETING = HELLO + "sys.stdin.readline()\n"


def peer(tmp_path: Path, program: str) -> PeerProgram:
    script = tmp_path / "peer.py"
    script.write_text(program)
    return PeerProgram("pretender", (sys.executable, str(script)), tmp_path)


def test_a_peer_answers_as_often_as_it_is_asked_and_then_ends(tmp_path: Path) -> None:
    with peer(tmp_path, POLITE) as asked:
        assert asked.runtime == "pretence"
        for count in (1, 3):
            timed = asked.run([tmp_path / "a.png"] * count)
            assert timed.ms == [2.5] * count
            assert timed.scores == [float(len(str(tmp_path / "a.png")))] * count


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        (FORGETFUL, "pretender: answered for 0 of 2"),
        (CONFUSED, "pretender: its program said 'Segmentation fault"),
        (FLEETING, "pretender: its program has ended"),
    ],
)
def test_a_peer_that_fails_is_named(
    tmp_path: Path, program: str, complaint: str
) -> None:
    with (
        peer(tmp_path, program) as asked,
        pytest.raises(PeerError, match=complaint),
    ):
        asked.run([tmp_path / "a.png"] * 2)


def test_a_peer_that_does_not_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="pretender: its program has ended"):
        peer(tmp_path, "raise SystemExit(3)")


def test_a_peer_does_not_see_our_packages() -> None:
    mine = {"PATH": "p", "VIRTUAL_ENV": "v", "PYTHONPATH": "x"}
    assert surroundings(mine) == {"PATH": "p"}


def test_commands_name_all_that_they_need() -> None:
    python, trained = Path("py"), PEERS[-1]
    made = build_command(python, trained, Path("good.json"), Path("out"))
    assert made[:4] == ("py", "-m", "bench.peer_build", trained.kind)
    assert "--trained" in made
    assert "--trained" not in build_command(python, PEERS[0], Path("g"), Path("o"))
    assert worker_command(python, "m.xml", 2)[-2:] == ("--threads", "2")
    assert install_command(python, Path("r.txt"))[:5] == (
        *("py", "-m", "pip", "install", "-r"),
    )


def test_peers_have_names_of_their_own() -> None:
    assert len({each.name for each in PEERS}) == len(PEERS)


def test_an_environment_that_holds_what_is_required_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []

    def pretend(command: tuple[str, ...], _: Path) -> None:
        commands.append(command)
        python = python_of(tmp_path / "env")
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(peer_environment, "run", pretend)
    required = tmp_path / "required.txt"
    required.write_text("anomalib==1\n")
    assert prepare(tmp_path / "env", required) == python_of(tmp_path / "env")
    prepare(tmp_path / "env", required)
    assert [command[2] for command in commands] == ["venv", "pip"]
    required.write_text("anomalib==2\n")
    prepare(tmp_path / "env", required)
    assert [command[2] for command in commands] == ["venv", "pip"] * 2
    stamp = (tmp_path / "env" / "installed.sha256").read_text()
    assert stamp == hashlib.sha256(required.read_bytes()).hexdigest()


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match="exit code 7"):
        peer_environment.run((sys.executable, "-c", "raise SystemExit(7)"), tmp_path)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be set")
def test_cores_are_those_that_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[list[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 3, 5})
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: kept.append(cores))
    peer_environment.keep_to_cores(2)
    assert kept == [[3, 5]]


def test_peers_learn_from_good_parts_of_the_training_shift_alone(
    tmp_path: Path,
) -> None:
    simulate_line(tmp_path / "recording", "metal", parts=60, seed=3)
    recording = Recording.load(tmp_path / "recording")
    named = {Path(file).name for file in good_parts(recording)}
    wanted = {
        row.file.name
        for row in recording.rows
        if row.split == "train" and row.label == recording.settings.classes[0]
    }
    assert named == wanted
    assert 0 < len(named) < len(recording.rows)


def test_an_export_is_kept_until_what_it_was_made_of_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate_line(tmp_path / "recording", "metal", parts=60, seed=3)
    recording = Recording.load(tmp_path / "recording")
    made: list[str] = []

    def pretend(command: tuple[str, ...], *_: object) -> None:
        made.append(command[3])
        out = Path(command[command.index("--out") + 1])
        (out / "facts.json").write_text('{"onnx": "m.onnx", "openvino": "m.xml"}')

    monkeypatch.setattr(peers, "run", pretend)
    exports = peers.Exports(Path("py"), tmp_path / "exports")
    for _ in range(2):
        assert exports.of(PEERS[-1], recording)["onnx"] == "m.onnx"
    exports.of(PEERS[0], recording)
    assert made == ["patchcore", "efficientad"]
    Path(good_parts(recording)[0]).write_bytes(b"another picture")
    exports.of(PEERS[-1], recording)
    assert made == ["patchcore", "efficientad", "patchcore"]


def test_a_worker_times_each_file_from_disk_to_score(tmp_path: Path) -> None:
    grey = np.full((30, 50), 51, np.uint8)
    file = tmp_path / "grey.png"
    file.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    found = peer_worker.answer([str(file)] * 2, lambda picture: float(picture.mean()))
    assert found["scores"] == pytest.approx([0.2, 0.2])
    assert all(ms > 0 for ms in found["ms"])
    json.dumps(found)


def test_a_worker_reads_red_first() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 2] = 255
    found = peer_worker.planes(cv2.imencode(".png", red)[1].tobytes())
    assert found.shape == (1, 3, peer_worker.SIDE, peer_worker.SIDE)
    assert found[0, :, 0, 0].tolist() == [1.0, 0.0, 0.0]
