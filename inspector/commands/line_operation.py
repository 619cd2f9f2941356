"""What `replay`, `run` and `demo` share: operate a line, and print its account."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from inspector.account import Account
from inspector.commands.hall import imbalance
from inspector.commands.printing import as_table
from inspector.errors import InspectorError
from inspector.pipeline import Pipeline
from inspector.reporting.machine import this_machine
from inspector.reporting.markdown import as_markdown
from inspector.reporting.tables import Section, Sheet, sheet
from inspector.storing import Archive

_LOOK_EVERY_S = 0.1
T = TypeVar("T")


def operate(pipeline: Pipeline) -> Account:
    """Run a line until its sources end, or SIGINT or SIGTERM asks it to stop.

    Asked to stop, it judges and stores the parts in hand and then returns. Must be
    called from the main thread.

    Raises:
        InspectorError: the line broke down, or its account does not balance.
    """
    account = run_until_asked(pipeline.run, pipeline.stop)
    if not account.balances:
        raise InspectorError(imbalance(account))
    return account


def run_until_asked(run: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run on another thread, and call `stop` when SIGINT or SIGTERM asks to stop.

    Must be called from the main thread; raises what `run` raises.
    """
    with collected_signals() as asked, ThreadPoolExecutor(1, "operate") as pool:
        running = pool.submit(run)
        while not wait([running], timeout=_LOOK_EVERY_S).done:
            if asked:
                asked.clear()
                stop()
        return running.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFiles:
    """Where an account is written, beside what is printed."""

    json: Path | None = None
    markdown: Path | None = None


def operate_and_report(
    pipeline: Pipeline, archive: Archive, files: AccountFiles
) -> None:
    """Operate a line, and print its account however it ended.

    Raises:
        InspectorError: the line broke down, or its account does not balance.
    """
    try:
        operate(pipeline)
    finally:
        archive.verdicts.close()
        account = pipeline.account()
        console = Console()
        for table in account_tables(account):
            console.print(table)
        if files.json is not None:
            write_json(files.json, account.as_json())
        if files.markdown is not None:
            sections = [account_section(account)]
            machine = this_machine()
            text = as_markdown("A line's account", sections, sys.argv, machine)
            write_text(files.markdown, text)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that is there as a whole or not at all, and holds no NaN.

    Raises:
        InspectorError: the file cannot be written.
    """
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all.

    Raises:
        InspectorError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise InspectorError(message) from error


def account_tables(account: Account) -> list[Table]:
    """Lay an account out for a person: what became of the parts, and how fast."""
    return [as_table(each) for each in account_section(account).sheets]


@contextmanager
def collected_signals() -> Iterator[list[int]]:
    """Collect the signals that ask to stop.

    The handler does nothing but note them: it may interrupt the main thread while that
    holds any lock, so it must not take one.
    """
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {
        number: signal.signal(number, note)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def account_section(account: Account) -> Section:
    """Lay an account out: what became of the parts, and how fast."""
    return Section(title="Account", sheets=(_parts(account), _latency(account)))


def _parts(account: Account) -> Sheet:
    rows = {
        "triggered": account.parts,
        "verdicts stored": account.verdicts,
        "  of these stored before": account.already_stored,
        "  of these kept here while the database was away": account.spooled,
        **_named("without a verdict", account.faults),
        **_named("decision", account.decisions),
        **_named("route", account.routes),
        **_named("look", account.looks),
        **_named("could not be judged", account.verdict_faults),
        **_named("log context", account.log_context),
        "late log lines": account.late_lines,
        "unreadable log lines": account.malformed_lines,
        "evidence lost": account.evidence_lost,
        "rejected parts drawn for people": account.overlays,
        "  could not be drawn in time": account.overlays_lost,
        "watcher failures": account.watcher_failures,
        "branches that took the line over": account.handovers,
        "branches put away": account.put_away,
        "judged in shadow too": account.shadowed,
        "  not judged in shadow": account.shadow_lost,
    }
    counted = [(what, f"{count}") for what, count in rows.items()]
    return sheet("What became of the parts", ("what", "parts"), counted)


def _named(what: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {f"{what}: {name}": count for name, count in counts.items()}


def _latency(account: Account) -> Sheet:
    stages = {**account.latency_by_stage, "frame to stored": account.latency}
    rows = [
        (stage, f"{timed.p50:.2f}", f"{timed.p99:.2f}")
        for stage, timed in stages.items()
    ]
    title = f"Time per part, at {account.parts_per_s:.1f} parts/s"
    return sheet(title, ("stage", "p50 ms", "p99 ms"), rows)
