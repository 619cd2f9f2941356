"""Give the message decoders what nobody would send: 100,000 cases, and no crash.

python -m bench.fuzz_messages --cases 100000
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from hypothesis import HealthCheck, given, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from connectors.kafka.settings import FrameShape
from tests.connectors.kafka import decoding


def fuzz(
    cases: Annotated[int, typer.Option(help="Over both decoders.")] = 100_000,
) -> None:
    """Decode; stops at the first case that makes a decoder fail, and shows it."""
    began = time.monotonic()
    counted = {"frames": 0, "lines": 0}
    thorough = settings(
        max_examples=cases // 2,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    @thorough
    @given(decoding.HEADERS, decoding.VALUES, decoding.SHAPES)
    def frames(
        headers: list[tuple[str, bytes | None]], value: bytes | None, shape: FrameShape
    ) -> None:
        counted["frames"] += 1
        decoding.decode_a_frame(headers, value, shape)

    @thorough
    @given(decoding.VALUES)
    def lines(value: bytes | None) -> None:
        counted["lines"] += 1
        decoding.decode_a_line(value)

    frames()
    lines()
    took_s = time.monotonic() - began
    print(f"{counted['frames']} frames, {counted['lines']} log lines: 0 crashes")
    print(f"{took_s:.0f} s")


if __name__ == "__main__":
    typer.run(fuzz)
