"""Tells how each line is, on a compacted topic: the newest state of each line stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.kafka.verdict_messages import LineState, encode_state, state_headers
from inspector.delivery import Outgoing
from inspector.logtext import format_utc_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a line is at the moment."""

    running: bool
    branch: str | None = None
    fault: str | None = None
    watermark_ns: int | None = None
    clocks_s: Mapping[str, float] = field(default_factory=dict)


class StateBoard:
    """Publishes a line's state when it changes; any thread may say one.

    Args:
        worker: who says so.
        topic: of line states.
        announce: publishes, and never waits.
    """

    def __init__(
        self, worker: str, topic: str, announce: Callable[[Outgoing], None]
    ) -> None:
        self._worker = worker
        self._topic = topic
        self._announce = announce
        self._lock = threading.Lock()
        self._said: dict[str, LineState] = {}

    def say(self, line: str, now: Condition) -> None:
        """Say how a line is; what was said already is not said again."""
        now_ns = time.time_ns()
        state = LineState(
            line=line,
            running=now.running,
            branch=now.branch,
            fault=None if now.fault is None else now.fault[:500],
            worker=self._worker,
            changed_at=format_utc_ns(now_ns),
            watermark_at=(
                None if now.watermark_ns is None else format_utc_ns(now.watermark_ns)
            ),
            clocks_s=dict(now.clocks_s),
        )
        with self._lock:
            before = self._said.get(line)
            if before is not None and _gist(before) == _gist(state):
                return
            self._said[line] = state
        self._announce(
            Outgoing(
                lane="",
                topic=self._topic,
                key=line.encode(),
                headers=state_headers(state, now_ns),
                value=encode_state(state),
            )
        )


def _gist(state: LineState) -> tuple[object, ...]:
    """What makes a state another one; clocks to a tenth of a second."""
    clocks = tuple((name, round(ahead, 1)) for name, ahead in state.clocks_s.items())
    return state.running, state.branch, state.fault, clocks
