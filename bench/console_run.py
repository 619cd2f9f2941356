"""Runs the console beside a line and measures what an operator would feel.

A replay runs as its own process, once alone and once beside the console. Printed are
the window thread's stalls, the time from the decision to the screen, memory, and the
line's own p99 in both runs.

Use: `QT_QPA_PLATFORM=offscreen python -m bench.console_run REC --model M`, or with
a virtual screen: `xvfb-run python -m bench.console_run ...`
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import psutil
import typer
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from inspector.types import NS_PER_S
from ui.app import ConsoleApp, Place
from ui.records import Snapshot
from ui.window import Look

_BEAT_MS = 2
_MIB = 2**20


@dataclass(slots=True)
class Felt:
    """What was measured on the window's thread."""

    stalls_ms: list[float] = field(default_factory=list)
    to_screen_ms: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)


def _line(recording: Path, model: Path, folder: Path, asked: list[str]) -> Any:
    command = [
        *(sys.executable, "-m", "inspector", "replay", str(recording)),
        *("--model", str(model), "--database", f"sqlite:///{folder / 'line.db'}"),
        *("--evidence", str(folder / "evidence"), "--json", str(folder / "line.json")),
        *asked,
    ]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _watch(console: ConsoleApp, felt: Felt) -> QTimer:
    """Measure how late a beat of two milliseconds is, and how old what is shown."""
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        felt.stalls_ms.append(max(0.0, 1000 * (now - last[0]) - _BEAT_MS))
        last[0] = now

    def painted(snapshot: object) -> None:
        rows = snapshot.arrived if isinstance(snapshot, Snapshot) else ()
        if rows:
            console.window.watch.repaint()
            now_ns = time.time_ns()
            # The store's time is in it: decided, stored, read, painted.
            felt.to_screen_ms.extend((now_ns - row.decided_ns) / 1e6 for row in rows)

    console.bridge.state.connect(painted)
    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(_BEAT_MS)
    return timer


def _open_until(line: Any, folder: Path, seconds: float) -> Felt:
    felt = Felt()
    place = Place(
        database=f"sqlite:///{folder / 'line.db'}", evidence=folder / "evidence"
    )
    console = ConsoleApp(place, Look())
    console.start()
    console.window.resize(1280, 800)
    console.window.show()
    until_s = time.monotonic() + seconds
    process, timer = psutil.Process(), _watch(console, felt)
    while line.poll() is None and time.monotonic() < until_s:
        QApplication.processEvents()
        time.sleep(0.0005)
        if len(felt.stalls_ms) // 500 >= len(felt.memory_mib):
            felt.memory_mib.append(process.memory_info().rss / _MIB)
    timer.stop()
    console.stop()
    return felt


def _p99(folder: Path) -> Any:
    told = json.loads((folder / "line.json").read_text())
    return {name: told[name] for name in told if "latency" in name or "stored" in name}


def run(
    recording: Path,
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    rate: Annotated[float, typer.Option(help="Parts per second.")] = 30.0,
    seconds: Annotated[float, typer.Option(help="At the most.")] = 600.0,
    json_file: Annotated[Path | None, typer.Option("--json")] = None,
) -> None:
    """Run the line alone, then beside the console, and print what differs."""
    asked = ["--rate", f"{rate:g}", "--limit", f"{int(rate * seconds)}"]
    with TemporaryDirectory() as alone, TemporaryDirectory() as beside:
        _line(recording, model, Path(alone), asked).wait()
        line = _line(recording, model, Path(beside), asked)
        felt = _open_until(line, Path(beside), seconds + 60)
        line.wait()
        found = {
            "parts": len(felt.to_screen_ms),
            "stall_p99_ms": float(np.percentile(felt.stalls_ms, 99)),
            "stall_max_ms": max(felt.stalls_ms),
            "decided_to_screen_p99_ms": float(np.percentile(felt.to_screen_ms, 99)),
            "memory_first_last_mib": [felt.memory_mib[0], felt.memory_mib[-1]],
            "line_alone": _p99(Path(alone)),
            "line_beside": _p99(Path(beside)),
            "ended_ns": time.time_ns() // NS_PER_S,
        }
    print(json.dumps(found, indent=2))
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    typer.run(run)
