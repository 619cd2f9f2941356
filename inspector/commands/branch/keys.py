"""`inspector branch keygen`, `sign`: who vouches for a version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inspector.commands.branch.options import (
    Json,
    Line,
    Model,
    Said,
    Settings,
    Store,
    Version,
)


def keygen(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The private key to write.")
    ],
    *,
    json: Json = None,
) -> None:
    """Make a key to sign branches with; prints what a line's settings must name.

    Keep the file where branches are trained, and away from the stations.

    Example: inspector branch keygen branches.pem
    """
    from inspector.commands.line_operation import write_json
    from inspector.model.signing import make_key

    public = make_key(file)
    if json is not None:
        write_json(json, {"public_key": public})
    _say(f"{file}: the private key; in each line's settings goes:")
    _say(f'[branches]\npublic_key = "{public}"')


def sign(
    line: Line,
    version: Version,
    *,
    key: Annotated[Path, typer.Option(help="The private key, of `keygen`.")],
    model: Model = None,
    settings: Settings = None,
    store: Store = None,
    json: Json = None,
) -> None:
    """Sign a version that lies in a folder; it is checked before.

    Example: inspector branch sign poly 2 --model M --key branches.pem
    """
    from connectors.wiring import open_branch_store
    from inspector.commands.line_operation import write_json
    from inspector.errors import InputError
    from inspector.model.signing import sign as put_signature

    said = Said(model=model, settings=settings, store=store)
    line_settings = said.line_settings(line)
    rules = said.rules(line_settings)
    if rules.store is not None and "://" in rules.store:
        where = f"store {rules.store}"
        what = "sign a version before it is added to a store that is no folder"
        raise InputError.single(where, what)
    unsigned = rules.model_copy(update={"public_key": None})
    shelf = open_branch_store(said.model_folder(line_settings), unsigned)
    public = put_signature(shelf.fetch(line, version), key)
    _say(f"branch {version} of line {line} is signed; the public key is {public}")
    if json is not None:
        write_json(json, {"line": line, "version": version, "public_key": public})


def _say(words: str) -> None:
    Console().print(words, soft_wrap=True, markup=False, highlight=False)
