"""The account of a run: what became of every part, and how long it took.

Parts triggered, verdicts stored and parts lost are counted where they happen and never
worked out from one another, so that a part that vanished shows as an imbalance.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from inspector.types import NS_PER_S, Verdict


class Loss(StrEnum):
    """Why a part has no verdict in the database."""

    UNJUDGED = "unjudged"
    """The line broke down before its turn came."""
    UNSTORED = "unstored"
    """Judged, but the store refused it."""
    IDENTITY_CONFLICT = "identity_conflict"
    """Another part's verdict is stored under the same line, camera and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Two percentiles of a duration, in ms, exact to 1 %; 0 if nothing was timed."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of every part of a run."""

    parts: int
    """Frames that a camera triggered."""
    verdicts: int
    """Parts whose verdict is in the database, from this run or an earlier one."""
    already_stored: int
    """Of these, parts whose verdict was there before."""
    spooled: int
    """Of these, parts whose verdict waited on this machine for the database."""
    faults: Mapping[str, int]
    """Parts without a verdict, by reason."""
    decisions: Mapping[str, int]
    routes: Mapping[str, int]
    looks: Mapping[str, int]
    verdict_faults: Mapping[str, int]
    """Parts with a verdict that nevertheless could not be judged, by fault."""
    log_context: Mapping[str, int]
    late_lines: int
    malformed_lines: int
    evidence_lost: int
    """Verdicts whose picture or window should have been kept and could not be."""
    overlays: int
    """Pictures with heatmap and log lines that were drawn for rejected parts."""
    overlays_lost: int
    """Such pictures that could not be drawn in time; `explain` can still make them."""
    watcher_failures: int
    handovers: int
    """Times that another branch took the line over."""
    put_away: int
    """Branches that crashed or stalled on a part, or could not be loaded."""
    shadowed: int
    """Parts that a branch in shadow judged too."""
    shadow_lost: int
    """Parts that it did not, because too many waited, or whose row was not stored."""
    latency: Latency
    """From a frame's arrival until its verdict was durable."""
    latency_by_stage: Mapping[str, Latency]
    parts_per_s: float

    @property
    def balances(self) -> bool:
        """Whether every part has either a verdict or a counted fault."""
        return self.parts == self.verdicts + sum(self.faults.values())

    def as_json(self) -> dict[str, Any]:
        """Lay the account out as the `--json` file of `replay` and `run`."""
        plain = asdict(self)
        by_stage = plain.pop("latency_by_stage")
        return plain | {"latency_ms": plain.pop("latency") | {"by_stage": by_stage}}


class DurationHistogram:
    """Durations in buckets that grow by 2 %: percentiles exact to 1 %, bounded memory.

    Covers 1 us to 1000 s; what is outside counts at the edge.
    """

    _GROWTH = math.log(1.02)
    _SHORTEST_MS = 1e-3
    _BUCKETS = math.ceil(math.log(1e9) / _GROWTH) + 1

    def __init__(self) -> None:
        self._counts = np.zeros(self._BUCKETS, dtype=np.int64)

    def add(self, duration_ms: float) -> None:
        """Count one duration; one that is not a number counts as the longest."""
        ratio = max(duration_ms, self._SHORTEST_MS) / self._SHORTEST_MS
        longest = self._BUCKETS - 1
        bucket = math.log(ratio) / self._GROWTH if math.isfinite(ratio) else longest
        self._counts[min(int(bucket), longest)] += 1

    def percentile_ms(self, percent: float) -> float:
        """The duration that so many percent of all do not exceed; 0 if there is none.

        The nearest-rank percentile, reported as the middle of its bucket.
        """
        total = int(self._counts.sum())
        if total == 0:
            return 0.0
        rank = max(1, math.ceil(total * percent / 100))
        bucket = int(np.searchsorted(np.cumsum(self._counts), rank))
        return self._SHORTEST_MS * math.exp((bucket + 0.5) * self._GROWTH)

    def latency(self) -> Latency:
        """The two percentiles that the account reports."""
        return Latency(p50=self.percentile_ms(50), p99=self.percentile_ms(99))


