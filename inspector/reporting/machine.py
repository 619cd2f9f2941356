"""What a measurement ran on, in words that name no host and no folder."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_TELLING_FLAGS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "amx_tile": "AMX",
}
"""What of a processor moves the speed of networks, as the kernel spells it."""
_RUNTIMES = ("onnxruntime-gpu", "onnxruntime", "numpy", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a measurement ran on."""

    cores: int
    """That this program may use."""
    instructions: tuple[str, ...]
    """Of `AVX2`, `AVX-512`, `AVX-512 VNNI`, `AVX VNNI`, `AMX`: those that are there."""
    system: str
    packages: dict[str, str]
    """Versions of what computes."""
    threads: str | None
    """`OMP_NUM_THREADS`, if it was set."""

    def __str__(self) -> str:
        cores = f"{self.cores} core{'' if self.cores == 1 else 's'}"
        flags = ", ".join(self.instructions) or "no vector instructions known"
        packages = ", ".join(f"{name} {each}" for name, each in self.packages.items())
        limit = "" if self.threads is None else f", OMP_NUM_THREADS={self.threads}"
        return f"{cores} ({flags}), {self.system}, {packages}{limit}"


def this_machine() -> Machine:
    """Describe the machine at hand."""
    return Machine(
        cores=_cores(),
        instructions=instructions_in(_cpu_flags()),
        system=f"{platform.system()}, Python {platform.python_version()}",
        packages=_versions(_RUNTIMES),
        threads=os.environ.get("OMP_NUM_THREADS"),
    )


def instructions_in(flags: Sequence[str]) -> tuple[str, ...]:
    """Name the telling ones of a processor's flags."""
    return tuple(name for flag, name in _TELLING_FLAGS.items() if flag in flags)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_flags() -> list[str]:
    """Read the processor's flags where the kernel tells them."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    lines = (line.partition(":") for line in told.splitlines())
    return next((text.split() for name, _, text in lines if name[:5] == "flags"), [])


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
