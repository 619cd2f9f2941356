"""`inspector evaluate`: how good a model is on a shift."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from inspector.evaluation import Evaluation
    from inspector.recording import Recording
    from inspector.reporting.tables import Section
    from inspector.settings import ModelSettings


def evaluate(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of the recorded line.")
    ],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    split: Annotated[str, typer.Option(help="Which shift: train, val or test.")] = (
        "test"
    ),
    modules: Annotated[
        Path | None,
        typer.Option(
            help="Table frame_id,module, where the recording does not name modules."
        ),
    ] = None,
    torch: Annotated[
        bool,
        typer.Option(
            help="Also compare ONNX Runtime with torch, where torch is installed."
        ),
    ] = True,
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness",
            help="Also test, for minutes, whether what explains a verdict decided it.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write a page with charts to this folder."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the tables to this file.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Measure a model on a labelled shift of a recorded line.

    Thresholds are the line's settings, found on the validation shift. Intervals are
    95 % intervals. docs/evaluation.md explains each figure.

    Example: inspector evaluate recordings/poly --model M --report poly-report
    """
    from connectors.wiring import load_brain
    from inspector.commands.line_operation import write_json, write_text
    from inspector.commands.printing import show
    from inspector.recording import Recording
    from inspector.reporting.machine import this_machine
    from inspector.reporting.markdown import as_markdown
    from inspector.reporting.sections import sections_of
    from inspector.shifts import name_modules

    if report is not None:
        # Before the long work, so that a package that is missing is named at once.
        from inspector.reporting.page import write_page
    recorded = Recording.load(recording)
    if modules is not None:
        recorded = name_modules(recorded, modules)
    settings = load_brain(
        model, recorded.settings.id, recorded.settings.picture
    ).settings
    found = _measure(recorded, split, model, settings)
    sections = [*sections_of(found), _guarantee_section(found)]
    if torch and importlib.util.find_spec("torch") is not None:
        sections.append(_runtimes_section(recorded, model, settings, found))
    if faithfulness:
        sections.append(_faithfulness_section(recorded, split, model, settings))
    show(sections)
    if json is not None:
        write_json(json, found.as_json() | _contents(sections))
    title = f"Line {found.line}, shift {found.split}"
    if markdown is not None:
        text = as_markdown(title, sections, sys.argv, this_machine())
        write_text(markdown, text)
    if report is not None:
        page = write_page(report, recorded, found, sections)
        Console().print(f"Report: {page}", soft_wrap=True)


def _measure(
    recorded: Recording, split: str, model: Path, settings: ModelSettings
) -> Evaluation:
    from inspector.evaluation import evaluate as measure
    from inspector.model.hybrid import load_model

    line = recorded.settings.id
    routed = load_model(model, line, settings=settings)
    full = load_model(model, line, settings=settings, always_both=True)
    with Progress(transient=True) as bars:
        task = bars.add_task("parts", total=len(recorded.select(split)))
        return measure(
            recorded,
            split,
            (routed, full),
            settings.decisions,
            lambda parts: bars.advance(task, parts),
        )


def _faithfulness_section(
    recorded: Recording, split: str, model: Path, settings: ModelSettings
) -> Section:
    """Run the deletion and insertion tests."""
    from inspector.faithfulness import COLUMNS, Extent, Shift, measure_faithfulness
    from inspector.model.covering import cover
    from inspector.model.hybrid import load_model
    from inspector.reporting.tables import Section, sheet
    from inspector.shifts import samples_of

    line = recorded.settings.id
    good = recorded.settings.classes[0]
    rows = [row for row in recorded.select(split) if row.label is not None]
    shift = Shift(
        line=line,
        split=split,
        samples=list(samples_of(recorded, split)),
        bad=[row.label != good for row in rows],
    )
    extent = Extent()
    with Progress(transient=True) as bars:
        task = bars.add_task("parts, again and again", total=2 * extent.parts)
        found = measure_faithfulness(
            load_model(model, line, settings=settings),
            shift,
            cover,
            extent,
            lambda parts: bars.advance(task, parts),
        )
    return Section(
        title="Does what explains a verdict decide it?",
        sheets=(sheet("", COLUMNS, found.rows()),),
        content={"faithfulness": found.as_json()},
    )


def _guarantee_section(found: Evaluation) -> Section:
    """Say what the thresholds promised, and what this shift had."""
    from inspector.guarantee import report
    from inspector.reporting.tables import Section, sheet

    kept = report(
        found.rules,
        (found.escapes.count, found.escapes.of),
        (found.false_rejects.count, found.false_rejects.of),
    )
    rows = sheet("", ("what", "how much"), kept.rows())
    return Section(
        title="Guarantee", sheets=(rows,), content={"guarantee": kept.as_json()}
    )


def _runtimes_section(
    recorded: Recording, model: Path, settings: ModelSettings, found: Evaluation
) -> Section:
    """Score the same parts with torch, and compare."""
    import numpy as np

    from inspector.reporting.tables import Section
    from inspector.shifts import samples_of
    from inspector.training.reference import agreement, load_torch_model

    reference = load_torch_model(model, found.line, settings.branch)
    samples = samples_of(recorded, found.split)
    wanted = np.array([reference.score(sample) for sample in samples])
    compared = agreement(wanted, found.both, settings.decisions)
    off = f"ONNX Runtime and torch differ by at most {compared.max_abs_diff:.1e}"
    return Section(
        title="Runtimes",
        notes=(f"{off}; {compared.flips} verdicts flip",),
        content={
            "onnx": {"max_abs_diff": compared.max_abs_diff, "flips": compared.flips}
        },
    )


def _contents(sections: Sequence[Section]) -> dict[str, object]:
    return {
        "onnx": None,
        **{key: each for part in sections for key, each in part.content.items()},
    }
