"""Changes a line on purpose: `python -m bench.drift REC --model M [--other REC2]`.

The watch on drift sees the whole validation shift, then the same parts again with one
change, or the test shift. Told are the parts until it notes the change and until it
leaves parts to a person, and what the thresholds alone would have made of the parts.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import Progress

from connectors.wiring import load_brain
from inspector.commands.line_operation import write_json, write_text
from inspector.commands.printing import show
from inspector.deciding import Facts, decide
from inspector.drift import DriftGuard, Numbers, describe
from inspector.errors import InputError, InspectorError
from inspector.measures.estimates import Bools, Rate
from inspector.measures.groups import share_of
from inspector.ports import Model
from inspector.recording import Recording
from inspector.reporting.machine import this_machine
from inspector.reporting.markdown import as_markdown
from inspector.reporting.tables import Section, counted, sheet
from inspector.settings import DecisionRules, DriftRules
from inspector.shifts import samples_of
from inspector.types import Decision, LogContext, Pixels, Sample

Change = Callable[[Sample], Sample]

DIMMED = 0.7
AMPLIFIED = 1.4
BLUR_PIXELS = 2.0
READINGS_UP = 1.04
_DECIMAL = re.compile(r"\d+\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the watch said of a shift; parts count from 1, `None` is never."""

    noted_after: int | None
    noted: tuple[str, ...]
    """What was noted first."""
    alarm_after: int | None
    alarm: str | None
    """The reason that the first part was left to a person for."""
    left: Rate
    """Parts left to a person by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a shift: by the watch, and by the thresholds without it."""

    name: str
    watched: Watched
    changed: Rate | None
    """Verdicts unlike those of the unchanged parts; `None` of other parts."""
    escapes: Rate
    false_rejects: Rate

    def as_json(self) -> dict[str, Any]:
        """Lay it out for a file."""
        return {
            "name": self.name,
            **asdict(self.watched),
            "left": self.watched.left.as_json(),
            "changed": None if self.changed is None else self.changed.as_json(),
            "escapes": self.escapes.as_json(),
            "false_rejects": self.false_rejects.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A scored shift: what the watch is told, and what the thresholds say alone."""

    described: tuple[Numbers, ...]
    verdicts: tuple[Decision, ...]


def main(
    recording: Annotated[Path, typer.Argument(help="Folder of the recorded line.")],
    *,
    model: Annotated[Path, typer.Option(help="Folder of the model.")],
    other: Annotated[
        Path | None, typer.Option(help="Another line, whose pictures are shown too.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the tables to this file.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
) -> None:
    """Change a line on purpose, and see when its watch on drift says so.

    Example: python -m bench.drift recordings/poly --model M --other recordings/tile
    """
    try:
        line, section = _measured(recording, model, other)
        show([section])
        if markdown is not None:
            typed = ("python", "-m", "bench.drift", *sys.argv[1:])
            page = as_markdown(f"Line {line}", [section], typed, this_machine())
            write_text(markdown, page)
        if json_file is not None:
            write_json(json_file, {"line": line, **section.content})
    except InspectorError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(error.exit_code) from error


def changes(other: Recording | None = None) -> dict[str, Change]:
    """Give what is done to each part, by name.

    Args:
        other: a line whose validation pictures stand in for the part's, in turn.

    Raises:
        InputError: the other line has no labelled validation shift.
    """
    from inspector.training.guarding import blurred, brighter  # noqa: PLC0415 - torch

    found = {
        f"lamp dimmed by {1 - DIMMED:.0%}": _to_picture(brighter(DIMMED)),
        f"gain up by {AMPLIFIED - 1:.0%}": _to_picture(brighter(AMPLIFIED)),
        f"blur, sigma {BLUR_PIXELS:g} pixels": _to_picture(blurred(BLUR_PIXELS)),
    }
    if other is not None:
        bad_parts(other, "val")
        pictures = _for_ever(other)
        found[f"pictures of {other.settings.id}"] = _to_picture(
            lambda _: next(pictures)
        )
    up = f"readings up by {READINGS_UP - 1:.0%}"
    return found | {"no log lines": without_log, up: with_readings_up}


def without_log(sample: Sample) -> Sample:
    """Take a part's log away."""
    silent = replace(sample.window, log_lines=(), log_context=LogContext.MISSING)
    return replace(sample, window=silent)


def with_readings_up(sample: Sample) -> Sample:
    """Raise every number with a decimal point, written as closely as it was."""
    lines = tuple(
        replace(line, text=_DECIMAL.sub(_raised, line.text))
        for line in sample.window.log_lines
    )
    return replace(sample, window=replace(sample.window, log_lines=lines))


def watch(
    rules: DriftRules, before: Iterable[Numbers], shift: Iterable[Numbers]
) -> Watched:
    """Let a fresh guard see some parts, and tell what it says of those that follow."""
    guard = DriftGuard(rules)
    with _unlogged():
        for part in before:
            guard.take(part)
        told = [(guard.take(part), guard.noticed) for part in shift]
    noted_at = next((at for at, (_, noted) in enumerate(told) if noted), None)
    alarm_at = next((at for at, (alarm, _) in enumerate(told) if alarm), None)
    return Watched(
        noted_after=None if noted_at is None else noted_at + 1,
        noted=() if noted_at is None else told[noted_at][1],
        alarm_after=None if alarm_at is None else alarm_at + 1,
        alarm=None if alarm_at is None else told[alarm_at][0],
        left=Rate(count=sum(alarm is not None for alarm, _ in told), of=len(told)),
    )


class Trial:
    """Shows a model one changed shift after the other.

    Args:
        recording: the line, with labelled validation and test shifts.
        model: the line's.
        rules: its thresholds and its watch.
        progress: told after each part.
    """

    def __init__(
        self,
        recording: Recording,
        model: Model,
        rules: tuple[DecisionRules, DriftRules],
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._recording = recording
        self._model = model
        self._thresholds, self._watch = rules
        self._progress = progress
        self._usual = self._look("val")

    def run(self, wanted: dict[str, Change]) -> list[Finding]:
        """Show the shifts as they are, then each change of the validation shift.

        Raises:
            RecordingError: a picture cannot be read.
        """
        return [
            self._find("validation shift again", "val", self._usual),
            self._find("test shift", "test", self._look("test")),
            *(
                self._find(name, "val", self._look("val", change))
                for name, change in wanted.items()
            ),
        ]

    def _look(self, split: str, change: Change = lambda sample: sample) -> Seen:
        described, verdicts = [], []
        for sample in map(change, samples_of(self._recording, split)):
            scores = self._model.score(sample)
            facts = Facts(
                scores=scores,
                trouble=None,
                has_picture=sample.pixels is not None,
                model_verified=True,
                age_ms=0.0,
            )
            described.append(describe(sample, scores))
            verdicts.append(decide(facts, self._thresholds).decision)
            self._progress()
        return Seen(described=tuple(described), verdicts=tuple(verdicts))

    def _find(self, name: str, split: str, seen: Seen) -> Finding:
        bad = bad_parts(self._recording, split)
        return Finding(
            name=name,
            watched=watch(self._watch, self._usual.described, seen.described),
            changed=self._changed(seen) if split == "val" else None,
            escapes=share_of(seen.verdicts, bad, Decision.PASS),
            false_rejects=share_of(seen.verdicts, ~bad, Decision.REJECT),
        )

    def _changed(self, seen: Seen) -> Rate:
        pairs = zip(seen.verdicts, self._usual.verdicts, strict=True)
        unlike = sum(now is not before for now, before in pairs)
        return Rate(count=unlike, of=len(seen.verdicts))


def bad_parts(recording: Recording, split: str) -> Bools:
    """Say of each labelled part of a shift whether it is bad.

    Raises:
        InputError: the shift has no labelled part.
    """
    labels = [row.label for row in recording.select(split) if row.label is not None]
    if not labels:
        what = f"split {split} has no labelled part: label some of its frames"
        raise InputError.single(recording.folder / "frames.csv", what)
    good = recording.settings.classes[0]
    return np.array([label != good for label in labels], bool)


def drift_section(found: Sequence[Finding], parts: int) -> Section:
    """Lay findings out.

    Args:
        found: by a trial.
        parts: how many parts the watch compares.
    """
    by_watch = ("shift", "noted after", "alarm after", "left to a person")
    alone = ("shift", "verdicts changed", "escapes", "false rejects")
    reasons = [
        f"{each.name}: {each.watched.alarm}." for each in found if each.watched.alarm
    ]
    return Section(
        title="Drift",
        sheets=(
            sheet("The watch", by_watch, [_by_watch(each) for each in found]),
            sheet("Thresholds alone", alone, [_alone(each) for each in found]),
        ),
        notes=(
            f"The last {parts} parts are compared, after the whole validation shift "
            "had been seen. Changes are made to the validation shift. noted, alarm: "
            "after so many parts. left to a person: by the watch. Thresholds alone: "
            "as if nobody watched.",
            *reasons,
        ),
        content={
            "parts_compared": parts,
            "shifts": [each.as_json() for each in found],
        },
    )


def _measured(folder: Path, model: Path, other: Path | None) -> tuple[str, Section]:
    recording = Recording.load(folder)
    line = recording.settings.id
    brain = load_brain(model, line, recording.settings.picture)
    drift = brain.settings.drift
    if drift is None:
        where = model / "settings" / f"{line}.toml"
        what = "has no [drift]: train the line again, on longer shifts"
        raise InputError.single(where, what)
    wanted = changes(None if other is None else Recording.load(other))
    again = 1 + len(wanted)
    total = again * len(bad_parts(recording, "val")) + len(bad_parts(recording, "test"))
    with Progress(transient=True) as bars:
        task = bars.add_task("parts", total=total)
        rules = (brain.settings.decisions, drift)
        trial = Trial(recording, brain.model, rules, lambda: bars.advance(task))
        found = trial.run(wanted)
    return line, drift_section(found, drift.parts)


def _to_picture(move: Callable[[Pixels], Pixels]) -> Change:
    def change(sample: Sample) -> Sample:
        if sample.pixels is None:
            return sample
        return replace(sample, pixels=move(sample.pixels))

    return change


def _for_ever(other: Recording) -> Iterator[Pixels]:
    """Give the validation pictures of a line, from the first again after the last."""
    while True:
        for sample in samples_of(other, "val"):
            if sample.pixels is not None:
                yield sample.pixels


def _raised(number: re.Match[str]) -> str:
    return f"{float(number[0]) * READINGS_UP:.{len(number[1])}f}"


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the guard from warning: nothing has really moved."""
    log = logging.getLogger(DriftGuard.__module__)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _by_watch(each: Finding) -> tuple[str, ...]:
    watched = each.watched
    return (
        each.name,
        _after(watched.noted_after, watched.noted),
        _after(watched.alarm_after),
        counted(watched.left),
    )


def _alone(each: Finding) -> tuple[str, ...]:
    changed = "" if each.changed is None else f"{each.changed.value:.0%}"
    return each.name, changed, counted(each.escapes), counted(each.false_rejects)


def _after(parts: int | None, what: Sequence[str] = ()) -> str:
    if parts is None:
        return "no"
    return f"{parts} ({', '.join(what)})" if what else f"{parts}"


if __name__ == "__main__":
    typer.run(main)
