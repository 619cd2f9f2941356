"""`inspector schema`: the JSON Schemas of the messages that are sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    name: Annotated[
        str | None, typer.Argument(help="verdict, line-state, frame-headers or log.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write NAME.schema.json into this folder.")
    ] = None,
) -> None:
    """Print the JSON Schemas of the messages on the topics, or write them to files.

    Example: inspector schema verdict
    """
    import json

    from connectors.kafka.schemas import schemas
    from inspector.commands.line_operation import write_json
    from inspector.errors import InputError

    found = schemas()
    if name is not None and name not in found:
        where = f"schema {name}"
        raise InputError.single(where, f"is none of {', '.join(found)}")
    wanted = found if name is None else {name: found[name]}
    if out is None:
        print(json.dumps(wanted if name is None else wanted[name], indent=2))
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError.single(out, f"cannot be made: {error.strerror}") from error
    for each, content in wanted.items():
        write_json(out / f"{each}.schema.json", content)
        print(out / f"{each}.schema.json")
