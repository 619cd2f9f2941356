"""The messages that the program sends: verdicts and line states, by their schemas."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inspector.delivery import Headers, verdict_id
from inspector.logtext import format_utc_ns
from inspector.types import Verdict

LARGEST_VERDICT = 64 * 1024
"""Bytes; no verdict message is larger."""
_LONGEST_REASON = 4000
_LONGEST_SERIAL = 1000
_MOST_STAGES = 64
_VERDICT_TYPE = "inspector.verdict.v1"
_STATE_TYPE = "inspector.line-state.v1"
_SOURCE = "inspector"

Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Duration = Annotated[float, Field(allow_inf_nan=False)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelName(_Message):
    """The exact weights that judged."""

    version: str
    sha256: str


class BranchName(_Message):
    """The exact branch that looked at the picture."""

    line: str
    version: str
    sha256: str


class VerdictMessage(_Message):
    """What was decided about one part. New fields may be added to version 1."""

    schema_version: Literal[1] = 1
    id: str
    """The same for the same part, however often the message comes: drop repeats."""
    line: str
    camera: str
    frame_id: int
    serial: str | None
    captured_at: str
    captured_ns: int
    decided_at: str
    decided_ns: int
    decision: Literal["PASS", "REJECT", "REVIEW"]
    reason: Annotated[str, Field(min_length=1)]
    fault: str | None
    score: Score | None
    picture_score: Score | None
    log_score: Score | None
    defect: str | None
    route: str
    look: str
    log_context: Literal["complete", "partial", "late", "missing"]
    log_lines: int
    trunk: ModelName
    branch: BranchName
    settings_sha256: str
    latency_ms: Duration
    stage_ms: dict[str, Duration]
    evidence: str | None
    is_simulated: bool


class LineState(_Message):
    """How a line is; the topic is compacted, so the newest of each line stays."""

    schema_version: Literal[1] = 1
    line: str
    running: bool
    branch: str | None
    """The version that judges."""
    fault: str | None
    """What is wrong with the line, in words; `null` if nothing is."""
    worker: str
    changed_at: str
    watermark_at: str | None = None
    """The log is read up to here, by the log's own times."""
    clocks_s: dict[str, Duration] = {}
    """How far each station's clock is ahead of the camera's (median)."""


def encode_verdict(verdict: Verdict) -> bytes:
    """Write a verdict as JSON of at most `LARGEST_VERDICT` bytes, without NaN."""
    raw = _encode(_verdict_message(verdict, _LONGEST_REASON))
    if len(raw) <= LARGEST_VERDICT:
        return raw
    # Whatever made it so long, the decision itself must get through.
    return _encode(_verdict_message(verdict, 100).model_copy(update={"stage_ms": {}}))


def verdict_headers(verdict: Verdict, trace: str | None) -> Headers:
    """CloudEvents headers (binary mode) of a verdict, and the frame's trace."""
    identity = verdict_id(
        verdict.line, verdict.camera, verdict.frame_id, verdict.captured_ns
    )
    headers = cloud_event(identity, _VERDICT_TYPE, verdict.line, verdict.decided_ns)
    return (*headers, ("traceparent", trace.encode())) if trace else headers


def encode_state(state: LineState) -> bytes:
    """Write a line state as JSON."""
    return _encode(state)


def state_headers(state: LineState, now_ns: int) -> Headers:
    """CloudEvents headers (binary mode) of a line state."""
    identity = f"{state.line}/{now_ns}"
    return cloud_event(identity, _STATE_TYPE, state.line, now_ns)


def cloud_event(identity: str, kind: str, line: str, moment_ns: int) -> Headers:
    """The headers that CloudEvents' Kafka binding asks for in binary mode."""
    said = {
        "ce_specversion": "1.0",
        "ce_id": identity,
        "ce_type": kind,
        "ce_source": f"{_SOURCE}/{line}",
        "ce_time": format_utc_ns(moment_ns),
        "content-type": "application/json",
    }
    return tuple((name, value.encode()) for name, value in said.items())


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas (2020-12) of the messages that are sent, by name."""
    models: dict[str, type[BaseModel]] = {
        "verdict": VerdictMessage,
        "line-state": LineState,
    }
    return {name: _schema(model) for name, model in models.items()}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    # A reader must bear fields that a later program adds.
    schema = model.model_json_schema(mode="serialization")
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("additionalProperties", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _verdict_message(verdict: Verdict, longest: int) -> VerdictMessage:
    return VerdictMessage(
        id=verdict_id(
            verdict.line, verdict.camera, verdict.frame_id, verdict.captured_ns
        ),
        line=verdict.line,
        camera=verdict.camera,
        frame_id=verdict.frame_id,
        serial=verdict.serial and _sound(verdict.serial)[:_LONGEST_SERIAL],
        captured_at=format_utc_ns(verdict.captured_ns),
        captured_ns=verdict.captured_ns,
        decided_at=format_utc_ns(verdict.decided_ns),
        decided_ns=verdict.decided_ns,
        decision=verdict.decision.value,
        reason=_sound(verdict.reason)[:longest],
        fault=verdict.fault and verdict.fault.value,
        score=verdict.score,
        picture_score=verdict.picture_score,
        log_score=verdict.log_score,
        defect=verdict.defect,
        route=verdict.route.value,
        look=verdict.look.value,
        log_context=verdict.log_context.value,
        log_lines=verdict.log_lines,
        trunk=ModelName(version=verdict.trunk.version, sha256=verdict.trunk.sha256),
        branch=BranchName(
            line=verdict.branch.line,
            version=verdict.branch.version,
            sha256=verdict.branch.sha256,
        ),
        settings_sha256=verdict.settings_sha256,
        latency_ms=_finite(verdict.latency_ms),
        stage_ms={
            name: _finite(ms)
            for name, ms in list(verdict.stage_ms.items())[:_MOST_STAGES]
        },
        evidence=verdict.evidence,
        is_simulated=verdict.is_simulated,
    )


def _encode(message: BaseModel) -> bytes:
    return message.model_dump_json().encode("utf-8")


def _finite(duration_ms: float) -> float:
    return round(duration_ms, 4) if math.isfinite(duration_ms) else -1.0


def _sound(words: str) -> str:
    """Replace half of a surrogate pair: UTF-8 has no bytes for it."""
    return words.encode("utf-8", "replace").decode()
