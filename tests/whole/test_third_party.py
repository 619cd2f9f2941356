"""Clients that know nothing of this program feed a line and read its verdicts.

The commands are those of docs/kafka.md, with this plant's names put in.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fed_plant import PICTURE, Plant

pytestmark = pytest.mark.kafka

DOCS = Path(__file__).parents[2] / "docs/kafka.md"


def commands(title: str) -> str:
    """Give the shell commands under a heading of the documentation."""
    text = DOCS.read_text(encoding="utf-8")
    part = text.split(f"## {title}\n", 1)[1]
    found = re.search(r"```sh\n(.*?)```", part, re.DOTALL)
    assert found is not None
    return found[1]


def run(plant: Plant, script: str) -> str:
    script = script.replace("localhost:9092", plant.broker.address)
    for name, topic in plant.topics.items():
        documented = {"states": "line-states", "dead_letters": "dead-letters"}
        script = script.replace(f"inspector.{documented.get(name, name)}", topic)
    (plant.folder / "part.jpg").write_bytes(PICTURE)
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=plant.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("kcat") is None, reason="needs kcat")
def test_kcat_feeds_a_line_and_reads_its_verdicts(plant: Plant) -> None:
    plant.line("poly")
    with plant.working():
        run(plant, commands("Feeding a line with kcat"))
        [row] = plant.wait_for_rows(1)
        said = run(plant, commands("Reading verdicts with kcat"))
    verdict = json.loads(said.splitlines()[0])
    assert (verdict["line"], verdict["frame_id"]) == ("poly", 1)
    assert verdict["decision"] == row.decision == "PASS"


def test_confluents_client_feeds_a_line(plant: Plant) -> None:
    confluent: Any = pytest.importorskip("confluent_kafka")
    plant.line("poly")
    producer = confluent.Producer(
        {
            "bootstrap.servers": plant.broker.address,
            "partitioner": "murmur2_random",
        }
    )
    for number in range(5):
        producer.produce(
            plant.topics["frames"],
            value=PICTURE,
            key="poly",
            headers={"frameid": f"{number}", "capturedns": f"{number + 1}000000000"},
        )
    assert producer.flush(10) == 0
    with plant.working() as [worker]:
        rows = plant.wait_for_rows(5)
        assert worker.counts().misplaced == 0
    assert [row.frame_id for row in rows] == list(range(5))
