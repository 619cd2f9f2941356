"""Tables and sections, apart from where they will be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspector.measures.estimates import Estimate, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of words: the first column names a thing, the others say of it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                message = f"{self.title}: {row} does not fill {self.columns}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What belongs together: tables, sentences about them, and content for JSON."""

    title: str
    sheets: tuple[Sheet, ...] = ()
    notes: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)
    """Keys beside those of the other sections."""


def sheet(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Sheet:
    """Make a table of rows as they come."""
    return Sheet(
        title=title, columns=tuple(columns), rows=tuple(tuple(row) for row in rows)
    )


def interval(each: Estimate | None, sign: str = "") -> str:
    """Write a figure with its 95 % interval; nothing if there is none."""
    if each is None:
        return ""
    return f"{each.value:{sign}.3f} ({each.low:{sign}.3f} to {each.high:{sign}.3f})"


def share(rate: Rate) -> str:
    """Write a share with its 95 % interval; nothing of nothing."""
    if rate.value is None or rate.interval is None:
        return ""
    low, high = rate.interval
    return f"{rate.value:.3f} ({low:.3f} to {high:.3f})"


def counted(rate: Rate) -> str:
    """Write what a share was counted from."""
    return f"{rate.count} / {rate.of}"
