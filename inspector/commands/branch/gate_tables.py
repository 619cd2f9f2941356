"""What the gate found, as tables: for `check --gate` and for `use`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inspector.gate import GateReport
from inspector.reporting.tables import Section, sheet

_NAMES = {
    "wrong_decisions": "wrong decisions",
    "parts_left_to_a_person": "left to a person",
}


def gate_section(report: GateReport) -> Section:
    """Lay out what was measured, what is noted, and what is refused."""
    rows = list(_rows(report.figures))
    tables = (sheet("", ("figure", "new", "running", "allowed"), rows),) if rows else ()
    said = "lets it through" if report.passed else "refuses it"
    verdict = f"The gate {said}."
    return Section(
        title=f"Branch {report.version} of line {report.line} at the gate, beside "
        f"{report.running or 'nothing'}",
        sheets=tables,
        notes=(*report.notes, verdict),
        content={"gate": report.as_json()},
    )


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if "load_s" in found:
        yield "loaded and warm, s", f"{found['load_s']:.2f}", "", ""
    for name in ("verified", "golden"):
        if name in found:
            told = ", ".join(f"{count} {what}" for what, count in found[name].items())
            yield f"{name} parts", told, "", ""
    if "flips" in found:
        flips = found["flips"]
        passed = f"{flips['passed_now']} of {flips['confirmed_rejects']}"
        yield "confirmed rejects passed", passed, "", f"{flips['allowed']}"
    yield from _comparisons(found)
    for name in ("median", "p99"):
        times = found.get("time_ms", {})
        if times:
            new, old = (_ms(times.get(who), name) for who in _SIDES)
            yield f"{name} ms a part", new, old, ""


_SIDES = ("new", "running")


def _ms(times: Mapping[str, float] | None, name: str) -> str:
    return "" if times is None else f"{times[name]:.1f}"


def _comparisons(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for key, name in _NAMES.items():
        if key in found:
            told = found[key]
            new, old = (f"{told[who]} of {told['of']}" for who in _SIDES)
            yield name, new, old, _margin(told, "+")
    if "auroc" in found:
        told = found["auroc"]
        yield "area under ROC", f"{told['difference']:+.3f}", "", _margin(told, "-")
    if "validation" in found:
        told = found["validation"]
        before = told["running"]
        shown = "" if before is None else f"{before:.3f}"
        yield "area on validation", f"{told['auroc']:.3f}", shown, ""


def _margin(told: Mapping[str, Any], sign: str) -> str:
    worst, sure = told["worst"], told["confidence"]
    return f"{sign}{told['margin']:g}; at {sure:.0%} it may be {worst:+.3f}"