class Tally:
    """Counts from every thread of the line; `account` closes the books at any time."""

    def __init__(self, mono_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._mono_ns = mono_ns
        self._lock = threading.Lock()
        self._parts = self._verdicts = self._already_stored = 0
        self._malformed_lines = self._evidence_lost = self._watcher_failures = 0
        self._overlays = self._overlays_lost = self._spooled = 0
        self._handovers = self._put_away = self._shadowed = self._shadow_lost = 0
        self._losses: Counter[Loss] = Counter()
        self._decisions: Counter[str] = Counter()
        self._routes: Counter[str] = Counter()
        self._looks: Counter[str] = Counter()
        self._verdict_faults: Counter[str] = Counter()
        self._log_context: Counter[str] = Counter()
        self._latency = DurationHistogram()
        self._stages: dict[str, DurationHistogram] = {}
        self._first_ns: int | None = None
        self._last_ns = 0

    def triggered(self) -> None:
        """A camera delivered one more part."""
        with self._lock:
            self._parts += 1
            if self._first_ns is None:
                self._first_ns = self._mono_ns()

    def lost(self, why: Loss, parts: int = 1) -> None:
        """Parts that will have no verdict."""
        with self._lock:
            self._losses[why] += parts

    def stored(self, parts: int, already_there: int) -> None:
        """So many verdicts are in the database, some of them from an earlier run."""
        with self._lock:
            self._verdicts += parts
            self._already_stored += already_there
            self._last_ns = self._mono_ns()

    def spooled(self, parts: int) -> None:
        """So many verdicts wait on this machine: the database is away."""
        with self._lock:
            self._spooled += parts

    def seen(self, verdict: Verdict, latency_ms: float, store_ms: float) -> None:
        """What one stored verdict says, and how long the part took altogether."""
        with self._lock:
            self._decisions[verdict.decision] += 1
            self._routes[verdict.route] += 1
            self._looks[verdict.look] += 1
            self._log_context[verdict.log_context] += 1
            if verdict.fault is not None:
                self._verdict_faults[verdict.fault] += 1
            self._latency.add(latency_ms)
            for stage, duration_ms in (*verdict.stage_ms.items(), ("store", store_ms)):
                self._stages.setdefault(stage, DurationHistogram()).add(duration_ms)

    def malformed_line(self) -> None:
        """A piece of log text could not be read."""
        with self._lock:
            self._malformed_lines += 1

    def evidence_lost(self) -> None:
        """A picture or window that should have been kept could not be."""
        with self._lock:
            self._evidence_lost += 1

    def overlay_drawn(self) -> None:
        """A rejected part has its picture for people."""
        with self._lock:
            self._overlays += 1

    def overlays_lost(self, count: int = 1) -> None:
        """So many rejected parts will have no picture for people."""
        with self._lock:
            self._overlays_lost += count

    def watcher_failed(self) -> None:
        """A watcher broke while it was told of a verdict."""
        with self._lock:
            self._watcher_failures += 1

    def handed_over(self) -> None:
        """Another branch has taken the line over."""
        with self._lock:
            self._handovers += 1

    def put_away(self) -> None:
        """A branch was put away."""
        with self._lock:
            self._put_away += 1

    def shadowed(self, parts: int) -> None:
        """So many parts were judged in shadow, and the rows are stored."""
        with self._lock:
            self._shadowed += parts

    def shadow_lost(self, parts: int = 1) -> None:
        """So many parts will have no judgement of the branch in shadow."""
        with self._lock:
            self._shadow_lost += parts

    def account(self, late_lines: int = 0) -> Account:
        """Say what became of every part so far."""
        with self._lock:
            return Account(
                parts=self._parts,
                verdicts=self._verdicts,
                already_stored=self._already_stored,
                spooled=self._spooled,
                faults=_plain(self._losses),
                decisions=_plain(self._decisions),
                routes=_plain(self._routes),
                looks=_plain(self._looks),
                verdict_faults=_plain(self._verdict_faults),
                log_context=_plain(self._log_context),
                late_lines=late_lines,
                malformed_lines=self._malformed_lines,
                evidence_lost=self._evidence_lost,
                overlays=self._overlays,
                overlays_lost=self._overlays_lost,
                watcher_failures=self._watcher_failures,
                handovers=self._handovers,
                put_away=self._put_away,
                shadowed=self._shadowed,
                shadow_lost=self._shadow_lost,
                latency=self._latency.latency(),
                latency_by_stage={
                    stage: timed.latency() for stage, timed in self._stages.items()
                },
                parts_per_s=self._parts_per_s(),
            )

    def _parts_per_s(self) -> float:
        if self._first_ns is None or self._last_ns <= self._first_ns:
            return 0.0
        return self._verdicts * NS_PER_S / (self._last_ns - self._first_ns)


def _plain(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items()) if count}
