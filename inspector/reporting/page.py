"""An evaluation as one page for a browser or a printer; it asks nobody for anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inspector.errors import InspectorError
from inspector.evaluation import Evaluation
from inspector.measures.coverage import WANTED_ACCURACY
from inspector.measures.estimates import Rate
from inspector.recording import Recording
from inspector.reporting.charts import charts_of
from inspector.reporting.examples import Example, worst_false_calls, worst_misses
from inspector.reporting.machine import this_machine
from inspector.reporting.tables import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One figure that a reader must not miss."""

    value: str
    what: str
    detail: str


def write_page(
    folder: Path, recording: Recording, found: Evaluation, sections: Sequence[Section]
) -> Path:
    """Write `index.html` into a folder, and give its path.

    Raises:
        InspectorError: the page cannot be written.
        RecordingError: a picture cannot be read.
    """
    text = render(recording, found, sections)
    path = folder / "index.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise InspectorError(message) from error
    return path


def render(recording: Recording, found: Evaluation, sections: Sequence[Section]) -> str:
    """Lay the page out; whatever a recording says is escaped."""
    pages = Environment(
        loader=PackageLoader("inspector.reporting", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    charts = [
        # Drawn here, of figures and of names that the charting library has escaped.
        (chart.title, chart.good, Markup(chart.svg))  # noqa: S704
        for chart in charts_of(found)
    ]
    misses = worst_misses(recording, found)
    return pages.get_template("page.html.j2").render(
        found=found,
        conclusion=conclusion(found),
        headlines=headlines(found),
        charts=charts,
        misses=misses,
        false_calls=worst_false_calls(recording, found),
        lines_words=_lines_words(misses),
        sections=sections,
        machine=f"{this_machine()}",
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        model=_model_words(found),
    )


def headlines(found: Evaluation) -> list[Headline]:
    """Choose the figures that a reader takes away."""
    fused, picture = found.methods["fused"], found.methods["image"]
    lines = [
        Headline(
            value=f"{fused.auroc.value:.3f}",
            what="AUROC, fused",
            detail=f"{fused.auroc.low:.3f} to {fused.auroc.high:.3f}; 1 is perfect",
        ),
        Headline(
            value=f"{picture.behind.value:+.3f}",
            what="over the picture alone",
            detail=f"{picture.behind.low:+.3f} to {picture.behind.high:+.3f}; "
            "good: above 0",
        ),
        _rate_headline(found.escapes, "escapes", "bad parts that passed"),
        _rate_headline(found.false_rejects, "false rejects", "good parts rejected"),
        _rate_headline(found.reviews, "left to a person", "REVIEW"),
    ]
    if found.coverage is not None:
        wanted = found.coverage[WANTED_ACCURACY].on_shift
        rate = _rate_headline(
            wanted.coverage,
            f"decided at {WANTED_ACCURACY:.1%}",
            f"right {wanted.accuracy.count} / {wanted.accuracy.of}",
        )
        lines.append(rate)
    return lines


def conclusion(found: Evaluation) -> str:
    """Say in a sentence or two what the figures show, and what they do not."""
    ahead = found.methods["image"].behind
    if ahead.low > 0:
        fusion = "Reading the log too tells bad parts better than the picture alone."
    elif ahead.high < 0:
        fusion = "Reading the log too tells bad parts worse than the picture alone."
    else:
        fusion = "Whether reading the log too helps cannot be told on this shift."
    passed = f"{found.escapes.count} of {found.escapes.of} bad parts passed"
    rejected = f"{found.false_rejects.count} of {found.false_rejects.of} good ones"
    person = f"a person looks at {found.reviews.count} of {found.reviews.of}"
    return f"{fusion} {passed}, {rejected} were rejected, and {person}."


def _rate_headline(rate: Rate, what: str, detail: str) -> Headline:
    value = "–" if rate.value is None else f"{rate.value:.1%}"  # noqa: RUF001
    return Headline(
        value=value, what=what, detail=f"{rate.count} / {rate.of}; {detail}"
    )


def _lines_words(examples: Sequence[Example]) -> str:
    """Say what the log lines of the examples are."""
    if any(line.weight is not None for each in examples for line in each.lines):
        return (
            "Log lines are those that weighed most, with their share of the log's say."
        )
    return "Log lines are those nearest to the part; the model does not weigh them."


def _model_words(found: Evaluation) -> str:
    rules = found.rules
    return f"PASS below {rules.pass_below:.3f}, REJECT at {rules.reject_at:.3f}"
