"""What a monitoring system reads is what the account says."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from connectors.metrics import Depth, LineMetrics, MetricsServer
from inspector.account import Loss, Tally
from inspector.errors import InspectorError
from inspector.types import Decision, Fault, LogFault
from tests.builders import a_verdict


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def metrics(tally: Tally) -> LineMetrics:
    return LineMetrics("poly", tally.account, lambda: [Depth(name="spool", value=3)])


@pytest.fixture
def server(metrics: LineMetrics) -> Iterator[MetricsServer]:
    served = MetricsServer(metrics, port=0)
    yield served
    served.close()


def read(server: MetricsServer, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
        return str(answer.read().decode())


def test_the_account_is_what_is_read(
    tally: Tally, metrics: LineMetrics, server: MetricsServer
) -> None:
    verdict = a_verdict(decision=Decision.REVIEW, fault=Fault.PICTURE_FROZEN)
    tally.triggered()
    tally.stored(1, 0)
    tally.seen(verdict, 12.0, 1.0)
    tally.malformed_line(LogFault.TOO_LONG)
    metrics.saw(verdict)
    said = read(server, "/metrics").splitlines()
    for line in (
        'inspector_parts_total{line="poly"} 1.0',
        'inspector_verdicts_total{decision="REVIEW",line="poly"} 1.0',
        'inspector_faults_total{fault="picture_frozen",line="poly"} 1.0',
        'inspector_log_faults_total{fault="too_long",line="poly"} 1.0',
        'inspector_depth{line="poly",where="spool"} 3.0',
        'inspector_branch_parts{line="poly",version="1"} 1.0',
        'inspector_stage_seconds_count{line="poly",stage="decode"} 1.0',
    ):
        assert line in said


def test_a_line_is_well_until_a_part_cannot_be_stored(
    tally: Tally, metrics: LineMetrics, server: MetricsServer
) -> None:
    assert json.loads(read(server, "/healthz"))["ok"] is True
    tally.lost(Loss.UNSTORED)
    metrics.review(a_verdict(decision=Decision.REVIEW, fault=Fault.UNSTORED))
    with pytest.raises(HTTPError, match="503"):
        read(server, "/healthz")


def test_the_dashboard_asks_for_nothing_that_is_not_there(
    tally: Tally, metrics: LineMetrics
) -> None:
    metrics.saw(a_verdict())
    there = {
        sample.name.removesuffix("_created")
        for family in metrics.registry.collect()
        for sample in family.samples
    }
    there |= {f"{family.name}_total" for family in metrics.registry.collect()}
    there.add("inspector_depth")
    folder = Path(__file__).parents[2] / "deploy/grafana"
    asked = re.findall(r"inspector_\w+", (folder / "inspector.json").read_text())
    assert len(set(asked)) >= 8
    assert set(asked) <= there


def test_anything_else_is_not_there_and_a_taken_port_is_named(
    metrics: LineMetrics, server: MetricsServer
) -> None:
    with pytest.raises(HTTPError, match="404"):
        read(server, "/")
    with pytest.raises(InspectorError, match=rf"127\.0\.0\.1:{server.port}: .*port"):
        MetricsServer(metrics, port=server.port)
