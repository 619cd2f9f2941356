"""Values for tests: each builder gives a sound one, and takes what should differ."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from inspector.branches import Act, BranchAct
from inspector.types import (
    BranchId,
    Decision,
    Frame,
    LogContext,
    LogLine,
    Look,
    Route,
    Scores,
    TrunkId,
    Verdict,
    Window,
)
from inspector.verification import Outcome, Verification

TRUNK = TrunkId(version="1", sha256="a" * 64)
BRANCH = BranchId(line="poly", version="1", sha256="b" * 64)


def a_frame(**changes: Any) -> Frame:
    values: dict[str, Any] = {
        "line": "poly",
        "camera": "cam-1",
        "frame_id": 7,
        "serial": "M0004107",
        "captured_ns": 1_772_431_290_000_000_000,
        "received_mono_ns": 1_000_000_000,
        "encoded": b"picture",
    }
    return Frame(**values | changes)


def a_log_line(**changes: Any) -> LogLine:
    values: dict[str, Any] = {
        "line": "poly",
        "logged_ns": 1_772_431_260_000_000_000,
        "station": "layup-1",
        "level": "INFO",
        "text": "M0004107 gripper vacuum 75.7 kPa",
    }
    return LogLine(**values | changes)


def a_window(**changes: Any) -> Window:
    values: dict[str, Any] = {
        "frame": a_frame(),
        "log_lines": (a_log_line(),),
        "log_context": LogContext.COMPLETE,
        "closed_mono_ns": 1_001_000_000,
    }
    return Window(**values | changes)


def some_scores(**changes: Any) -> Scores:
    values: dict[str, Any] = {
        "score": 0.1,
        "picture_score": 0.1,
        "log_score": 0.2,
        "route": Route.BOTH,
        "defect": None,
        "defect_map": None,
    }
    return Scores(**values | changes)


def a_verdict(**changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "line": "poly",
        "camera": "cam-1",
        "frame_id": 7,
        "serial": "M0004107",
        "captured_ns": 1_772_431_290_000_000_000,
        "decided_ns": 1_772_431_290_012_000_000,
        "decision": Decision.PASS,
        "reason": "score 0.100 below 0.300",
        "fault": None,
        "score": 0.1,
        "picture_score": 0.1,
        "log_score": 0.2,
        "defect": None,
        "route": Route.BOTH,
        "look": Look.FULL,
        "log_context": LogContext.COMPLETE,
        "log_lines": 3,
        "trunk": TRUNK,
        "branch": BRANCH,
        "settings_sha256": "c" * 64,
        "latency_ms": 12.0,
        "stage_ms": MappingProxyType({"decode": 2.0, "picture": 6.0}),
        "evidence": None,
        "is_simulated": True,
    }
    return Verdict(**values | changes)


def an_act(**changes: Any) -> BranchAct:
    values: dict[str, Any] = {
        "line": "poly",
        "act": Act.LIVE,
        "version": "2",
        "from_version": "1",
        "who": "lin",
        "why": "fewer false rejects",
        "figures": MappingProxyType({"auroc": 0.93}),
        "acted_ns": 1_772_431_290_000_000_001,
    }
    return BranchAct(**values | changes)


def a_word(**changes: Any) -> Verification:
    values: dict[str, Any] = {
        "line": "poly",
        "camera": "cam-1",
        "frame_id": 7,
        "captured_ns": 1_772_431_290_000_000_000,
        "outcome": Outcome.CONFIRMED,
        "who": "mei",
        "verified_ns": 1_772_431_390_000_000_001,
        "is_simulated": True,
    }
    return Verification(**values | changes)
