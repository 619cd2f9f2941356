"""`inspector branch disagreements`: how a branch in shadow compares with what runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.branches import Act, BranchAct, standing
from inspector.commands.branch.options import Database, Json, Line, Said, Settings
from inspector.errors import InputError

if TYPE_CHECKING:
    from connectors.database.shadow_judgements import Disagreement, ShadowReport
    from inspector.reporting.tables import Section


Limit = Annotated[int, typer.Option(min=1, help="Show at most so many parts.")]


def disagreements(
    line: Line,
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="If not the one in shadow now."),
    ] = None,
    *,
    limit: Limit = 20,
    settings: Settings = None,
    database: Database = None,
    json: Json = None,
) -> None:
    """List the parts about which a branch in shadow disagrees, with their pictures.

    Example: inspector branch disagreements poly --settings poly.toml --limit 50
    """
    from connectors.database.branch_acts import SqlBranchActs
    from connectors.database.engine import open_engine
    from connectors.database.schema import require_current
    from connectors.database.shadow_judgements import disagreements as asked
    from connectors.database.shadow_judgements import shadow_report
    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import show

    engine = open_engine(Said(settings=settings, database=database).record_url(line))
    try:
        require_current(engine)
        name, since_ns = _in_shadow(SqlBranchActs(engine).acts(line), line, version)
        report = shadow_report(engine, line, name, since_ns)
        found = list(asked(engine, line, name, limit))
    finally:
        engine.dispose()
    section = _section(line, name, report, found)
    show([section])
    if json is not None:
        write_json(json, section.content)


def _in_shadow(
    told: Sequence[BranchAct], line: str, version: str | None
) -> tuple[str, int]:
    """Say which version is meant, and when it was last put into shadow."""
    where, name = f"line {line}", version or standing(line, told).shadow
    if name is None:
        what = "no branch is in shadow: name the version that was"
        raise InputError.single(where, what)
    began = [a for a in told if a.act is Act.SHADOW and a.version == name]
    if not began:
        what = f"branch {name} was never in shadow"
        raise InputError.single(where, what)
    return name, began[-1].acted_ns


def _section(
    line: str, version: str, report: ShadowReport, found: list[Disagreement]
) -> Section:
    from inspector.reporting.tables import Section, sheet

    differ = sum(report.changes.values())
    counts = [
        ("parts with a verdict since then", f"{report.verdicts}"),
        ("  judged in shadow too", f"{report.judged}"),
        ("  of these could not be judged by one of the two", f"{report.faults}"),
        ("  disagreements", f"{differ} / {report.judged}"),
        *(
            (f"    {was} would be {would}", f"{count}")
            for (was, would), count in sorted(report.changes.items())
        ),
    ]
    times = [
        ("a part, in shadow", *_ms(report.judged_ms)),
        ("the line's own part, meanwhile", *_ms(report.latency_ms)),
        ("the line's own part, before", *_ms(report.latency_before_ms)),
    ]
    parts = [
        (
            *(f"{each.frame_id}", each.live_decision, _score(each.live_score)),
            *(each.decision, _score(each.score), each.evidence or "not kept"),
        )
        for each in found
    ]
    columns = ("part", "decided", "score", "would be", "score ", "picture")
    return Section(
        title=f"Branch {version} in shadow of line {line}",
        sheets=(
            sheet("", ("what", "parts"), counts),
            sheet("Time", ("what", "median ms", "p99 ms"), times),
            sheet("The latest parts about which they disagree", columns, parts),
        ),
        content={
            "line": line,
            "version": version,
            "verdicts": report.verdicts,
            "judged": report.judged,
            "faults": report.faults,
            "changes": [
                {"decided": was, "would_be": would, "parts": count}
                for (was, would), count in report.changes.items()
            ],
            "ms": {
                "shadow": _finite(report.judged_ms),
                "line": _finite(report.latency_ms),
                "line_before": _finite(report.latency_before_ms),
            },
            "disagreements": [asdict(each) for each in found],
        },
    )


def _ms(both: tuple[float, float]) -> tuple[str, str]:
    median, p99 = (f"{each:.1f}" if math.isfinite(each) else "" for each in both)
    return median, p99


def _finite(both: tuple[float, float]) -> list[float | None]:
    return [each if math.isfinite(each) else None for each in both]


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
