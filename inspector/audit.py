"""The audit trail: a chain of hashes in which no link can be changed unseen.

Each link holds what was done, the hash of the row it was done by, and the hash of the
link before. Who alters, deletes or inserts a row or a link has to make every later hash
anew; against that, the newest hash (the head) is written down elsewhere from time to
time: `inspector audit head`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64
"""What the first link has in place of the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One act in the trail."""

    number: int
    """1 for the first, without a gap."""
    who: str
    act: str
    about: str
    """What it was about, as canonical JSON."""
    table: str | None
    """The table of the row that it wrote; `None` if it wrote none."""
    row_id: int | None
    row_sha256: str | None
    chained_ns: int
    previous: str
    sha256: str

    @property
    def expected_sha256(self) -> str:
        """What the hash must be of what the link says."""
        return link_sha256(
            self.previous,
            {
                "number": self.number,
                "who": self.who,
                "act": self.act,
                "about": self.about,
                "table": self.table,
                "row_id": self.row_id,
                "row_sha256": self.row_sha256,
                "chained_ns": self.chained_ns,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest link, to be kept where nobody can reach both."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was written."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def canonical(content: Mapping[str, Any]) -> str:
    """Write JSON in the one way that is hashed: sorted, without blanks, no NaN."""
    return json.dumps(
        content,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    )


def row_sha256(row: Mapping[str, Any]) -> str:
    """Hash a row, all its columns by name."""
    return hashlib.sha256(canonical(row).encode("utf-8", "replace")).hexdigest()


def link_sha256(previous: str, content: Mapping[str, Any]) -> str:
    """Hash a link on top of the one before."""
    return hashlib.sha256(f"{previous}{canonical(content)}".encode()).hexdigest()


def check_links(links: Iterable[Link], head: Head | None = None) -> Iterator[Finding]:
    """Find what is wrong with a chain, by its own hashes and by a head kept elsewhere.

    Args:
        links: all of them, in order of their numbers.
        head: a link that was written down once.
    """
    previous, number = BEGINNING, 0
    for link in links:
        yield from _gap(number, link.number)
        yield from _check(link, previous if link.number == number + 1 else None)
        if head is not None and link.number == head.number:
            if link.sha256 != head.sha256:
                yield _finding(link.number, "is not the one that was written down")
            head = None
        previous, number = link.sha256, link.number
    if head is not None:
        yield _finding(head.number, "was written down, and is gone")


def _gap(before: int, number: int) -> Iterator[Finding]:
    if number > before + 1:
        others = number - before - 2
        more = f", and {others} after it" if others else ""
        yield _finding(before + 1, f"was deleted{more}")


def _check(link: Link, previous: str | None) -> Iterator[Finding]:
    if link.sha256 != link.expected_sha256:
        yield _finding(link.number, "was altered: its hash is of other words")
    elif previous is not None and link.previous != previous:
        yield _finding(link.number, "was altered or inserted: it follows another link")


def _finding(number: int, what: str) -> Finding:
    return Finding(where=f"audit_trail row {number}", what=what)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    message = f"a {type(value).__name__} is not hashed"
    raise TypeError(message)
