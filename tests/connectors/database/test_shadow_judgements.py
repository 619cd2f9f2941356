"""What a branch in shadow said, kept once and told with what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.database.shadow_judgements import (
    SqlShadowStore,
    disagreements,
    shadow_report,
)
from connectors.database.verdict_store import SqlVerdictStore
from inspector.types import BranchId, Decision, Fault, ShadowJudgement
from tests.builders import a_verdict


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    upgrade(engine)
    yield engine
    engine.dispose()


def a_judgement(frame_id: int, **shadow: Any) -> ShadowJudgement:
    branch = BranchId(line="poly", version="2", sha256="e" * 64)
    return ShadowJudgement(
        live=a_verdict(frame_id=frame_id),
        shadow=a_verdict(frame_id=frame_id, branch=branch, **shadow),
        evidence="ab/picture.png" if shadow else None,
    )


REJECTS: dict[str, Any] = {"decision": Decision.REJECT, "score": 0.9}


def test_a_part_is_kept_once_for_each_version(engine: Engine) -> None:
    store = SqlShadowStore(engine)
    store.store([])
    store.store([a_judgement(1, **REJECTS), a_judgement(2)])
    store.store([a_judgement(1), a_judgement(3)])
    report = shadow_report(engine, "poly", "2", since_ns=0)
    assert report.judged == 3
    assert report.changes == {("PASS", "REJECT"): 1}, "the first word stands"


def test_disagreements_are_listed_with_their_pictures(engine: Engine) -> None:
    SqlShadowStore(engine).store([a_judgement(1, **REJECTS), a_judgement(2)])
    (found,) = disagreements(engine, "poly", "2", limit=10)
    assert (found.frame_id, found.live_decision, found.decision) == (
        *(1, "PASS", "REJECT"),
    )
    assert found.evidence == "ab/picture.png"
    assert list(disagreements(engine, "poly", "3", limit=10)) == []


def test_a_fault_is_counted_and_is_no_disagreement(engine: Engine) -> None:
    broken = a_judgement(1, decision=Decision.REVIEW, fault=Fault.EXCEPTION, score=None)
    SqlShadowStore(engine).store([broken])
    report = shadow_report(engine, "poly", "2", since_ns=0)
    assert (report.judged, report.faults, report.changes) == (1, 1, {})


def test_parts_that_were_not_judged_and_the_times_are_told(engine: Engine) -> None:
    verdicts = SqlVerdictStore(engine)
    verdicts.store([a_verdict(frame_id=0, decided_ns=5, latency_ms=30.0)])
    later = [a_verdict(frame_id=number, latency_ms=12.0) for number in (1, 2, 3)]
    verdicts.store(later)
    SqlShadowStore(engine).store([a_judgement(1, latency_ms=20.0)])
    report = shadow_report(engine, "poly", "2", since_ns=6)
    assert (report.verdicts, report.judged) == (3, 1)
    assert report.judged_ms == (20.0, 20.0)
    assert report.latency_ms == (12.0, 12.0)
    assert report.latency_before_ms == (30.0, 30.0)
