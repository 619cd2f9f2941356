"""`inspector train`: recordings in, a model out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from inspector.reporting.tables import Section
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
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate", help="Also train without some stages, and compare on `test`."
        ),
    ] = False,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the tables to this file.")
    ] = None,
    version: Annotated[str, typer.Option(help="Name of this version.")] = "1",
    json: Annotated[
        Path | None, typer.Option(help="Also write the report to this file.")
    ] = None,
) -> None:
    """Train a model from labelled recordings; nothing is learned from test shifts.

    Several lines share the trunk (log, fusion, router); each gets a branch of its own.

    Example: inspector train recordings/poly recordings/tile --out M
    """
    from dataclasses import replace

    from inspector.commands.ablation_tables import ablation_content
    from inspector.commands.line_operation import write_json, write_text
    from inspector.commands.printing import show
    from inspector.recording import Recording
    from inspector.reporting.machine import this_machine
    from inspector.reporting.markdown import as_markdown
    from inspector.training.programme import Plan
    from inspector.training.programme import train as train_model

    plan = Plan.quick() if quick else Plan()
    plan = replace(
        plan,
        backbone="scratch" if from_scratch else backbone,
        wanted_escape_rate=escape_rate,
        version=version,
    )
    loaded = [Recording.load(each) for each in recordings]
    report = train_model(loaded, out, plan, "test" if ablate else None)
    sections = _sections(report)
    show(sections)
    Console().print(f"The model is in {out}", soft_wrap=True)
    if markdown is not None:
        text = as_markdown("Training", sections, sys.argv, this_machine())
        write_text(markdown, text)
    if json is not None:
        write_json(json, _as_json(report) | ablation_content(report.ablated))


def _sections(report: TrainingReport) -> list[Section]:
    from inspector.commands.ablation_tables import ablation_section
    from inspector.reporting.tables import Section, sheet

    stages = [(stage, f"{seconds:.0f}") for stage, seconds in report.stage_s.items()]
    total = sum(report.stage_s.values())
    columns = ("line", "pass below", "reject at", "torch and ONNX Runtime differ by")
    lines = [
        (
            line.line,
            f"{line.decisions.pass_below:.3f}",
            f"{line.decisions.reject_at:.3f}",
            f"{line.agreement.max_abs_diff:.1e}, {line.agreement.flips} verdicts",
        )
        for line in report.lines
    ]
    trained = Section(
        title="Training",
        sheets=(
            sheet("", ("stage", "seconds"), [*stages, ("all", f"{total:.0f}")]),
            sheet("", columns, lines),
        ),
    )
    return [trained, *([ablation_section(report.ablated)] if report.ablated else [])]


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
