"""The soak, for a minute: everything breaks, and every part is accounted for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kafka_broker import real_kafka_home

ROOT = Path(__file__).parents[2]


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_part_is_lost_or_doubled_while_everything_breaks(tmp_path: Path) -> None:
    if real_kafka_home() is None:
        pytest.skip("needs an Apache Kafka and Java 17: a mock cannot be killed")
    out = tmp_path / "soak.json"
    asked = ("--seconds", "60", "--events", "8", "--seed", "1", "--json", str(out))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.soak", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(out.read_text())
    assert result["balances"]
    assert set(result["happened"]) == {"broker", "database", "kill", "rebalance"}
    assert result["acknowledged"] > 2000
    counted = ("lost", "doubled", "not_published", "with_two_ids")
    assert [result[each] for each in counted] == [0, 0, 0, 0]
