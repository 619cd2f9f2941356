"""What short cuts save and what they cost: a curve over how far they may be off."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress

from inspector.types import Look, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inspector.measures.estimates import Estimate
    from inspector.model.hybrid import HybridModel
    from inspector.recording import Recording
    from inspector.reporting.tables import Section

ALWAYS_BOTH = "always both"
LOOK_TOLERANCES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one setting of the router does.

    mean_ms, p50_ms and p99_ms are of the wall-clock of scoring one part; ratios are to
    always both, in the same run. behind: area of always both minus this one's, paired.
    """

    name: str
    chosen: bool
    """Whether the line's settings say so."""
    glances: float
    """Share of the parts that were only glanced at."""
    one_sided: float
    """Share of the parts whose picture or log was left out."""
    mean_ms: float
    p50_ms: float
    p99_ms: float
    mean_ratio: float
    p99_ratio: float
    auroc: Estimate
    behind: Estimate

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            name: getattr(self, name)
            for name in (
                *("name", "chosen", "glances", "one_sided", "mean_ms", "p50_ms"),
                *("p99_ms", "mean_ratio", "p99_ratio"),
            )
        } | {"auroc": self.auroc.as_json(), "behind": self.behind.as_json()}


def bench_routing(
    recording: Recording, model: Path, split: str, rounds: int
) -> list[Setting]:
    """Time and judge a shift under each setting of the router, and always in full.

    The settings take turns part by part, in an order that is drawn anew for each part,
    so that a noisy machine is fair to all. Every setting has seen the shift once before
    it is timed, as a line that runs has.

    Args:
        recording: a line with labels.
        model: folder of its model.
        split: which of its shifts.
        rounds: times over all parts.

    Raises:
        RecordingError: a picture cannot be read.
        ArtifactError: the model cannot be loaded.
    """
    from inspector.shifts import cases_of, samples_of

    models, chosen = _variants(recording, model)
    samples = list(samples_of(recording, split))
    bad = [case.is_bad for case in cases_of(recording, split)]
    with Progress(transient=True) as bars:
        task = bars.add_task("parts", total=(rounds + 1) * len(samples))
        tallies = {name: _Tally() for name in models}
        for turn in range(rounds + 1):
            _take_turns(models, samples, tallies, timed=turn > 0)
            bars.advance(task, len(samples))
    return _settings(tallies, bad, chosen)


def routing_section(found: Sequence[Setting]) -> Section:
    """Lay the curve out."""
    from inspector.reporting.tables import Section, interval, sheet

    named = [f"{each.name}{' (chosen)' if each.chosen else ''}" for each in found]
    times = [
        (
            name,
            f"{each.glances:.0%}",
            f"{each.one_sided:.0%}",
            f"{each.mean_ms:.2f}",
            f"{each.mean_ratio:.2f}",
            f"{each.p99_ms:.2f}",
            f"{each.p99_ratio:.2f}",
        )
        for name, each in zip(named, found, strict=True)
    ]
    areas = [
        (name, interval(each.auroc), interval(each.behind, "+"))
        for name, each in zip(named, found, strict=True)
    ]
    columns = ("tolerance", "glance", "one sided", "mean", "ratio", "p99", "ratio")
    return Section(
        title="Dynamic routing",
        sheets=(
            sheet("ms per part, batch 1", columns, times),
            sheet("", ("tolerance", "AUROC", "always both minus this"), areas),
        ),
        notes=(
            "tolerance: a full look is spared if it is expected to move the score by "
            "less. glance: share of the parts that were only glanced at. one sided: "
            "share of the parts whose picture or log was left out. Ratios are to "
            "always both; wall-clock, one run, the settings in turns.",
        ),
        content={"routing": [each.as_json() for each in found]},
    )


class _Tally:
    """What one setting did so far."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self.scores: list[float] = []
        self.glances = 0
        self.one_sided = 0


def _variants(
    recording: Recording, model: Path
) -> tuple[dict[str, HybridModel], str | None]:
    """Give a model for each setting, and the name of the one the line runs with."""
    from connectors.wiring import load_brain
    from inspector.model.hybrid import load_model

    line = recording.settings.id
    settings = load_brain(model, line, recording.settings.picture).settings
    full = load_model(model, line, settings=settings, always_both=True)
    now = settings.decisions.look_tolerance
    models = {ALWAYS_BOTH: full}
    for tolerance in sorted({*LOOK_TOLERANCES, now} - {0.0}):
        rules = settings.decisions.model_copy(update={"look_tolerance": tolerance})
        changed = settings.model_copy(update={"decisions": rules})
        models[f"{tolerance:g}"] = full.with_settings(changed)
    return models, f"{now:g}" if now else None


def _take_turns(
    models: dict[str, HybridModel],
    samples: Sequence[Sample],
    tallies: dict[str, _Tally],
    *,
    timed: bool,
) -> None:
    import numpy as np

    rng = np.random.default_rng(len(tallies[ALWAYS_BOTH].ms))
    names = list(models)
    for sample in samples:
        for at in rng.permutation(len(names)):
            begun = time.perf_counter()
            scores = models[names[at]].score(sample)
            spent_ms = (time.perf_counter() - begun) * 1000
            tally = tallies[names[at]]
            if timed:
                tally.ms.append(spent_ms)
                continue
            tally.scores.append(scores.score)
            tally.glances += scores.look is Look.GLANCE
            tally.one_sided += scores.route.value != "both"


def _settings(
    tallies: dict[str, _Tally], bad: Sequence[bool], chosen: str | None
) -> list[Setting]:
    import numpy as np

    from inspector.measures.estimates import draw_parts

    labels = np.array(bad, bool)
    counts = draw_parts(labels)
    full = tallies[ALWAYS_BOTH]
    return [
        _setting(name, tally, full, (labels, counts), chosen=name == chosen)
        for name, tally in tallies.items()
    ]


def _setting(
    name: str,
    tally: _Tally,
    full: _Tally,
    drawn: tuple[NDArray[np.bool_], NDArray[np.float64]],
    *,
    chosen: bool,
) -> Setting:
    import numpy as np

    from inspector.measures.estimates import bootstrap
    from inspector.measures.ranking import auroc

    bad, counts = drawn
    scores, in_full = np.array(tally.scores), np.array(full.scores)
    mean, p99 = (float(np.mean(tally.ms)), float(np.percentile(tally.ms, 99)))
    return Setting(
        name=name,
        chosen=chosen,
        glances=tally.glances / len(scores),
        one_sided=tally.one_sided / len(scores),
        mean_ms=mean,
        p50_ms=float(np.percentile(tally.ms, 50)),
        p99_ms=p99,
        mean_ratio=mean / float(np.mean(full.ms)),
        p99_ratio=p99 / float(np.percentile(full.ms, 99)),
        auroc=bootstrap(lambda drawn: auroc(scores, bad, drawn), counts),
        behind=bootstrap(
            lambda drawn: auroc(in_full, bad, drawn) - auroc(scores, bad, drawn), counts
        ),
    )
