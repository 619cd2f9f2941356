"""`inspector deadletters`: messages that nothing could be made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.commands.options import JsonFile

if TYPE_CHECKING:
    from connectors.kafka.dead_letters import DeadLetter, DeadLetterBox

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Look through messages that nothing could be made of, and send them again.",
)

_WORKER = Annotated[
    Path, typer.Argument(metavar="WORKER.toml", help="The worker's settings.")
]
_NAME = Annotated[
    str, typer.Argument(metavar="PARTITION:OFFSET", help="As `list` names it.")
]


@app.command("list")
def list_(
    worker: _WORKER,
    json: JsonFile = None,
) -> None:
    """List all dead letters: where each came from, and why it is here.

    Example: inspector deadletters list worker.toml
    """
    from rich.console import Console

    from inspector.commands.line_operation import write_json
    from inspector.commands.printing import as_table
    from inspector.reporting.tables import sheet

    letters = list(_box(worker).letters())
    rows = [
        (
            each.name,
            f"{each.topic}-{each.partition}@{each.offset}",
            each.kind,
            f"{len(each.value)}",
            each.reason,
        )
        for each in letters
    ]
    names = ("letter", "came from", "kind", "bytes", "reason")
    Console().print(as_table(sheet("Dead letters", names, rows)))
    if json is not None:
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        write_json(json, {"letters": listed})


@app.command()
def show(
    worker: _WORKER,
    letter: _NAME,
    out: Annotated[
        Path | None, typer.Option(help="Write the message's bytes to this file.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Show one dead letter: its reason, its headers, and how it begins.

    Example: inspector deadletters show worker.toml 0:17 --out message.bin
    """
    from inspector.errors import InputError

    found = _box(worker).letter(letter)
    print(f"letter     {found.name}")
    print(f"came from  {found.topic}-{found.partition}@{found.offset}")
    print(f"kind       {found.kind}")
    print(f"reason     {found.reason}")
    print(f"key        {found.key!r}")
    for name, value in found.headers:
        print(f"header     {name}: {value[:200]!r}")
    print(f"value      {len(found.value)} bytes: {found.value[:64]!r}")
    _write(json, found)
    if out is not None:
        try:
            out.write_bytes(found.value)
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise InputError.single(out, what) from error


@app.command()
def replay(worker: _WORKER, letter: _NAME, json: JsonFile = None) -> None:
    """Send a dead letter to the topic it came from, as it was, to be judged again.

    Example: inspector deadletters replay worker.toml 0:17
    """
    box = _box(worker)
    found = box.letter(letter)
    box.replay(found)
    print(f"{found.name} was sent to {found.topic}")
    _write(json, found)


def _write(file: Path | None, letter: DeadLetter) -> None:
    from inspector.commands.line_operation import write_json

    if file is not None:
        told = {
            "letter": letter.name,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "kind": letter.kind,
            "reason": letter.reason,
            "bytes": len(letter.value),
        }
        write_json(file, told)


def _box(worker: Path) -> DeadLetterBox:
    from connectors.kafka.clients import Clients
    from connectors.kafka.dead_letters import DeadLetterBox
    from connectors.kafka.settings import WorkerSettings
    from inspector.settings import load_settings

    settings = load_settings(worker, WorkerSettings)
    return DeadLetterBox(Clients(settings.kafka, settings.name))
