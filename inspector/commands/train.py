"""`inspector train`: recordings in, a model out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from inspector.settings import DecisionRules
    from inspector.training.programme import TrainingReport


def train(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="REC...", help="Folders of recorded lines.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="New folder for the model.")],
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Use no published weights.")
    ] = False,
    backbone: Annotated[
        str,
        typer.Option(
            help="efficientnet-lite0, or timm:NAME[:FILE] with weights from the hub "
            "or from a file."
        ),
    ] = "efficientnet-lite0",
    escape_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of bad parts that may pass, on val."),
    ] = 0.02,
    quick: Annotated[
        bool, typer.Option("--quick", help="A third of the time, and less accurate.")
    ] = False,
    version: Annotated[str, typer.Option(help="Name of this version.")] = "1",
    json: Annotated[
        Path | None, typer.Option(help="Also write the report to this file.")
    ] = None,
) -> None:
    """Train a model from labelled recordings; their test shifts are not touched.

    Several lines share the trunk (log, fusion, router); each gets a branch of its own.

    Example: inspector train recordings/poly recordings/tile --out M
    """
    from dataclasses import replace

    from inspector.commands.line_operation import write_json
    from inspector.recording import Recording
    from inspector.training.programme import Plan
    from inspector.training.programme import train as train_model

    plan = Plan.quick() if quick else Plan()
    plan = replace(
        plan,
        backbone="scratch" if from_scratch else backbone,
        wanted_escape_rate=escape_rate,
        version=version,
    )
    report = train_model([Recording.load(each) for each in recordings], out, plan)
    _show(report, out)
    if json is not None:
        write_json(json, _as_json(report))


def _show(report: TrainingReport, out: Path) -> None:
    console = Console()
    table = Table("stage", "seconds", title="Training")
    for stage, seconds in report.stage_s.items():
        table.add_row(stage, f"{seconds:.0f}")
    console.print(table)
    table = Table("line", "pass below", "reject at", "escapes, 95 % sure")
    table.add_column("torch and ONNX Runtime differ by")
    for line in report.lines:
        rules = line.decisions
        table.add_row(
            line.line,
            f"{rules.pass_below:.3f}",
            f"{rules.reject_at:.3f}",
            _promised(rules),
            f"{line.agreement.max_abs_diff:.1e}, {line.agreement.flips} verdicts",
        )
    console.print(table)
    console.print(f"The model is in {out}")


def _promised(rules: DecisionRules) -> str:
    found = rules.guarantee
    return "" if found is None else f"{found.escapes.bound_at_confidence:.1%}"


def _as_json(report: TrainingReport) -> dict[str, object]:
    return {
        "stage_s": report.stage_s,
        "lines": {
            line.line: {
                "decisions": line.decisions.model_dump(),
                "weights": line.weights.model_dump(),
                "onnx": {
                    "max_abs_diff": line.agreement.max_abs_diff,
                    "flips": line.agreement.flips,
                    "parts": line.agreement.parts,
                },
            }
            for line in report.lines
        },
    }
