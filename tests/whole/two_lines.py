"""Two lines of one model, as files on disk: `metal`, and `glass`, its twin."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w

from connectors.staffing import Trunks
from inspector.commands.bench_swaps import copy_version
from inspector.commands.hall import Hall
from inspector.commands.run import open_line
from inspector.model.artifact import MANIFEST, SETTINGS, sha256_of, write_manifest
from tests.small_model import LINE, SmallModel

TWIN = "glass"
SOON_S = 60.0


@dataclass(frozen=True)
class TwoLines:
    """A plant in a folder."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'verdicts.db'}"

    def branch(self, line: str, version: str = "1") -> Path:
        return self.model / "branches" / line / version

    def settings(self, line: str, **changes: Any) -> Path:
        """Write a line's settings; what is changed decides nothing."""
        said = tomllib.loads(
            (self.folder / line / "line.toml").read_text(encoding="utf-8")
        )
        said |= {
            "model": str(self.model),
            "database": self.database,
            "evidence": str(self.folder / "evidence"),
            "frames": {
                "kind": "recording",
                "path": str(self.folder / line),
                "rate": 60.0,
            },
        }
        path = self.folder / f"{line}.toml"
        path.write_text(tomli_w.dumps(said | changes), encoding="utf-8")
        return path

    def add_version(self, line: str, version: str) -> Path:
        return copy_version(self.branch(line), version)

    def hashes(self, *but: Path) -> dict[str, str]:
        """Hash every file of the model but those under the named folders."""
        return {
            str(path.relative_to(self.model)): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in sorted(self.model.rglob("*"))
            if path.is_file() and not any(path.is_relative_to(each) for each in but)
        }

    def rows(self, line: str, columns: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "verdicts.db")
        try:
            return connection.execute(
                f"SELECT {columns} FROM verdicts WHERE line = ? ORDER BY frame_id",  # noqa: S608 - our own words
                (line,),
            ).fetchall()
        finally:
            connection.close()

    def hall(self, folder: Path | None = None) -> Hall:
        return Hall(partial(open_line, Trunks()), folder)


def build_two_lines(small: SmallModel, folder: Path) -> TwoLines:
    plant = TwoLines(folder)
    shutil.copytree(small.folder, plant.model)
    for line in (LINE, TWIN):
        shutil.copytree(small.recording.folder, folder / line)
    about = folder / TWIN / "line.toml"
    said = tomllib.loads(about.read_text(encoding="utf-8"))
    about.write_text(tomli_w.dumps(said | {"id": TWIN}), encoding="utf-8")
    shutil.copytree(plant.branch(LINE), plant.branch(TWIN))
    for line in (LINE, TWIN):
        _belongs_to(line, plant.branch(line))
        start = plant.model / "settings" / f"{line}.toml"
        shutil.copy(plant.branch(line) / SETTINGS, start)
    return plant


def _belongs_to(line: str, branch: Path) -> None:
    """Make the branch one of the line, with a deadline that no busy machine misses."""
    settings = tomllib.loads((branch / SETTINGS).read_text(encoding="utf-8"))
    decisions = settings["decisions"] | {"deadline_ms": 60_000.0}
    said = tomli_w.dumps(settings | {"line": line, "decisions": decisions}).encode()
    (branch / SETTINGS).write_bytes(said)
    manifest = tomllib.loads((branch / MANIFEST).read_text(encoding="utf-8"))
    files = manifest["files"] | {SETTINGS: sha256_of(said)}
    write_manifest(branch, manifest | {"line": line, "files": files})


def wait_until(done: Any) -> None:
    until = time.monotonic() + SOON_S
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
