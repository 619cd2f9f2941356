"""`inspector bench`: what the model and its parts cost on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from inspector.model.hybrid import HybridModel
    from inspector.recording import Recording
    from inspector.types import Sample


def bench(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of the recorded line.")
    ],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    split: Annotated[str, typer.Option(help="Which shift.")] = "test",
    limit: Annotated[int, typer.Option(min=10, help="At most so many parts.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="Times over all parts.")] = 3,
    log_lines: Annotated[
        str | None,
        typer.Option(
            metavar="100,10000",
            help="Time a part's log instead, with so many log lines in its reach.",
        ),
    ] = None,
    tiling: Annotated[
        bool, typer.Option("--tiling", help="What tiles of large pictures cost.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Time decoding and scoring at batch 1: with short cuts, and always both.

    The variants take turns part by part, so that a noisy machine is fair to both.

    Example: inspector bench recordings/poly --model M
    """
    from connectors.wiring import load_brain
    from inspector.commands.bench_log import bench_log, line_counts, show_log_costs
    from inspector.commands.bench_tiling import measure_tiling, show_tiling
    from inspector.commands.line_operation import write_json
    from inspector.model.hybrid import load_model
    from inspector.recording import Recording

    recorded = Recording.load(recording)
    if log_lines is not None:
        costs = bench_log(recorded, model, line_counts(log_lines), (split, limit))
        show_log_costs(costs)
        if json is not None:
            write_json(json, costs)
        return
    line = recorded.settings.id
    if tiling:
        found = measure_tiling(recorded, model, split, rounds)
        show_tiling(line, found)
        if json is not None:
            write_json(json, {"line": line, "tiling_ms": found})
        return
    settings = load_brain(model, line, recorded.settings.picture).settings
    routed = load_model(model, line, settings=settings)
    full = load_model(model, line, settings=settings, always_both=True)
    times = _measure(recorded, (split, limit, rounds), routed, full)
    figures = {name: _figures(each) for name, each in times.items()}
    ratio = figures["routed"]["mean"] / figures["always both"]["mean"]
    _show(line, figures, ratio)
    if json is not None:
        write_json(json, {"line": line, "ms": figures, "routed_to_always_both": ratio})


def _measure(
    recording: Recording,
    extent: tuple[str, int, int],
    routed: HybridModel,
    full: HybridModel,
) -> dict[str, list[float]]:
    from inspector.evaluation import samples_of
    from inspector.model.pictures import decode

    split, limit, rounds = extent
    times: dict[str, list[float]] = {"decode": [], "routed": [], "always both": []}
    samples = list(samples_of(recording, split, limit))
    files = [row.file.read_bytes() for row in recording.select(split, limit=limit)]
    _warm(samples, (routed, full))
    for _ in range(rounds):
        for sample, file in zip(samples, files, strict=False):
            times["decode"].append(_ms(partial(decode, file)))
            times["routed"].append(_ms(partial(routed.score, sample)))
            times["always both"].append(_ms(partial(full.score, sample)))
    return times


def _warm(samples: Iterable[Sample], models: Iterable[HybridModel]) -> None:
    for sample in samples:
        for model in models:
            model.score(sample)


def _ms(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def _figures(times: list[float]) -> dict[str, float]:
    import numpy as np

    return {
        "mean": float(np.mean(times)),
        "p50": float(np.percentile(times, 50)),
        "p99": float(np.percentile(times, 99)),
    }


def _show(line: str, figures: dict[str, dict[str, float]], ratio: float) -> None:
    table = Table("ms per part", "mean", "p50", "p99", title=f"Line {line}, batch 1")
    for name, each in figures.items():
        table.add_row(name, *(f"{value:.2f}" for value in each.values()))
    console = Console()
    console.print(table)
    console.print(f"Short cuts take {ratio:.2f} of the time of always both.")
