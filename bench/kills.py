"""Kills a worker in the middle of swaps: `python -m bench.kills REC --model M`.

Each round starts a worker on a recording, asks for a swap, kills the worker with
`kill -9` at a random moment after that, and starts it again. What judges then must be
the old branch or the new one, whole, and each part must have one verdict.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tomli_w
import typer

from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from connectors.staffing import open_record
from inspector.branches import Act, BranchAct
from inspector.commands.bench_swaps import copy_versions
from inspector.commands.line_operation import write_text
from inspector.commands.printing import show
from inspector.errors import InspectorError
from inspector.model.artifact import Artifact, BranchManifest, branch_folder
from inspector.recording import Recording
from inspector.reporting.machine import this_machine
from inspector.reporting.markdown import as_markdown
from inspector.reporting.tables import Section, sheet

RATE = 60.0
LATEST_KILL_S = 1.5
"""After the act; a swap is over by then."""
_STARTS_WITHIN_S = 120.0
_NEW_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one kill left behind."""

    killed_after_s: float
    """After the act was on record."""
    was: str
    """The version that judged the last part before the kill."""
    came_back: str
    """The version that judged the first new part after it."""
    rows: int
    parts: int
    """Different parts among the rows: as many, or one was judged twice."""
    is_sound: bool
    """Whether the database is whole, and each row names a version that is."""


def kill_rounds(recording: Recording, model: Path, times: int) -> list[Round]:
    """Kill a worker so many times in the middle of a swap.

    Raises:
        InspectorError: a worker did not start.
    """
    moments = random.Random(0)  # noqa: S311 - moments, not secrets
    found = []
    with tempfile.TemporaryDirectory(prefix="kills-") as given:
        place, line = Path(given), recording.settings.id
        versions = copy_versions(model, line, place / "model", 2)
        for _ in range(times):
            where = place / "round"
            where.mkdir()
            settings = _settings(recording, place / "model", where)
            killed_after_s = moments.uniform(0, LATEST_KILL_S)
            found.append(_round(settings, line, versions, killed_after_s))
            shutil.rmtree(where)
    return found


def _round(
    settings: Path, line: str, versions: list[str], killed_after_s: float
) -> Round:
    database = settings.with_name("verdicts.db")
    old, new = versions
    own = old.rpartition(".")[0]
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    engine.dispose()
    _act(database, line, old, own)
    worker = _start(settings)
    _wait_for_rows(worker, database, _NEW_ROWS)
    _act(database, line, new, old)
    time.sleep(killed_after_s)
    _kill(worker)
    before = _rows(database)
    worker = _start(settings)
    _wait_for_rows(worker, database, len(before) + _NEW_ROWS)
    _kill(worker)
    rows = _rows(database)
    return Round(
        killed_after_s=killed_after_s,
        was=before[-1][1],
        came_back=rows[len(before)][1],
        rows=len(rows),
        parts=len({frame_id for frame_id, _, _ in rows}),
        is_sound=_is_sound(database, settings.parents[1] / "model", line, rows),
    )


def _settings(recording: Recording, model: Path, where: Path) -> Path:
    said = recording.settings.model_dump(mode="json", exclude_none=True)
    said |= {
        "model": str(model),
        "database": f"sqlite:///{where / 'verdicts.db'}",
        "evidence": str(where / "evidence"),
        "frames": {
            "kind": "recording",
            "path": str(recording.folder.resolve()),
            "rate": RATE,
        },
    }
    path = where / "line.toml"
    path.write_text(tomli_w.dumps(said), encoding="utf-8")
    return path


def _act(database: Path, line: str, version: str, instead_of: str) -> None:
    record = open_record(f"sqlite:///{database}")
    record.acts.record(
        BranchAct(
            line=line,
            act=Act.LIVE,
            version=version,
            from_version=instead_of,
            who="bench",
            why="to kill a worker meanwhile",
            acted_ns=time.time_ns(),
        )
    )
    record.close()


def _start(settings: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspector", "run", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )


def _kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def _wait_for_rows(worker: subprocess.Popen[bytes], database: Path, count: int) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while len(_rows(database)) < count:
        if worker.poll() is not None or time.monotonic() > until:
            _kill(worker)
            message = f"a worker gave {len(_rows(database))} verdicts, not {count}"
            raise InspectorError(message)
        time.sleep(0.01)


def _rows(database: Path) -> list[tuple[int, str, str]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(
            "SELECT frame_id, branch_version, branch_sha256 FROM verdicts ORDER BY id"
        ).fetchall()
    finally:
        connection.close()


def _is_sound(
    database: Path, model: Path, line: str, rows: list[tuple[int, str, str]]
) -> bool:
    connection = sqlite3.connect(database)
    try:
        whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
    return whole and all(
        Artifact.open(branch_folder(model, line, version), BranchManifest).sha256
        == sha256
        for version, sha256 in {row[1:] for row in rows}
    )


def kills_section(rounds: list[Round]) -> Section:
    """Lay the kills out."""
    ways = Counter((each.was, each.came_back) for each in rounds)
    doubled = sum(each.rows - each.parts for each in rounds)
    unsound = sum(not each.is_sound for each in rounds)
    rows = [(was, back, f"{count}") for (was, back), count in sorted(ways.items())]
    return Section(
        title=f"A worker killed {len(rounds)} times in the middle of a swap",
        sheets=(sheet("", ("judged last", "judges after the restart", "times"), rows),),
        notes=(
            f"Killed 0 to {LATEST_KILL_S:g} s after the swap was on record. Parts with "
            f"two verdicts: {doubled}. Databases or branches that were not whole: "
            f"{unsound}.",
        ),
    )


def main(
    recording: Annotated[Path, typer.Argument(help="Folder of the recorded line.")],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    times: Annotated[int, typer.Option(min=1, help="So many kills.")] = 50,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the table to this file.")
    ] = None,
) -> None:
    """Kill a worker in the middle of swaps, and see what comes back.

    Example: python -m bench.kills recordings/poly --model M --times 50
    """
    try:
        section = kills_section(kill_rounds(Recording.load(recording), model, times))
        show([section])
        if markdown is not None:
            typed = ("python", "-m", "bench.kills", *sys.argv[1:])
            page = as_markdown(
                "Killed while swapping", [section], typed, this_machine()
            )
            write_text(markdown, page)
    except InspectorError as error:
        print(f"bench.kills: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    typer.run(main)
