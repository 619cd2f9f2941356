"""The peers' own environment: made once, kept, and made again when its list changes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.peer_link import PeerError, surroundings

REQUIREMENTS = Path(__file__).with_name("peers-requirements.txt")
_STAMP = "installed.sha256"


def default_folder() -> Path:
    """Where this user's caches are."""
    if os.name == "nt":
        caches = os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")
    else:
        caches = os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    return Path(caches) / "inspector-peers"


def prepare(folder: Path, requirements: Path = REQUIREMENTS) -> Path:
    """Make the environment, unless it already holds what is required.

    Args:
        folder: of the environment.
        requirements: packages and versions, as pip reads them.

    Returns:
        Its Python.

    Raises:
        PeerError: it cannot be made, or a package cannot be installed.
    """
    python = python_of(folder)
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / _STAMP
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    run((sys.executable, "-m", "venv", str(folder)), Path.cwd())
    run(install_command(python, requirements), Path.cwd())
    stamp.write_text(wanted)
    return python


def python_of(folder: Path) -> Path:
    """Where an environment's Python is."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_command(python: Path, requirements: Path) -> tuple[str, ...]:
    """Say how packages are installed: from wherever this machine's pip takes them."""
    return str(python), "-m", "pip", "install", "-r", str(requirements.resolve())


def run(
    command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None
) -> None:
    """Run a command in a folder; what it prints goes to the error stream.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        more: environment variables besides mine.

    Raises:
        PeerError: it failed.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**surroundings(os.environ), **(more or {})},
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        message = f"failed with exit code {done.returncode}: {' '.join(command)}"
        raise PeerError(message)


def keep_to_cores(cores: int) -> None:
    """Keep this program, and those it starts, to so many cores, where that is possible.

    Elsewhere, peers are told how many threads to run; our own model takes as many as
    the machine has cores, at most 4.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:cores])
