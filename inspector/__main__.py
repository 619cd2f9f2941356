"""The command line: `inspector COMMAND`.

Commands import what is heavy (torch, OpenCV, ONNX Runtime) when they run, so that help
is there at once, and so that a station needs no torch.
"""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version as version_of
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from inspector.commands import audit, branch, db, deadletters, people, recording
from inspector.commands.account import account
from inspector.commands.alarms import alarms
from inspector.commands.bench import bench
from inspector.commands.demo import demo
from inspector.commands.evaluate import evaluate
from inspector.commands.explain import explain
from inspector.commands.gather import gather
from inspector.commands.replay import replay
from inspector.commands.run import run
from inspector.commands.schema import schema
from inspector.commands.shift_report import shift_report
from inspector.commands.simulate import simulate
from inspector.commands.train import train
from inspector.commands.work import work
from inspector.errors import InspectorError, MissingExtraError

_EXTRAS = {
    "torch": "train",
    "onnx": "train",
    "onnxscript": "train",
    "safetensors": "train",
    "scipy": "train",
    "sklearn": "train",
    "onnxruntime": "station",
    "cv2": "station",
    "tenacity": "station",
    "google": "station",
    "cryptography": "branches",
    "fsspec": "branches",
    "psycopg": "postgresql",
    "kafka": "kafka",
    "crc32c": "kafka",
    "jinja2": "report",
    "markupsafe": "report",
    "matplotlib": "report",
}
"""Which extra brings a package that a command may miss."""
_SYSTEM_LIBRARIES = {"cv2": "sudo apt-get install libgl1 libglib2.0-0"}
"""What a package needs of the system, and how Debian and Ubuntu get it."""

app = typer.Typer(
    name="inspector",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo,
    train,
    evaluate,
    explain,
    replay,
    run,
    simulate,
    bench,
    gather,
    alarms,
):
    app.command()(command)
app.command("shift-report")(shift_report)
app.command()(work)
app.command()(account)
app.command()(schema)
app.add_typer(recording.app, name="recording")
app.add_typer(branch.app, name="branch")
app.add_typer(db.app, name="db")
app.add_typer(people.app, name="people")
app.add_typer(audit.app, name="audit")
app.add_typer(deadletters.app, name="deadletters")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"inspector {version_of('inspector')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what is going on.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Pass or reject every part of a production line, by its picture and its log.

    Start with: inspector demo
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(name)s: %(message)s",
        # Apart from the tables, which are printed to be kept.
        handlers=[RichHandler(show_path=False, console=Console(stderr=True))],
    )


def main() -> None:
    """Run the command line; a user's mistake is a clear line, never a traceback."""
    try:
        app(prog_name="inspector")
    except InspectorError as error:
        _complain(error)
    except ImportError as error:
        package = (error.name or "").split(".")[0]
        if package not in _EXTRAS:
            raise
        _complain(_missing(package, error))


def _missing(package: str, error: ImportError) -> InspectorError:
    """Tell a package that is not there from one that is and cannot start."""
    if isinstance(error, ModuleNotFoundError):
        return MissingExtraError(package, _EXTRAS[package])
    help_line = _SYSTEM_LIBRARIES.get(package)
    hint = f": on Debian or Ubuntu, run  {help_line}" if help_line else ""
    return InspectorError(f"{package} cannot start: {error}{hint}")


def _complain(error: InspectorError) -> None:
    for line in f"{error}".splitlines():
        print(f"inspector: {line}", file=sys.stderr)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
