"""`inspector demo`: the main job on real pictures, from nothing to a stored shift."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from inspector.account import Account
    from inspector.recording import Recording

LINE = "elpv"
SHIFT = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What was decided about parts whose label is known."""

    bad: int
    escapes: int
    good: int
    false_rejects: int
    reviews: int
    decided_right: int


def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    rate: Annotated[float, typer.Option(min=0.1, help="Parts per second.")] = 20.0,
    parts: Annotated[int, typer.Option(min=1, help="Parts of the shift.")] = 500,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train again, even if a model is there.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Train on real solar cells, then judge a shift of them live, into a database.

    The first run trains for some minutes; later ones only run the shift.

    Example: inspector demo
    """
    from inspector.commands.line_operation import write_json
    from inspector.simulation.lines import ELPV_TERMS

    console = Console()
    console.print(ELPV_TERMS, style="bold")
    recording = _record(folder / "recording")
    model = _train(recording, folder, retrain=retrain)
    database, evidence = folder / "verdicts.db", folder / "evidence"
    account = _run_shift(recording, model, (database, evidence), (rate, parts))
    shift = _measure(recording, database, parts)
    _show(console, account, shift.accuracy)
    _say_what_next(console, folder, shift)
    if json is not None:
        content = {"database_rows": shift.rows, "accuracy": asdict(shift.accuracy)}
        write_json(json, account.as_json() | content)


def _record(folder: Path) -> Recording:
    """Make the recording once."""
    from inspector.recording import Recording
    from inspector.simulation.lines import ELPV_SPLITS, record_elpv

    if not (folder / "line.toml").exists():
        with Progress() as bars:
            task = bars.add_task("real pictures", total=sum(ELPV_SPLITS.values()))
            record_elpv(folder, progress=lambda done: bars.advance(task, done))
    return Recording.load(folder)


def _train(recording: Recording, folder: Path, *, retrain: bool) -> Path:
    """Train once; an earlier model stays until the new one stands."""
    import shutil
    from tempfile import TemporaryDirectory

    model = folder / "model"
    if retrain or not (model / "settings" / f"{LINE}.toml").exists():
        from inspector.training.programme import Plan, train

        with TemporaryDirectory(prefix=".training.", dir=folder) as unfinished:
            train([recording], Path(unfinished) / "model", Plan.quick())
            shutil.rmtree(model, ignore_errors=True)
            shutil.move(Path(unfinished) / "model", model)
    return model


def _run_shift(
    recording: Recording,
    model: Path,
    kept: tuple[Path, Path],
    pace: tuple[float, int],
) -> Account:
    from connectors.pulsing import heard
    from connectors.wiring import (
        Excerpt,
        assemble_line,
        load_brain,
        open_archive,
        replay_feed,
    )
    from inspector.commands.line_operation import operate

    database, evidence = kept
    rate, parts = pace
    brain = load_brain(model, LINE)
    # Each run is a shift of its own: an earlier one's verdicts are put aside, not lost.
    put_aside(database)
    url = f"sqlite:///{database}"
    archive = open_archive(url, evidence, upgrade=True)
    feed = replay_feed(recording, Excerpt(pace=rate, split=SHIFT, limit=parts))
    try:
        with heard(feed, recording.settings, brain, (url, evidence)) as listened:
            return operate(assemble_line(recording.settings, listened, brain, archive))
    finally:
        archive.verdicts.close()


def put_aside(database: Path) -> None:
    """Give an earlier shift's database a name that no other has: `verdicts-1.db`.

    A shift that was killed left its last verdicts in the write-ahead log beside the
    database, so that goes along, and first: cut off half-way, the next run finds the
    same name free and brings the two together again.
    """
    if not database.exists():
        return
    names = (database.with_stem(f"{database.stem}-{each}") for each in count(1))
    aside = next(name for name in names if not name.exists())
    for ending in ("-wal", "-shm", ""):
        file = database.with_name(database.name + ending)
        if file.exists():
            file.rename(aside.with_name(aside.name + ending))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What became of the shift: its verdicts, and one that a person may ask about."""

    accuracy: Accuracy
    rows: int
    rejected: int | None
    """Number of the first verdict that rejects, if there is one."""


def _measure(recording: Recording, database: Path, parts: int) -> Shift:
    from connectors.database.engine import open_engine
    from connectors.database.read import decided

    good = recording.settings.classes[0]
    is_bad = {
        row.frame_id: row.label != good for row in recording.select(SHIFT, limit=parts)
    }
    engine = open_engine(f"sqlite:///{database}")
    rows = list(decided(engine, LINE))
    engine.dispose()
    found = {each.frame_id: each.decision for each in rows}
    bad = [found[part] for part, is_it in is_bad.items() if is_it and part in found]
    rest = [
        found[part] for part, is_it in is_bad.items() if not is_it and part in found
    ]
    accuracy = Accuracy(
        bad=len(bad),
        escapes=bad.count("PASS"),
        good=len(rest),
        false_rejects=rest.count("REJECT"),
        reviews=[*bad, *rest].count("REVIEW"),
        decided_right=bad.count("REJECT") + rest.count("PASS"),
    )
    rejected = (each.number for each in rows if each.decision == "REJECT")
    return Shift(accuracy=accuracy, rows=len(rows), rejected=next(rejected, None))


def _show(console: Console, account: Account, accuracy: Accuracy) -> None:
    from inspector.commands.line_operation import account_tables

    for table in account_tables(account):
        console.print(table)
    decided = accuracy.bad + accuracy.good - accuracy.reviews
    table = Table("against the labels", "parts", "share", title="Accuracy")
    for what, number, of in (
        ("escapes: bad parts that passed", accuracy.escapes, accuracy.bad),
        ("false rejects: good parts rejected", accuracy.false_rejects, accuracy.good),
        ("right, of those decided without REVIEW", accuracy.decided_right, decided),
        ("REVIEW: left to a person", accuracy.reviews, accuracy.bad + accuracy.good),
    ):
        share = f"{number / of:.3f}" if of else ""
        table.add_row(what, f"{number} / {of}", share)
    console.print(table)


def _say_what_next(console: Console, folder: Path, shift: Shift) -> None:
    said: dict[str, Any] = {
        f"{shift.rows} verdicts": f"sqlite:///{folder / 'verdicts.db'}, table verdicts",
        "pictures of parts that did not pass": folder / "evidence",
        "the model": folder / "model",
    }
    for what, where in said.items():
        console.print(f"{what}: {where}", soft_wrap=True)
    recording, model = folder / "recording", folder / "model"
    console.print("What to type next:", style="bold")
    database, evidence = folder / "verdicts.db", folder / "evidence"
    kept = f"--database sqlite:///{database} --evidence {evidence}"
    why = f"explain {shift.rejected} {kept} --model {model} --out why.html"
    for line in (
        *([] if shift.rejected is None else [why]),
        f"evaluate {recording} --model {model}",
        f"replay {recording} --model {model} --rate max",
        "simulate my-recording",
    ):
        console.print(f"  .venv/bin/inspector {line}", soft_wrap=True)
