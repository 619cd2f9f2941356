"""What each stage of training was worth, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.reporting.tables import Section, Sheet
    from inspector.training.ablation import Ablated
    from inspector.training.retrieval import Recall


def ablation_section(found: Sequence[Ablated]) -> Section:
    """Lay out what each variant reaches."""
    from inspector.reporting.tables import Section

    note = (
        "A difference whose interval lies above 0 says that the stage pays on that "
        "line. Recall is on `val`, among the parts named, against chance."
    )
    return Section(
        title="Is each stage worth it?",
        sheets=(_areas(found), _recalls(found)),
        notes=(note,),
    )


def ablation_content(found: Sequence[Ablated]) -> dict[str, Any]:
    """Lay the same out for a file."""
    return {
        "ablation": [
            {
                "line": each.line,
                "variant": each.variant,
                "parts": each.parts,
                "auroc": each.auroc.as_json(),
                "all_stages_minus_this": each.behind.as_json(),
                "recall": None if each.recall is None else _recall_content(each.recall),
            }
            for each in found
        ]
    }


def _areas(found: Sequence[Ablated]) -> Sheet:
    from inspector.reporting.tables import interval, sheet

    columns = ("trained", "line", "parts", "AUROC", "all three stages minus this")
    rows = [
        (
            each.variant,
            each.line,
            f"{each.parts}",
            interval(each.auroc),
            interval(each.behind, "+"),
        )
        for each in found
    ]
    return sheet("Fused score, both always looked at, on `test`", columns, rows)


def _recalls(found: Sequence[Ablated]) -> Sheet:
    from inspector.reporting.tables import sheet

    columns = ("trained", "line", "parts", "text to picture", "back", "chance")
    rows = [
        (
            each.variant,
            each.line,
            f"{each.recall.parts}",
            _at_one_and_five(each.recall.text_to_picture),
            _at_one_and_five(each.recall.picture_to_text),
            _at_one_and_five(each.recall.by_chance),
        )
        for each in found
        if each.recall is not None
    ]
    return sheet("Retrieval: recall at 1 / at 5 on `val`", columns, rows)


def _at_one_and_five(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


def _recall_content(each: Recall) -> dict[str, Any]:
    return {
        "parts": each.parts,
        "text_to_picture": list(each.text_to_picture),
        "picture_to_text": list(each.picture_to_text),
        "by_chance": list(each.by_chance),
    }
