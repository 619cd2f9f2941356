"""What a monitoring system asks of a line: `/metrics` (Prometheus) and `/healthz`.

Counts are read from the line's own account when they are asked for, so that they can
never differ from it; latencies and branch versions come from the verdicts, as a watcher
sees them. Nothing is global: each line or worker has a registry of its own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Gauge, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inspector.account import Account
from inspector.errors import InspectorError
from inspector.types import Verdict

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much waits somewhere now: a queue, a spool, a lag."""

    name: str
    value: float


class LineMetrics(Collector):
    """Measures one line; a `Watcher` of its verdicts, and a `ReviewSignal`.

    Args:
        line: its name.
        account: closes the line's books at any time.
        depths: says what waits; asked at each scrape, so it must be quick.
    """

    def __init__(
        self,
        line: str,
        account: Callable[[], Account],
        depths: Callable[[], Iterable[Depth]] = tuple,
    ) -> None:
        self._line = line
        self._account = account
        self._depths = depths
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._stages = Histogram(
            "inspector_stage_seconds",
            "Time that a stage took of a part.",
            ["line", "stage"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._branch = Gauge(
            "inspector_branch_parts",
            "Parts that a version of the branch judged since the start.",
            ["line", "version"],
            registry=self.registry,
        )
        self._kept_back = threading.Event()

    def saw(self, verdict: Verdict) -> None:
        """Take note of one stored verdict."""
        self._branch.labels(self._line, verdict.branch.version).inc()
        for stage, took_ms in verdict.stage_ms.items():
            self._stages.labels(self._line, stage).observe(took_ms / 1000)

    def review(self, verdict: Verdict) -> None:
        """Take note that a part is kept back: the line cannot store any more."""
        del verdict  # which part it was is in the log and on the gate
        self._kept_back.set()

    def collect(self) -> Iterator[Metric]:
        """Read the account; see `prometheus_client`."""
        account = self._account()
        yield self._counted("parts", "Parts triggered.", {"": account.parts}, None)
        for name, words, counts, label in (
            ("verdicts", "Verdicts by decision.", account.decisions, "decision"),
            ("lost", "Parts without a verdict.", account.faults, "why"),
            ("faults", "Parts not judged.", account.verdict_faults, "fault"),
            ("log_faults", "Unreadable log text.", account.log_faults, "fault"),
            ("log_context", "Verdicts by log.", account.log_context, "context"),
        ):
            yield self._counted(name, words, counts, label)
        for name, count in _plain_counts(account).items():
            yield self._counted(name, name.replace("_", " "), {"": count}, None)
        yield self._waiting()

    def health(self) -> Mapping[str, Any]:
        """Say whether the line is well: `ok` is false once a part was lost."""
        account = self._account()
        lost = sum(account.faults.values())
        ok = not self._kept_back.is_set() and lost == 0
        return {"ok": ok, "line": self._line, "parts": account.parts, "lost": lost}

    def _counted(
        self, name: str, words: str, counts: Mapping[str, int], label: str | None
    ) -> Metric:
        labels = ["line"] if label is None else ["line", label]
        family = CounterMetricFamily(f"inspector_{name}", words, labels=labels)
        for value, count in counts.items():
            named = [self._line] if label is None else [self._line, value]
            family.add_metric(named, count)
        return family

    def _waiting(self) -> Metric:
        family = GaugeMetricFamily(
            "inspector_depth", "What waits now.", labels=["line", "where"]
        )
        for depth in self._depths():
            family.add_metric([self._line, depth.name], depth.value)
        return family


def _plain_counts(account: Account) -> dict[str, int]:
    return {
        "spooled": account.spooled,
        "late_lines": account.late_lines,
        "clock_jumps": account.clock_jumps,
        "evidence_lost": account.evidence_lost,
        "watcher_failures": account.watcher_failures,
    }


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""


class MetricsServer:
    """Answers `/metrics` and `/healthz` from a thread of its own.

    Args:
        metrics: of the line.
        host: loopback, unless somebody says otherwise.
        port: 0 takes a free one.

    Raises:
        InspectorError: the port is taken.
    """

    def __init__(
        self, metrics: LineMetrics, host: str = "127.0.0.1", port: int = 9464
    ) -> None:
        scrape = make_wsgi_app(metrics.registry)

        def answer(asked: dict[str, Any], start: Any) -> Any:
            if asked.get("PATH_INFO") == "/healthz":
                return _health(metrics, start)
            if asked.get("PATH_INFO") == "/metrics":
                return scrape(asked, start)
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"ask for /metrics or /healthz\n"]

        try:
            self._server: WSGIServer = make_server(
                host, port, answer, handler_class=_Quiet
            )
        except OSError as error:
            message = f"metrics at {host}:{port}: {error.strerror}: set [metrics] port"
            raise InspectorError(message) from error
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _health(metrics: LineMetrics, start: Any) -> list[bytes]:
    health = metrics.health()
    status = "200 OK" if health["ok"] else "503 Service Unavailable"
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(health).encode() + b"\n"]
