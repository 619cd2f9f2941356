"""The chain of hashes, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.audit import (
    BEGINNING,
    Head,
    Link,
    canonical,
    check_links,
    row_sha256,
)


def a_chain(length: int) -> list[Link]:
    links: list[Link] = []
    for number in range(1, length + 1):
        link = Link(
            number=number,
            who="mei",
            act="rule: shifts",
            about="{}",
            table="house_rules",
            row_id=number,
            row_sha256="c" * 64,
            chained_ns=1000 + number,
            previous=links[-1].sha256 if links else BEGINNING,
            sha256="",
        )
        links.append(replace(link, sha256=link.expected_sha256))
    return links


def said(links: list[Link], head: Head | None = None) -> list[str]:
    return [str(each) for each in check_links(links, head)]


def test_a_chain_that_nobody_touched_is_sound() -> None:
    assert said(a_chain(5)) == []
    assert said([]) == []


@given(
    at=st.integers(0, 4),
    change=st.sampled_from(
        [
            {"who": "x"},
            {"act": "x"},
            {"about": '{"x":1}'},
            {"row_sha256": "d" * 64},
            {"row_id": 99},
            {"table": None},
            {"chained_ns": 1},
        ]
    ),
)
def test_whatever_is_altered_the_very_link_is_named(
    at: int, change: dict[str, object]
) -> None:
    links = a_chain(5)
    links[at] = replace(links[at], **change)  # type: ignore[arg-type]
    found = said(links)
    assert len(found) == 1
    assert found[0].startswith(f"audit_trail row {at + 1}: was altered")


@given(at=st.integers(0, 3))
def test_a_link_with_a_new_hash_is_betrayed_by_the_next(at: int) -> None:
    links = a_chain(5)
    forged = replace(links[at], who="x")
    links[at] = replace(forged, sha256=forged.expected_sha256)
    assert said(links) == [
        f"audit_trail row {at + 2}: was altered or inserted: it follows another link"
    ]


def test_links_that_are_gone_are_named() -> None:
    links = a_chain(6)
    assert said([links[0], *links[2:]]) == ["audit_trail row 2: was deleted"]
    assert said(links[3:]) == ["audit_trail row 1: was deleted, and 2 after it"]


def test_a_whole_new_chain_is_betrayed_by_a_head_kept_elsewhere() -> None:
    links = a_chain(5)
    head = Head(number=4, sha256=links[3].sha256)
    assert said(links, head) == []
    assert said(links[:3], head) == ["audit_trail row 4: was written down, and is gone"]
    other = replace(head, sha256="e" * 64)
    assert said(links, other) == [
        "audit_trail row 4: is not the one that was written down"
    ]


def test_a_row_is_hashed_the_same_whatever_the_order_and_zone() -> None:
    moment = datetime(2026, 3, 2, 6, tzinfo=UTC)
    one = {"b": moment, "a": 1.5, "ü": None}
    assert row_sha256(one) == row_sha256(dict(reversed(one.items())))
    assert canonical(one) == '{"a":1.5,"b":"2026-03-02T06:00:00.000000+00:00","ü":null}'
    with pytest.raises(ValueError, match=r"not JSON compliant|Out of range"):
        canonical({"a": float("nan")})
