"""`inspector bench`: what the model and its parts cost on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from inspector.model.hybrid import HybridModel
    from inspector.recording import Recording
    from inspector.reporting.tables import Section
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
    routing: Annotated[
        bool,
        typer.Option(
            "--routing", help="Every labelled part under each setting of the router."
        ),
    ] = False,
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
    swap_under_load: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Swap the branch N times during replays of all shifts at 30 parts/s.",
        ),
    ] = None,
    swap: Annotated[
        bool,
        typer.Option(
            "--swap",
            help="What the line costs as a new one: its branch alone, or everything. "
            "MODEL is then a folder that keeps what is trained for it.",
        ),
    ] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="REC", help="With --swap: a line that the trunk knows."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the tables to this file.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Time decoding and scoring at batch 1: with short cuts, and always both.

    The variants take turns part by part, so that a noisy machine is fair to both.

    Example: inspector bench recordings/poly --model M --routing
    """
    from inspector.commands.bench_log import bench_log, line_counts, log_section
    from inspector.commands.bench_routing import bench_routing, routing_section
    from inspector.commands.bench_swap_cost import measure as measure_swap_cost
    from inspector.commands.bench_swaps import SwapPlan, measure_swaps, swaps_section
    from inspector.commands.bench_tiling import measure_tiling, tiling_section
    from inspector.commands.line_operation import write_json, write_text
    from inspector.commands.printing import show
    from inspector.recording import Recording
    from inspector.reporting.machine import this_machine
    from inspector.reporting.markdown import as_markdown

    recorded = Recording.load(recording)
    line = recorded.settings.id
    if routing:
        section = routing_section(bench_routing(recorded, model, split, rounds))
    elif log_lines is not None:
        counts = line_counts(log_lines)
        section = log_section(bench_log(recorded, model, counts, (split, limit)))
    elif tiling:
        section = tiling_section(measure_tiling(recorded, model, split, rounds))
    elif swap:
        section = measure_swap_cost(recorded, beside or [], model)
    elif swap_under_load is not None:
        plan = SwapPlan(swaps=swap_under_load, rounds=rounds)
        section = swaps_section(measure_swaps(recorded, model, plan))
    else:
        section = _time_section(recorded, model, (split, limit, rounds))
    show([section])
    if json is not None:
        write_json(json, {"line": line, **section.content})
    if markdown is not None:
        title = f"Line {line}, shift {split}"
        write_text(markdown, as_markdown(title, [section], sys.argv, this_machine()))


def _time_section(
    recording: Recording, model: Path, extent: tuple[str, int, int]
) -> Section:
    from connectors.wiring import load_brain
    from inspector.model.hybrid import load_model
    from inspector.reporting.tables import Section, sheet

    line = recording.settings.id
    settings = load_brain(model, line, recording.settings.picture).settings
    routed = load_model(model, line, settings=settings)
    full = load_model(model, line, settings=settings, always_both=True)
    times = _measure(recording, extent, routed, full)
    figures = {name: _figures(each) for name, each in times.items()}
    ratio = figures["routed"]["mean"] / figures["always both"]["mean"]
    rows = [
        (name, *(f"{value:.2f}" for value in each.values()))
        for name, each in figures.items()
    ]
    return Section(
        title="Time per part, batch 1",
        sheets=(sheet("", ("ms per part", "mean", "p50", "p99"), rows),),
        notes=(f"Short cuts take {ratio:.2f} of the time of always both.",),
        content={"ms": figures, "routed_to_always_both": ratio},
    )


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
