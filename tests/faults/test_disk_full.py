"""The disk is full: the spool says so, what waits stays whole, evidence is counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.database.spool_file import SpoolFile
from inspector.ports import Batch
from tests.builders import a_verdict
from tests.faults.line import StoringLine
from tests.inspector.line_fakes import ListedFrames, PictureDrawer, VerdictShelf
from tests.inspector.test_pipeline import fresh_frames

_MOUNT = "mount -t tmpfs -o size=800k tmpfs {folder} && exec {program}"


def on_a_small_disk(tmp_path: Path, task: str) -> dict[str, int]:
    """Run a task of `tests.faults.small_disk` in a file system of 800 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    program = f"{sys.executable} -m tests.faults.small_disk {task} {folder}"
    script = _MOUNT.format(folder=folder, program=program)
    ran = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        ["unshare", "-Urm", "sh", "-c", script],  # noqa: S607 - of util-linux
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    if "unshare" in ran.stderr or "mount" in ran.stderr:
        pytest.skip(f"no small disk can be made here: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stderr
    said: dict[str, int] = json.loads(ran.stdout)
    return said


def test_a_spool_on_a_full_disk_keeps_what_it_has_and_recovers(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, "spool")
    assert said["kept"] > 5
    assert said["replayed"] == said["kept"], "nothing is lost, nothing is doubled"
    assert said["in_order"]
    assert said["full"] == 1
    assert said["kept_afterwards"] == 1, "room was made by the replay"


def test_a_database_on_a_full_disk_is_away_and_not_refusing(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, "database")
    assert said["stored"] > 5
    assert said["away"] == 1


def test_evidence_on_a_full_disk_costs_no_verdict(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, "evidence")
    assert said["lost"] == 1
    assert said["files"] == said["kept"], "no piece of a file is left"


def test_a_bound_smaller_than_the_disk_holds(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path / "a.db", 50_000)
    spool.append(Batch(verdicts=(a_verdict(),)))
    level = spool.level()
    spool.close()
    assert (level.batches, level.verdicts) == (1, 1)
    assert 0 < level.used_bytes <= level.max_bytes == 50_000


def test_a_line_whose_evidence_does_not_fit_counts_it(tmp_path: Path) -> None:
    shelf = VerdictShelf()
    frames = ListedFrames(fresh_frames(4, sha256="0" * 64))
    line = StoringLine(frames, shelf, evidence=PictureDrawer(full=True))
    account = line.pipeline.run()
    assert (account.verdicts, account.evidence_lost) == (4, 8)
    for row in shelf.rows.values():
        assert row.reason.endswith(
            "its picture could not be kept; its window could not be kept"
        )
