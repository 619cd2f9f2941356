"""The table of ours beside its peers, with ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.contest import Figures

_HEAD = (
    "method",
    "weights",
    "median ms",
    "p99 ms",
    "frames/s",
    "ours in frames/s",
    "ours in p99",
    "AUROC",
)
_UNKNOWN = "-"


def markdown(
    ours: Sequence[Figures], peers: Sequence[Figures], weights: Mapping[str, str]
) -> str:
    """Lay out a table in Markdown.

    Args:
        ours: the first is what peers are compared with.
        peers: in the order in which they are to stand.
        weights: of each method, by name, what its weights are.
    """
    rows = [_HEAD, ("---", "---", *["--:"] * (len(_HEAD) - 2))]
    rows += [_row(each, ours[0], weights[each.name]) for each in (*ours, *peers)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def conclusion(ours: Sequence[Figures], peers: Sequence[Figures]) -> list[str]:
    """Say in words how each of ours stands to the fastest peer."""
    fastest = max(peers, key=lambda each: each.frames_per_s)
    return [
        f"{each.name}: {speed_ratio(each, fastest):.1f} times the frames/s of the "
        f"fastest peer ({fastest.name}), p99 {p99_ratio(each, fastest):.1f} times "
        "shorter."
        for each in ours
    ]


def as_json(
    ours: Sequence[Figures], peers: Sequence[Figures], weights: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Lay out the same for a file."""
    return [
        {
            **asdict(each),
            "weights": weights[each.name],
            "ours_in_frames_per_s": speed_ratio(ours[0], each),
            "ours_in_p99": p99_ratio(ours[0], each),
        }
        for each in (*ours, *peers)
    ]


def speed_ratio(ours: Figures, peer: Figures) -> float:
    """Say how many times the peer's frames/s ours are."""
    return ours.frames_per_s / peer.frames_per_s


def p99_ratio(ours: Figures, peer: Figures) -> float:
    """Say how many times as long as ours the peer's p99 is."""
    return peer.p99_ms / ours.p99_ms


def _row(each: Figures, reference: Figures, weights: str) -> tuple[str, ...]:
    return (
        each.name,
        weights,
        f"{each.median_ms:.1f}",
        f"{each.p99_ms:.1f}",
        f"{each.frames_per_s:.1f}",
        f"{speed_ratio(reference, each):.2f} x",
        f"{p99_ratio(reference, each):.2f} x",
        _UNKNOWN if each.auroc is None else f"{each.auroc:.3f}",
    )
