"""`inspector evaluate`: how good a model is on a shift."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from inspector.evaluation import Evaluation, Rate
    from inspector.settings import ModelSettings
    from inspector.yardsticks import Estimate


def evaluate(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of the recorded line.")
    ],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    split: Annotated[str, typer.Option(help="Which shift: train, val or test.")] = (
        "test"
    ),
    torch: Annotated[
        bool,
        typer.Option(
            help="Also compare ONNX Runtime with torch, where torch is installed."
        ),
    ] = True,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Measure a model on a labelled shift of a recorded line.

    Thresholds are the line's settings, found on the validation shift. Intervals are
    95 % bootstrap intervals.

    Example: inspector evaluate recordings/poly --model M --json poly.json
    """
    from connectors.wiring import load_brain
    from inspector.commands.line_operation import write_json
    from inspector.evaluation import evaluate as measure
    from inspector.model.hybrid import load_model
    from inspector.recording import Recording

    recorded = Recording.load(recording)
    line = recorded.settings.id
    settings = load_brain(model, line, recorded.settings.picture).settings
    routed = load_model(model, line, settings=settings)
    full = load_model(model, line, settings=settings, always_both=True)
    with Progress(transient=True) as bars:
        task = bars.add_task("parts", total=len(recorded.select(split)))
        found = measure(
            recorded,
            split,
            (routed, full),
            settings.decisions,
            lambda parts: bars.advance(task, parts),
        )
    onnx = _compare_with_torch(model, line, settings, found) if torch else None
    _show(found, onnx)
    if json is not None:
        write_json(json, found.as_json() | {"onnx": onnx})


def _compare_with_torch(
    model: Path, line: str, settings: ModelSettings, found: Evaluation
) -> dict[str, Any] | None:
    """Score the same parts with torch; `None` where torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    from inspector.training.reference import agreement, load_torch_model

    reference = load_torch_model(model, line, settings.branch)
    wanted = reference.scores(found.samples)
    compared = agreement(wanted, found.both, settings.decisions)
    return {"max_abs_diff": compared.max_abs_diff, "flips": compared.flips}


def _show(found: Evaluation, onnx: dict[str, Any] | None) -> None:
    console = Console()
    title = f"Line {found.line}, shift {found.split}: {found.parts} parts"
    console.print(_methods(found, title))
    table = Table("what", "share", "parts", title="Decisions")
    table.add_row("escapes: bad parts that passed", *_rate(found.escapes))
    table.add_row("false rejects: good parts rejected", *_rate(found.false_rejects))
    table.add_row("left to a person (REVIEW)", *_rate(found.reviews))
    for decision, parts in found.decisions.items():
        table.add_row(decision, "", f"{parts}")
    for route, parts in found.routes.items():
        table.add_row(f"route {route}", "", f"{parts}")
    console.print(table)
    rules, times = found.rules, found.latency_ms
    console.print(
        f"PASS below {rules.pass_below:.3f}, REJECT at {rules.reject_at:.3f}: found on "
        f"the validation shift for an escape rate of {rules.wanted_escape_rate:g}"
    )
    console.print(f"bytes to score: p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f}")
    if onnx is not None:
        console.print(
            f"ONNX Runtime and torch differ by at most {onnx['max_abs_diff']:.1e}; "
            f"{onnx['flips']} verdicts flip"
        )


def _methods(found: Evaluation, title: str) -> Table:
    table = Table("method", title=title)
    for column in ("AUROC", "fused minus this", "average precision", "balanced acc."):
        table.add_column(column, justify="right")
    for name, each in found.methods.items():
        table.add_row(
            name,
            _with_interval(each.auroc),
            _with_interval(each.behind, sign="+"),
            _with_interval(each.average_precision),
            _with_interval(each.balanced_accuracy),
        )
    return table


def _with_interval(each: Estimate, sign: str = "") -> str:
    return f"{each.value:{sign}.3f} ({each.low:{sign}.3f} to {each.high:{sign}.3f})"


def _rate(rate: Rate) -> tuple[str, str]:
    share = "" if rate.value is None else f"{rate.value:.3f}"
    return share, f"{rate.count} / {rate.of}"
