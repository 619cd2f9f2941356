"""`inspector bench --swap`: what a new line costs by swapping only its CNN branch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.measures.estimates import Estimate
    from inspector.recording import Recording
    from inspector.reporting.tables import Section
    from inspector.training.swap_cost import Made, SwapCost

WITHIN = 0.02
"""Area under the ROC curve below the best that still counts as having come near."""
_MIB = 1 << 20


def measure(recording: Recording, others: Sequence[Path], work: Path) -> Section:
    """Train everything and the branch alone, and lay out what both cost.

    Raises:
        InputError: no other line is named, or the folder keeps something else.
        RecordingError: a recording cannot be learned from.
    """
    from inspector.errors import InputError
    from inspector.recording import Recording as Recorded
    from inspector.training.programme import Plan
    from inspector.training.swap_cost import measure_swap_cost

    if not others:
        where, what = (
            "--beside",
            "name the recordings of the lines that the trunk knows",
        )
        raise InputError.single(where, what)
    known = [Recorded.load(each) for each in others]
    return section(measure_swap_cost(recording, known, work, Plan()))


def section(cost: SwapCost) -> Section:
    """Lay out a cost: the branch with all labels, then with fewer."""
    from inspector.reporting.tables import Section, interval, sheet

    full, everything = cost.branches[1.0], cost.everything
    rows = [
        ("numbers learned", *_pair(everything.parameters, full.parameters, "{:,.0f}")),
        (
            "processor minutes",
            *_pair(everything.processor_s / 60, full.processor_s / 60, "{:.1f}"),
        ),
        ("labelled pictures", *_pair(everything.labels, full.labels, "{:.0f}")),
        (
            "MiB shipped",
            *_pair(
                everything.bytes_shipped / _MIB, full.bytes_shipped / _MIB, "{:.1f}"
            ),
        ),
    ]
    areas = {share: _areas(cost, made) for share, made in cost.branches.items()}
    curve = [
        (
            f"{share:.0%}",
            f"{made.labels}",
            f"{made.processor_s / 60:.1f}",
            interval(areas[share][0]),
            interval(areas[share][1], "+"),
        )
        for share, made in cost.branches.items()
    ]
    whole = _area(cost, everything)
    best = max(areas[share][0].value for share in areas)
    # From where on every larger share comes near too: one alone may do so by chance.
    short = [s for s in areas if areas[s][0].value < best - WITHIN]
    enough = min(s for s in areas if s > max(short, default=0.0))
    labels = cost.branches[enough].labels
    return Section(
        title=f"Line {cost.line}: its branch alone, beside retraining every line",
        sheets=(
            sheet("Cost", ("what", "everything", "the branch", "less"), rows),
            sheet(
                "The branch with fewer labels of the training shift",
                (
                    "share",
                    "labels",
                    "processor minutes",
                    "AUROC on test",
                    "minus everything",
                ),
                curve,
            ),
        ),
        notes=(
            f"Everything, retrained: AUROC {interval(whole)} on test.",
            f"From {labels} labelled pictures on it is within {WITHIN:g} of its best.",
            "The trunk of the branch has never seen this line. The validation shift "
            "keeps its labels in every row: thresholds are found on it.",
            "A branch's features come from ONNX Runtime and those of retraining from "
            "torch, which takes five times as long: a part of what is saved.",
        ),
        content={"swap_cost": _content(cost, areas, whole)},
    )


def _pair(everything: float, branch: float, form: str) -> tuple[str, str, str]:
    less = 1 - branch / everything
    return form.format(everything), form.format(branch), f"{less:.0%}"


def _area(cost: SwapCost, made: Made) -> Estimate:
    import numpy as np

    from inspector.measures.estimates import bootstrap, draw_parts
    from inspector.measures.ranking import auroc

    scores = np.array(made.scores)
    return bootstrap(lambda n: auroc(scores, cost.bad, n), draw_parts(cost.bad))


def _areas(cost: SwapCost, made: Made) -> tuple[Estimate, Estimate]:
    """Give a branch's area, and its paired difference from that of everything."""
    import numpy as np

    from inspector.measures.estimates import bootstrap, draw_parts
    from inspector.measures.ranking import auroc

    own, other = np.array(made.scores), np.array(cost.everything.scores)
    counts = draw_parts(cost.bad)
    difference = bootstrap(
        lambda n: auroc(own, cost.bad, n) - auroc(other, cost.bad, n), counts
    )
    return _area(cost, made), difference


def _content(
    cost: SwapCost, areas: dict[float, tuple[Estimate, Estimate]], whole: Estimate
) -> dict[str, Any]:
    def told(made: Made) -> dict[str, Any]:
        return {
            "labels": made.labels,
            "processor_s": made.processor_s,
            "parameters": made.parameters,
            "bytes_shipped": made.bytes_shipped,
        }

    return {
        "everything": told(cost.everything) | {"auroc": whole.as_json()},
        "branches": {
            f"{share:g}": told(made)
            | {
                "auroc": areas[share][0].as_json(),
                "minus_everything": areas[share][1].as_json(),
            }
            for share, made in cost.branches.items()
        },
    }
