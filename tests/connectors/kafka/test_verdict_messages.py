"""Verdict messages keep their schema, whatever a verdict says."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest

from connectors.kafka.schemas import schemas
from connectors.kafka.topics import partition_of
from connectors.kafka.verdict_messages import (
    LARGEST_VERDICT,
    LineState,
    encode_state,
    encode_verdict,
)
from tests.builders import a_verdict


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"score": None, "picture_score": None, "serial": None, "evidence": "ab/cd.png"},
        {"latency_ms": math.nan, "stage_ms": {"picture": math.inf}},
        {"reason": "\0\x1b\ud800" * 30_000, "serial": "\u0001" * 100_000},
        {"stage_ms": {f"{n}" * 200: 1.0 for n in range(1000)}},
    ],
)
def test_a_verdict_keeps_its_schema_and_its_bound(changes: dict[str, object]) -> None:
    raw = encode_verdict(a_verdict(**changes))
    assert len(raw) <= LARGEST_VERDICT
    assert b"NaN" not in raw
    jsonschema.validate(json.loads(raw), schemas()["verdict"])


def test_the_same_part_has_the_same_id_and_another_one_another() -> None:
    one, other = a_verdict(), a_verdict(captured_ns=1)
    again = a_verdict(decided_ns=2, score=0.2)
    ids = [json.loads(encode_verdict(each))["id"] for each in (one, again, other)]
    assert ids[0] == ids[1] != ids[2]


def test_a_line_state_keeps_its_schema() -> None:
    state = LineState(
        line="poly",
        running=True,
        branch="2026-03",
        fault=None,
        worker="worker-1",
        changed_at="2026-03-02T06:01:30Z",
        clocks_s={"press": 0.25},
    )
    jsonschema.validate(json.loads(encode_state(state)), schemas()["line-state"])


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
    ],
)
def test_keys_lie_where_kafkas_own_client_puts_them(key: bytes, murmur2: int) -> None:
    # The hashes are those that Apache Kafka's own tests ask for.
    assert partition_of(key, 12) == (murmur2 & 0x7FFFFFFF) % 12
